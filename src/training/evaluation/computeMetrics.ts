/** @file compute_metrics: a caller's own numbers from the scores of an evaluation, as transformers' Trainer asks. */
import type { EvaluatedPair } from "../../checkpoints/marginsTable.ts";
import type { PackedPair } from "../../data/preferences/types.ts";
import { PrefineError, show } from "../../errors.ts";

/** The token ids of a pair's two texts, prompt included and truncated as in training: what TRL has as input_ids. */
export interface PairIds {
  chosen: number[];
  rejected: number[];
}

/**
 * transformers' EvalPrediction, one entry a pair in the order of the data set. TRL 1.16 passes the logits of every
 * token as `predictions` (deprecated there, gone in TRL 2): for GPT-2 200 MB a pair. Here they are what DPO makes of
 * them: log-probabilities and rewards.
 */
export interface EvalPrediction {
  predictions: readonly EvaluatedPair[];
  label_ids: readonly PairIds[];
  /** The loss of each pair's batch; with "loss" in include_for_metrics. */
  losses?: readonly number[];
  /** With "inputs" in include_for_metrics; equal to label_ids, as in TRL. */
  inputs?: readonly PairIds[];
}

type Metrics = Record<string, number>;

/**
 * @param options.compute_result with batch_eval_metrics, which calls it for each batch: whether this is the last one,
 *   whose result counts. Always true otherwise.
 */
export type ComputeMetrics = (
  evaluation: EvalPrediction,
  options: { compute_result: boolean },
) => Metrics | Promise<Metrics>;

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

/** Takes the batches of an evaluation and asks for its metrics: all at the end, or batch by batch. */
export function metricsCollector({ compute, include_for_metrics, batch_eval_metrics }: MetricsOptions) {
  let batches: EvaluatedBatch[] = [];
  let result: Metrics = {};
  const ask = async (isLast: boolean) => {
    const evaluation = predictionOf(batches, include_for_metrics);
    batches = [];
    return checked(await callUser(compute, evaluation, isLast), isLast);
  };
  return {
    async add(batch: EvaluatedBatch, { isLast }: { isLast: boolean }): Promise<void> {
      batches.push(batch);
      if (batch_eval_metrics || isLast) result = await ask(isLast);
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

/** What a log can hold: numbers by name. Of batches before the last one, nothing is asked for. */
function checked(result: unknown, isLast: boolean): Metrics {
  if (!isLast) return {};
  const entries = typeof result === "object" && result !== null ? Object.entries(result) : undefined;
  const wrong = entries?.find(([, value]) => typeof value !== "number");
  if (entries && !wrong) return Object.fromEntries(entries) as Metrics;
  const found = wrong ? `${wrong[0]}: ${show(wrong[1])}` : show(result);
  throw new PrefineError("config", `compute_metrics: expected an object of numbers by name, found ${found}`);
}
