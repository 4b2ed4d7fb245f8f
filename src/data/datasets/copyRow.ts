/** @file Copies rows, with what is noted of their values. */
import { copyWritten } from "../../formats/written.ts";
import type { Row } from "./features.ts";

export function copyRow(row: Row): Row {
  return copyValue(row) as Row;
}

/** Copies lists and plain objects; other values are shared. */
function copyValue(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return copyWritten(value.map(copyValue), value);
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  const copy = Object.fromEntries(Object.entries(value).map(([key, nested]) => [key, copyValue(nested)]));
  return copyWritten(copy, value);
}
