/** @file The best evaluation of a run: its step, its checkpoint, and loading its weights at the end. */
import { checkpointFault } from "../../checkpoints/checkpoint.ts";
import { checkpointName } from "../../checkpoints/checkpointNames.ts";
import { readModelWeights } from "../../checkpoints/modelFiles.ts";
import { keepOnly } from "../../checkpoints/runDirectory.ts";
import { evalKey } from "../../config/bestModel.ts";
import { nearestName, PrefineError } from "../../errors.ts";
import { writeLearner } from "../learnerState.ts";
import type { Run } from "../run.ts";
import { METRIC_NAMES } from "./metrics.ts";

/**
 * Remembers this evaluation if it is the best so far: Trainer._determine_best_metric.
 * @param metrics of all evaluation sets.
 * @returns whether it is the best.
 * @throws PrefineError("config") when metric_for_best_model is not among the metrics.
 */
export function isBestSoFar({ args, state }: Run, metrics: Record<string, number>): boolean {
  if (args.metric_for_best_model === null) return false;
  const value = metricOf(metrics, args.metric_for_best_model);
  const { best_metric: best } = state;
  const isBetter = best === null ? Number.isFinite(value) : args.greater_is_better ? value > best : value < best;
  if (!isBetter) return false;
  state.best_metric = value;
  if (args.save_strategy !== "no") state.best_global_step = state.global_step;
  return true;
}

/** @throws PrefineError("config") when `metric` is not among the metrics. */
export function metricOf(metrics: Record<string, number>, metric: string): number {
  const value = metrics[evalKey(metric)];
  if (value === undefined) throw unknownMetric(evalKey(metric), Object.keys(metrics));
  return value;
}

/**
 * Checks metric_for_best_model before the first evaluation: with several sets it must name one of them. Metrics of
 * compute_metrics are unknown until it has run.
 */
export function checkMetric({ args, evals, compute_metrics }: Run): void {
  if (args.metric_for_best_model === null || args.eval_strategy === "no" || compute_metrics) return;
  const key = evalKey(args.metric_for_best_model);
  const names = evals.flatMap(({ prefix }) => ["loss", ...METRIC_NAMES].map((name) => `${prefix}_${name}`));
  if (!names.includes(key)) throw unknownMetric(key, names);
}

/** @param names of the available metrics. */
function unknownMetric(key: string, names: readonly string[]): PrefineError {
  const message = `metric_for_best_model: expected one of ${names.join(", ")}; found ${key}`;
  const near = nearestName(key.slice(evalKey("").length), names);
  const hint = "Choose one of these, or return it from compute_metrics.";
  return new PrefineError("config", message, near === undefined ? hint : `Did you mean ${near}? ${hint}`);
}

/** Records the best model's checkpoint: the one about to be saved at this step, or an existing one of the best step. */
export async function rememberBestCheckpoint({ args, state, output }: Run): Promise<void> {
  if (state.best_global_step === null || args.save_strategy === "no") return;
  const best = output.folder(checkpointName(state.best_global_step));
  if (state.best_global_step === state.global_step || (await best.exists())) state.best_model_checkpoint = best.path;
}

/**
 * At the end of a run: with load_best_model_at_end loads the best checkpoint's weights, which are then saved as the
 * run's; with save_total_limit 1 deletes all other checkpoints. A damaged one is not loaded: the last weights are
 * saved.
 */
export async function finishWithBest(run: Run): Promise<void> {
  const { args, state, learner, observer, savedAs: model, output, platform } = run;
  const path = state.best_model_checkpoint;
  if (path === null) return;
  const best = platform.storage.folder(path);
  const fault = await checkpointFault(best);
  if (fault !== undefined) {
    observer.warn(`${path}, the best model, can't be loaded: ${fault}; the weights of the last step are saved instead`);
    return;
  }
  if (args.load_best_model_at_end) {
    observer.info(`${path}: the best model, with ${args.metric_for_best_model} ${state.best_metric}`);
    const weights = await readModelWeights(best, model.kind);
    await writeLearner(learner, { weights, optimizerStep: state.global_step });
  }
  if (args.save_total_limit === 1) await keepOnly(output, best.name, (line) => observer.warn(line));
}
