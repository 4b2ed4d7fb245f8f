/** @file A row of a batch: the state of one sequence, and the choice of its next token. */
import { logitsProcessors } from "./logitsProcessors.ts";
import { argmax, type Draws, sampleToken, sequenceDraws } from "./sampling.ts";
import type { LogitsProcessor } from "./scores.ts";
import {
  type FinishReason,
  type GenerationSettings,
  refuseLogits,
  refuseScore,
  type Sequence,
  tokenBudget,
} from "./sequence.ts";

/** A row of the batch, with the state of its sequence. */
export interface BatchRow extends Sequence {
  ids: number[];
  finishReason?: FinishReason;
  processors: LogitsProcessor[];
  draw: Draws;
}

/** One row per sequence: prompt 0 (num_return_sequences times), prompt 1, ... */
export function makeRows(
  prompts: ReadonlyArray<readonly number[]>,
  settings: GenerationSettings,
  maxPositions: number,
): BatchRow[] {
  const drawsFor = sequenceDraws(settings.seed);
  return prompts.flatMap((prompt) => {
    const budget = tokenBudget(settings, prompt.length, maxPositions);
    const sequence = { promptLength: prompt.length, eosTokenIds: settings.eosTokenIds, budget };
    return Array.from({ length: settings.num_return_sequences }, () => ({
      promptLength: prompt.length,
      ids: [...prompt],
      budget,
      processors: logitsProcessors(settings, sequence),
      draw: drawsFor(prompt),
    }));
  });
}

/**
 * The id of a row's next token.
 * @param uniform the number to sample with; undefined: the most likely token
 * @throws NonFiniteLogits, PrefineError("config") if no token is possible
 */
export function nextToken(logits: Float32Array, row: BatchRow, uniform: number | undefined): number {
  refuseLogits(logits, row);
  let scores = logits;
  for (const process of row.processors) scores = process(scores, row.ids);
  const best = argmax(scores);
  refuseScore(scores[best], row);
  return uniform === undefined ? best : sampleToken(scores, uniform);
}
