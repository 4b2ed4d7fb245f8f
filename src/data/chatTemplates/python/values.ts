/**
 * @file Python's values as a template sees them. None is null, int a bigint (Python's have no bounds), float a number,
 * list an array; all others have classes.
 */
import { TemplateFault, typeError } from "./fault.ts";

export type Value = null | boolean | bigint | number | string | Value[] | Markup | Tuple | Undefined | PyObject;

/** Arguments of a call. */
export interface Given {
  args: readonly Value[];
  kwargs: ReadonlyMap<string, Value>;
}

/** A text that is safe HTML: markupsafe's Markup, a str. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export class Tuple {
  readonly items: readonly Value[];
  /** Names of the items of a named tuple. */
  readonly names: readonly string[];
  constructor(items: readonly Value[], names: readonly string[] = []) {
    this.items = items;
    this.names = names;
  }
}

/** Jinja's Undefined: empty as a text, a list and a truth value; any other use raises. */
export class Undefined {
  readonly message: string;
  readonly kind: "UndefinedError" | "SecurityError";
  constructor(message: string, kind: "UndefinedError" | "SecurityError" = "UndefinedError") {
    this.message = message;
    this.kind = kind;
  }
  fault(): TemplateFault {
    return new TemplateFault(this.kind, this.message);
  }
}

/** Any other object: its parts are optional, as Python's protocols are. */
export interface PyObject {
  /** Python's name of its type. */
  readonly typeName: string;
  repr(): string;
  /** An attribute; undefined if there is none. */
  attribute?(name: string): Value | undefined;
  /** An item; undefined if there is none (Python's LookupError). */
  item?(key: Value): Value | undefined;
  items?(): Iterable<Value>;
  /** Number of items; objects without it have no len(). */
  length?(): number;
  call?(given: Given): Value;
  reversed?(): Iterable<Value>;
  /** Whether a value is in it; by default, whether an item equals it. */
  contains?(value: Value): boolean;
  equals?(other: Value): boolean;
  /** The items as a list, where slices make one. */
  slice?(start: Value, stop: Value, step: Value): Value;
}

/** A builtin function or a method. */
export class PyFunction implements PyObject {
  readonly typeName: string;
  readonly name: string;
  readonly call: (given: Given) => Value;
  private readonly owner: string | undefined;
  /** @param owner the type of a method's object; undefined for functions */
  constructor(name: string, call: (given: Given) => Value, owner?: string) {
    this.name = name;
    this.call = call;
    this.owner = owner;
    this.typeName = owner === undefined ? "function" : "builtin_function_or_method";
  }
  repr(): string {
    const kind = this.owner === undefined ? "function" : "built-in method";
    const of = this.owner === undefined ? "" : ` of ${this.owner} object`;
    return `<${kind} ${this.name}${of} at 0x7f0000000000>`; // Python prints an address there
  }
}

/** A generator or iterator: read once, without a length. */
export class PyIterator implements PyObject {
  readonly typeName: string;
  readonly name: string;
  private readonly iterator: Iterator<Value>;
  constructor(typeName: string, items: Iterable<Value>, name = "") {
    this.typeName = typeName;
    this.name = name;
    this.iterator = items[Symbol.iterator]();
  }
  repr(): string {
    return `<${this.typeName} object${this.name && ` ${this.name}`} at 0x7f0000000000>`;
  }
  items(): Iterable<Value> {
    const { iterator } = this;
    // Without return(): a loop that breaks leaves the rest to be read, as in Python.
    return { [Symbol.iterator]: () => ({ next: () => iterator.next() }) };
  }
}

export const isText = (value: Value | undefined): value is string | Markup =>
  typeof value === "string" || value instanceof Markup;
export const isUndefined = (value: Value | undefined): value is Undefined => value instanceof Undefined;

/** The characters of a str. */
export const textOf = (value: string | Markup): string => (typeof value === "string" ? value : value.text);

/** Python's name of a value's type, as messages have it. */
export function typeName(value: Value): string {
  if (value === null) return "NoneType";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "bigint") return "int";
  if (typeof value === "number") return "float";
  if (typeof value === "string") return "str";
  if (value instanceof Markup) return "Markup";
  if (Array.isArray(value)) return "list";
  if (value instanceof Tuple) return value.names.length > 0 ? "_GroupTuple" : "tuple";
  if (value instanceof Undefined) return "Undefined";
  return value.typeName;
}

/** Python's truth of a value. */
export function isTrue(value: Value): boolean {
  if (value === null || value instanceof Undefined) return false;
  if (typeof value !== "object") return Boolean(value) || Number.isNaN(value);
  if (value instanceof Markup) return value.text !== "";
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Tuple) return value.items.length > 0;
  return value.length ? value.length() > 0 : true;
}

/** Code points of a text: what Python calls its characters. */
export function pointCount(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length - 1; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0xd800 || unit > 0xdbff) continue;
    const next = text.charCodeAt(i + 1);
    if (next >= 0xdc00 && next <= 0xdfff) {
      count--;
      i++;
    }
  }
  return count;
}

/** Python's len(). */
export function lengthOf(value: Value): number {
  if (isText(value)) return pointCount(textOf(value));
  if (Array.isArray(value)) return value.length;
  if (value instanceof Tuple) return value.items.length;
  if (value instanceof Undefined) return 0;
  if (typeof value === "object" && value !== null && value.length) return value.length();
  throw typeError(`object of type '${typeName(value)}' has no len()`);
}

/** Whether iter() accepts it. */
export function isIterable(value: Value): boolean {
  if (isText(value) || Array.isArray(value) || value instanceof Tuple || value instanceof Undefined) return true;
  return typeof value === "object" && value !== null && value.items !== undefined;
}

/** Python's iter(): characters, items or keys. */
export function iterate(value: Value): Iterable<Value> {
  if (Array.isArray(value)) return value;
  if (isText(value)) return textOf(value);
  if (value instanceof Tuple) return value.items;
  if (value instanceof Undefined) return [];
  if (typeof value === "object" && value !== null && value.items) return value.items();
  throw typeError(`'${typeName(value)}' object is not iterable`);
}
