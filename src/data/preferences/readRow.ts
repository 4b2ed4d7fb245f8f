/** @file Checks a row where it enters: which columns it has, and of what kind. */
import { PrefineError } from "../../errors.ts";
import { extractPrompt, type PreferenceRow } from "./extractPrompt.ts";

const LAST_MESSAGE =
  "Reduce chosen and rejected to the text of their last message, with `process: ultrafeedback` or a map of your own.";

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return isMessage(value[0]) ? "a list of messages" : "a list";
  return typeof value === "string"
    ? "a text"
    : typeof value === "object"
      ? "an object"
      : `the ${typeof value} ${value}`;
}

function isMessage(value: unknown): boolean {
  return typeof value === "object" && value !== null && "role" in value;
}

function readText(row: Record<string, unknown>, column: string, where: string): string {
  const value = row[column];
  if (typeof value === "string") return value;
  if (!(column in row)) {
    const found = Object.keys(row).join(", ") || "no columns";
    throw new PrefineError(
      "data",
      `${where}: expected the column "${column}", found ${found}`,
      "Preference data has the columns chosen and rejected, and may have prompt: rename yours with a map.",
    );
  }
  const isText = typeof row.prompt === "string" || !("prompt" in row);
  if (Array.isArray(value) && isMessage(value[0])) {
    if (isText && column !== "prompt" && "prompt" in row) {
      const message = `${where}: expected "${column}" to be a text, as prompt is, found ${describe(value)}`;
      throw new PrefineError("data", message, LAST_MESSAGE);
    }
    const message = `${where}: "${column}" is ${describe(value)}: conversations need chat templates, not built yet`;
    throw new PrefineError("not-yet", message, LAST_MESSAGE);
  }
  const hint = "Mend the row (`prefine data DATASET --index N` shows it), or make a text of it with a map.";
  throw new PrefineError("data", `${where}: expected "${column}" to be a text, found ${describe(value)}`, hint);
}

/**
 * The three texts of a row of standard preference data.
 * @param options.where names split and row in messages, such as "train_prefs row 17".
 * @param options.implicitPrompt the data set has no prompt column: chosen and rejected begin with it.
 */
export function readPreferenceRow(
  row: Record<string, unknown>,
  options: { where: string; implicitPrompt: boolean },
): PreferenceRow<string> {
  const { where, implicitPrompt } = options;
  const prompt = implicitPrompt ? "" : readText(row, "prompt", where);
  const chosen = readText(row, "chosen", where);
  const rejected = readText(row, "rejected", where);
  return implicitPrompt ? extractPrompt({ chosen, rejected }) : { prompt, chosen, rejected };
}
