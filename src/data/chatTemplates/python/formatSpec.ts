/** @file Python's format mini-language, `format(value, spec)`: fill, align, sign, width, grouping, precision, type. */
import { pythonFloat } from "../../../formats/pythonFloat.ts";
import { typeError, valueError } from "./fault.ts";
import { spendText } from "./limits.ts";
import { exactFixed, numeric, toFloat } from "./numbers.ts";
import { unitOffset } from "./strings.ts";
import { str } from "./text.ts";
import { isText, pointCount, textOf, typeName, type Value } from "./values.ts";

interface Spec {
  fill: string;
  align: string;
  sign: string;
  /** "z": what rounds to zero has no sign. */
  noNegativeZero: boolean;
  alternate: boolean;
  width: number;
  grouping: string;
  precision: number | undefined;
  type: string;
}

const SPEC = /^(?:(.)?([<>=^]))?([-+ ])?(z)?(#)?(0)?(\d+)?([_,])?(?:\.(\d+))?([a-zA-Z%])?$/su;

function parseSpec(text: string, value: Value): Spec {
  const match = SPEC.exec(text);
  if (!match) {
    throw valueError(`Invalid format specifier '${text}' for object of type '${typeName(value)}'`);
  }
  const [, fill, align, sign = "", positive, alternate, zero, width, grouping = "", precision, type = ""] = match;
  return {
    fill: fill ?? (zero ? "0" : " "),
    align: align ?? (zero && !isText(value) ? "=" : ""),
    sign,
    noNegativeZero: positive !== undefined,
    alternate: alternate !== undefined,
    width: Number(width ?? 0),
    grouping,
    precision: precision === undefined ? undefined : Number(precision),
    type,
  };
}

/** Python's format(value, spec). */
export function format(value: Value, text: string): string {
  if (text === "") return str(value);
  if (isText(value)) return formatText(textOf(value), parseSpec(text, value));
  const number = numeric(value);
  if (number === undefined) {
    throw typeError(`unsupported format string passed to ${typeName(value)}.__format__`);
  }
  const spec = parseSpec(text, value);
  return formatNumber(number, spec);
}

function formatText(value: string, spec: Spec): string {
  if (spec.type !== "" && spec.type !== "s") throw unknownCode(spec.type, "str");
  if (spec.sign !== "") throw valueError("Sign not allowed in string format specifier");
  if (spec.alternate) throw valueError("Alternate form (#) not allowed in string format specifier");
  if (spec.align === "=") throw valueError("'=' alignment not allowed in string format specifier");
  if (spec.grouping) throw valueError(`Cannot specify '${spec.grouping}' with 's'.`);
  const cut = spec.precision === undefined ? value : value.slice(0, unitOffset(value, spec.precision));
  return pad("", cut, { ...spec, align: spec.align || "<" });
}

const unknownCode = (code: string, type: string) =>
  valueError(`Unknown format code '${code}' for object of type '${type}'`);

function pad(sign: string, body: string, { fill, align, width }: Spec): string {
  const missing = width - pointCount(sign + body);
  if (missing <= 0) return sign + body;
  spendText(width);
  if (align === "=") return sign + fill.repeat(missing) + body;
  if (align === "<") return sign + body + fill.repeat(missing);
  const left = align === "^" ? missing >> 1 : missing;
  return fill.repeat(left) + sign + body + fill.repeat(missing - left);
}

const INTEGER_BASES: Record<string, number> = { d: 10, n: 10, "": 10, b: 2, o: 8, x: 16, X: 16 };

function formatNumber(value: bigint | number, spec: Spec): string {
  if (typeof value === "bigint" && spec.type === "c") return formatText(codePoint(value), { ...spec, type: "s" });
  if (typeof value === "bigint" && Object.hasOwn(INTEGER_BASES, spec.type)) return formatInteger(value, spec);
  if (spec.type !== "" && !"eEfFgGn%".includes(spec.type)) {
    throw unknownCode(spec.type, typeof value === "bigint" ? "int" : "float");
  }
  const float = toFloat(value);
  const digits = floatDigits(Math.abs(float), spec);
  const isZero = spec.noNegativeZero && !/[1-9a-z]/i.test(digits.split(/[eE]/)[0]);
  const isNegative = (float < 0 || Object.is(float, -0)) && !isZero;
  return withSign(isNegative, "", digits, spec);
}

const codePoint = (value: bigint): string => {
  if (value < 0n || value > 0x10ffffn) throw valueError("%c arg not in range(0x110000)");
  return String.fromCodePoint(Number(value));
};

function formatInteger(value: bigint, spec: Spec): string {
  if (spec.precision !== undefined) throw valueError("Precision not allowed in integer format specifier");
  if (spec.noNegativeZero) {
    throw valueError("Negative zero coercion (z) not allowed in format specifier with integer presentation type");
  }
  const base = INTEGER_BASES[spec.type];
  const digits = (value < 0n ? -value : value).toString(base);
  const prefix = spec.alternate && base !== 10 ? `0${spec.type}` : "";
  return withSign(value < 0n, prefix, spec.type === "X" ? digits.toUpperCase() : digits, spec);
}

function withSign(isNegative: boolean, prefix: string, digits: string, spec: Spec): string {
  const sign = (isNegative ? "-" : spec.sign === "-" ? "" : spec.sign) + prefix;
  const padded = { ...spec, align: spec.align || ">" };
  return pad(sign, group(digits, spec, pointCount(sign)), padded);
}

/** Inserts "," or "_" between groups of digits; zeros of a "0" width are grouped too. */
function group(text: string, { grouping, type, fill, align, width }: Spec, taken: number): string {
  if (grouping === "" || !/^\d|^[0-9a-fA-F]/.test(text)) return text;
  const size = "boxX".includes(type) && type !== "" ? 4 : 3;
  const [, whole, rest] = /^([0-9a-fA-F]+)(.*)$/s.exec(text) ?? ["", text, ""];
  const isFloat = /[.e%]/.test(text) && size === 3;
  const integer = isFloat ? (/^\d+/.exec(text)?.[0] ?? whole) : whole;
  const tail = isFloat ? text.slice(integer.length) : rest;
  let count = integer.length;
  if (fill === "0" && align === "=") {
    spendText(width);
    while (taken + count + Math.floor((count - 1) / size) + tail.length < width) count++;
  }
  return cut(integer.padStart(count, "0"), size).join(grouping) + tail;
}

/** Digits in groups of this size, from the right. */
function cut(digits: string, size: number): string[] {
  const groups: string[] = [];
  for (let end = digits.length; end > 0; end -= size) groups.push(digits.slice(Math.max(0, end - size), end));
  return groups.reverse();
}

function floatDigits(value: number, { type, precision, alternate }: Spec): string {
  if (!Number.isFinite(value)) {
    const text = Number.isNaN(value) ? "nan" : "inf";
    return (/[A-Z]/.test(type) ? text.toUpperCase() : text) + (type === "%" ? "%" : "");
  }
  if (type === "" && precision === undefined) return pythonFloat(value);
  return floatText(value, type || "r", precision ?? 6, alternate);
}

/** Digits of a finite float of zero or more, for the types e, f, g and %; "r": of a format without a type. */
export function floatText(value: number, type: string, precision: number, alternate = false): string {
  spendText(precision);
  const lower = type.toLowerCase();
  if (lower === "f") return exactFixed(value, precision) + (alternate && precision === 0 ? "." : "");
  if (lower === "%") return `${exactFixed(value * 100, precision)}%`;
  const text = lower === "e" ? exponential(value, precision, alternate) : general(value, type, precision, alternate);
  return type === "E" || type === "G" ? text.toUpperCase() : text;
}

/** 1.5e-07: the exponent has two digits at least. */
function exponential(value: number, precision: number, alternate: boolean): string {
  const [mantissa, power] = exactExponential(value, precision);
  const point = alternate && precision === 0 ? "." : "";
  return mantissa + point + exponentText(power);
}

const exponentText = (power: number) => `e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;

/** Mantissa with `precision` digits after the point, and exponent; toExponential ends at 100 digits. */
function exactExponential(value: number, precision: number): [string, number] {
  const [mantissa, power] = value.toExponential(Math.min(100, precision)).split("e");
  return [mantissa + (precision > 100 ? "0".repeat(precision - 100) : ""), Number(power)];
}

function general(value: number, type: string, precision: number, alternate: boolean): string {
  const digits = Math.max(1, precision);
  const [, power] = exactExponential(value, digits - 1);
  const bound = type === "r" ? digits - 1 : digits; // a format without a type keeps one digit after the point
  if (power < -4 || power >= bound) {
    const [mantissa] = exactExponential(value, digits - 1);
    return (alternate ? mantissa : withoutZeros(mantissa)) + exponentText(power);
  }
  const fixed = exactFixed(value, Math.max(0, digits - 1 - power));
  const text = alternate ? fixed : withoutZeros(fixed);
  return type === "r" && !text.includes(".") ? `${text}.0` : text;
}

const withoutZeros = (text: string) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);

/** round(value, digits) of Python: of a float by its exact decimals, of an int to tens. */
export function roundTo(value: bigint | number, digits: number): bigint | number {
  if (typeof value === "number") {
    if (!Number.isFinite(value) || digits > 323) return value;
    return digits < -308 ? value * 0 : Number(exactFixed(value, digits));
  }
  if (digits >= 0) return value;
  const unit = 10n ** BigInt(Math.min(-digits, 5000));
  const rest = ((value % unit) + unit) % unit;
  const down = value - rest;
  const half = rest * 2n - unit;
  return half > 0n || (half === 0n && (down / unit) % 2n !== 0n) ? down + unit : down;
}
