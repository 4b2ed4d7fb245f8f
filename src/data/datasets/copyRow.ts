/** @file Copies rows, with what is noted of their values. */
import { copyWritten, hasWritten, hasWrittenWithin } from "../../formats/written.ts";
import type { Row } from "./features.ts";

export function copyRow(row: Row): Row {
  return copyValue(row) as Row;
}

/** The same for a row that no one else has: one without lists and objects is returned as it is. */
export const ownRow = (row: Row): Row => (Object.values(row).some(isObject) ? copyRow(row) : row);

const isObject = (value: unknown) => typeof value === "object" && value !== null;

/** What a function's result is compared with, for restoreWritten; undefined if nothing is noted of the row. */
export function notedRow(row: Row): Row | undefined {
  if (hasWrittenWithin(row)) return copyRow(row);
  return hasWritten(row) ? copyWritten({ ...row }, row) : undefined;
}

/** Copies lists and plain objects; other values are shared. */
function copyValue(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return copyWritten(value.map(copyValue), value);
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  const copy = Object.fromEntries(Object.entries(value).map(([key, nested]) => [key, copyValue(nested)]));
  return copyWritten(copy, value);
}
