/** @file Loss and metrics over an evaluation set: TRL's evaluate, transformers' evaluation_loop. */
import type { EvaluatedPair } from "../../checkpoints/marginsTable.ts";
import type { PackedPair } from "../../data/preferences/types.ts";
import type { Learner, PairScores, RewardKind } from "../../dpo/learner.ts";
import type { DeviceRanks } from "../../engine/runtime/device.ts";
import { pushAll } from "../../lists.ts";
import { countBatches, placesOf } from "../plan.ts";
import { countedRanks, gatherBatches, type RankBatch } from "../rankBatches.ts";
import { referenceFor } from "../reference/referenceLogps.ts";
import { checkSignal, type EvaluationSet, evaluationSetName, ownSignal, rankOf } from "../run.ts";
import { type MetricsOptions, metricsCollector } from "./computeMetrics.ts";
import { addMetrics, evaluatedPair, type MetricSums, meanMetrics, metricsOfRanks } from "./metrics.ts";

export interface EvaluationOptions {
  batchSize: number;
  /** dataloader_drop_last: skips the smaller batch at the end. Default: false. */
  dropLast?: boolean;
  beta: number;
  /** Logged as eval_num_tokens, as TRL does. */
  totalTrainTokens: number;
  signal: AbortSignal | undefined;
  /** The job whose ranks share the set; default: this process evaluates all of it. */
  ranks?: DeviceRanks | undefined;
  /** The caller's own metrics. */
  metrics: MetricsOptions | null;
  /** Called before each batch, from 1. */
  onBatch?: (batch: number, batches: number) => void;
  afterBatch?: () => Promise<void>;
}

export interface Evaluation {
  /** Keys in TRL's order, each starting with the set's prefix. */
  values: Record<string, number>;
  /** Every pair, in the dataset's order. */
  pairs: EvaluatedPair[];
}

/**
 * The loss is the mean over pairs (each batch is weighted by its number of pairs), the metrics are means over batches,
 * with several ranks over their batches of a round; no gradients, no dropout. Pairs that only fill up a batch count in
 * its metrics and in its mean loss, as in TRL, but are not returned.
 */
export async function evaluateSet(
  learner: Learner,
  set: EvaluationSet,
  options: EvaluationOptions,
): Promise<Evaluation> {
  const { pairs, prefix } = set;
  const started = performance.now();
  const { rewards } = learner;
  const { beta, batchSize, dropLast = false } = options;
  const sums: MetricSums = {};
  const own = options.metrics && metricsCollector(options.metrics);
  const pass = { rows: pairs.length, batchSize, ranks: options.ranks?.world.size ?? 1 };
  const rounds = countBatches(pairs.length, { ...pass, dropLast, set: evaluationSetName(prefix) });
  const total = Math.min(pairs.length, rounds * batchSize * pass.ranks);
  const evaluated: EvaluatedPair[] = [];
  let lossSum = 0;
  for (let i = 0; i < rounds; i++) {
    options.onBatch?.(i + 1, rounds);
    const batches = await scoreRound(learner, set, placesOf(pass, i, rankOf(options)), options);
    const counted = countedRanks(pass, { isLast: i === rounds - 1, dropLast });
    addMetrics(sums, metricsOfRanks(batches, counted, { ...options, rewards }));
    for (const { loss, ...batch } of batches) {
      const scored = evaluatedPairs(batch, set, { beta, rewards }).slice(0, total - evaluated.length);
      lossSum += loss * scored.length;
      pushAll(evaluated, scored);
      if (!own || scored.length === 0) continue;
      const packed = await pairs.pairs(batch.pairs.slice(0, scored.length).map(({ index }) => index));
      await own.add({ pairs: packed, scored, loss }, { isLast: evaluated.length === total });
    }
    await options.afterBatch?.();
  }
  const values = {
    [`${prefix}_loss`]: Math.fround(lossSum / evaluated.length),
    ...prefixed(own?.result() ?? {}, prefix),
    ...speedMetrics(prefix, (performance.now() - started) / 1000, { samples: pairs.length, steps: rounds }),
    ...meanMetrics(sums, `${prefix}_`),
  };
  return { values, pairs: evaluated };
}

/** The scored batches of all ranks. @param places of this rank's pairs. */
async function scoreRound(
  learner: Learner,
  { pairs, referenceLogps }: EvaluationSet,
  places: readonly number[],
  { ranks, signal }: EvaluationOptions,
): Promise<RankBatch[]> {
  const batch = await pairs.pairs(places);
  const reference = await referenceFor(learner, { referenceLogps }, batch);
  const scores = await scoreAll(learner, batch, ownSignal({ ranks, signal }));
  const loss = Math.fround(await learner.lossOf(scores, reference));
  return gatherBatches({ pairs: batch, scores, reference, loss }, { ranks, signal, referenceLogps, source: pairs });
}

function evaluatedPairs(
  { pairs, scores, reference }: Omit<RankBatch, "loss">,
  set: EvaluationSet,
  options: { beta: number; rewards: RewardKind },
): EvaluatedPair[] {
  return pairs.map(({ index }, k) => {
    const row = set.pairs.origin?.rows[index] ?? index;
    return evaluatedPair(scores[k], reference?.[k], { row, ...options });
  });
}

/** Adds the prefix to the caller's names that lack it. */
function prefixed(values: Record<string, number>, prefix: string): Record<string, number> {
  const named = Object.entries(values).map(([name, value]): [string, number] => [
    name.startsWith(`${prefix}_`) ? name : `${prefix}_${name}`,
    value,
  ]);
  return Object.fromEntries(named);
}

async function scoreAll(learner: Learner, batch: PackedPair[], signal?: AbortSignal): Promise<PairScores[]> {
  const scores: PairScores[] = [];
  for (const pair of batch) {
    checkSignal(signal);
    scores.push(await learner.score(pair));
  }
  return scores;
}

/** transformers' speed_metrics: seconds with 4 decimals, rates with 3. */
export function speedMetrics(
  split: string,
  seconds: number,
  { samples, steps }: { samples: number; steps: number },
): Record<string, number> {
  const round = (value: number, decimals: number): number => Number(value.toFixed(decimals));
  const runtime = Math.max(seconds, 1e-6);
  return {
    [`${split}_runtime`]: round(seconds, 4),
    [`${split}_samples_per_second`]: round(samples / runtime, 3),
    [`${split}_steps_per_second`]: round(steps / runtime, 3),
  };
}
