/**
 * @file Warpers that compare probabilities with a limit, or with the entropy of the distribution.
 * Definitions follow transformers 5.23 (generation/logits_process.py). V vocabulary.
 */
import { kthLargest, type LogitsProcessor, toProbabilities } from "./scores.ts";

/** Keeps tokens at least as likely as `limit` (arXiv 2210.15191). @param least minimum number of tokens to keep */
export function epsilonCutoff(limit: number, least = 1): LogitsProcessor {
  return (scores) => withoutUnlikely(scores, toProbabilities(scores), limit, least);
}

/** The same with a limit that falls with the entropy. @param least minimum number of tokens to keep */
export function etaCutoff(epsilon: number, least = 1): LogitsProcessor {
  return (scores) => {
    const probabilities = toProbabilities(scores);
    const limit = Math.min(epsilon, Math.sqrt(epsilon) * Math.exp(-entropyOf(probabilities)));
    return withoutUnlikely(scores, probabilities, limit, least);
  };
}

function withoutUnlikely(scores: Float32Array, probabilities: Float64Array, limit: number, least: number) {
  const border = kthLargest(scores, Math.min(least, scores.length));
  return scores.map((score, id) => (probabilities[id] < limit && score < border ? -Infinity : score));
}

/** Tokens that top_h looks at: a constant in transformers. */
const MOST_LIKELY = 100;

/** Keeps the likeliest tokens whose terms of the entropy sum to at most `share` of it (arXiv 2509.02510). */
export function topH(share: number): LogitsProcessor {
  return (scores) => {
    const order = Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a] || a - b);
    const likeliest = order.slice(0, MOST_LIKELY);
    const probabilities = toProbabilities(Float32Array.from(likeliest, (id) => scores[id]));
    const most = entropyOf(probabilities) * share;
    const result = new Float32Array(scores.length).fill(-Infinity);
    let sum = 0;
    for (const [rank, id] of likeliest.entries()) {
      const p = probabilities[rank];
      sum -= p * Math.log(p);
      if (rank > 0 && !(sum <= most)) break;
      result[id] = scores[id];
    }
    return result;
  };
}

function entropyOf(probabilities: Float64Array): number {
  let entropy = 0;
  for (const p of probabilities) if (p > 0) entropy -= p * Math.log(p);
  return entropy;
}
