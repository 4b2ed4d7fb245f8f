/** @file The built-in row processor `ultrafeedback`: message lists -> the three texts for DPO. */
import { checkValue, options } from "../../arguments.ts";
import { PrefineError, show } from "../../errors.ts";
import type { Row } from "./features.ts";

const DROPPED = /^(prompt_id|messages|score_.*)$/;

/**
 * Drops prompt_id, messages and the scores, if present; `chosen` and `rejected` become the content of their last
 * message. Keeps `prompt` and other columns. For the rows of ultrafeedback_binarized.
 */
export function ultrafeedback(row: Row): Row {
  checkValue("ultrafeedback", row, options, "Pass it to map: dataset.map(ultrafeedback).");
  for (const name of Object.keys(row)) if (DROPPED.test(name)) delete row[name];
  row.chosen = lastContent(row, "chosen");
  row.rejected = lastContent(row, "rejected");
  return row;
}

/** The columns that it keeps of these. */
export const keptColumns = (names: readonly string[]): string[] => names.filter((name) => !DROPPED.test(name));

function lastContent(row: Row, name: "chosen" | "rejected"): string {
  const messages = row[name];
  const last: unknown = Array.isArray(messages) ? messages.at(-1) : undefined;
  const content = typeof last === "object" && last !== null ? (last as Row).content : undefined;
  if (typeof content === "string") return content;
  throw new PrefineError(
    "data",
    `${name}: expected a list of messages ({ role, content }), found ${describe(messages)}`,
    "The processor `ultrafeedback` is for rows of messages; omit `process` if the columns contain strings.",
  );
}

function describe(value: unknown): string {
  if (value === undefined) return "no such column";
  if (Array.isArray(value) && value.length === 0) return "an empty list";
  return show(value);
}
