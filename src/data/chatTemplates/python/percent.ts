/** @file Python's `text % values`. */
import { TemplateFault, typeError, valueError } from "./fault.ts";
import { floatText, format } from "./formatSpec.ts";
import { spendText } from "./limits.ts";
import { numeric, toFloat, toInteger } from "./numbers.ts";
import { PyDict } from "./pyDict.ts";
import { hexEscape, repr, str } from "./text.ts";
import { isText, isUndefined, pointCount, Tuple, textOf, typeName, type Value } from "./values.ts";

const CONVERSION = /%(?:\(((?:[^()]|\([^()]*\))*)\))?([-+ 0#]*)(\*|\d+)?(?:\.(\*|\d+)?)?[hlL]?([a-zA-Z%])?|%/gsu;

/** @param escaped how a Markup's template escapes what it inserts */
export function percentFormat(
  text: string,
  given: Value,
  escaped: (value: string) => string = (value) => value,
): string {
  const values = given instanceof Tuple ? given.items : [given];
  let next = 0;
  const take = (): Value => {
    if (next >= values.length) throw typeError("not enough arguments for format string");
    return values[next++];
  };
  const count = (spec: string | undefined): number | undefined => {
    if (spec !== "*") return spec === undefined ? undefined : Number(spec);
    const value = take();
    if (typeof value !== "bigint") throw typeError("* wants int");
    return Number(value);
  };
  let usedKeys = false;
  const out = text.replace(CONVERSION, (whole, key: string | undefined, flags = "", width, digits, kind) => {
    if (kind === undefined) throw valueError("incomplete format");
    if (whole === "%%") return "%"; // with flags or a width it is no kind
    const size = count(width);
    const precision =
      whole.includes(".") && !/^%\([^)]*\.[^)]*\)[^.]*$/s.test(whole) ? (count(digits) ?? 0) : undefined;
    usedKeys ||= key !== undefined;
    const value = key === undefined ? take() : keyed(given, key);
    return convert({ kind, flags, width: size, precision }, value, escaped);
  });
  spendText(out.length);
  if (next < values.length && !usedKeys && !isMapping(given)) {
    throw typeError("not all arguments converted during string formatting");
  }
  return out;
}

/** What Python takes for a mapping there: an object with items that is neither tuple nor str. */
const isMapping = (value: Value) =>
  value instanceof PyDict || Array.isArray(value) || isUndefined(value) || isRange(value);
const isRange = (value: Value) => typeof value === "object" && value !== null && "item" in value;

function keyed(given: Value, key: string): Value {
  if (!(given instanceof PyDict)) throw typeError("format requires a mapping");
  const value = given.get(key);
  if (value === undefined) throw new TemplateFault("KeyError", `'${key}'`);
  return value;
}

interface Conversion {
  kind: string;
  flags: string;
  width: number | undefined;
  precision: number | undefined;
}

function convert(conversion: Conversion, value: Value, escaped: (value: string) => string): string {
  const { kind, precision } = conversion;
  switch (kind) {
    case "s":
    case "r":
    case "a": {
      const text = kind === "s" ? str(value) : kind === "r" ? repr(value) : ascii(repr(value));
      const isSafe = kind === "s" && typeof value === "object" && isText(value);
      const shown = isSafe ? text : escaped(text);
      return aligned("", precision === undefined ? shown : Array.from(shown).slice(0, precision).join(""), conversion);
    }
    case "c":
      return aligned("", character(value), conversion);
    case "d":
    case "i":
    case "u":
    case "x":
    case "X":
    case "o":
      return integer(conversion, value);
    case "e":
    case "E":
    case "f":
    case "F":
    case "g":
    case "G":
      return float(conversion, value);
    default: {
      const code = kind.codePointAt(0)?.toString(16);
      throw valueError(`unsupported format character '${kind}' (0x${code})`);
    }
  }
}

/** Python's ascii(): escapes of what is not ASCII. */
export const ascii = (text: string): string => text.replace(/[^\0-\x7f]/gu, hexEscape);

function character(value: Value): string {
  if (isText(value) && pointCount(textOf(value)) === 1) return textOf(value);
  if (typeof value === "bigint" || typeof value === "boolean") return format(BigInt(value), "c");
  throw typeError("%c requires int or char");
}

function integer(conversion: Conversion, value: Value): string {
  const { kind, flags, precision } = conversion;
  const isDecimal = "diu".includes(kind);
  const number = isUndefined(value) ? undefined : numeric(value);
  if (number === undefined || (!isDecimal && typeof number !== "bigint")) {
    if (isUndefined(value) && isDecimal) throw value.fault();
    const need = isDecimal ? "a real number is required" : "an integer is required";
    throw typeError(`%${kind} format: ${need}, not ${typeName(value)}`);
  }
  const whole = toInteger(number);
  const base = isDecimal ? 10 : kind === "o" ? 8 : 16;
  spendText(precision ?? 0);
  const digits = (whole < 0n ? -whole : whole).toString(base).padStart(precision ?? 0, "0");
  const prefix = flags.includes("#") && !isDecimal ? `0${kind}` : "";
  return signed(whole < 0n, prefix, kind === "X" ? digits.toUpperCase() : digits, conversion);
}

function float(conversion: Conversion, value: Value): string {
  const { kind, flags, precision } = conversion;
  const number = numeric(value);
  if (isUndefined(value)) throw value.fault();
  if (number === undefined) throw typeError(`must be real number, not ${typeName(value)}`);
  const size = toFloat(number);
  const isNegative = size < 0 || Object.is(size, -0);
  if (Number.isFinite(size)) {
    const digits = floatText(Math.abs(size), kind, precision ?? 6, flags.includes("#"));
    return signed(isNegative, "", digits, conversion);
  }
  const text = Number.isNaN(size) ? "nan" : "inf";
  const digits = /[EFG]/.test(kind) ? text.toUpperCase() : text;
  return signed(isNegative, "", digits, conversion);
}

function signed(isNegative: boolean, prefix: string, digits: string, conversion: Conversion): string {
  const { flags } = conversion;
  const sign = isNegative ? "-" : flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
  return aligned(sign + prefix, digits, conversion);
}

function aligned(sign: string, body: string, { kind, flags, width = 0 }: Conversion): string {
  const missing = Math.abs(width) - pointCount(sign + body);
  if (missing <= 0) return sign + body;
  spendText(missing);
  if (flags.includes("-") || width < 0) return sign + body + " ".repeat(missing);
  const isZero = flags.includes("0") && !"srac".includes(kind);
  return isZero ? sign + "0".repeat(missing) + body : " ".repeat(missing) + sign + body;
}
