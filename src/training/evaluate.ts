/** @file Loss and metrics over the evaluation split: TRL's evaluate, transformers' evaluation_loop. */
import type { PackedPair } from "../data/preferences/types.ts";
import type { Learner, PairScores } from "../dpo/learner.ts";
import { addMetrics, batchMetrics, type MetricSums, meanMetrics } from "./metrics.ts";
import { checkSignal, type Split } from "./run.ts";

export interface EvaluationOptions {
  batchSize: number;
  beta: number;
  /** Logged as eval_num_tokens, as TRL does. */
  totalTrainTokens: number;
  signal: AbortSignal | undefined;
  /** Told before each batch. */
  onBatch?: (batch: number, batches: number) => void;
}

/**
 * eval_loss is the mean over pairs (each batch counts with its number of pairs), the metrics are means over batches;
 * no gradients, no dropout. Keys in TRL's order.
 */
export async function evaluateSplit(
  learner: Learner,
  { pairs, reference }: Split,
  options: EvaluationOptions,
): Promise<Record<string, number>> {
  const started = performance.now();
  const sums: MetricSums = {};
  const batches = Math.ceil(pairs.length / options.batchSize);
  let lossSum = 0;
  for (let i = 0; i < batches; i++) {
    options.onBatch?.(i + 1, batches);
    const first = i * options.batchSize;
    const count = Math.min(options.batchSize, pairs.length - first);
    const batch = Array.from({ length: count }, (_, k) => pairs.at(first + k)!);
    const referenceLogps = await reference.of(batch);
    const scores = await scoreAll(learner, batch, options.signal);
    lossSum += Math.fround(await learner.lossOf(scores, referenceLogps)) * count;
    addMetrics(sums, batchMetrics(scores, referenceLogps, options));
  }
  return {
    eval_loss: Math.fround(lossSum / pairs.length),
    ...speedMetrics("eval", (performance.now() - started) / 1000, { samples: pairs.length, steps: batches }),
    ...meanMetrics(sums, "eval_"),
  };
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

/** Reference log-probabilities of every pair of a split, before training: precompute_ref_log_probs. */
export async function precomputeReference({ pairs, reference }: Split, signal?: AbortSignal): Promise<void> {
  for (let i = 0; i < pairs.length; i++) {
    checkSignal(signal);
    await reference.of([pairs.at(i)!]);
  }
}
