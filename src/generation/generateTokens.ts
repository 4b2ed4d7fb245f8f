/** @file The generation loop: prompts in; at each step one more token of every sequence that has not finished. */
import { PrefineError } from "../errors.ts";
import type { Decoder } from "./decoder.ts";
import { type LogitsProcessor, logitsProcessors, type ProcessorOptions } from "./logitsProcessors.ts";
import { argmax, sampleToken, sequenceDraws } from "./sampling.ts";
import { endsWithStopString, type TextDecoder } from "./stopStrings.ts";

/** Why a sequence ended, in the words of Hugging Face's text-generation-inference. */
export type FinishReason = "eos_token" | "stop_sequence" | "length";

/** A GenerationConfig with every default filled in (settings.ts makes it). */
export interface GenerationSettings extends ProcessorOptions {
  do_sample: boolean;
  num_return_sequences: number;
  /** Counts behind the prompt; undefined where max_length decides. */
  max_new_tokens?: number;
  /** Counts prompt and completion. */
  max_length?: number;
  eosTokenIds: readonly number[];
  /** Fills up finished sequences. Undefined: they stay shorter than the others. */
  padTokenId?: number;
  /** Starts an empty prompt. */
  bosTokenId?: number;
  stopStrings: readonly string[];
  seed: number;
}

/** One sequence on its way; rows of the batch are prompt 0 (num_return_sequences times), prompt 1, ... */
export interface Sequence {
  promptLength: number;
  /** Prompt and completion so far, no padding. */
  ids: number[];
  finishReason?: FinishReason;
}

interface GeneratedToken {
  row: number;
  id: number;
  /** With the last token of a sequence. */
  finishReason?: FinishReason;
}

interface Row extends Sequence {
  budget: number;
  processors: LogitsProcessor[];
  draw: (step: number) => number;
}

/**
 * Yields the new tokens of each step, in row order.
 * @param prompts ids of each prompt, not empty, without padding
 * @param options.tokenizer needed for stop strings
 * @throws PrefineError `interrupted` where the signal says so, between two steps
 */
export async function* generateTokens(
  decoder: Decoder,
  prompts: ReadonlyArray<readonly number[]>,
  settings: GenerationSettings,
  options: { tokenizer?: TextDecoder; signal?: AbortSignal } = {},
): AsyncGenerator<GeneratedToken[]> {
  const rows = makeRows(prompts, settings, decoder.maxPositions);
  await decoder.reset();
  for (let step = 0; rows.some((row) => row.finishReason === undefined); step++) {
    stopIfAborted(options.signal);
    const input = step === 0 ? promptInput(rows, settings) : nextInput(rows, settings);
    const logits = await decoder.step(input.tokens, input.positions, input);
    const produced: GeneratedToken[] = [];
    for (const [index, row] of rows.entries()) {
      if (row.finishReason !== undefined) continue;
      const scores = logits.subarray(index * decoder.vocabSize, (index + 1) * decoder.vocabSize);
      const id = nextToken(scores, row, settings.do_sample ? row.draw(step) : undefined);
      row.ids.push(id);
      row.finishReason = finished(row, settings, options.tokenizer);
      produced.push({ row: index, id, finishReason: row.finishReason });
    }
    yield produced;
  }
}

function stopIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new PrefineError("interrupted", "generate: stopped", undefined, { cause: signal.reason });
}

function makeRows(
  prompts: ReadonlyArray<readonly number[]>,
  settings: GenerationSettings,
  maxPositions: number,
): Row[] {
  const seen = new Map<string, number>();
  return prompts.flatMap((prompt) => {
    const sequence = { promptLength: prompt.length, eosTokenIds: settings.eosTokenIds };
    return Array.from({ length: settings.num_return_sequences }, () => {
      const key = prompt.join();
      const occurrence = seen.get(key) ?? 0;
      seen.set(key, occurrence + 1);
      return {
        promptLength: prompt.length,
        ids: [...prompt],
        budget: tokenBudget(settings, prompt.length, maxPositions),
        processors: logitsProcessors(settings, sequence),
        draw: sequenceDraws(settings.seed, prompt, occurrence),
      };
    });
  });
}

/**
 * New tokens that a prompt may get, at most what the model's positions leave. max_length counts the tokens of this
 * prompt; in transformers it counts the padding of a batch too.
 */
function tokenBudget(
  settings: Pick<GenerationSettings, "max_new_tokens" | "max_length">,
  promptLength: number,
  maxPositions: number,
): number {
  if (promptLength >= maxPositions) {
    throw new PrefineError(
      "data",
      `generate: the prompt has ${promptLength} tokens, the model knows ${maxPositions} positions`,
      "Shorten the prompt.",
    );
  }
  const wanted = settings.max_new_tokens ?? (settings.max_length ?? 0) - promptLength;
  if (wanted <= 0) {
    throw new PrefineError(
      "config",
      `max_length: the prompt alone has ${promptLength} tokens, max_length is ${settings.max_length}`,
      "Raise max_length, or better set max_new_tokens.",
    );
  }
  return Math.min(wanted, maxPositions - promptLength);
}

/** The first call: [B * S] prompts, left-padded to the longest. */
function promptInput(rows: Row[], settings: GenerationSettings) {
  const batch = rows.length;
  const length = Math.max(...rows.map((row) => row.ids.length));
  const tokens = new Int32Array(batch * length).fill(settings.padTokenId ?? 0);
  const positions = new Int32Array(batch * length);
  const padding = Int32Array.from(rows, (row) => length - row.ids.length);
  for (const [index, row] of rows.entries()) {
    const start = index * length + padding[index];
    tokens.set(row.ids, start);
    for (let i = 0; i < row.ids.length; i++) positions[start + i] = i;
  }
  return { tokens, positions, batch, length, padding };
}

/** Later calls: [B] last tokens; finished rows go along with padding, what comes of it is not read. */
function nextInput(rows: Row[], settings: GenerationSettings) {
  const done = (row: Row) => row.finishReason !== undefined;
  const tokens = Int32Array.from(rows, (row) => (done(row) ? (settings.padTokenId ?? 0) : row.ids[row.ids.length - 1]));
  const positions = Int32Array.from(rows, (row) => row.ids.length - 1);
  return { tokens, positions, batch: rows.length, length: 1 };
}

function nextToken(logits: Float32Array, row: Row, uniform: number | undefined): number {
  let scores = logits;
  for (const process of row.processors) scores = process(scores, row.ids);
  const best = argmax(scores);
  if (!Number.isFinite(scores[best])) {
    const where = `generate: token ${row.ids.length - row.promptLength} of the completion`;
    throw new PrefineError(
      Number.isFinite(logits[argmax(logits)]) ? "config" : "model",
      `${where}: expected finite scores, found ${scores[best] === -Infinity ? "every token banned" : scores[best]}`,
      "Loosen no_repeat_ngram_size or min_new_tokens, or check the model's weights.",
    );
  }
  return uniform === undefined ? best : sampleToken(scores, uniform);
}

function finished(row: Row, settings: GenerationSettings, tokenizer?: TextDecoder): FinishReason | undefined {
  if (settings.eosTokenIds.includes(row.ids[row.ids.length - 1])) return "eos_token";
  if (tokenizer && endsWithStopString(row.ids, settings.stopStrings, tokenizer)) return "stop_sequence";
  return row.ids.length - row.promptLength >= row.budget ? "length" : undefined;
}
