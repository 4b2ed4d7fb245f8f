/** @file Python's arithmetic of ints and floats, and its int() and float() of texts. */
import { TemplateFault, typeError, valueError } from "./fault.ts";
import { spendText } from "./limits.ts";
import { strip } from "./strings.ts";
import { isText, isUndefined, textOf, typeName, type Value } from "./values.ts";

/** Operands of arithmetic: bools count as ints. undefined if one is no number. */
function operands(a: Value, b: Value): [bigint, bigint] | [number, number] | undefined {
  const [left, right] = [numeric(a), numeric(b)];
  if (left === undefined || right === undefined) return undefined;
  if (typeof left === "bigint" && typeof right === "bigint") return [left, right];
  return [toFloat(left), toFloat(right)];
}

export const numeric = (value: Value): bigint | number | undefined =>
  typeof value === "boolean"
    ? BigInt(value)
    : typeof value === "bigint" || typeof value === "number"
      ? value
      : undefined;

/** @throws OverflowError for ints that no float holds */
export function toFloat(value: bigint | number): number {
  const float = Number(value);
  if (typeof value === "bigint" && !Number.isFinite(float)) {
    throw new TemplateFault("OverflowError", "int too large to convert to float");
  }
  return float;
}

const divisionByZero = (message: string) => new TemplateFault("ZeroDivisionError", message);

/** Bits of an int, for the bound of its size. */
export const bitLength = (value: bigint): number => {
  const size = value < 0n ? -value : value;
  if (size === 0n) return 0;
  const hex = size.toString(16);
  return (hex.length - 1) * 4 + (32 - Math.clz32(Number.parseInt(hex[0], 16)));
};

const floorDivide = (a: bigint, b: bigint): bigint => {
  const quotient = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
};

/** C's fmod with the sign of the divisor. */
function floatModulo(a: number, b: number): number {
  const rest = a % b;
  if (rest === 0) return b < 0 || Object.is(b, -0) ? -0 : 0;
  return rest < 0 === b < 0 ? rest : Number.isFinite(b) ? rest + b : b;
}

function floatFloorDivide(a: number, b: number): number {
  if (!Number.isFinite(a)) return Number.NaN;
  const rest = floatModulo(a, b);
  const quotient = (a - rest) / b;
  if (quotient === 0) return a / b < 0 ? -0 : 0;
  const floor = Math.floor(quotient);
  return quotient - floor > 0.5 ? floor + 1 : floor;
}

/** ints divide exactly before they round: 10**20 / 10**19 and the like. */
function divideInts(a: bigint, b: bigint): number {
  const [left, right] = [Number(a), Number(b)];
  if (Number.isSafeInteger(left) && Number.isSafeInteger(right)) return left / right;
  const [sizeA, sizeB] = [a < 0n ? -a : a, b < 0n ? -b : b];
  const shift = BigInt(bitLength(sizeB) - bitLength(sizeA) + 66);
  const quotient = shift >= 0n ? (sizeA << shift) / sizeB : sizeA / (sizeB << -shift);
  const exact = shift >= 0n ? (sizeA << shift) % sizeB === 0n : sizeA % (sizeB << -shift) === 0n;
  const sticky = exact ? quotient : quotient | 1n;
  const value = Number(sticky) * 2 ** -Number(shift);
  if (!Number.isFinite(value))
    throw new TemplateFault("OverflowError", "integer division result too large for a float");
  return a < 0n !== b < 0n ? -value : value;
}

/** Bits of the largest int: 10 ** (10 ** 10) would take 4 GB, and Python prints no more than 4,300 digits. */
const MOST_BITS = 100_000;

function checkSize(bits: number): void {
  if (bits > MOST_BITS) throw new TemplateFault("LimitError", "it was stopped: a number of more than 30,000 digits");
  spendText(bits / 8);
}

/** Python's **. */
function power(a: bigint | number, b: bigint | number): Value {
  if (typeof a === "bigint" && typeof b === "bigint" && b >= 0n) {
    if (a !== 0n && a !== 1n && a !== -1n) checkSize(bitLength(a) * Number(b));
    return a ** b;
  }
  const [base, exponent] = [toFloat(a), toFloat(b)];
  if (base === 0 && exponent < 0) throw divisionByZero("0.0 cannot be raised to a negative power");
  if (base < 0 && Number.isFinite(base) && Number.isFinite(exponent) && !Number.isInteger(exponent)) {
    throw new TemplateFault("NotImplementedError", "a complex number as the result of ** is not supported");
  }
  if (base === 1 || (base === -1 && !Number.isFinite(exponent) && !Number.isNaN(exponent))) return 1;
  const value = base ** exponent;
  if (!Number.isFinite(value) && Number.isFinite(base) && Number.isFinite(exponent)) {
    throw new TemplateFault("OverflowError", "(34, 'Numerical result out of range')");
  }
  return value;
}

type Operator = "+" | "-" | "*" | "/" | "//" | "%" | "**";

/** The result for two numbers; undefined if one is none. */
export function arithmetic(operator: Operator, a: Value, b: Value): Value | undefined {
  const pair = operands(a, b);
  if (!pair) return undefined;
  if (operator === "**") return power(numeric(a) as bigint | number, numeric(b) as bigint | number);
  const [left, right] = pair;
  if (typeof left === "bigint" && typeof right === "bigint") return onInts(operator, left, right);
  return onFloats(operator, left as number, right as number);
}

function onInts(operator: Operator, a: bigint, b: bigint): Value {
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      if (a > LARGE || a < -LARGE) checkSize(bitLength(a) + bitLength(b));
      return a * b;
  }
  if (b === 0n) throw divisionByZero(operator === "/" ? "division by zero" : "integer division or modulo by zero");
  if (operator === "/") return divideInts(a, b);
  const quotient = floorDivide(a, b);
  return operator === "//" ? quotient : a - quotient * b;
}
const LARGE = 2n ** 1024n;

function onFloats(operator: Operator, a: number, b: number): number {
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
  }
  if (b === 0) throw divisionByZero(operator === "/" ? "float division by zero" : "float floor division by zero");
  if (operator === "/") return a / b;
  return operator === "//" ? floatFloorDivide(a, b) : floatModulo(a, b);
}

/** Python's round() of a float to an int: half to even. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** No float has more digits after its point; those behind are zeros. */
const MOST_DECIMALS = 1100;

/** Decimal digits of a float's exact value, rounded half to even at `digits` after the point. */
export function exactFixed(value: number, digits: number): string {
  if (digits > MOST_DECIMALS) return exactFixed(value, MOST_DECIMALS) + "0".repeat(digits - MOST_DECIMALS);
  const [numerator, denominator] = ratio(Math.abs(value));
  const scale = 10n ** BigInt(Math.max(0, digits));
  const down = 10n ** BigInt(Math.max(0, -digits));
  const [top, bottom] = [numerator * scale, denominator * down];
  let quotient = top / bottom;
  const twice = (top % bottom) * 2n;
  if (twice > bottom || (twice === bottom && quotient % 2n === 1n)) quotient += 1n;
  const text = (quotient * down).toString().padStart(digits + 1, "0");
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  return sign + (digits > 0 ? `${text.slice(0, -digits)}.${text.slice(-digits)}` : text);
}

/** A finite float as a fraction: float.as_integer_ratio(). */
export function ratio(value: number): [bigint, bigint] {
  let [scaled, shift] = [value, 0];
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    shift++;
  }
  const [top, bottom] = [BigInt(scaled), 1n << BigInt(shift)];
  return [top, bottom];
}

const INT = /^[+-]?\p{Nd}+(_\p{Nd}+)*$/u;
const FLOAT = /^[+-]?(\d+(_\d+)*\.?(\d+(_\d+)*)?|\.\d+(_\d+)*)([eE][+-]?\d+(_\d+)*)?$/;

/** ASCII digits for those of other scripts; each script's ten are consecutive. */
function asciiDigits(text: string): string {
  return text.replace(/(?![0-9])\p{Nd}/gu, (digit) => String(digitValue(digit)));
}
function digitValue(digit: string): number {
  let code = digit.codePointAt(0) ?? 0;
  const start = code;
  while (start - code < 9 && /\p{Nd}/u.test(String.fromCodePoint(code - 1))) code--;
  return (start - code) % 10;
}

/** Python's int(text, base). @throws ValueError */
export function parseInteger(text: string, base = 10): bigint {
  const invalid = () => valueError(`invalid literal for int() with base ${base}: '${text}'`);
  if (base !== 0 && (base < 2 || base > 36)) throw valueError("int() base must be >= 2 and <= 36, or 0");
  const trimmed = asciiDigits(strip(text, undefined, "both").toLowerCase());
  if (base === 10) {
    if (!INT.test(trimmed)) throw invalid();
    if (trimmed.length > 4300) throw valueError("Exceeds the limit (4300 digits) for integer string conversion");
    return BigInt(trimmed.replace(/[_+]/g, ""));
  }
  const match = /^([+-]?)(0[box])?_?([0-9a-z]+(?:_[0-9a-z]+)*)$/.exec(trimmed);
  const prefix = match?.[2] ? { b: 2, o: 8, x: 16 }[match[2][1]] : undefined;
  if (!match || (prefix !== undefined && base !== 0 && base !== prefix)) return otherBase(trimmed, base, invalid);
  if (base === 0 && prefix === undefined && /^0+[1-9]/.test(match[3])) throw invalid();
  return digitsOf(match[3], base === 0 ? (prefix ?? 10) : base, invalid) * (match[1] === "-" ? -1n : 1n);
}

/** A text like 0b1 in base 16, where the prefix is made of digits. */
function otherBase(text: string, base: number, invalid: () => TemplateFault): bigint {
  const match = /^([+-]?)([0-9a-z]+(?:_[0-9a-z]+)*)$/.exec(text);
  if (!match) throw invalid();
  return digitsOf(match[2], base, invalid) * (match[1] === "-" ? -1n : 1n);
}

function digitsOf(text: string, base: number, invalid: () => TemplateFault): bigint {
  const digits = text.replaceAll("_", "");
  if (digits.length > 20_000) throw valueError("an int of more than 20,000 digits");
  let value = 0n;
  for (const character of digits) {
    const digit = Number.parseInt(character, 36);
    if (!(digit < base)) throw invalid();
    value = value * BigInt(base) + BigInt(digit);
  }
  return value;
}

/** Python's float(text). @throws ValueError */
export function parseFloatText(text: string): number {
  const trimmed = asciiDigits(strip(text, undefined, "both"));
  if (FLOAT.test(trimmed)) return Number(trimmed.replaceAll("_", ""));
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(trimmed);
  if (!special) throw valueError(`could not convert string to float: '${text}'`);
  const value = special[2].toLowerCase() === "nan" ? Number.NaN : Number.POSITIVE_INFINITY;
  return special[1] === "-" ? -value : value;
}

/** Python's int(value). @throws TypeError, ValueError, OverflowError */
export function toInteger(value: Value): bigint {
  if (isUndefined(value)) throw value.fault();
  const number = numeric(value);
  if (typeof number === "bigint") return number;
  if (typeof number === "number") {
    if (Number.isNaN(number)) throw valueError("cannot convert float NaN to integer");
    if (!Number.isFinite(number)) throw new TemplateFault("OverflowError", "cannot convert float infinity to integer");
    return BigInt(Math.trunc(number));
  }
  if (isText(value)) return parseInteger(textOf(value));
  throw typeError(`int() argument must be a string, a bytes-like object or a real number, not '${typeName(value)}'`);
}

/** A flag that must be an int in Python, bools included. */
export const flag = (value: Value): boolean => indexNumber(value) !== 0;

/** An argument that must be an int (Python's __index__), as a JavaScript number. */
export function indexNumber(
  value: Value,
  what = `'${typeName(value)}' object cannot be interpreted as an integer`,
): number {
  if (isUndefined(value)) throw typeError("'Undefined' object cannot be interpreted as an integer");
  const number = numeric(value);
  if (typeof number !== "bigint") throw typeError(what);
  return Number(number);
}
