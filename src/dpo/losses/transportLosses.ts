/**
 * @file Alignment via optimal transport (arXiv 2406.05882): one distribution of log-ratios should dominate another one,
 * over the whole batch. In one dimension optimal transport is sorting, so these losses need all pairs together.
 */
import { mul, sort, sub } from "../../engine/graph/index.ts";
import type { PairLoss } from "./inputs.ts";
import { smoothed } from "./marginLosses.ts";

/** Sorted margins of the policy against sorted margins of the reference (paired AOT). */
export const aotLoss: PairLoss = ({ chosenLogps, rejectedLogps, referenceLogps }, { beta, labelSmoothing }) => {
  if (!referenceLogps) throw new Error("internal: aot without a reference");
  const policyMargins = sort(sub(chosenLogps, rejectedLogps));
  const referenceMargins = sort(sub(referenceLogps.chosen, referenceLogps.rejected));
  return smoothed(mul(sub(policyMargins, referenceMargins), beta), labelSmoothing);
};

/** Sorted log-ratios of the chosen answers against those of the rejected ones (unpaired AOT). */
export const aotUnpairedLoss: PairLoss = ({ chosenLogratios, rejectedLogratios }, { beta, labelSmoothing }) =>
  smoothed(mul(sub(sort(chosenLogratios), sort(rejectedLogratios)), beta), labelSmoothing);
