/**
 * @file Logits processors of certain tokens: penalties, biases, bans, forced tokens.
 * Definitions follow transformers 5.23 (generation/logits_process.py). V vocabulary.
 */
import { PrefineError } from "../errors.ts";
import type { LogitsProcessor } from "./scores.ts";

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
  return (scores, ids) => withoutNgrams(scores, ids, { size, source: ids });
}

/** Bans each token that would complete an n-gram of the prompt. */
export function noRepeatPromptNgram(size: number, promptLength: number): LogitsProcessor {
  return (scores, ids) => withoutNgrams(scores, ids, { size, source: ids.slice(0, promptLength) });
}

interface Ngrams {
  size: number;
  /** Where the n-grams are. */
  source: readonly number[];
}

function withoutNgrams(scores: Float32Array, ids: readonly number[], { size, source }: Ngrams): Float32Array {
  const result = scores.slice();
  if (ids.length < size - 1) return result;
  const prefix = ids.slice(ids.length + 1 - size); // the last size - 1 tokens
  for (let start = 0; start + size <= source.length; start++) {
    const last = source[start + size - 1];
    if (last < result.length && prefix.every((id, i) => source[start + i] === id)) result[last] = -Infinity;
  }
  return result;
}

/** Token sequences, each with what is added to the score of its last token where the others precede it. */
export type SequenceBias = readonly (readonly [sequence: readonly number[], bias: number])[];

/** @param option names the setting in messages. @throws PrefineError("config") for an id outside the vocabulary */
export function sequenceBias(biases: SequenceBias, option = "sequence_bias"): LogitsProcessor {
  const bySequence = new Map(biases.map(([sequence, bias]) => [sequence.join(), { sequence, bias }]));
  return (scores, ids) => {
    const result = scores.slice();
    for (const { sequence, bias } of bySequence.values()) {
      const last = sequence[sequence.length - 1];
      const prefix = sequence.slice(0, -1);
      const start = ids.length - prefix.length;
      const wrong = sequence.find((id) => id >= scores.length);
      if (wrong !== undefined) {
        throw new PrefineError("config", `${option}: expected ids below ${scores.length}, found ${wrong}`);
      }
      if (start >= 0 && prefix.every((id, i) => ids[start + i] === id)) result[last] += bias;
    }
    return result;
  };
}

/** Bans sequences; an end-of-sequence token alone is never banned. */
export function badWords(words: readonly (readonly number[])[], eosTokenIds: readonly number[]): LogitsProcessor {
  const banned = words.filter((word) => word.length !== 1 || !eosTokenIds.includes(word[0]));
  return sequenceBias(
    banned.map((word) => [word, -Infinity]),
    "bad_words_ids",
  );
}

/** Bans tokens, at any length of the sequence or at one. */
export function suppressed(tokens: readonly number[], atLength?: number): LogitsProcessor {
  return (scores, ids) => {
    if (atLength !== undefined && ids.length !== atLength) return scores;
    const result = scores.slice();
    for (const id of tokens) if (id < result.length) result[id] = -Infinity;
    return result;
  };
}

/** Allows only these tokens at one length of the sequence. */
export function forcedAt(length: number, tokens: readonly number[], option: string): LogitsProcessor {
  return (scores, ids) => {
    if (ids.length !== length) return scores;
    const result = new Float32Array(scores.length).fill(-Infinity);
    for (const id of tokens) {
      if (id >= scores.length) {
        throw new PrefineError("config", `${option}: expected ids below ${scores.length}, found ${id}`);
      }
      result[id] = 0;
    }
    return result;
  };
}

/** Raises the scores of end-of-sequence tokens beyond `start` tokens, by a factor that grows with every token. */
export function endBias(start: number, factor: number, eosTokenIds: readonly number[]): LogitsProcessor {
  return (scores, ids) => {
    if (ids.length <= start) return scores;
    const share = Math.fround(factor ** (ids.length - start) - 1);
    const result = scores.slice();
    for (const id of eosTokenIds) {
      if (id < scores.length && Number.isFinite(scores[id])) result[id] += Math.fround(Math.abs(scores[id]) * share);
    }
    return result;
  };
}
