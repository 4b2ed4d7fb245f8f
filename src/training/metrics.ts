/** @file TRL's DPO metrics: of one micro-batch, and their mean since the last log. */
import type { EvaluatedPair } from "../checkpoints/marginsTable.ts";
import type { PairLogps } from "../data/preferences/types.ts";
import type { PairScores } from "../dpo/learner.ts";

/** What an evaluation logs besides its loss and timings, in TRL's order. */
export const METRIC_NAMES = [
  ...(["entropy", "num_tokens", "logits/chosen", "logits/rejected", "mean_token_accuracy"] as const),
  ...(["rewards/chosen", "rewards/rejected", "rewards/accuracies", "rewards/margins"] as const),
  ...(["logps/chosen", "logps/rejected"] as const),
];

/** Metric -> sum and number of micro-batches, in TRL's order: what TRL keeps as lists in `_metrics`. */
export type MetricSums = Record<string, [sum: number, count: number]>;

const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
const mean = (values: number[]): number => sum(values) / values.length;
/** Where a share is logged, it is one of float32, as TRL's are. */
const share = (part: number, whole: number): number => (whole > 0 ? Math.fround(part / whole) : 0);

/** One scored pair with its rewards: beta times the log-ratio of policy and reference. */
export function evaluatedPair(
  { logps }: PairScores,
  reference: PairLogps,
  { row, beta }: { row: number; beta: number },
): EvaluatedPair {
  const chosen = beta * (logps.chosen - reference.chosen);
  const rejected = beta * (logps.rejected - reference.rejected);
  return {
    row,
    "logps/chosen": logps.chosen,
    "logps/rejected": logps.rejected,
    "ref_logps/chosen": reference.chosen,
    "ref_logps/rejected": reference.rejected,
    "rewards/chosen": chosen,
    "rewards/rejected": rejected,
    "rewards/margins": chosen - rejected,
  };
}

/**
 * The metrics of one micro-batch under TRL's names.
 * @param beta the rewards' scale.
 * @param totalTrainTokens tokens of all training micro-batches up to this one.
 */
export function batchMetrics(
  scores: PairScores[],
  reference: PairLogps[],
  { beta, totalTrainTokens }: { beta: number; totalTrainTokens: number },
): Record<(typeof METRIC_NAMES)[number], number> {
  const chosenTokens = sum(scores.map(({ tokens }) => tokens.chosen));
  const rejectedTokens = sum(scores.map(({ tokens }) => tokens.rejected));
  const chosen = scores.map(({ logps }, i) => beta * (logps.chosen - reference[i].chosen));
  const rejected = scores.map(({ logps }, i) => beta * (logps.rejected - reference[i].rejected));
  return {
    entropy: share(sum(scores.map(({ entropySum }) => entropySum)), chosenTokens + rejectedTokens),
    num_tokens: totalTrainTokens,
    "logits/chosen": chosenTokens > 0 ? sum(scores.map(({ logitsSum }) => logitsSum.chosen)) / chosenTokens : 0,
    "logits/rejected": rejectedTokens > 0 ? sum(scores.map(({ logitsSum }) => logitsSum.rejected)) / rejectedTokens : 0,
    mean_token_accuracy: share(sum(scores.map(({ chosenCorrect }) => chosenCorrect)), chosenTokens),
    "rewards/chosen": mean(chosen),
    "rewards/rejected": mean(rejected),
    "rewards/accuracies": share(chosen.filter((reward, i) => reward > rejected[i]).length, chosen.length),
    "rewards/margins": mean(chosen.map((reward, i) => reward - rejected[i])),
    "logps/chosen": mean(scores.map(({ logps }) => logps.chosen)),
    "logps/rejected": mean(scores.map(({ logps }) => logps.rejected)),
  };
}

/** Adds a micro-batch; num_tokens is a running total, of which only the last counts. */
export function addMetrics(sums: MetricSums, metrics: Record<string, number>): void {
  for (const [name, value] of Object.entries(metrics)) {
    const [total, count] = (name === "num_tokens" ? undefined : sums[name]) ?? [0, 0];
    sums[name] = [total + value, count + 1];
  }
}

/** Means over micro-batches: each counts the same, whatever its number of pairs, as in TRL. */
export function meanMetrics(sums: MetricSums, prefix = ""): Record<string, number> {
  return Object.fromEntries(Object.entries(sums).map(([name, [total, count]]) => [`${prefix}${name}`, total / count]));
}
