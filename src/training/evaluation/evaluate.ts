/** @file Loss and metrics over an evaluation set: TRL's evaluate, transformers' evaluation_loop. */
import type { EvaluatedPair } from "../../checkpoints/marginsTable.ts";
import type { PackedPair } from "../../data/preferences/types.ts";
import type { Learner, PairScores } from "../../dpo/learner.ts";
import { countBatches } from "../plan.ts";
import { referenceFor } from "../reference/referenceLogps.ts";
import { checkSignal, type EvaluationSet, evaluationSetName } from "../run.ts";
import { type MetricsOptions, metricsCollector } from "./computeMetrics.ts";
import { addMetrics, batchMetrics, evaluatedPair, type MetricSums, meanMetrics } from "./metrics.ts";

export interface EvaluationOptions {
  batchSize: number;
  /** dataloader_drop_last: skips the smaller batch at the end. Default: false. */
  dropLast?: boolean;
  beta: number;
  /** Logged as eval_num_tokens, as TRL does. */
  totalTrainTokens: number;
  signal: AbortSignal | undefined;
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
 * The loss is the mean over pairs (each batch is weighted by its number of pairs), the metrics are means over batches;
 * no gradients, no dropout.
 */
export async function evaluateSet(
  learner: Learner,
  set: EvaluationSet,
  options: EvaluationOptions,
): Promise<Evaluation> {
  const { pairs, prefix } = set;
  const started = performance.now();
  const { rewards } = learner;
  const sums: MetricSums = {};
  const own = options.metrics && metricsCollector(options.metrics);
  const batches = countBatches(pairs.length, { ...options, set: evaluationSetName(prefix) });
  const evaluated: EvaluatedPair[] = [];
  let lossSum = 0;
  for (let i = 0; i < batches; i++) {
    options.onBatch?.(i + 1, batches);
    const first = i * options.batchSize;
    const count = Math.min(options.batchSize, pairs.length - first);
    const batch = await pairs.pairs(Array.from({ length: count }, (_, k) => first + k));
    const referenceLogps = await referenceFor(learner, set, batch);
    const scores = await scoreAll(learner, batch, options.signal);
    const loss = Math.fround(await learner.lossOf(scores, referenceLogps));
    lossSum += loss * count;
    addMetrics(sums, batchMetrics(scores, referenceLogps, { ...options, rewards }));
    const scored = batch.map((pair, k) => {
      const row = pairs.origin?.rows[pair.index] ?? pair.index;
      return evaluatedPair(scores[k], referenceLogps?.[k], { row, beta: options.beta, rewards });
    });
    evaluated.push(...scored);
    await own?.add({ pairs: batch, scored, loss }, { isLast: i === batches - 1 });
    await options.afterBatch?.();
  }
  const values = {
    [`${prefix}_loss`]: Math.fround(lossSum / evaluated.length),
    ...prefixed(own?.result() ?? {}, prefix),
    ...speedMetrics(prefix, (performance.now() - started) / 1000, { samples: pairs.length, steps: batches }),
    ...meanMetrics(sums, `${prefix}_`),
  };
  return { values, pairs: evaluated };
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
