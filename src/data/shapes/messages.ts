/** @file Pairs as messages, and as the texts that formats without messages hold. */
import { describeValue } from "../../arguments.ts";
import { pythonFloat } from "../../formats/pythonFloat.ts";
import { isFloat } from "../../formats/written.ts";
import type { Row } from "../datasets/features.ts";
import { extractPrompt, type Message } from "../preferences/extractPrompt.ts";
import { cannotHold, isMessage, isMessages, isText, message, misfit, type Pair } from "./shape.ts";

export interface Conversation {
  prompt: Message[];
  chosen: Message[];
  rejected: Message[];
}

const CHAT_HINT = "Add --chat to make the prompt a message of user and the answers messages of assistant.";

/** A pair of messages, with the prompt that chosen and rejected begin with. @throws PrefineError("data") for texts. */
export function conversationOf(format: string, { prompt, chosen, rejected }: Pair): Conversation {
  if (isText(chosen) || isText(rejected) || isText(prompt)) {
    const field = isText(prompt) ? "prompt" : "chosen";
    throw cannotHold(format, field, "a text without a role, only messages", CHAT_HINT);
  }
  return prompt === undefined ? extractPrompt({ chosen, rejected }) : { prompt, chosen, rejected };
}

/** The content of a message that is nothing but a text of a role. */
export function plainContent(format: string, one: Message, field: string): string {
  const { role: _, content, ...others } = one;
  const other = Object.keys(others).find((name) => (others[name] ?? null) !== null); // parquet has all keys in all
  if (other !== undefined) throw cannotHold(format, `${field}.${other}`, "more of a message than role and content");
  if (!isText(content)) throw cannotHold(format, `${field}.content`, `${describeValue(content)}, only a text`);
  return content;
}

/** The two answers as texts: one message of assistant each. */
export function singleAnswers(format: string, pair: Pair): { chosen: string; rejected: string } {
  const { chosen, rejected } = conversationOf(format, pair);
  const textOf = (messages: Message[], field: string) => {
    const [one] = messages;
    if (messages.length !== 1) throw cannotHold(format, field, `${messages.length} messages, only one answer`);
    if (one.role !== "assistant") throw cannotHold(format, `${field}[0].role`, `the role ${one.role} of an answer`);
    return plainContent(format, one, `${field}[0]`);
  };
  return { chosen: textOf(chosen, "chosen"), rejected: textOf(rejected, "rejected") };
}

export interface Turns {
  system: string | undefined;
  /** Earlier questions with their answers. */
  history: [question: string, answer: string][];
  question: string;
}

/** A prompt as system, turns of user and assistant, and the last question. */
export function turnsOf(format: string, pair: Pair): Turns {
  const { prompt } = conversationOf(format, pair);
  const texts = prompt.map((one, i) => plainContent(format, one, `prompt[${i}]`));
  const hasSystem = prompt[0]?.role === "system";
  const start = hasSystem ? 1 : 0;
  const wrong = prompt.findIndex((one, i) => i >= start && one.role !== ((i - start) % 2 === 0 ? "user" : "assistant"));
  if (wrong >= 0) throw cannotHold(format, `prompt[${wrong}].role`, `the role ${prompt[wrong].role} there`);
  if ((prompt.length - start) % 2 === 0) throw cannotHold(format, "prompt", "a prompt that does not end with user");
  const turns = texts.slice(start);
  const history = Array.from({ length: (turns.length - 1) / 2 }, (_, i): [string, string] => [
    turns[2 * i],
    turns[2 * i + 1],
  ]);
  return { system: hasSystem ? texts[0] : undefined, history, question: turns[turns.length - 1] };
}

/** A prompt of one question, with or without a system message. */
export function singleQuestion(format: string, pair: Pair): { system: string | undefined; question: string } {
  const { system, history, question } = turnsOf(format, pair);
  if (history.length > 0) throw cannotHold(format, "prompt", "a prompt of several turns");
  return { system, question };
}

/** @throws PrefineError("data") for a column that is no text. @param field the column in messages. */
export function readText(
  row: Readonly<Record<string, unknown>>,
  column: string,
  field = JSON.stringify(column),
): string {
  const value = row[column];
  if (isText(value)) return value;
  throw misfit(field, "a text", describeValue(value ?? undefined));
}

/** A text, or a number or truth value as Python's f-strings write them: 42, 4.0, True. Axolotl's formats take these. */
export function readFormatted(row: Row, column: string, field = JSON.stringify(column)): string {
  const value = row[column];
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "number") return readText(row, column, field);
  return isFloat(row, column, value) || !Number.isInteger(value) ? pythonFloat(value) : String(value);
}

/** As {@link readFormatted}, or "" for what Python takes for nothing: null, 0, false, an empty list. */
export function readOptionalFormatted(row: Row, column: string): string {
  const value = row[column];
  const isEmptyList = Array.isArray(value) && value.length === 0;
  return !value || isEmptyList ? "" : readFormatted(row, column);
}

/** A text, or "" for null and for a column that is not there. */
export function readOptionalText(row: Readonly<Record<string, unknown>>, column: string): string {
  return (row[column] ?? "") === "" ? "" : readText(row, column);
}

/** Earlier turns, as messages: pairs of question and answer. */
export function readHistory(value: unknown, column: string): Message[] {
  if (value === null || value === undefined || value === "") return [];
  if (!Array.isArray(value)) throw misfit(JSON.stringify(column), "a list of [question, answer]", describeValue(value));
  const wrong = value.findIndex((turn) => !Array.isArray(turn) || turn.length !== 2 || !turn.every(isText));
  if (wrong < 0) {
    const turns = value as [string, string][];
    return turns.flatMap(([asked, answered]) => [message("user", asked), message("assistant", answered)]);
  }
  const where = `${JSON.stringify(column)}[${wrong}]`;
  throw misfit(where, "two texts, [question, answer]", describeValue(value[wrong] ?? undefined));
}

/** @throws PrefineError("data") for a column that is no list of messages. */
export function readMessages(value: unknown, field: string): Message[] {
  if (isMessages(value)) return value;
  const wrong = Array.isArray(value) ? value.findIndex((one) => !isMessage(one)) : -1;
  if (wrong < 0) throw misfit(field, "a list of messages", describeValue(value ?? undefined));
  throw misfit(`${field}[${wrong}]`, "a message with a role", describeValue((value as unknown[])[wrong] ?? undefined));
}

/** Texts as messages: what --chat does. */
export function asMessages(pair: Pair): Pair {
  const { prompt, chosen, rejected } = pair;
  if (!isText(chosen) || !isText(rejected) || !(isText(prompt) || prompt === undefined)) return pair;
  const texts = prompt === undefined ? extractPrompt({ chosen, rejected }) : { prompt, chosen, rejected };
  return {
    ...pair,
    prompt: [{ role: "user", content: texts.prompt as string }],
    chosen: [{ role: "assistant", content: texts.chosen as string }],
    rejected: [{ role: "assistant", content: texts.rejected as string }],
  };
}
