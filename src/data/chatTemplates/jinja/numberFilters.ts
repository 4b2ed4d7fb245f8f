/** @file Filters on numbers: abs, float, int, round, filesizeformat, length. */
import { isFault, typeError } from "../python/fault.ts";
import { format, roundTo } from "../python/formatSpec.ts";
import {
  indexNumber,
  numeric,
  parseFloatText,
  parseInteger,
  roundHalfEven,
  toFloat,
  toInteger,
} from "../python/numbers.ts";
import { binary } from "../python/operators.ts";
import { isText, isTrue, isUndefined, lengthOf, textOf, typeName, type Value } from "../python/values.ts";
import { argumentFault } from "./environment.ts";

export const length = (value: Value): Value => BigInt(lengthOf(value));

export function abs(value: Value): Value {
  const number = numeric(value);
  if (number === undefined) throw typeError(`bad operand type for abs(): '${typeName(value)}'`);
  return typeof number === "bigint" ? (number < 0n ? -number : number) : Math.abs(number);
}

/** Python's float(value). */
function floatOf(value: Value): number {
  if (isUndefined(value)) throw value.fault();
  const number = numeric(value);
  if (number !== undefined) return toFloat(number);
  if (isText(value)) return parseFloatText(textOf(value));
  throw typeError(`float() argument must be a string or a real number, not '${typeName(value)}'`);
}

export function float(value: Value, [standard]: Value[]): Value {
  try {
    return floatOf(value);
  } catch (error) {
    if (isFault(error, "TypeError", "ValueError")) return standard;
    throw error;
  }
}

export function int(value: Value, [standard, base]: Value[]): Value {
  try {
    return isText(value) ? parseInteger(textOf(value), indexNumber(base)) : toInteger(value);
  } catch (error) {
    if (!isFault(error, "TypeError", "ValueError")) throw error;
  }
  try {
    return toInteger(floatOf(value)); // "42.23" gives 42
  } catch (error) {
    if (isFault(error, "TypeError", "ValueError", "OverflowError")) return standard;
    throw error;
  }
}

export function round(value: Value, [precision, method]: Value[]): Value {
  const name = isText(method) ? textOf(method) : "";
  if (name !== "common" && name !== "ceil" && name !== "floor") {
    throw argumentFault("method must be common, ceil or floor");
  }
  const number = numeric(value);
  if (name === "common") return roundCommon(value, precision);
  if (number === undefined && isUndefined(value)) throw value.fault();
  const factor = binary("**", 10n, precision);
  const scaled = binary("*", value, factor);
  const size = numeric(scaled);
  if (size === undefined) throw typeError(`must be real number, not ${typeName(scaled)}`);
  const whole = typeof size === "bigint" ? size : toInteger(name === "ceil" ? Math.ceil(size) : Math.floor(size));
  return binary("/", whole, factor);
}

function roundCommon(value: Value, precision: Value): Value {
  const number = numeric(value);
  if (number === undefined) {
    if (isUndefined(value)) throw typeError("type Undefined doesn't define __round__ method");
    throw typeError(`type ${typeName(value)} doesn't define __round__ method`);
  }
  if (precision !== null) return roundTo(number, indexNumber(precision));
  return typeof number === "bigint" ? number : toInteger(roundHalfEven(number));
}

export function fileSize(value: Value, [binaryPrefixes]: Value[]): Value {
  const bytes = floatOf(value);
  const isBinary = isTrue(binaryPrefixes);
  const base = isBinary ? 1024 : 1000;
  if (bytes === 1) return "1 Byte";
  if (bytes < base) return `${toInteger(bytes)} Bytes`;
  const letters = isBinary ? "KMGTPEZY" : "kMGTPEZY";
  let unit = base;
  for (const letter of letters) {
    unit *= base;
    const isLast = letter === "Y";
    if (bytes < unit || isLast) return `${format((base * bytes) / unit, ".1f")} ${letter}${isBinary ? "iB" : "B"}`;
  }
  return "";
}
