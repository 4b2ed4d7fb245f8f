/** @file compute_metrics: the caller's metrics from the scores of an evaluation, called as in transformers' Trainer. */
import type { EvaluatedPair } from "../../checkpoints/marginsTable.ts";
import type { PackedPair } from "../../data/preferences/types.ts";
import { PrefineError, show } from "../../errors.ts";
import type { ComputeMetrics, EvalPrediction, PairIds } from "../run.ts";

type Metrics = Record<string, number>;

/** Scores of one batch. */
export interface EvaluatedBatch {
  pairs: readonly PackedPair[];
  scored: readonly EvaluatedPair[];
  loss: number;
}

export interface MetricsOptions {
  compute: ComputeMetrics;
  include_for_metrics: readonly string[];
  batch_eval_metrics: boolean;
}

/** Collects the batches of an evaluation and calls compute_metrics: once at the end, or batch by batch. */
export function metricsCollector({ compute, include_for_metrics, batch_eval_metrics }: MetricsOptions) {
  let batches: EvaluatedBatch[] = [];
  let result: Metrics = {};
  const metricsOfBatches = async (isLast: boolean) => {
    const evaluation = predictionOf(batches, include_for_metrics);
    batches = [];
    return checkResult(await callUser(compute, evaluation, isLast), isLast);
  };
  return {
    async add(batch: EvaluatedBatch, { isLast }: { isLast: boolean }): Promise<void> {
      batches.push(batch);
      if (batch_eval_metrics || isLast) result = await metricsOfBatches(isLast);
    },
    /** Metrics under the caller's names. */
    result: (): Metrics => result,
  };
}

function predictionOf(batches: readonly EvaluatedBatch[], include: readonly string[]): EvalPrediction {
  const label_ids = batches.flatMap(({ pairs }) => pairs.map(idsOf));
  return {
    predictions: batches.flatMap(({ scored }) => scored),
    label_ids,
    ...(include.includes("loss") ? { losses: batches.flatMap(({ pairs, loss }) => pairs.map(() => loss)) } : {}),
    ...(include.includes("inputs") ? { inputs: label_ids } : {}),
  };
}

function idsOf({ tokens, sharedLength, chosenLength }: PackedPair): PairIds {
  const ids = Array.from(tokens, Number);
  const prompt = ids.slice(0, sharedLength);
  return {
    chosen: [...prompt, ...ids.slice(sharedLength, sharedLength + chosenLength)],
    rejected: [...prompt, ...ids.slice(sharedLength + chosenLength)],
  };
}

async function callUser(
  compute: ComputeMetrics,
  evaluation: EvalPrediction,
  compute_result: boolean,
): Promise<unknown> {
  try {
    return await compute(evaluation, { compute_result });
  } catch (cause) {
    if (cause instanceof PrefineError) throw cause;
    const what = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    throw new PrefineError("training", `compute_metrics: ${what}`, "The error's cause has the stack.", { cause });
  }
}

/** Requires numbers by name, as a log holds; results for batches before the last one are ignored. */
function checkResult(result: unknown, isLast: boolean): Metrics {
  if (!isLast) return {};
  const entries = typeof result === "object" && result !== null ? Object.entries(result) : undefined;
  const wrong = entries?.find(([, value]) => typeof value !== "number");
  if (entries && !wrong) return Object.fromEntries(entries) as Metrics;
  const actual = wrong ? `${wrong[0]}: ${show(wrong[1])}` : show(result);
  throw new PrefineError("config", `compute_metrics: expected an object of numbers by name, found ${actual}`);
}
