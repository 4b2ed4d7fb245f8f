/** @file TRL's DPO metrics: of one micro-batch, and their mean since the last log. */
import type { EvaluatedPair } from "../../checkpoints/marginsTable.ts";
import type { PairLogps } from "../../data/preferences/types.ts";
import type { PairScores, RewardKind } from "../../dpo/learner.ts";
import type { RankBatch } from "../rankBatches.ts";

/** Metrics that an evaluation logs besides its loss and timings, in TRL's order. */
export const METRIC_NAMES = [
  "entropy",
  "num_tokens",
  "logits/chosen",
  "logits/rejected",
  "mean_token_accuracy",
  "rewards/chosen",
  "rewards/rejected",
  "rewards/accuracies",
  "rewards/margins",
  "logps/chosen",
  "logps/rejected",
] as const;

/** Metric -> sum and number of micro-batches, in TRL's order: TRL keeps lists of values in `_metrics`. */
export type MetricSums = Record<string, [sum: number, count: number]>;

const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
const mean = (values: number[]): number => sum(values) / values.length;
/** Logged shares are rounded to float32, as TRL's are. */
const share = (part: number, whole: number): number => (whole > 0 ? Math.fround(part / whole) : 0);

/**
 * beta times the log-ratio of policy and reference; without a reference, times the log-probability that the loss reads,
 * as TRL's CPO and ORPO log it.
 */
function rewardsOf(
  { logps, completionLengths }: PairScores,
  reference: PairLogps | undefined,
  { beta, rewards }: { beta: number; rewards: RewardKind },
): PairLogps {
  const reward = (side: "chosen" | "rejected") => {
    if (reference) return beta * (logps[side] - reference[side]);
    return (beta * logps[side]) / (rewards === "averaged logps" ? Math.max(1, completionLengths[side]) : 1);
  };
  return { chosen: reward("chosen"), rejected: reward("rejected") };
}

/** One scored pair with its rewards. @param reference undefined if no loss uses one. */
export function evaluatedPair(
  scores: PairScores,
  reference: PairLogps | undefined,
  options: { row: number; beta: number; rewards: RewardKind },
): EvaluatedPair {
  const { chosen, rejected } = rewardsOf(scores, reference, options);
  return {
    row: options.row,
    "logps/chosen": scores.logps.chosen,
    "logps/rejected": scores.logps.rejected,
    "ref_logps/chosen": reference?.chosen ?? null,
    "ref_logps/rejected": reference?.rejected ?? null,
    "rewards/chosen": chosen,
    "rewards/rejected": rejected,
    "rewards/margins": chosen - rejected,
  };
}

/**
 * The metrics of one micro-batch under TRL's names.
 * @param reference null if no loss uses one.
 * @param beta scale of the rewards.
 * @param totalTrainTokens tokens of all training micro-batches up to this one.
 */
export function batchMetrics(
  scores: PairScores[],
  reference: PairLogps[] | null,
  { beta, rewards, totalTrainTokens }: { beta: number; rewards: RewardKind; totalTrainTokens: number },
): Record<(typeof METRIC_NAMES)[number], number> {
  const chosenTokens = sum(scores.map(({ tokens }) => tokens.chosen));
  const rejectedTokens = sum(scores.map(({ tokens }) => tokens.rejected));
  const perPair = scores.map((pair, i) => rewardsOf(pair, reference?.[i], { beta, rewards }));
  const [chosen, rejected] = (["chosen", "rejected"] as const).map((side) => perPair.map((reward) => reward[side]));
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

/** Metrics that TRL sums with gather_for_metrics, one value per rank. */
const SUMMED_BY_RANK = ["entropy", "logits/chosen", "logits/rejected", "mean_token_accuracy"] as const;

/**
 * The metrics of a micro-batch of all ranks: over all pairs, repeated ones included, but those that TRL sums per rank
 * only over the first `counted` ranks.
 */
export function metricsOfRanks(
  batches: readonly RankBatch[],
  counted: number,
  options: Parameters<typeof batchMetrics>[2],
): ReturnType<typeof batchMetrics> {
  const metrics = metricsOf(batches, options);
  if (counted === batches.length) return metrics;
  const summed = metricsOf(batches.slice(0, counted), options);
  for (const name of SUMMED_BY_RANK) metrics[name] = summed[name];
  return metrics;
}

function metricsOf(batches: readonly RankBatch[], options: Parameters<typeof batchMetrics>[2]) {
  const reference = batches.flatMap(({ reference }) => reference ?? []);
  return batchMetrics(
    batches.flatMap(({ scores }) => scores),
    batches[0].reference && reference,
    options,
  );
}

/** Adds a micro-batch; num_tokens is a running total, so only its last value is used. */
export function addMetrics(sums: MetricSums, metrics: Record<string, number>): void {
  for (const [name, value] of Object.entries(metrics)) {
    const [total, count] = (name === "num_tokens" ? undefined : sums[name]) ?? [0, 0];
    sums[name] = [total + value, count + 1];
  }
}

/** Means over micro-batches, each weighted equally whatever its number of pairs, as in TRL. */
export function meanMetrics(sums: MetricSums, prefix = ""): Record<string, number> {
  return Object.fromEntries(Object.entries(sums).map(([name, [total, count]]) => [`${prefix}${name}`, total / count]));
}
