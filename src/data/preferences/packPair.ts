/** @file A pair's ids -> one packed row `shared | chosen | rejected`, truncated per sequence as in TRL's collator. */
import type { PackedPair, PairTokens } from "./types.ts";

export type TruncationMode = "keep_start" | "keep_end";

export interface Truncation {
  /** Longest sequence (prompt + completion) in tokens; null: no limit. */
  max_length: number | null;
  truncation_mode: TruncationMode;
}

/** The range [start, end) of a sequence of `length` tokens that is kept. */
function truncated(length: number, { max_length, truncation_mode }: Truncation): { start: number; end: number } {
  if (max_length === null || length <= max_length) return { start: 0, end: length };
  return truncation_mode === "keep_start" ? { start: 0, end: max_length } : { start: length - max_length, end: length };
}

/** Both completions after truncation. */
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

/** Tokens of the three parts of a packed pair. */
export interface PackedSize {
  shared: number;
  chosen: number;
  rejected: number;
}

/** The sizes of `packPair`'s result, without packing. */
export function packedSize(pair: PairTokens, truncation: Truncation): PackedSize {
  const promptLength = pair.prompt_ids.length;
  const a = truncated(promptLength + pair.chosen_ids.length, truncation);
  const b = truncated(promptLength + pair.rejected_ids.length, truncation);
  const shared = a.start === b.start ? Math.max(0, promptLength - a.start) : 0;
  return { shared, chosen: a.end - a.start - shared, rejected: b.end - b.start - shared };
}

/**
 * Packs one pair. The shared prefix is the prompt after truncation. If keep_end cuts the two sequences at different
 * places, their contexts differ: nothing is shared, and each has its own copy of its part of the prompt.
 * The first token of a sequence is never predicted.
 * @param options.index the pair's number in the prepared dataset.
 * @returns null if keep_start leaves no completion (TRL drops such rows).
 */
export function packPair(pair: PairTokens, options: Truncation & { index: number }): PackedPair | null {
  const { prompt_ids, chosen_ids, rejected_ids, winRates } = pair;
  const promptLength = prompt_ids.length;
  const a = truncated(promptLength + chosen_ids.length, options);
  const b = truncated(promptLength + rejected_ids.length, options);
  if (Math.min(a.end, b.end) <= promptLength) return null;
  const { shared, chosen: chosenLength, rejected: rejectedLength } = packedSize(pair, options);
  const tokens = new Int32Array(shared + chosenLength + rejectedLength);
  const positions = new Int32Array(tokens.length);
  const [predictFrom, labels]: number[][] = [[], []];
  /** Lays out one sequence; its tokens after the shared ones go to packed rows starting at `offset`. */
  const place = (completion: number[], { start, end }: { start: number; end: number }, offset: number) => {
    const rowOf = (position: number) => (position < shared ? position : offset + position - shared);
    for (let i = start; i < end; i++) {
      const token = i < promptLength ? prompt_ids[i] : completion[i - promptLength];
      tokens[rowOf(i - start)] = token;
      positions[rowOf(i - start)] = i - start;
      if (i < promptLength || i === start) continue;
      predictFrom.push(rowOf(i - start - 1));
      labels.push(token);
    }
    return labels.length;
  };
  const completionLength = ({ start, end }: { start: number; end: number }) => end - Math.max(start, promptLength);
  const chosenTargets = place(chosen_ids, a, shared);
  place(rejected_ids, b, shared + chosenLength);
  return {
    index: options.index,
    tokens,
    positions,
    sharedLength: shared,
    chosenLength,
    rejectedLength,
    chosenTargets,
    predictFrom: Int32Array.from(predictFrom),
    labels: Int32Array.from(labels),
    completionLengths: { chosen: completionLength(a), rejected: completionLength(b) },
    ...(winRates && { winRates }),
  };
}
