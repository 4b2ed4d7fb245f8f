/** @file Evaluation sets on which a run got worse, or no better, while it got better in training. */
import type { EvaluatedSet, Measures } from "./measures.ts";
import { THRESHOLDS } from "./thresholds.ts";

/** Sets whose loss at the end is clearly above their best. */
export function risingSets({ evaluated }: Measures): EvaluatedSet[] {
  const { evaluations, rise } = THRESHOLDS.overfitting;
  return evaluated.filter(
    ({ evaluations: made, first, best, last }) => made >= evaluations && last - best > rise * Math.abs(first),
  );
}

/**
 * All sets, or none: where some rise and others fall, they are other data than the training's, which is no overfitting
 * by itself.
 */
export function overfittedSets(measures: Measures): EvaluatedSet[] {
  const rising = risingSets(measures);
  const isAll = rising.length > 0 && rising.length === measures.evaluated.length;
  return isAll && rising.every(({ fell_since }) => fell_since) ? rising : [];
}

/** Whether all evaluation sets show next to nothing of the preference that the training pairs show. */
export function isLearnedByHeart({ evaluated, moved }: Measures): boolean {
  if (moved === null || evaluated.length === 0) return false;
  const { accuracy: coin, share } = THRESHOLDS.heldOut;
  return evaluated.every(
    ({ accuracy, margin }) =>
      accuracy !== null && margin !== null && accuracy < coin && margin < share * Math.abs(moved.margin),
  );
}
