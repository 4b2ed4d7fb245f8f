/** @file One answer on its way: a sequence, and who waits for its tokens. */
import type { BatchRow } from "../../generation/batchRow.ts";
import { nextToken } from "../../generation/batchRow.ts";
import { type FinishReason, finishReason, type GenerationSettings } from "../../generation/sequence.ts";
import type { TokenDecoder } from "../../generation/stopStrings.ts";

/** The end of an answer: with a reason, or an error. */
export type AnswerEnd = { reason: FinishReason } | { error: unknown };

export interface ServedRow {
  /** Prompt and completion so far. */
  readonly row: BatchRow;
  /** The prompt: answers of one prompt have the same list, and share its computation. */
  readonly prompt: readonly number[];
  readonly settings: GenerationSettings;
  /** For stop strings of the model's own settings. */
  readonly tokenizer: TokenDecoder;
  /** Number of the decoder: the base model with one of its adapters. */
  readonly variant: number;
  /** The client is gone. */
  readonly signal: AbortSignal;
  /**
   * Receives a token, and the logits [V] that it was chosen from, which are valid during the call only.
   * @returns true to end the answer here, as by a stop sequence.
   */
  onToken(id: number, logits: Float32Array): boolean;
  onEnd(end: AnswerEnd): void;
  /** Receives how many tokens of the prompt were in a cache already, when its computation starts. */
  onStart(cachedTokens: number): void;
}

/** Adds a row's next token. @returns whether the answer has ended. */
export function advance(served: ServedRow, logits: Float32Array): boolean {
  const { row, settings, tokenizer } = served;
  try {
    const step = row.ids.length - row.promptLength;
    const id = nextToken(logits, row, settings.do_sample ? row.draw(step) : undefined);
    row.ids.push(id);
    const isStopped = served.onToken(id, logits);
    const reason = isStopped ? "stop_sequence" : finishReason(row, settings, tokenizer);
    if (reason !== undefined) served.onEnd({ reason });
    return reason !== undefined;
  } catch (error) {
    served.onEnd({ error });
    return true;
  }
}
