/** @file OpenAI's penalties and biases of tokens, as a logits processor. */
import type { LogitsProcessor } from "../generation/scores.ts";

export interface Penalties {
  /** Subtracted for each time that a token is in the answer. */
  frequency_penalty: number;
  /** Subtracted once from each token that is in the answer. */
  presence_penalty: number;
  /** Added to the scores of tokens, by id. */
  logit_bias: ReadonlyMap<number, number>;
}

/** OpenAI's formula: score - count * frequency_penalty - (count > 0) * presence_penalty + bias. */
export function penalize(penalties: Penalties, promptLength: number): LogitsProcessor | undefined {
  const { frequency_penalty, presence_penalty, logit_bias } = penalties;
  const hasPenalty = frequency_penalty !== 0 || presence_penalty !== 0;
  if (!hasPenalty && logit_bias.size === 0) return undefined;
  return (scores, ids) => {
    const result = scores.slice();
    const counts = new Map<number, number>();
    for (let i = promptLength; i < ids.length && hasPenalty; i++) counts.set(ids[i], (counts.get(ids[i]) ?? 0) + 1);
    for (const [id, count] of counts) result[id] -= count * frequency_penalty + presence_penalty;
    for (const [id, bias] of logit_bias) if (id < result.length) result[id] += bias;
    return result;
  };
}
