/** @file Functions of both loops: length limits, finish reasons and the first input of a batch. */

import { PrefineError } from "../errors.ts";
import { largest } from "../lists.ts";
import { counted } from "../phrases.ts";
import type { DecoderStepOptions } from "./decoder.ts";
import type { ProcessorOptions } from "./logitsProcessors.ts";
import { endsWithStopString, type TokenDecoder } from "./stopStrings.ts";

/** Reason why a sequence ended, with the names of Hugging Face's text-generation-inference, and max_time. */
export type FinishReason = "eos_token" | "stop_sequence" | "length" | "max_time";

/** A GenerationConfig with all defaults, made by settings.ts. */
export interface GenerationSettings extends ProcessorOptions {
  do_sample: boolean;
  /** 1: no beam search. */
  num_beams: number;
  /** Beam search stops at num_beams answers (true), if no better one is likely (false), or possible ("never"). */
  early_stopping: boolean | "never";
  /** A beam's score is divided by length ** length_penalty. */
  length_penalty: number;
  num_return_sequences: number;
  /** Excludes the prompt; undefined if max_length applies. */
  max_new_tokens?: number;
  /** Includes prompt and completion. */
  max_length?: number;
  /** Seconds from the call's start after which each sequence ends with its next token. */
  max_time?: number;
  eosTokenIds: readonly number[];
  /** Pads finished sequences. Undefined: they stay shorter. */
  padTokenId?: number;
  /** Starts an empty prompt. */
  bosTokenId?: number;
  stopStrings: readonly string[];
  seed: number;
}

/** Further options of both loops. */
export interface LoopOptions {
  /** Required for stop strings. */
  tokenizer?: TokenDecoder;
  /** Stops between two steps, with a PrefineError `interrupted`. */
  signal?: AbortSignal;
}

/** A part of a batch: prompt and completion so far, no padding. */
export interface Sequence {
  promptLength: number;
  /** Maximum number of new tokens. */
  budget: number;
  ids: readonly number[];
  /** Whether max_time is over. */
  isLate?: boolean;
}

/** A clock that starts now, and says whether max_time is over: transformers' MaxTimeCriteria. */
export function timeLimit({
  max_time = Number.POSITIVE_INFINITY,
}: Pick<GenerationSettings, "max_time">): () => boolean {
  const start = performance.now();
  return () => performance.now() - start > max_time * 1000;
}

export function stopIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new PrefineError("interrupted", "generate: stopped", undefined, { cause: signal.reason });
}

/**
 * Maximum number of new tokens for a prompt, within the model's positions. max_length includes this prompt's tokens; in
 * transformers it also includes the padding of a batch.
 */
export function tokenBudget(
  settings: Pick<GenerationSettings, "max_new_tokens" | "max_length">,
  promptLength: number,
  maxPositions: number,
): number {
  if (promptLength >= maxPositions) {
    throw new PrefineError(
      "data",
      `generate: the prompt has ${counted(promptLength, "token")}, the model has ${counted(maxPositions, "position")}`,
      "Shorten the prompt.",
    );
  }
  const budget = settings.max_new_tokens ?? (settings.max_length ?? 0) - promptLength;
  if (budget <= 0) {
    throw new PrefineError(
      "config",
      `max_length: the prompt alone has ${counted(promptLength, "token")}, max_length is ${settings.max_length}`,
      "Raise max_length, or set max_new_tokens instead.",
    );
  }
  return Math.min(budget, maxPositions - promptLength);
}

/** The reason why `sequence` ends with its last token; undefined if it continues. */
export function finishReason(
  { ids, promptLength, budget, isLate = false }: Sequence,
  settings: Pick<GenerationSettings, "eosTokenIds" | "stopStrings">,
  tokenizer?: TokenDecoder,
): FinishReason | undefined {
  if (settings.eosTokenIds.includes(ids[ids.length - 1])) return "eos_token";
  if (tokenizer && endsWithStopString(ids, settings.stopStrings, tokenizer)) return "stop_sequence";
  if (ids.length - promptLength >= budget) return "length";
  return isLate ? "max_time" : undefined;
}

/** Bytes of the scores of one step: more would not fit in one array, nor in most memories. */
const MOST_SCORES = 2 ** 32;

/** @throws PrefineError("config") if one step's scores, 4 bytes per sequence and token of the vocabulary, don't fit. */
export function refuseManySequences(
  { num_beams, num_return_sequences }: Pick<GenerationSettings, "num_beams" | "num_return_sequences">,
  prompts: number,
  vocabSize: number,
): void {
  const [name, copies] = num_beams > 1 ? ["num_beams", num_beams] : ["num_return_sequences", num_return_sequences];
  const bytes = copies * prompts * vocabSize * 4;
  if (bytes <= MOST_SCORES) return;
  const sequences = `${copies} for each of ${prompts} prompts`;
  const size = `${Math.ceil(bytes / 2 ** 30)} GiB of scores per token`;
  throw new PrefineError("config", `${name}: ${sequences} take ${size}`, `Lower ${name}, or pass fewer prompts.`);
}

/** The token fed where nothing reads it: the padding token, or another one where that is not in the vocabulary. */
export function fedPadding({ padTokenId = 0 }: Pick<GenerationSettings, "padTokenId">, vocabSize: number): number {
  return padTokenId < vocabSize ? padTokenId : 0;
}

/** Input of one call of a decoder. */
export interface StepInput extends DecoderStepOptions {
  /** [B * S] */
  tokens: Int32Array;
  /** [B * S] */
  positions: Int32Array;
}

/** The first call: [B * S] prompts, left-padded to the longest. */
export function promptInput(prompts: ReadonlyArray<readonly number[]>, padTokenId = 0): StepInput {
  const batch = prompts.length;
  const length = largest(prompts.map((ids) => ids.length));
  const tokens = new Int32Array(batch * length).fill(padTokenId);
  const positions = new Int32Array(batch * length);
  const padding = Int32Array.from(prompts, (ids) => length - ids.length);
  for (const [index, ids] of prompts.entries()) {
    const start = index * length + padding[index];
    tokens.set(ids, start);
    for (let i = 0; i < ids.length; i++) positions[start + i] = i;
  }
  return { tokens, positions, batch, length, padding };
}

/** Logits that are not finite, which the model's weights explain. */
export class NonFiniteLogits extends PrefineError {
  constructor(message: string) {
    super("model", message, "Check the model's weights: one of them may be damaged.");
  }
}

type Position = Omit<Sequence, "budget">;

const expectedFinite = ({ ids, promptLength }: Position) =>
  `generate: token ${ids.length - promptLength} of the completion: expected finite scores, found`;

/**
 * @throws NonFiniteLogits if one of the model's logits is not finite, of whatever token: a damaged row of the
 *   unembedding spoils one token's logit alone.
 */
export function refuseLogits(logits: Float32Array, position: Position): void {
  for (let id = 0; id < logits.length; id++) {
    if (!Number.isFinite(logits[id])) throw new NonFiniteLogits(`${expectedFinite(position)} ${logits[id]}`);
  }
}

/** @throws PrefineError("config") if the settings ban every token, or make scores that are not finite. */
export function refuseScore(best: number, position: Position): void {
  if (Number.isFinite(best)) return;
  const message = `${expectedFinite(position)} ${best === -Infinity ? "every token banned" : best}`;
  throw new PrefineError(
    "config",
    message,
    "Loosen no_repeat_ngram_size, min_new_tokens, or the lists of tokens that are banned or forced.",
  );
}
