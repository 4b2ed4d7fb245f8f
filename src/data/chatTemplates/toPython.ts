/** @file JavaScript data -> values of a template: transformers' _plain_template_data. */

import { textOfDate } from "../../formats/parquetValues.ts";
import { bytesText, datetimeText } from "../../formats/pythonTexts.ts";
import { entriesOf, isFloat, textOf } from "../../formats/written.ts";
import { PyDict } from "./python/pyDict.ts";
import { PyPrinted, type Value } from "./python/values.ts";

/**
 * JSON values; whole numbers are ints unless their source says that they are floats. Others become a name of their
 * type: templates only check whether images are there.
 */
export function toPython(value: unknown): Value {
  switch (typeof value) {
    case "string":
    case "boolean":
    case "bigint":
      return value;
    case "number":
      return Number.isInteger(value) && !Object.is(value, -0) ? BigInt(value) : value;
    case "object":
      return value === null ? null : objectToPython(value);
    case "undefined":
      return null;
    default:
      return `<${typeof value}>`;
  }
}

/** The entries of a plain object as values. */
export function memberValues(object: object): [string, Value][] {
  return entriesOf(object).map(([key, item]) => [key, member(object, key, item)]);
}

/** A value in an object or list, which may know that a whole number is a float. */
function member(owner: object, key: string, item: unknown): Value {
  const text = textOf(owner, key);
  if (text) return new PyPrinted(text);
  return typeof item === "number" && isFloat(owner, key, item) ? item : toPython(item);
}

function objectToPython(value: object): Value {
  if (Array.isArray(value)) {
    return value.map((item, i) => member(value, String(i), item));
  }
  if (value instanceof Map) return new PyDict([...value].map(([key, item]) => [toPython(key), toPython(item)]));
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    if (value instanceof Date)
      return new PyPrinted(textOfDate(value) ?? datetimeText(BigInt(value.getTime()) * 1000n, false));
    if (value instanceof Uint8Array) return new PyPrinted(bytesText(value));
    return `<${prototype.constructor?.name ?? "object"}>`;
  }
  return new PyDict(memberValues(value));
}
