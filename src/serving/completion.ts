/** @file A request for answers to prompts -> their pieces of text, as they are computed. */
import { type BatchRow, makeRows } from "../generation/batchRow.ts";
import { PushedValues } from "../generation/pushedValues.ts";
import type { GenerationSettings } from "../generation/sequence.ts";
import { AnswerText, type TextPiece } from "./answerText.ts";
import type { ServedRow } from "./batching/servedRow.ts";
import { ApiError } from "./http/apiError.ts";
import { type Penalties, penalize } from "./penalties.ts";
import type { ServedModel } from "./servedModel.ts";

export interface CompletionRequest {
  model: ServedModel;
  /** Ids of each prompt. */
  prompts: readonly (readonly number[])[];
  settings: GenerationSettings;
  penalties: Penalties;
  /** Answers per prompt. */
  n: number;
  stops: readonly string[];
  topLogprobs?: number | undefined;
}

export interface AnswerPiece extends TextPiece {
  /** Prompt 0 (n times), prompt 1, ... */
  index: number;
  /** With the last piece of an answer. */
  finishReason?: "stop" | "length";
}

/** Counts of tokens, as OpenAI's `usage`. */
export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  prompt_tokens_details: { cached_tokens: number };
}

export interface RunningCompletion {
  /** Ends with an error if one of the answers does. */
  pieces: AsyncIterable<AnswerPiece>;
  /** So far. */
  usage(): Usage;
}

/** Answers that may wait, of all requests to one base model. */
const MOST_QUEUED = 128;

/** @throws ApiError 429 if too many answers are waiting; the rest of the errors come with the pieces. */
export function complete(request: CompletionRequest, signal: AbortSignal): RunningCompletion {
  const { model, prompts, n, settings } = request;
  const { scheduler } = model;
  const answers = prompts.length * n;
  if (scheduler.queued > 0 && scheduler.queued + answers > MOST_QUEUED) refuse(scheduler.queued);
  const pieces = new PushedValues<AnswerPiece>();
  const failure = new AbortController(); // an answer that fails ends the others
  const counts = { completion: 0, cached: 0, open: answers };
  const onEnd = (error?: unknown) => {
    counts.open--;
    if (failure.signal.aborted || (error === undefined && counts.open > 0)) return;
    if (error !== undefined) failure.abort(error);
    pieces.end(error);
  };
  const repeated = prompts.flatMap((prompt) => Array.from({ length: n }, () => prompt));
  const rows = makeRows(repeated, settings, model.contextLength);
  const shared = { request, counts, onEnd, onPiece: (piece: AnswerPiece) => pieces.push(piece) };
  const isOver = AbortSignal.any([signal, failure.signal]);
  scheduler.submit(
    rows.map((row, index) => ({ prompt: repeated[index], signal: isOver, ...servedRow(row, index, shared) })),
  );
  const prompt_tokens = prompts.reduce((total, ids) => total + ids.length, 0);
  return {
    pieces,
    usage: () => ({
      prompt_tokens,
      completion_tokens: counts.completion,
      total_tokens: prompt_tokens + counts.completion,
      prompt_tokens_details: { cached_tokens: counts.cached },
    }),
  };
}

/** What the answers of a request share. */
interface SharedByAnswers {
  request: CompletionRequest;
  counts: { completion: number; cached: number };
  onPiece: (piece: AnswerPiece) => void;
  onEnd: (error?: unknown) => void;
}

function servedRow(
  row: BatchRow,
  index: number,
  { request, counts, onPiece, onEnd }: SharedByAnswers,
): Omit<ServedRow, "prompt" | "signal"> {
  const { model, settings, stops, topLogprobs, n } = request;
  const { tokenizer, variant } = model;
  const text = new AnswerText({ tokenizer, stops, ends: settings.eosTokenIds, topLogprobs });
  const penalty = penalize(request.penalties, row.promptLength);
  if (penalty) row.processors.unshift(penalty);
  return {
    ...{ row, settings, tokenizer, variant },
    onStart: (cached) => {
      const isNew = row.ids.length === row.promptLength; // not begun before, and taken back
      if (isNew && index % n === 0) counts.cached += cached;
    },
    onToken: (id, logits) => {
      counts.completion++;
      const { isStopped, ...piece } = text.push(id, logits);
      if (piece.text !== "" || piece.logprobs.length > 0) onPiece({ index, ...piece });
      return isStopped;
    },
    onEnd: (end) => {
      if ("error" in end) return onEnd(end.error);
      const isCut = end.reason === "length" || end.reason === "max_time";
      onPiece({ index, ...text.end(), finishReason: isCut ? "length" : "stop" });
      onEnd();
    },
  };
}

function refuse(queued: number): never {
  const seconds = Math.min(30, Math.ceil(queued / 8));
  const message = `the server's queue is full: ${queued} answers are waiting. Try again in ${seconds} s`;
  throw new ApiError(429, message, { code: "rate_limit_exceeded", headers: { "retry-after": String(seconds) } });
}
