/** @file Python's str(), repr() and == for values of the template interpreter. */
import { pythonFloat } from "../../formats/pythonFloat.ts";

/** Value of a template expression. `type` is the name of the library's class. */
export interface Value {
  type: string;
  value: unknown;
  /** Its methods. */
  builtins?: ReadonlyMap<string, Value>;
}

/** Items of a list; [] for any other value. */
export function itemsOf(value: Value): Value[] {
  return Array.isArray(value.value) ? (value.value as Value[]) : [];
}

/** Entries of a mapping. */
export function entriesOf(value: Value): Map<string, Value> {
  return value.value instanceof Map ? (value.value as Map<string, Value>) : new Map();
}

export const isText = ({ type }: Value): boolean => type === "StringValue";
export const isUndefined = ({ type }: Value): boolean => type === "UndefinedValue";
export const isList = ({ type }: Value): boolean => type === "ArrayValue" || type === "TupleValue";
export const isMapping = ({ type }: Value): boolean => type === "ObjectValue" || type === "KeywordArgumentsValue";
const isNumber = ({ type }: Value): boolean => ["IntegerValue", "FloatValue", "BooleanValue"].includes(type);

/** Python's type name, for messages. */
export function typeName(value: Value): string {
  const names: Record<string, string> = {
    StringValue: "str",
    IntegerValue: "int",
    FloatValue: "float",
    BooleanValue: "bool",
    NullValue: "None",
    UndefinedValue: "undefined",
    ArrayValue: "list",
    TupleValue: "tuple",
    ObjectValue: "dict",
  };
  return names[value.type] ?? value.type;
}

/** Python's str(). */
export function pythonText(value: Value): string {
  if (isText(value)) return value.value as string;
  return isUndefined(value) ? "" : pythonRepr(value);
}

/** Python's repr(). */
export function pythonRepr(value: Value): string {
  switch (value.type) {
    case "StringValue":
      return quote(value.value as string);
    case "BooleanValue":
      return value.value ? "True" : "False";
    case "NullValue":
      return "None";
    case "UndefinedValue":
      return "Undefined";
    case "FloatValue":
      return pythonFloat(value.value as number);
    case "ArrayValue":
      return `[${itemsOf(value).map(pythonRepr).join(", ")}]`;
    case "TupleValue": {
      const items = itemsOf(value).map(pythonRepr);
      return `(${items.join(", ")}${items.length === 1 ? "," : ""})`;
    }
    case "ObjectValue": {
      const entries = [...entriesOf(value)].map(([key, inner]) => `${quote(key)}: ${pythonRepr(inner)}`);
      return `{${entries.join(", ")}}`;
    }
    default:
      return String(value.value);
  }
}

const ESCAPES: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\" };

function quote(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const inner = text.replace(/[\p{C}\p{Z}\\'"]/gu, (character) => {
    if (character === " ") return character;
    if (character === mark) return `\\${character}`;
    if (character === "'" || character === '"') return character;
    const sequence = ESCAPES[character];
    if (sequence !== undefined) return sequence;
    const code = character.codePointAt(0) as number;
    const hex = code.toString(16);
    if (code < 0x100) return `\\x${hex.padStart(2, "0")}`;
    return code < 0x10000 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
  });
  return mark + inner + mark;
}

/** Python's ==: by value; different types are equal only among numbers. */
export function pythonEquals(a: Value, b: Value): boolean {
  if (isNumber(a) && isNumber(b)) return Number(a.value) === Number(b.value);
  if (a.type !== b.type) return false;
  if (isList(a)) {
    const [left, right] = [itemsOf(a), itemsOf(b)];
    return left.length === right.length && left.every((item, i) => pythonEquals(item, right[i]));
  }
  if (isMapping(a)) {
    const [left, right] = [entriesOf(a), entriesOf(b)];
    if (left.size !== right.size) return false;
    return [...left].every(([key, item]) => {
      const other = right.get(key);
      return other !== undefined && pythonEquals(item, other);
    });
  }
  return a.value === b.value;
}
