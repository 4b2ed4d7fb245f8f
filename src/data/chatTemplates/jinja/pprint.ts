/** @file Python's pprint.pformat for values that fit on one line; longer ones are refused. */
import { sorted } from "../python/compare.ts";
import { unsupported } from "../python/fault.ts";
import { PyDict } from "../python/pyDict.ts";
import { repr } from "../python/text.ts";
import { pointCount, Tuple, type Value } from "../python/values.ts";

/** Columns of pformat's lines. */
const WIDTH = 80;

export function pprint(value: Value): Value {
  const text = repr(ordered(value));
  if (pointCount(text) < WIDTH || typeof value === "bigint") return text;
  throw unsupported(`the filter pprint of a value of more than ${WIDTH} columns`);
}

/** Dicts in the order of their keys, as pprint sorts them. */
function ordered(value: Value): Value {
  if (Array.isArray(value)) return value.map(ordered);
  if (value instanceof Tuple) return new Tuple(value.items.map(ordered));
  if (!(value instanceof PyDict)) return value;
  const keys = sorted(value.keys(), (key) => (typeof key === "string" ? key : repr(key)));
  return new PyDict(keys.map((key) => [key, ordered(value.get(key) ?? null)]));
}
