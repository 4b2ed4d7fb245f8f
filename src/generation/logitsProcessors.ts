/**
 * @file Logits processors and warpers: scores [V] -> scores [V], filtered tokens at -Infinity.
 * Definitions and order follow transformers 5.23 (generation/logits_process.py). V vocabulary.
 */
import { pushAll } from "../lists.ts";

/** Pure: returns new scores. `ids` is the sequence so far, with the prompt, without padding. */
export type LogitsProcessor = (scores: Float32Array, ids: readonly number[]) => Float32Array;

/** Penalizes every token of the sequence: positive scores / penalty, negative * penalty (arXiv 1909.05858). */
export function repetitionPenalty(penalty: number): LogitsProcessor {
  const factor = Math.fround(penalty); // float32 arithmetic, as torch's
  return (scores, ids) => {
    const result = scores.slice();
    for (const id of ids) {
      // Read from `scores`, so that a repeated token is penalized once.
      if (id < scores.length) result[id] = scores[id] < 0 ? scores[id] * factor : scores[id] / factor;
    }
    return result;
  };
}

/** Bans each token that would complete an n-gram that the sequence already contains. */
export function noRepeatNgram(size: number): LogitsProcessor {
  return (scores, ids) => {
    const result = scores.slice();
    const prefix = ids.slice(ids.length + 1 - size); // the last size - 1 tokens
    for (let start = 0; start + size <= ids.length; start++) {
      const last = ids[start + size - 1];
      if (last < result.length && prefix.every((id, i) => ids[start + i] === id)) result[last] = -Infinity;
    }
    return result;
  };
}

/** Bans the end-of-sequence tokens while the sequence is shorter than `length` tokens, including the prompt. */
export function minLength(length: number, eosTokenIds: readonly number[]): LogitsProcessor {
  return (scores, ids) => {
    if (ids.length >= length) return scores;
    const result = scores.slice();
    for (const id of eosTokenIds) if (id < result.length) result[id] = -Infinity;
    return result;
  };
}

/** Below 1 sharpens the distribution, above 1 flattens it. */
export function temperature(value: number): LogitsProcessor {
  const divisor = Math.fround(value);
  return (scores) => scores.map((score) => score / divisor);
}

/** Keeps the k most likely tokens and ties with the last. @param least minimum number of tokens to keep */
export function topK(k: number, least = 1): LogitsProcessor {
  return (scores) => {
    const smallest = kthLargest(scores, Math.min(Math.max(k, least), scores.length));
    return scores.map((score) => (score < smallest ? -Infinity : score));
  };
}

/**
 * Nucleus sampling: keeps the most likely tokens whose probabilities sum to p (arXiv 1904.09751). Of ties at the
 * threshold, the higher ids are kept.
 * @param least minimum number of tokens to keep
 */
export function topP(p: number, least = 1): LogitsProcessor {
  return (scores) => {
    const ascending = scores.slice().sort(); // native sort: 3 ms for 50 k tokens
    const probabilities = toProbabilities(ascending);
    let removed = 0;
    let mass = 0;
    while (removed < ascending.length - least) {
      mass += probabilities[removed];
      if (mass > 1 - p) break;
      removed++;
    }
    const border = ascending[removed];
    let tiesRemoved = removed - ascending.indexOf(border);
    return scores.map((score) => (score < border || (score === border && tiesRemoved-- > 0) ? -Infinity : score));
  };
}

/**
 * Keeps tokens at least `ratio` times as likely as the most likely one (arXiv 2407.01082).
 * @param least minimum number of tokens to keep
 */
export function minP(ratio: number, least = 1): LogitsProcessor {
  return (scores) => {
    const highest = maximum(scores);
    const border = least === 1 ? highest : kthLargest(scores, Math.min(least, scores.length));
    return scores.map((score) => (score < border && Math.exp(score - highest) < ratio ? -Infinity : score));
  };
}

/**
 * Keeps tokens whose surprisal is closest to the entropy, until their probabilities reach `mass` (arXiv 2202.00666).
 * @param least minimum number of tokens to keep
 */
export function typicalP(mass: number, least = 1): LogitsProcessor {
  return (scores) => {
    const probabilities = toProbabilities(scores);
    let entropy = 0;
    for (const p of probabilities) if (p > 0) entropy -= p * Math.log(p);
    const distance = probabilities.map((p) => Math.abs(-Math.log(p) - entropy)); // Infinity if p is 0
    const order = Uint32Array.from(scores.keys()).filter((id) => distance[id] < Infinity);
    order.sort((a, b) => distance[a] - distance[b] || a - b);
    let last = 0;
    for (let sum = probabilities[order[0]]; sum < mass && last < order.length - 1; sum += probabilities[order[last]])
      last++;
    last = Math.max(last, Math.min(least, order.length) - 1);
    const farthest = distance[order[last]];
    return scores.map((score, id) => (distance[id] > farthest ? -Infinity : score));
  };
}

/** The GenerationConfig options of the chain; absent or neutral values add no processor. */
export interface ProcessorOptions {
  do_sample?: boolean;
  num_beams?: number;
  repetition_penalty?: number;
  no_repeat_ngram_size?: number;
  /** Tokens, including the prompt. */
  min_length?: number;
  /** Tokens after the prompt. */
  min_new_tokens?: number;
  temperature?: number;
  /** 0: all tokens. */
  top_k?: number;
  top_p?: number;
  min_p?: number;
  typical_p?: number;
  renormalize_logits?: boolean;
}

/** The chain for one sequence, in transformers' order; warpers only with sampling. */
export function logitsProcessors(
  options: ProcessorOptions,
  sequence: { promptLength: number; eosTokenIds: readonly number[] },
): LogitsProcessor[] {
  const { promptLength, eosTokenIds } = sequence;
  const chain: LogitsProcessor[] = [];
  const penalty = options.repetition_penalty ?? 1;
  if (penalty !== 1) chain.push(repetitionPenalty(penalty));
  if (options.no_repeat_ngram_size) chain.push(noRepeatNgram(options.no_repeat_ngram_size));
  if (options.min_length && eosTokenIds.length > 0) chain.push(minLength(options.min_length, eosTokenIds));
  if (options.min_new_tokens && eosTokenIds.length > 0) {
    chain.push(minLength(promptLength + options.min_new_tokens, eosTokenIds));
  }
  if (options.do_sample) pushAll(chain, warpers(options, eosTokenIds.length));
  if (options.renormalize_logits) chain.push(logSoftmax);
  return chain;
}

/** @param ends number of end-of-sequence tokens: a beam keeps one more token than these, so that it can continue */
function warpers(options: ProcessorOptions, ends: number): LogitsProcessor[] {
  const chain: LogitsProcessor[] = [];
  const least = (options.num_beams ?? 1) > 1 ? Math.max(ends, 1) + 1 : 1;
  if ((options.temperature ?? 1) !== 1) chain.push(temperature(options.temperature ?? 1));
  if (options.top_k) chain.push(topK(options.top_k, least));
  if ((options.top_p ?? 1) < 1) chain.push(topP(options.top_p ?? 1, least));
  if (options.min_p !== undefined) chain.push(minP(options.min_p, least));
  if ((options.typical_p ?? 1) < 1) chain.push(typicalP(options.typical_p ?? 1, least));
  return chain;
}

/** Log-probabilities [V] of scores [V], summed in float64; all NaN if one score is NaN. */
export function logSoftmax(scores: Float32Array): Float32Array {
  const highest = maximum(scores);
  let sum = 0;
  for (let i = 0; i < scores.length; i++) sum += Math.exp(scores[i] - highest);
  const normalizer = highest + Math.log(sum);
  return scores.map((score) => score - normalizer);
}

/** Probabilities [V] of scores [V], summed in float64. */
export function toProbabilities(scores: Float32Array): Float64Array {
  const highest = maximum(scores);
  const result = new Float64Array(scores.length);
  let sum = 0;
  for (let i = 0; i < result.length; i++) {
    result[i] = Math.exp(scores[i] - highest);
    sum += result[i];
  }
  for (let i = 0; i < result.length; i++) result[i] /= sum;
  return result;
}

function maximum(scores: Float32Array): number {
  let highest = -Infinity;
  for (let i = 0; i < scores.length; i++) if (scores[i] > highest) highest = scores[i];
  return highest;
}

/** The k-th largest score, with a min-heap of the k largest so far: most scores cost one comparison. */
function kthLargest(scores: Float32Array, k: number): number {
  const heap = scores.slice(0, k).sort(); // ascending order is a valid heap
  for (let i = k; i < scores.length; i++) {
    if (scores[i] > heap[0]) replaceRoot(heap, scores[i]);
  }
  return heap[0];
}

/** Replaces the root of a min-heap and sifts it down. */
function replaceRoot(heap: Float32Array, value: number): void {
  let parent = 0;
  for (;;) {
    let child = 2 * parent + 1;
    if (child + 1 < heap.length && heap[child + 1] < heap[child]) child++;
    if (child >= heap.length || heap[child] >= value) break;
    heap[parent] = heap[child];
    parent = child;
  }
  heap[parent] = value;
}
