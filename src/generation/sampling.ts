/** @file Scores [V] -> the id of the next token: the most likely, or sampled from their distribution. */
import { counterUniform } from "../random.ts";
import { toProbabilities } from "./scores.ts";

/** The highest score; if tied, the lowest id, as torch.argmax on the CPU. */
export function argmax(scores: Float32Array): number {
  let best = 0;
  for (let id = 1; id < scores.length; id++) if (scores[id] > scores[best]) best = id;
  return best;
}

/**
 * Inverse transform sampling: the first token whose cumulated probability exceeds `uniform`. Filtered tokens
 * (-Infinity) are never drawn.
 * @param uniform a number in [0, 1)
 */
export function sampleToken(scores: Float32Array, uniform: number): number {
  const probabilities = toProbabilities(scores);
  let cumulated = 0;
  let last = argmax(scores);
  for (let id = 0; id < probabilities.length; id++) {
    if (probabilities[id] === 0) continue;
    cumulated += probabilities[id];
    last = id;
    if (uniform < cumulated) break;
  }
  return last; // rounding can leave the sum slightly below `uniform`: then the last possible token
}

/** One stream of uniform numbers in [0, 1): a pure function of the step. */
export type Draws = (step: number) => number;

/**
 * The streams of a call, one per sequence. A stream depends on the seed, the prompt and the number of earlier equal
 * prompts, not on the row: a prompt draws the same alone and in a batch, and equal prompts (or num_return_sequences)
 * differ.
 */
export function sequenceDraws(seed: number): (prompt: readonly number[]) => Draws {
  const counts = new Map<string, number>();
  return (prompt) => {
    const key = prompt.join();
    const occurrence = counts.get(key) ?? 0;
    counts.set(key, occurrence + 1);
    let hash = 0x811c9dc5; // FNV-1a, 32 bits
    for (const id of prompt) hash = Math.imul(hash ^ id, 0x01000193);
    const index = (hash + occurrence) >>> 0;
    return (step) => counterUniform(seed, step, index);
  };
}
