/** @file The program of a tokenizer's thread: answers calls one at a time. Started by tokenizerThreads.ts. */
import { parentPort, workerData } from "node:worker_threads";
import {
  type ExaminedRow,
  type ExamineSettings,
  type PromptFill,
  rowExaminer,
} from "../data/preferences/examineRow.ts";
import type { ReadRow } from "../data/preferences/readRow.ts";
import { packSent, type SentPair } from "../data/preferences/sentPair.ts";
import { tokenizePair } from "../data/preferences/tokenizePair.ts";
import type { PairsRequest, PromptsRequest, RowsRequest } from "../data/preferences/tokenizingThreads.ts";
import type { SlowCall } from "../data/tokenizers/slowCalls.ts";
import { Tokenizer } from "../data/tokenizers/tokenizer.ts";
import type { ThreadParts } from "../data/tokenizers/tokenizerParts.ts";
import { addNotes, type Notes } from "../formats/written.ts";

/** A call, and what is noted of its numbers and keys. */
export interface TokenizerRequest {
  call: SlowCall;
  notes: Notes | undefined;
}

/** The parts of an error: classes do not survive the way between threads. */
interface SentError {
  name: string;
  message: string;
  code?: string;
  hint?: string;
}

export type TokenizerReply = { value: unknown } | { error: SentError };

/** The rows up to the first that failed. */
export interface RowsReply<T = ExaminedRow> {
  rows: T[];
  error?: SentError;
}

/** Of each row. */
export type PairsReply = ({ pair: SentPair } | { error: SentError })[];

const tokenizer = tokenizerOf(workerData as ThreadParts);

function tokenizerOf({ origin, chat_template, pad_token, ...parts }: ThreadParts): Tokenizer {
  const json = origin instanceof Uint8Array ? JSON.parse(new TextDecoder().decode(origin)) : origin;
  return Object.assign(new Tokenizer({ ...parts, json }), { chat_template, pad_token });
}

function answer([method, ...args]: SlowCall): TokenizerReply {
  try {
    return { value: (tokenizer[method] as (...args: unknown[]) => unknown)(...args) };
  } catch (error) {
    return { error: sent(error) };
  }
}

function sent(error: unknown): SentError {
  const { name, message, code, hint } = error as SentError;
  return { name, message, code, hint };
}

let examiner: { settings: string; of: ReturnType<typeof rowExaminer> } | undefined;

function examinerOf(settings: ExamineSettings): ReturnType<typeof rowExaminer> {
  const key = JSON.stringify(settings);
  if (examiner?.settings !== key) examiner = { settings: key, of: rowExaminer(tokenizer, settings) };
  return examiner.of;
}

function examineAll<T>(rows: readonly ReadRow[], examine: (row: ReadRow) => T): RowsReply<T> {
  const examined: T[] = [];
  try {
    for (const row of rows) examined.push(examine(row));
    return { rows: examined };
  } catch (error) {
    return { rows: examined, error: sent(error) };
  }
}

function tokenize({ pairsOf }: PairsRequest): PairsReply {
  return pairsOf.map((row) => {
    try {
      return { pair: packSent(tokenizePair(row, tokenizer)) };
    } catch (error) {
      return { error: sent(error) };
    }
  });
}

parentPort?.on("message", (request: TokenizerRequest | RowsRequest | PromptsRequest | PairsRequest) => {
  if ("call" in request) {
    addNotes(request.call, request.notes);
    parentPort?.postMessage(answer(request.call));
  } else if ("pairsOf" in request) {
    addNotes(request.pairsOf, request.notes);
    const pairs = tokenize(request);
    const moved = pairs.flatMap((one) => ("pair" in one ? [one.pair.ids.buffer as ArrayBuffer] : []));
    parentPort?.postMessage(pairs, moved);
  } else if ("promptsOf" in request) {
    addNotes(request.promptsOf, request.notes);
    const { promptFill } = examinerOf(request.settings);
    parentPort?.postMessage(examineAll(request.promptsOf, promptFill) satisfies RowsReply<PromptFill>);
  } else {
    addNotes(request.rows, request.notes);
    const reply: RowsReply = examineAll(request.rows, examinerOf(request.settings).tokenizeAndExamine);
    parentPort?.postMessage(
      reply,
      reply.rows.map(({ ids }) => ids.buffer as ArrayBuffer),
    );
  }
});
