/** @file Attributes and items of values, as Jinja's immutable sandbox allows them. */
import { positional } from "./bind.ts";
import { equals } from "./compare.ts";
import { TemplateFault, typeError, unsupported, valueError } from "./fault.ts";
import { spendReading } from "./limits.ts";
import { callStrMethod, MARKUP_METHODS } from "./markupMethods.ts";
import { NUMBER_ATTRIBUTES, REFUSED_NUMBER_ATTRIBUTES } from "./numberMethods.ts";
import { indexNumber, numeric } from "./numbers.ts";
import { PyDict } from "./pyDict.ts";
import { REFUSED_STR_METHODS, STR_METHODS } from "./strMethods.ts";
import { repr } from "./text.ts";
import { characterAt } from "./textParts.ts";
import {
  type Given,
  isText,
  isUndefined,
  iterate,
  Markup,
  PyFunction,
  Tuple,
  textOf,
  typeName,
  Undefined,
  type Value,
} from "./values.ts";

type Method<T> = (self: T, given: Given) => Value;

const withoutArguments =
  <T>(name: string, of: (self: T) => Value): Method<T> =>
  (self, given) => {
    positional(name, given, 0);
    return of(self);
  };

function indexIn(items: readonly Value[], type: string, given: Given): Value {
  const [value, start, stop] = positional("index", given, 3, 1);
  const from = clamp(start, items.length, 0);
  const to = clamp(stop, items.length, items.length);
  const at = items.findIndex((item, i) => i >= from && i < to && (item === value || equals(item, value)));
  if (at >= 0) return BigInt(at);
  throw valueError(type === "tuple" ? "tuple.index(x): x not in tuple" : `${repr(value)} is not in list`);
}

function clamp(value: Value | undefined, length: number, standard: number): number {
  if (value === undefined) return standard;
  const index = indexNumber(value);
  return Math.max(0, index < 0 ? index + length : index);
}

function countIn(items: readonly Value[], given: Given): Value {
  const [value] = positional("count", given, 1, 1);
  return BigInt(items.filter((item) => item === value || equals(item, value)).length);
}

export const LIST_METHODS: Readonly<Record<string, Method<Value[]>>> = {
  copy: withoutArguments("copy", (self) => [...self]),
  count: countIn,
  index: (self, given) => indexIn(self, "list", given),
};

export const TUPLE_METHODS: Readonly<Record<string, Method<Tuple>>> = {
  count: ({ items }, given) => countIn(items, given),
  index: ({ items }, given) => indexIn(items, "tuple", given),
};

export const DICT_METHODS: Readonly<Record<string, Method<PyDict>>> = {
  copy: withoutArguments("copy", (self) => new PyDict(self.entries())),
  fromkeys: (_self, given) => fromKeys(given),
  get: (self, given) => {
    const [key, standard = null] = positional("get", given, 2, 1);
    const value = self.get(key);
    return value === undefined ? standard : value;
  },
  items: withoutArguments("items", (self) => self.view("items")),
  keys: withoutArguments("keys", (self) => self.view("keys")),
  values: withoutArguments("values", (self) => self.view("values")),
};

/** dict.fromkeys. */
export function fromKeys(given: Given): Value {
  const [keys, value = null] = positional("fromkeys", given, 2, 1);
  return new PyDict(Array.from(iterate(keys), (key) => [key, value]));
}

/** Methods that change a list or dict: the sandbox refuses them. */
export const MUTATIONS: Readonly<Record<"list" | "dict", readonly string[]>> = {
  list: ["append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"],
  dict: ["clear", "pop", "popitem", "setdefault", "update"],
};

const bound = <T>(name: string, self: T, method: Method<T>) =>
  new PyFunction(name, (given) => method(self, given), name === "fromkeys" ? "type" : typeName(self as Value));

const refused = (type: string, name: string) => {
  const refuse = () => {
    throw unsupported(`${type}.${name}`);
  };
  return new PyFunction(name, refuse, type);
};

/** Calls a method of a str or Markup. */
export function callText(self: string | Markup, name: string, given: Given): Value {
  spendReading(textOf(self).length);
  return callStrMethod(self, name, given, { attributeOf, itemOf });
}

/** Python's getattr(); undefined if there is no such attribute. */
export function getattr(value: Value, name: string): Value | undefined {
  if (isText(value)) return strAttribute(value, name);
  if (Array.isArray(value)) return own(value, name, LIST_METHODS) ?? unsafe("list", name); // none is None
  if (value instanceof Tuple) {
    const at = value.names.indexOf(name);
    return at >= 0 ? value.items[at] : own(value, name, TUPLE_METHODS);
  }
  if (value instanceof PyDict) return own(value, name, DICT_METHODS) ?? unsafe("dict", name);
  if (isUndefined(value)) throw value.fault();
  if (value === null) return undefined;
  if (typeof value !== "object") return numberAttribute(value, name);
  return value.attribute?.(name);
}

function own<T>(self: T, name: string, methods: Readonly<Record<string, Method<T>>>): Value | undefined {
  return Object.hasOwn(methods, name) ? bound(name, self, methods[name]) : undefined;
}

const unsafe = (type: "list" | "dict", name: string) =>
  MUTATIONS[type].includes(name) ? unsafeAttribute(type, name) : undefined;

const unsafeAttribute = (type: string, name: string) =>
  new Undefined(`access to attribute '${name}' of '${type}' object is unsafe.`, "SecurityError");

function strAttribute(value: string | Markup, name: string): Value | undefined {
  if (REFUSED_STR_METHODS.includes(name)) return refused("str", name);
  const has = Object.hasOwn(STR_METHODS, name) || (value instanceof Markup && Object.hasOwn(MARKUP_METHODS, name));
  return has ? new PyFunction(name, (given) => callText(value, name, given), typeName(value)) : undefined;
}

function numberAttribute(value: boolean | bigint | number | string, name: string): Value | undefined {
  const type = typeof value === "number" ? "float" : "int";
  if (REFUSED_NUMBER_ATTRIBUTES[type].includes(name)) return refused(type, name);
  const methods = NUMBER_ATTRIBUTES[type];
  return Object.hasOwn(methods, name) ? methods[name](numeric(value as Value) as never) : undefined;
}

/** Whether every Python object has it: the sandbox refuses all that begin with an underscore. */
const isInternal = (value: Value, name: string) =>
  (name.startsWith("__") && name.endsWith("__") && INTERNAL.has(name)) ||
  (isText(value) && (name === "__len__" || name === "__iter__"));
const INTERNAL = new Set(
  (
    "class delattr dir doc eq format ge getattribute getstate gt hash init init_subclass le lt ne new reduce " +
    "reduce_ex repr setattr sizeof str subclasshook"
  )
    .split(" ")
    .map((word) => `__${word}__`),
);

/** The name of a value's type as messages about undefined values have it. */
function describe(value: Value): string {
  if (value === null) return "None";
  const name = typeName(value);
  const module: Record<string, string> = {
    Markup: "markupsafe.",
    Namespace: "jinja2.utils.",
    LoopContext: "jinja2.runtime.",
  };
  return `${module[name] ?? ""}${name} object`;
}

const missingAttribute = (value: Value, name: string) =>
  new Undefined(`'${describe(value)}' has no attribute '${name}'`);

/** The sandbox's `value.name`: an attribute, else an item. */
export function attributeOf(value: Value, name: string): Value {
  if (isUndefined(value)) throw value.fault();
  if (isInternal(value, name)) return unsafeAttribute(typeName(value), name);
  const attribute = getattr(value, name);
  if (attribute !== undefined) return attribute;
  const item = subscript(value, name);
  return item === undefined ? missingAttribute(value, name) : item;
}

/** The sandbox's `value[key]`: an item, else the attribute of that name. */
export function itemOf(value: Value, key: Value): Value {
  if (isUndefined(value)) throw value.fault();
  const item = subscript(value, key);
  if (item !== undefined) return item;
  if (!isText(key)) return new Undefined(`${describe(value)} has no element ${repr(key)}`);
  const name = textOf(key);
  if (isInternal(value, name)) return unsafeAttribute(typeName(value), name);
  const attribute = getattr(value, name);
  return attribute === undefined ? missingAttribute(value, name) : attribute;
}

/** Python's value[key]; undefined where it raises a TypeError or a LookupError, which the sandbox catches. */
function subscript(value: Value, key: Value): Value | undefined {
  if (value instanceof PyDict) {
    if (Array.isArray(key) || key instanceof PyDict) return undefined;
    try {
      return value.get(key);
    } catch (error) {
      if (error instanceof TemplateFault && error.kind === "TypeError") return undefined; // a tuple with a list
      throw error;
    }
  }
  const index = numeric(key);
  if (isText(value)) {
    const character = typeof index === "bigint" ? characterAt(textOf(value), Number(index)) : undefined;
    return character !== undefined && value instanceof Markup ? new Markup(character) : character;
  }
  const items = Array.isArray(value) ? value : value instanceof Tuple ? value.items : undefined;
  if (items) return typeof index === "bigint" ? items.at(Number(index)) : undefined;
  return typeof value === "object" && value !== null && "item" in value ? value.item?.(key) : undefined;
}

/** For messages: what a call of a value that is no function says. */
export const notCallable = (value: Value) => typeError(`'${typeName(value)}' object is not callable`);
