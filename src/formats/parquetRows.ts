/** @file Rows of parquet as plain objects: keys in the order of the schema, JSON's types, names as they are. */
import type { FileMetaData } from "hyparquet";
import { orderedObject } from "./written.ts";

const PROTOTYPE = "__proto__";
/** Stands for __proto__ while the library reads: half a surrogate pair, which no text of a file can have. */
const STAND_IN = "\ud800__proto__";

/**
 * The library assigns values by name, and an assignment to __proto__ sets no key: such columns, fields and keys of maps
 * have another name until `plain` gives them their own.
 */
export function withSafeNames(metadata: FileMetaData): FileMetaData {
  if (!metadata.schema.some(({ name }) => name === PROTOTYPE)) return metadata;
  const copy = structuredClone(metadata);
  for (const element of copy.schema) element.name = safeName(element.name);
  for (const { columns } of copy.row_groups) {
    for (const { meta_data } of columns) {
      if (meta_data) meta_data.path_in_schema = meta_data.path_in_schema.map(safeName);
    }
  }
  return copy;
}

export const safeName = (name: string) => (name === PROTOTYPE ? STAND_IN : name);
const ownName = (name: string) => (name === STAND_IN ? PROTOTYPE : name);

const own = (row: Record<string, unknown>, name: string) => (Object.hasOwn(row, name) ? row[name] : undefined);

/** Makes rows of those that the library read. @param columns their names, in order. */
export function rowMaker(columns: readonly string[]): (row: Record<string, unknown>) => Record<string, unknown> {
  const inOrder = columns.every(isPlainName) ? objectOf : orderedObject<unknown>;
  return (row) => inOrder(columns.map((name) => [name, plain(own(row, safeName(name)))]));
}

/** Names whose order is that of their assignments. */
const isPlainName = (name: string) => name !== PROTOTYPE && !/^\d/.test(name);

/** Quicker than orderedObject. */
function objectOf(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const [name, value] of entries) object[name] = value;
  return object;
}

/** JSON's types if exact: null for missing, numbers for 64-bit integers up to 2^53; also in nested values, in place. */
function plain(value: unknown): unknown {
  if (typeof value === "string") return ownName(value);
  if (value === undefined || value === null) return null;
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (typeof value !== "object" || value instanceof Date || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) value[i] = plain(value[i]);
    return value;
  }
  const object = value as Record<string, unknown>;
  if (Object.hasOwn(object, STAND_IN)) return renamed(object);
  for (const key of Object.keys(object)) object[key] = plain(object[key]);
  return object;
}

const renamed = (object: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(object).map(([key, nested]) => [ownName(key), plain(nested)]));
