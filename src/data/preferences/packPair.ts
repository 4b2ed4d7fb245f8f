/** @file A pair's ids -> one packed row `shared | chosen | rejected`, truncated per sequence as TRL's collator does. */
import type { Batch, PackedPair, PairTokens } from "./types.ts";

export type TruncationMode = "keep_start" | "keep_end";

export interface Truncation {
  /** Longest sequence (prompt + completion) in tokens; null: no limit. */
  max_length: number | null;
  truncation_mode: TruncationMode;
}

/** The part [start, end) of a sequence of `length` tokens that truncation leaves. */
function truncated(length: number, { max_length, truncation_mode }: Truncation): { start: number; end: number } {
  if (max_length === null || length <= max_length) return { start: 0, end: length };
  return truncation_mode === "keep_start" ? { start: 0, end: max_length } : { start: length - max_length, end: length };
}

/** Both completions as truncation leaves them. */
export function truncatedCompletions(
  pair: PairTokens,
  truncation: Truncation,
): { chosen: number[]; rejected: number[] } {
  const promptLength = pair.prompt_ids.length;
  const rest = (completion: number[]) => {
    const { start, end } = truncated(promptLength + completion.length, truncation);
    return completion.slice(Math.max(0, start - promptLength), Math.max(0, end - promptLength));
  };
  return { chosen: rest(pair.chosen_ids), rejected: rest(pair.rejected_ids) };
}

/**
 * Packs one pair. The shared prefix is the prompt, or what truncation leaves of it; where keep_end cuts the two
 * sequences at different places, their contexts differ, nothing is shared and each brings its own part of the prompt.
 * The first token of a sequence is never predicted.
 * @param options.index the pair's number in the prepared data set.
 * @returns null where keep_start leaves no completion (TRL drops such rows).
 */
export function packPair(pair: PairTokens, options: Truncation & { index: number }): PackedPair | null {
  const { prompt_ids, chosen_ids, rejected_ids } = pair;
  const promptLength = prompt_ids.length;
  const a = truncated(promptLength + chosen_ids.length, options);
  const b = truncated(promptLength + rejected_ids.length, options);
  if (Math.min(a.end, b.end) <= promptLength) return null;
  const shared = a.start === b.start ? Math.max(0, promptLength - a.start) : 0;
  const chosenLength = a.end - a.start - shared;
  const rejectedLength = b.end - b.start - shared;
  const packed: PackedPair = {
    index: options.index,
    tokens: new Int32Array(shared + chosenLength + rejectedLength),
    positions: new Int32Array(shared + chosenLength + rejectedLength),
    sharedLength: shared,
    chosenLength,
    rejectedLength,
    predictFrom: new Int32Array(),
    labels: new Int32Array(),
    chosenTargets: 0,
  };
  const predictFrom: number[] = [];
  const labels: number[] = [];
  /** Lays out one sequence; its tokens after the shared ones go to packed rows from `offset` on. */
  const place = (completion: number[], { start, end }: { start: number; end: number }, offset: number) => {
    const rowOf = (position: number) => (position < shared ? position : offset + position - shared);
    for (let i = start; i < end; i++) {
      const token = i < promptLength ? prompt_ids[i] : completion[i - promptLength];
      packed.tokens[rowOf(i - start)] = token;
      packed.positions[rowOf(i - start)] = i - start;
      if (i < promptLength || i === start) continue;
      predictFrom.push(rowOf(i - start - 1));
      labels.push(token);
    }
  };
  place(chosen_ids, a, shared);
  packed.chosenTargets = labels.length;
  place(rejected_ids, b, shared + chosenLength);
  packed.predictFrom = Int32Array.from(predictFrom);
  packed.labels = Int32Array.from(labels);
  return packed;
}

/** Packs a micro-batch: the pairs of these numbers. Every one of them has a completion, as prepareDataset sees to. */
export function collate(pairs: readonly PairTokens[], indices: ArrayLike<number>, truncation: Truncation): Batch {
  return {
    pairs: Array.from(indices, (index) => {
      const packed = packPair(pairs[index], { ...truncation, index });
      if (!packed) throw new Error(`internal: pair ${index} has no completion within max_length`);
      return packed;
    }),
  };
}
