/** @file A share of verdicts with its uncertainty, and how far apart two answers are in length. */

/** Standard normal quantile of a two-sided 95 % interval. */
const Z = 1.959963984540054;

/** A share of n verdicts, with its 95 % interval by Wilson's score. */
export interface Share {
  /** Verdicts that it is a share of. */
  n: number;
  /** Null: there are none. */
  share: number | null;
  interval: [low: number, high: number] | null;
}

/** @param count may have halves: of ties. */
export function shareOf(count: number, n: number): Share {
  if (n === 0) return { n, share: null, interval: null };
  const share = count / n;
  const middle = (share + (Z * Z) / (2 * n)) / (1 + (Z * Z) / n);
  const half = (Z / (1 + (Z * Z) / n)) * Math.sqrt((share * (1 - share)) / n + (Z * Z) / (4 * n * n));
  return { n, share, interval: [Math.max(0, middle - half), Math.min(1, middle + half)] };
}

/**
 * How many more verdicts would settle which side is ahead, if the share stays: the interval then leaves out one half.
 * Wilson's does where |share - 1/2| > z / (2 sqrt n). Null: a share of one half never does.
 */
export function verdictsToSettle({ n, share }: Share): number | null {
  if (share === null || share === 0.5) return null;
  const needed = Math.floor((Z / (2 * (share - 0.5))) ** 2) + 1;
  return Math.max(0, needed - n);
}

/** Answers whose lengths differ by at most this part of the longer one count as equally long. */
const SIMILAR_LENGTH = 0.1;

export const areSimilarlyLong = (one: number, other: number): boolean =>
  Math.abs(one - other) <= SIMILAR_LENGTH * Math.max(one, other);
