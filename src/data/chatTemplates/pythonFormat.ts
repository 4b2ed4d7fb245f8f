/** @file The parts of Python's `text % values` and `text.format(...)` that chat templates use. */
import { isText, itemsOf, pythonRepr, pythonText, type Value } from "./values.ts";

const CONVERSION = /%([-0 +]*)(\d*)(?:\.(\d+))?([a-zA-Z%])/g;

function number(value: Value | undefined, conversion: string): number {
  const inner = value?.value;
  if (typeof inner === "number" || typeof inner === "boolean") return Number(inner);
  throw new Error(`%${conversion} format: a number is required`);
}

function converted(value: Value | undefined, conversion: string, digits: string | undefined): string {
  if (value === undefined) throw new Error("not enough arguments for format string");
  switch (conversion) {
    case "s":
    case "r": {
      const text = conversion === "s" ? pythonText(value) : pythonRepr(value);
      return digits === undefined ? text : Array.from(text).slice(0, Number(digits)).join("");
    }
    case "d":
    case "i":
      return String(Math.trunc(number(value, conversion)));
    case "f":
      return number(value, conversion).toFixed(Number(digits ?? 6));
    case "x":
      return number(value, conversion).toString(16);
    default:
      throw new Error(`format character ${conversion} is not supported`);
  }
}

function padded(text: string, flags: string, width: number): string {
  if (flags.includes("-")) return text.padEnd(width);
  if (!flags.includes("0")) return text.padStart(width);
  const [, sign, rest] = /^([+-]?)(.*)$/s.exec(text) as RegExpExecArray;
  return sign + rest.padStart(width - sign.length, "0");
}

/** `text % values`. */
export function percentFormat(text: string, values: readonly Value[]): string {
  let next = 0;
  const out = text.replace(CONVERSION, (_, flags: string, width: string, digits: string | undefined, kind: string) => {
    if (kind === "%") return "%";
    const value = values[next++];
    const plain = converted(value, kind, digits);
    const isPositive = kind !== "s" && kind !== "r" && !plain.startsWith("-");
    return padded(flags.includes("+") && isPositive ? `+${plain}` : plain, flags, Number(width));
  });
  if (next < values.length) throw new Error("not all arguments converted during string formatting");
  return out;
}

/** The right operand of `%`: a tuple's items, or one value. */
export const percentValues = (value: Value): readonly Value[] =>
  value.type === "TupleValue" ? itemsOf(value) : [value];

/** `text.format(...)` with `{}`, `{0}` and `{name}`; other fields are an error. */
export function braceFormat(text: string, positional: readonly Value[], named: ReadonlyMap<string, Value>): string {
  let next = 0;
  return text.replace(/\{\{|\}\}|\{([^{}]*)\}/g, (match, field: string | undefined) => {
    if (match === "{{" || match === "}}") return match[0];
    if (field === undefined || !/^\w*$/.test(field)) throw new Error(`format field ${match} is not supported`);
    const value =
      field === "" ? positional[next++] : /^\d+$/.test(field) ? positional[Number(field)] : named.get(field);
    if (value === undefined) throw new Error(`format: no argument for ${match}`);
    return isText(value) ? (value.value as string) : pythonText(value);
  });
}
