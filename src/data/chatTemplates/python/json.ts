/** @file Python's json.dumps, as transformers' tojson filter calls it: HTML and other scripts stay as they are. */
import { pythonFloat } from "../../../formats/pythonFloat.ts";
import { sorted } from "./compare.ts";
import { typeError } from "./fault.ts";
import { spend, spendText } from "./limits.ts";
import { indexNumber, numeric } from "./numbers.ts";
import { PyDict } from "./pyDict.ts";
import { repeat } from "./strings.ts";
import { intText } from "./text.ts";
import { isText, isTrue, iterate, Tuple, textOf, typeName, type Value } from "./values.ts";

interface Style {
  isAscii: boolean;
  /** One level of indentation; undefined: all on one line. */
  indent: string | undefined;
  between: string;
  colon: string;
  isSorted: boolean;
}

export interface DumpOptions {
  ensureAscii: Value;
  indent: Value;
  separators: Value;
  sortKeys: Value;
}

/** @throws TypeError for values that JSON lacks */
export function dumps(value: Value, options: DumpOptions): string {
  const indent = indentText(options.indent);
  const [between, colon] = separatorsOf(options.separators, indent !== undefined);
  const style = { isAscii: isTrue(options.ensureAscii), indent, between, colon, isSorted: isTrue(options.sortKeys) };
  const text = write(value, style, "\n");
  spendText(text.length);
  return text;
}

function indentText(indent: Value): string | undefined {
  if (indent === null) return undefined;
  return isText(indent) ? textOf(indent) : repeat(" ", indexNumber(indent));
}

function separatorsOf(separators: Value, isIndented: boolean): [string, string] {
  if (separators === null) return [isIndented ? "," : ", ", ": "];
  const [between, colon, ...more] = Array.from(iterate(separators));
  if (isText(between ?? null) && isText(colon ?? null) && more.length === 0) {
    return [textOf(between as string), textOf(colon as string)];
  }
  throw typeError("separators must be two texts");
}

/** @param line line end with the indentation of the value */
function write(value: Value, style: Style, line: string): string {
  spend(1);
  if (isText(value)) return quote(textOf(value), style.isAscii);
  if (value === null || typeof value === "boolean") return String(value);
  const number = numeric(value);
  if (number !== undefined) return numberText(number);
  const inner = style.indent === undefined ? "" : line + style.indent;
  const end = style.indent === undefined ? "" : line;
  const between = style.between + inner;
  if (Array.isArray(value) || value instanceof Tuple) {
    const items = Array.isArray(value) ? value : value.items;
    if (items.length === 0) return "[]";
    return `[${inner}${items.map((item) => write(item, style, inner)).join(between)}${end}]`;
  }
  if (!(value instanceof PyDict)) throw typeError(`Object of type ${typeName(value)} is not JSON serializable`);
  if (value.size === 0) return "{}";
  const entries = style.isSorted ? sortedEntries(value) : value.entries();
  const fields = entries.map(([key, item]) => {
    return quote(keyText(key), style.isAscii) + style.colon + write(item, style, inner);
  });
  return `{${inner}${fields.join(between)}${end}}`;
}

function sortedEntries(dict: PyDict): [Value, Value][] {
  const keys = sorted(dict.keys(), (key) => key);
  return keys.map((key) => [key, dict.get(key) ?? null]);
}

function keyText(key: Value): string {
  if (isText(key)) return textOf(key);
  if (key === null || typeof key === "boolean") return String(key);
  const number = numeric(key);
  if (number !== undefined) return numberText(number);
  throw typeError(`keys must be str, int, float, bool or None, not ${typeName(key)}`);
}

function numberText(value: bigint | number): string {
  if (typeof value === "bigint") return intText(value);
  if (Number.isFinite(value)) return pythonFloat(value);
  return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

const ESCAPES: Record<string, string> = {
  '"': '\\"',
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\b": "\\b",
  "\f": "\\f",
};
const unitEscape = (unit: string) => ESCAPES[unit] ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** What JSON must escape; \p{Cc} besides has U+007F to U+009F. */
const TO_ESCAPE = /["\\]|(?![\x7f-\x9f])\p{Cc}/gu;

function quote(text: string, isAscii: boolean): string {
  return `"${text.replace(isAscii ? /["\\]|[^ -~]/g : TO_ESCAPE, unitEscape)}"`;
}
