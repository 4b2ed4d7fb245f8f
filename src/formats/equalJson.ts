/** @file Equality of two JSON values: Python's `==` on the results of json.loads. */

/**
 * Keys in any order; -0 is 0; NaN, which Python's JSON allows, equals nothing. Unlike in Python, true is not 1. Beyond
 * JSON: a key whose value is undefined counts as absent, and dates (parquet's timestamps) compare by time.
 */
export function equalJson(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, i) => equalJson(item, b[i]));
  }
  if (a instanceof Date || b instanceof Date) {
    return a instanceof Date && b instanceof Date && a.getTime() === b.getTime();
  }
  const [ours, theirs] = [definedKeys(a), definedKeys(b)];
  return (
    ours.length === theirs.length && ours.every((key) => Object.hasOwn(b, key) && equalJson(at(a, key), at(b, key)))
  );
}

function at(object: object, key: string): unknown {
  return (object as Record<string, unknown>)[key];
}

function definedKeys(object: object): string[] {
  return Object.keys(object).filter((key) => at(object, key) !== undefined);
}
