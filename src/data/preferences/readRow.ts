/** @file Validates the columns of a raw row and their types. */
import { describeValue, isPromise } from "../../arguments.ts";
import { PrefineError, show } from "../../errors.ts";
import { parseExactJson } from "../../formats/exactJson.ts";
import { columnHint, shareGptHint } from "./columnHints.ts";
import { extractPrompt, type Message, type PreferenceRow } from "./extractPrompt.ts";

/** A row of texts, or of conversations with the tools and kwargs passed to their template. */
export type ReadRow =
  | ({ kind: "texts" } & PreferenceRow<string>)
  | ({ kind: "conversations"; tools: unknown[] | null; kwargs: Record<string, unknown> } & PreferenceRow<Message[]>);

interface Where {
  /** Names split and row in messages, such as "train_prefs row 17". */
  where: string;
  /** The dataset has no prompt column: chosen and rejected begin with the prompt. */
  implicitPrompt: boolean;
}

const FIX_ROW = "Fix the row (`prefine data DATASET --index N` shows it), or turn it into a string with a map.";
const NO_VALUE =
  "The value is null, or the row lacks a column that others have: fill it in, or drop the row " +
  "(`prefine doctor DATASET --fix OUT`).";
const SAME_KIND =
  "Reduce chosen and rejected to the text of their last message (`process: ultrafeedback`), or delete the prompt " +
  "column if chosen and rejected begin with it.";

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value))
    return isMessage(value[0]) ? "a list of messages" : `${value.length ? "a" : "an empty"} list`;
  if (typeof value === "string") return "a string";
  return typeof value === "object" ? "an object" : `the ${typeof value} ${value}`;
}

function isMessage(value: unknown): value is Message {
  return typeof value === "object" && value !== null && "role" in value && typeof value.role === "string";
}

/** Decides by the prompt, or by chosen if the prompt is implicit: TRL's is_conversational. */
function isConversational(value: unknown): boolean {
  return Array.isArray(value) && isMessage(value[0]);
}

function columnOf(row: Record<string, unknown>, column: string, where: string): unknown {
  if (column in row) return row[column];
  const actual = Object.keys(row).join(", ") || "no columns";
  throw new PrefineError("data", `${where}: expected the column "${column}", found ${actual}`, columnHint(row));
}

function readText(row: Record<string, unknown>, column: string, { where, implicitPrompt }: Where): string {
  const value = columnOf(row, column, where);
  if (typeof value === "string") return value;
  const isChat = isConversational(value);
  const expected = isChat ? `a string, as ${implicitPrompt ? "chosen" : "prompt"} is` : "a string";
  const hint = isChat ? SAME_KIND : value === null ? NO_VALUE : (shareGptHint(value) ?? FIX_ROW);
  throw new PrefineError("data", `${where}: expected "${column}" to be ${expected}, found ${describe(value)}`, hint);
}

function readMessages(row: Record<string, unknown>, column: string, { where, implicitPrompt }: Where): Message[] {
  const value = columnOf(row, column, where);
  const first = implicitPrompt ? "chosen" : "prompt";
  if (!Array.isArray(value)) {
    const message = `expected "${column}" to be a list of messages, as ${first} is, found ${describe(value)}`;
    throw new PrefineError("data", `${where}: ${message}`, shareGptHint(value) ?? SAME_KIND);
  }
  const wrong = value.findIndex((message) => !isMessage(message));
  if (wrong < 0) return value;
  const message = `expected message ${wrong} of "${column}" to have a role, found ${show(value[wrong])}`;
  throw new PrefineError("data", `${where}: ${message}`, shareGptHint(value[wrong]) ?? FIX_ROW);
}

/** `tools`: JSON schemas, or a JSON string of them, as columnar files store them. */
function readTools(row: Record<string, unknown>, where: string): unknown[] | null {
  const raw = row.tools ?? null;
  let value: unknown = raw;
  try {
    if (typeof raw === "string") value = parseExactJson(raw);
  } catch {
    value = raw;
  }
  if (value === null || Array.isArray(value)) return value;
  const message = `expected "tools" to be a list of JSON schemas, or a JSON string of one, found ${show(raw)}`;
  throw new PrefineError("data", `${where}: ${message}`, FIX_ROW);
}

/** Options of apply_chat_template that no row may have. */
const SET_BY_TRAINING = ["add_generation_prompt", "tokenize", "return_dict"];

function readKwargs(row: Record<string, unknown>, where: string): Record<string, unknown> {
  const value = row.chat_template_kwargs ?? {};
  const isObject = typeof value === "object" && !Array.isArray(value);
  const reserved = isObject ? SET_BY_TRAINING.find((name) => Object.hasOwn(value, name)) : undefined;
  if (reserved !== undefined) {
    const message = `${where}: "chat_template_kwargs": ${reserved} is set by the training`;
    throw new PrefineError("data", message, "Delete it with a map. TRL fails on such rows, too.");
  }
  if (isObject) return value as Record<string, unknown>;
  const message = `expected "chat_template_kwargs" to be an object, found ${show(value)}`;
  throw new PrefineError("data", `${where}: ${message}`, FIX_ROW);
}

/** No model here reads images: as in TRL with a text model, rows with images are an error. */
function refuseImages(row: Record<string, unknown>, where: string): void {
  const column = ["image", "images"].find((name) => [row[name] ?? []].flat().length > 0);
  if (column === undefined) return;
  const message = `${where}: expected texts, found images in the column "${column}"`;
  throw new PrefineError("data", message, "The models here read text only: delete the column with a map.");
}

/** Rows in memory may be anything. @throws PrefineError("data") for what is no object. */
export function checkRow(row: unknown, where: string): void {
  if (typeof row === "object" && row !== null && !Array.isArray(row) && !isPromise(row)) return;
  const message = `${where}: expected an object with the columns chosen and rejected, found ${describeValue(row)}`;
  throw new PrefineError("data", message, "A dataset of another kind? Pass rows: [{ prompt, chosen, rejected }, ...].");
}

/** Reads a row in one of TRL's formats: texts or conversations, with an explicit or implicit prompt. */
export function readPreferenceRow(row: Record<string, unknown>, options: Where): ReadRow {
  const { where, implicitPrompt } = options;
  refuseImages(row, where);
  const columns = implicitPrompt ? ["chosen", "rejected"] : ["prompt", "chosen", "rejected"];
  if (!isConversational(columnOf(row, columns[0], where))) {
    const [rejected, chosen, prompt = ""] = columns.map((column) => readText(row, column, options)).reverse();
    return { kind: "texts", ...(implicitPrompt ? extractPrompt({ chosen, rejected }) : { prompt, chosen, rejected }) };
  }
  const [rejected, chosen, prompt = []] = columns.map((column) => readMessages(row, column, options)).reverse();
  const texts = implicitPrompt ? extractPrompt({ chosen, rejected }) : { prompt, chosen, rejected };
  if (texts.prompt.length > 0) {
    return { kind: "conversations", tools: readTools(row, where), kwargs: readKwargs(row, where), ...texts };
  }
  const message =
    "expected chosen and rejected to begin with the same messages (the prompt), found different first messages";
  throw new PrefineError("data", `${where}: ${message}`, FIX_ROW);
}
