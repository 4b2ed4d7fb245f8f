/** @file JavaScript data -> values of a template: transformers' _plain_template_data. */

import { typeOfDate } from "../../formats/parquetValues.ts";
import { entriesOf, isFloat, typeOf } from "../../formats/written.ts";
import { PyDict } from "./python/pyDict.ts";
import type { Value } from "./python/values.ts";

/**
 * JSON values; whole numbers are ints unless their source says that they are floats. Others become a name of
 * their type in Python: `<date>`, `<Decimal>`.
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

/** A value in an object or list, which may know that a whole number is a float, or that a value has another type. */
function member(owner: object, key: string, item: unknown): Value {
  const type = typeOf(owner, key);
  if (type !== undefined && item !== null) return `<${type}>`;
  return typeof item === "number" && isFloat(owner, key, item) ? item : toPython(item);
}

function objectToPython(value: object): Value {
  if (Array.isArray(value)) {
    return value.map((item, i) => member(value, String(i), item));
  }
  if (value instanceof Map) return new PyDict([...value].map(([key, item]) => [toPython(key), toPython(item)]));
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    if (value instanceof Date) return `<${typeOfDate(value) ?? "datetime"}>`;
    if (value instanceof Uint8Array) return "<bytes>";
    return `<${prototype.constructor?.name ?? "object"}>`;
  }
  return new PyDict(memberValues(value));
}
