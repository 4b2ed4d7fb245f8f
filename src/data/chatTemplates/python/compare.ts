/** @file Python's ==, <, in and sorted(). */
import { typeError } from "./fault.ts";
import { spend } from "./limits.ts";
import { PyDict } from "./pyDict.ts";
import { isText, isUndefined, iterate, Markup, Tuple, textOf, typeName, type Value } from "./values.ts";

type PyNumber = bigint | number | boolean;
export const isNumber = (value: Value): value is PyNumber =>
  typeof value === "bigint" || typeof value === "number" || typeof value === "boolean";

/** A number as JavaScript compares it: ints and floats exactly, whatever their size. */
const comparable = (value: PyNumber): bigint | number => (typeof value === "boolean" ? BigInt(value) : value);

/** Python's ==. */
export function equals(a: Value, b: Value): boolean {
  spend(1);
  if (a === b) return !Number.isNaN(a);
  // biome-ignore lint/suspicious/noDoubleEquals: a bigint and a number of equal value
  if (isNumber(a) && isNumber(b)) return comparable(a) == comparable(b);
  if (isText(a) && isText(b)) return textOf(a) === textOf(b);
  if (Array.isArray(a) && Array.isArray(b)) return sameItems(a, b);
  if (a instanceof Tuple && b instanceof Tuple) return sameItems(a.items, b.items);
  if (a instanceof PyDict && b instanceof PyDict) return sameEntries(a, b);
  if (isUndefined(a) && isUndefined(b)) return true;
  if (typeof a === "object" && a !== null && "equals" in a && a.equals) return a.equals(b);
  return false;
}

function sameItems(a: readonly Value[], b: readonly Value[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i] || equals(item, b[i]));
}

function sameEntries(a: PyDict, b: PyDict): boolean {
  if (a.size !== b.size) return false;
  return a.entries().every(([key, value]) => {
    const other = b.get(key);
    return other !== undefined && (other === value || equals(value, other));
  });
}

/** Order of two texts by code points; UTF-16 differs where surrogates meet U+E000 to U+FFFF. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [left, right] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (left === right) continue;
    const isHigh = (unit: number) => unit >= 0xd800 && unit <= 0xdfff;
    if (isHigh(left) !== isHigh(right)) return isHigh(left) ? 1 : -1;
    return left - right;
  }
  return a.length - b.length;
}

export type Comparison = "<" | "<=" | ">" | ">=";

/** Python's <, <=, > and >=. @throws TypeError for values without an order */
export function compare(a: Value, b: Value, operator: Comparison): boolean {
  spend(1);
  if (isUndefined(a)) throw a.fault();
  if (isUndefined(b)) throw b.fault();
  if (isNumber(a) && isNumber(b)) return decide(comparable(a), comparable(b), operator);
  if (isText(a) && isText(b)) return decide(compareText(textOf(a), textOf(b)), 0, operator);
  const [left, right] = [listed(a), listed(b)];
  if (left && right && Array.isArray(a) === Array.isArray(b)) return compareItems(left, right, operator);
  throw typeError(`'${operator}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`);
}

const listed = (value: Value): readonly Value[] | undefined =>
  Array.isArray(value) ? value : value instanceof Tuple ? value.items : undefined;

function decide(a: bigint | number, b: bigint | number, operator: Comparison): boolean {
  if (operator === "<") return a < b;
  if (operator === "<=") return a <= b;
  return operator === ">" ? a > b : a >= b;
}

function compareItems(a: readonly Value[], b: readonly Value[], operator: Comparison): boolean {
  const at = a.findIndex((item, i) => i >= b.length || !(item === b[i] || equals(item, b[i])));
  if (at < 0 || at >= b.length) return decide(a.length, b.length, operator);
  return compare(a[at], b[at], operator);
}

/** Python's sorted(): stable; reverse keeps the order of equals too. */
export function sorted(items: readonly Value[], keyOf: (item: Value) => Value, reverse = false): Value[] {
  const keyed = items.map((item) => ({ item, key: keyOf(item) }));
  keyed.sort((a, b) => {
    const [small, large] = reverse ? [b.key, a.key] : [a.key, b.key];
    return compare(small, large, "<") ? -1 : compare(large, small, "<") ? 1 : 0;
  });
  return keyed.map(({ item }) => item);
}

/** Python's `value in container`. */
export function isIn(value: Value, container: Value): boolean {
  if (isText(container)) {
    if (isText(value)) return textOf(container).includes(textOf(value));
    throw typeError(`'in <string>' requires string as left operand, not ${typeName(value)}`);
  }
  if (container instanceof PyDict) return container.has(value);
  if (typeof container === "object" && container !== null && "contains" in container && container.contains) {
    return container.contains(value);
  }
  const iterable = container instanceof Markup ? container.text : container;
  if (typeof iterable !== "object" || iterable === null || isUndefined(iterable)) {
    if (isUndefined(iterable)) return false;
    throw typeError(`argument of type '${typeName(container)}' is not iterable`);
  }
  for (const item of iterateContainer(iterable)) if (item === value || equals(item, value)) return true;
  return false;
}

function iterateContainer(container: Value): Iterable<Value> {
  try {
    return iterate(container);
  } catch {
    throw typeError(`argument of type '${typeName(container)}' is not iterable`);
  }
}

/** Python's `is`: identity; equal ints and texts count as one object, as constants do there. */
export function isSame(a: Value, b: Value): boolean {
  if (typeof a === "object" || typeof b === "object") return a === b;
  return typeof a === typeof b && Object.is(a, b);
}
