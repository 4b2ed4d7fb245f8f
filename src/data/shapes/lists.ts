/** @file What ranked and rated lists share: the prompt, and pairs of their answers. */

import { describeValue } from "../../arguments.ts";
import type { Row } from "../datasets/features.ts";
import { isTranscript, transcriptOf, turnsOfTranscript } from "./hh.ts";
import { type Conversation, conversationOf, plainContent, singleAnswers } from "./messages.ts";
import { pairsOf, type Rated } from "./pairing.ts";
import { isText, message, misfit, type Pair, type Reading, type ReadPair, without } from "./shape.ts";

/** More answers in a row are no list to choose from: all pairs of them would fill the memory. */
const MOST_ANSWERS = 1000;

interface ListRow {
  row: Row;
  prompt: string;
  answers: readonly Rated<string>[];
  /** Columns that the pairs have; the list itself stays where rows are converted. */
  promptColumn: string;
  listColumns: readonly string[];
}

/** The pairs of a row: a transcript's turns are messages; texts stay texts for a model without a chat template. */
export function pairsOfList(
  { row, prompt, answers, promptColumn, listColumns }: ListRow,
  reading: Reading,
): ReadPair[] {
  if (answers.length > MOST_ANSWERS)
    throw misfit(JSON.stringify(listColumns[0]), `at most ${MOST_ANSWERS} answers`, String(answers.length));
  const rest = without(row, reading.isConversion ? [promptColumn] : [promptColumn, ...listColumns]);
  const { hasChatTemplate } = reading;
  const messages = hasChatTemplate ? promptMessages(prompt) : prompt;
  const answer = (text: string) => (hasChatTemplate ? [message("assistant", text)] : text);
  return pairsOf(answers, reading).map(([chosen, rejected]) => ({
    pair: { prompt: messages, chosen: answer(chosen), rejected: answer(rejected) } as Pair,
    rest,
  }));
}

/** "\n\nHuman: ...\n\nAssistant: " without its last, empty turn; other texts are one message of user. */
function promptMessages(prompt: string) {
  if (!isTranscript(prompt)) return [message("user", prompt)];
  const turns = turnsOfTranscript(prompt, '"prompt"');
  const last = turns[turns.length - 1];
  return last.role === "assistant" && last.content === "" ? turns.slice(0, -1) : turns;
}

/** The prompt and the two answers as texts: one message of user, or a transcript. */
export function listTexts(
  format: "ranked" | "rated",
  pair: Pair,
): { prompt: string; chosen: string; rejected: string } {
  const { prompt }: Conversation = conversationOf(format, pair);
  const isSingle = format === "rated" && prompt.length === 1 && prompt[0].role === "user"; // Nectar has transcripts
  const text = isSingle
    ? plainContent(format, prompt[0], "prompt[0]")
    : `${transcriptOf(format, prompt, "prompt")}\n\nAssistant: `;
  return { prompt: text, ...singleAnswers(format, pair) };
}

/** @throws PrefineError("data") for anything but a number, or a text of one. */
export function readRating(value: unknown, field: string): number {
  const number =
    isText(value) && value.trim() !== "" ? Number(value) : typeof value === "bigint" ? Number(value) : value;
  if (typeof number === "number" && Number.isFinite(number)) return number;
  throw misfit(field, "a number", describeValue(value ?? undefined));
}
