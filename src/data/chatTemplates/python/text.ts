/** @file Python's str() and repr() of values. */
import { pythonFloat } from "../../../formats/pythonFloat.ts";
import { valueError } from "./fault.ts";
import { spend, spendText } from "./limits.ts";
import { PyDict } from "./pyDict.ts";
import { isText, isUndefined, Markup, Tuple, type Value } from "./values.ts";

/** Python's limit of the digits of an int as text. */
const MAX_DIGITS = 4300;

/** Python's str(). */
export function str(value: Value): string {
  if (typeof value === "string") return value;
  if (value instanceof Markup) return value.text;
  if (isUndefined(value)) return "";
  return repr(value);
}

/** Python's repr(). */
export function repr(value: Value): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "bigint") return intText(value);
  if (typeof value === "number") return pythonFloat(value);
  if (typeof value === "string") return quoted(value);
  if (value instanceof Markup) return `Markup(${quoted(value.text)})`;
  if (isUndefined(value)) return "Undefined";
  if (Array.isArray(value)) return joined("[", value, "]");
  if (value instanceof Tuple) return joined("(", value.items, value.items.length === 1 ? ",)" : ")");
  if (value instanceof PyDict) return dictText(value);
  if (value.typeName.startsWith("dict_")) return joined(`${value.typeName}([`, [...(value.items?.() ?? [])], "])");
  return value.repr();
}

export function intText(value: bigint): string {
  // A digit takes 3.3 bits; the comparison comes first because toString is quadratic.
  const size = value < 0n ? -value : value;
  if (size >= LARGEST) throw valueError(`Exceeds the limit (${MAX_DIGITS} digits) for integer string conversion`);
  return value.toString();
}
const LARGEST = 10n ** BigInt(MAX_DIGITS);

function joined(open: string, items: readonly Value[], close: string): string {
  spend(items.length);
  const text = open + items.map(repr).join(", ") + close;
  spendText(text.length);
  return text;
}

function dictText(dict: PyDict): string {
  const text = `{${dict
    .entries()
    .map(([key, value]) => `${repr(key)}: ${repr(value)}`)
    .join(", ")}}`;
  spendText(text.length);
  return text;
}

const SHORT_ESCAPES: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\" };
/** Python's str.isprintable is false for these, save the space. */
const UNPRINTABLE = /[\p{C}\p{Z}]/u;
const NEEDS_ESCAPE = /[\\\n\r\t]|(?! )[\p{C}\p{Z}]/gu;

export const isPrintable = (point: string): boolean => point === " " || !UNPRINTABLE.test(point);

function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(NEEDS_ESCAPE, (point) => SHORT_ESCAPES[point] ?? hexEscape(point));
  return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote;
}

/** \x07, \u2028, \U0001f600. */
export function hexEscape(point: string): string {
  const code = point.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code < 0x100) return `\\x${hex.padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}

/** Python's str.__str__ where only texts are meant; other values as str(). */
export const softText = (value: Value): string | Markup => (isText(value) ? value : str(value));
