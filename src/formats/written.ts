/**
 * @file What JSON and Arrow hold and JavaScript's objects can't: the order of keys that look like integers ("10" before
 * "2"), and floats without a fraction (50.0). Kept beside objects and lists, which stay plain; chat templates and
 * to_json write it. The road not taken is wrappers for numbers: users would meet them in their rows.
 */

interface Written {
  /** The keys in order, where JavaScript's order is another. */
  keys?: readonly string[];
  /** Keys or indices whose numbers are floats. */
  floats?: ReadonlySet<string>;
  /** Keys or indices whose values have another type in Python, by its name: decimals, times, bytes. */
  types?: ReadonlyMap<string, string>;
}

const written = new WeakMap<object, Written>();

/** Keys that JavaScript moves to the front: array indices. */
const INDEX = /^(0|[1-9]\d{0,9})$/;

/** A plain object with these entries, in this order for `keysOf`; a key called __proto__ is a key. */
export function orderedObject<T>(entries: Iterable<readonly [string, T]>): Record<string, T> {
  const object: Record<string, T> = {};
  const keys = new Set<string>();
  let hasIndex = false;
  for (const [key, value] of entries) {
    keys.add(key);
    if (key === "__proto__") {
      Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
    } else object[key] = value;
    hasIndex ||= INDEX.test(key);
  }
  const order = [...keys];
  if (hasIndex && Object.keys(object).some((key, i) => key !== order[i])) note(object, { keys: order });
  return object;
}

function note(object: object, more: Written): void {
  written.set(object, { ...written.get(object), ...more });
}

/** The keys of an object, in the order in which they were written. */
export function keysOf(object: object): readonly string[] {
  const own = Object.keys(object);
  const keys = written.get(object)?.keys;
  if (!keys) return own;
  const present = new Set(own);
  const before = keys.filter((key) => present.delete(key)); // its user may have deleted and added some
  return [...before, ...present];
}

/** The entries of an object, in the order in which they were written. */
export function entriesOf(object: object): [string, unknown][] {
  return keysOf(object).map((key) => [key, (object as Record<string, unknown>)[key]]);
}

/** Notes that these keys (or indices) hold floats. */
export function markFloats(object: object, keys: Iterable<string>): void {
  const floats = new Set([...(written.get(object)?.floats ?? []), ...keys]);
  if (floats.size > 0) note(object, { floats });
}

/** Notes the types in Python of the values under these keys (or indices). */
export function markTypes(object: object, types: Iterable<readonly [string, string]>): void {
  note(object, { types: new Map([...(written.get(object)?.types ?? []), ...types]) });
}

/** The name of the type in Python of the value under a key (or index), where that is noted. */
export const typeOf = (object: object, key: string): string | undefined => written.get(object)?.types?.get(key);

/** Whether a number under this key (or index) is a float: 50.0, not 50. */
export function isFloat(object: object, key: string, value: number): boolean {
  return !Number.isInteger(value) || Object.is(value, -0) || (written.get(object)?.floats?.has(key) ?? false);
}

/** Whether the order of an object's keys is another than JavaScript's. */
export const hasOrder = (object: object): boolean => written.get(object)?.keys !== undefined;

/** Notes of a copy what is noted of its original. @returns the copy */
export function copyWritten<T extends object>(copy: T, original: object): T {
  const more = written.get(original);
  if (more) note(copy, more);
  return copy;
}

/** The lists and plain objects within a value, itself included. */
function* within(value: unknown): Generator<object> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype) return;
  yield value;
  for (const item of Object.values(value)) yield* within(item);
}

/** Whether something is noted of the value or a part of it. */
export function hasWritten(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return written.has(value) || hasWrittenWithin(value);
}

/** Whether something is noted of a part of the value, other than itself. */
export function hasWrittenWithin(value: object): boolean {
  if (Array.isArray(value)) return value.some(hasWritten);
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  for (const key of Object.keys(value)) if (hasWritten((value as Record<string, unknown>)[key])) return true;
  return false;
}

/** JSON that is equal for equal content; bigints as texts. */
const contentOf = (value: object) =>
  JSON.stringify(value, (_, item: unknown) => (typeof item === "bigint" ? `${item}n` : item));

/** Equal for objects of equal content, and quick: the names of its fields alone. */
const outlineOf = (value: object) => (Array.isArray(value) ? String(value.length) : Object.keys(value).join("\n"));

/** Parts of which something is noted, found by their content: of equal ones, the last. */
class NotedParts {
  private readonly byOutline = new Map<string, object[]>();
  private readonly contents = new Map<object, string>();

  constructor(source: unknown) {
    for (const part of within(source)) {
      if (!written.has(part)) continue;
      const outline = outlineOf(part);
      const alike = this.byOutline.get(outline);
      if (alike) alike.push(part);
      else this.byOutline.set(outline, [part]);
    }
  }

  find(part: object): object | undefined {
    const alike = this.byOutline.get(outlineOf(part));
    if (!alike) return undefined; // nearly always: whole texts are not compared
    const content = contentOf(part);
    return alike.findLast((one) => this.contentOf(one) === content);
  }

  private contentOf(part: object): string {
    const known = this.contents.get(part);
    if (known !== undefined) return known;
    const content = contentOf(part);
    this.contents.set(part, content);
    return content;
  }
}

/**
 * Notes of a result what is noted of the source that it was made from, wherever a part of both has equal content: a
 * function may have copied it (`{ ...message }`), or a message to another thread.
 */
export function restoreWritten(result: unknown, source: unknown): void {
  const noted = new NotedParts(source);
  for (const part of within(result)) {
    const original = written.has(part) ? undefined : noted.find(part);
    if (original) copyWritten(part, original);
  }
  if (isPlain(result) && isPlain(source)) restoreTypes(result, source);
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** Notes the types of the values that a row has kept under their names, next to other ones. */
function restoreTypes(row: Record<string, unknown>, source: Record<string, unknown>): void {
  const types = [...(written.get(source)?.types ?? [])];
  const same = types.filter(([key]) => Object.hasOwn(row, key) && isSame(row[key], source[key]));
  if (same.length > 0) markTypes(row, same);
}

/** Equal, also as a copy from another thread: of bytes, of a date. */
function isSame(one: unknown, other: unknown): boolean {
  if (one instanceof Uint8Array && other instanceof Uint8Array) return `${one}` === `${other}`;
  if (one instanceof Date && other instanceof Date) return one.getTime() === other.getTime();
  return Object.is(one, other);
}

/** What is noted within a value, as data that goes to another thread beside it: the notes themselves do not. */
export type Notes = readonly (readonly [path: readonly string[], note: Written])[];

/** @returns undefined if nothing is noted */
export function notesOf(value: unknown): Notes | undefined {
  const notes: [string[], Written][] = [];
  const visit = (part: unknown, path: string[]): void => {
    if (typeof part !== "object" || part === null) return;
    if (!Array.isArray(part) && Object.getPrototypeOf(part) !== Object.prototype) return;
    const own = written.get(part);
    if (own) notes.push([path, own]);
    for (const [key, item] of Object.entries(part)) if (typeof item === "object") visit(item, [...path, key]);
  };
  visit(value, []);
  return notes.length > 0 ? notes : undefined;
}

/** Notes what notesOf found, of a copy of its value. */
export function addNotes(value: unknown, notes: Notes | undefined): void {
  for (const [path, own] of notes ?? []) {
    const part = path.reduce((inner, key) => (inner as Record<string, unknown>)[key], value);
    note(part as object, own);
  }
}
