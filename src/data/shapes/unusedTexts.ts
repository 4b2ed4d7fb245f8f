/**
 * @file Texts of a row that nothing uses, next to an empty prompt or to one that may lack them: a question under
 * another name than prompt trains answers without their question, and no loss shows it.
 */
import { nearestName, PrefineError, show } from "../../errors.ts";
import { isObject } from "../../formats/parseJson.ts";
import type { Row } from "../datasets/features.ts";
import type { Message } from "../preferences/extractPrompt.ts";
import type { ReadRow } from "../preferences/readRow.ts";
import { TRL_COLUMNS } from "./trl.ts";

/** A column with a text that is in no part of the pair. */
export interface UnusedText {
  column: string;
  text: string;
}

/** Names of columns whose texts say where a row comes from, unless they are long. */
const METADATA = new RegExp(
  "(^|[^a-z])(ids?|uuid|source|models?|lang|language|category|categories|type|split|url|date|time|timestamp|version|" +
    "dataset|licen[sc]e|hash|tags?|status|scores?|ratings?|rank|winner|judge)$",
);
const LONG = 80; // characters; a longer text is no name

/** Names of columns that hold what an answer answers. */
const QUESTION = new RegExp(
  "prompt|question|instruction|input|query|context|system|history|message|conversation|dialog|turns?$|human|problem|" +
    "task|request|passage|document|schema|article|background|initial|^post$",
);

/** All texts within a value: of messages their content. */
function textsIn(value: unknown, depth = 0): string[] {
  if (typeof value === "string") return value.trim() === "" ? [] : [value];
  if (typeof value !== "object" || value === null || depth > 6) return [];
  if (Array.isArray(value)) return value.flatMap((item) => textsIn(item, depth + 1));
  if (isObject(value) && "role" in value && "content" in value) return textsIn(value.content, depth + 1);
  if (isObject(value) && "from" in value && "value" in value) return textsIn(value.value, depth + 1);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, item]) => (isMetadata(name, item) ? [] : textsIn(item, depth + 1)));
}

function isMetadata(name: string, value: unknown): boolean {
  const isShort = typeof value !== "string" || value.length <= LONG;
  return isShort && METADATA.test(name.trim().toLowerCase());
}

/** Whether a name is that of a column with questions, or a typo of prompt. */
export function namesQuestion(column: string): boolean {
  return QUESTION.test(column.toLowerCase()) || isNearPrompt(column);
}

/** `"prompt "`, `Prompt`, `promt`: meant as prompt. */
function isNearPrompt(column: string): boolean {
  const plain = column.toLowerCase().replace(/[^a-z]/g, "");
  return column !== "prompt" && (plain === "prompt" || nearestName(plain, ["prompt"]) !== undefined);
}

const textOf = (part: string | Message[]): string =>
  typeof part === "string" ? part : part.flatMap(({ content }) => textsIn(content)).join("\n");

/** Columns of a row with a text that is in no part of the pair. */
export function unusedTexts(row: Row, pair: ReadRow): UnusedText[] {
  const columns = Object.keys(row).filter((column) => !TRL_COLUMNS.includes(column));
  if (columns.length === 0) return [];
  const used = [pair.prompt, pair.chosen, pair.rejected].map(textOf).join("\n");
  return columns.flatMap((column): UnusedText[] => {
    if (isMetadata(column, row[column])) return [];
    const text = textsIn(row[column]).find((one) => !used.includes(one.trim()));
    return text === undefined ? [] : [{ column, text }];
  });
}

export function isEmptyPrompt({ prompt }: ReadRow): boolean {
  return textOf(prompt).trim() === "" && !(typeof prompt !== "string" && prompt.some(({ tool_calls }) => tool_calls));
}

/** What to do about a column that may be the prompt. */
function promptHint(column: string): string {
  const name = /^[\w.-]+$/.test(column) ? column : JSON.stringify(column);
  return (
    `If it is the prompt, name it: map: { prompt: ${name} } (on the command line --map "prompt=${column}"). ` +
    "If not, data_format: trl trains on the rows as they are."
  );
}

/** The error for an empty prompt next to a text that nothing uses. @param where `train row 3`. */
export function emptyPromptError(where: string, { column, text }: UnusedText, isImplicit: boolean): PrefineError {
  const prompt = isImplicit ? "a column prompt, or chosen and rejected that begin with it" : "a prompt";
  const found = `an empty one next to the column ${JSON.stringify(column)} (${show(text)}), which nothing uses`;
  return new PrefineError("data", `${where}: expected ${prompt}, found ${found}`, promptHint(column));
}

/** The error for chosen and rejected that begin alike by chance, next to a question that nothing uses. */
export function leftOutError(where: string, { column, text }: UnusedText): PrefineError {
  const found = `${JSON.stringify(column)} (${show(text)}), which nothing uses`;
  return new PrefineError("data", `${where}: expected the column prompt, found ${found}`, promptHint(column));
}
