/** @file What a run can come to. */

/**
 * "unclear": the log shows neither of the others; "none": it is too short to tell. Of several that hold, the first in
 * this order counts.
 */
export const VERDICT_KINDS = [
  "none",
  "collapsed",
  "overfitting",
  "saturated",
  "did not move",
  "learning",
  "unclear",
] as const;
export type VerdictKind = (typeof VERDICT_KINDS)[number];
