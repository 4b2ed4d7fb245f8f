/** @file The objective of B pairs, as data and as a graph. */
import type { LossName } from "../../config/options/lossTypes.ts";
import { add, mul, type Tensor } from "../../engine/graph/index.ts";
import type { Divergence } from "./divergence.ts";
import { type LossOptions, lossInputs, type ScoredPairs } from "./inputs.ts";
import { losses } from "./losses.ts";

/** The part of TRL's DPOConfig that determines the loss. */
export interface Objective extends LossOptions {
  /** Summed, each times its weight (MPO, arXiv 2411.10442). */
  losses: readonly { type: LossName; weight: number }[];
  divergence: Divergence;
  /** Weight of the tokens beyond the length of the shorter answer (LD-DPO, arXiv 2409.06411); null: all weigh 1. */
  ldAlpha: number | null;
  /** Weight pairs by how likely the policy is to write them (WPO, arXiv 2406.11827). */
  useWeighting: boolean;
}

/**
 * @param weight [B] WPO's weights of the pairs; null: all weigh the same.
 * @returns [B], whose mean is the loss.
 */
export function objectiveLoss(pairs: ScoredPairs, weight: Tensor | null, objective: Objective): Tensor {
  const inputs = lossInputs(pairs, objective.divergence);
  const parts = objective.losses.map(({ type, weight: share }) => {
    const perPair = losses[type](inputs, objective);
    return share === 1 ? perPair : mul(perPair, share);
  });
  const sum = parts.reduce((total, part) => add(total, part));
  return weight ? mul(sum, weight) : sum;
}
