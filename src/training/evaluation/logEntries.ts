/** @file Log entries, and evaluations, which add them: the only writer of `loop.evaluation`. */
import { appendMargins, continueMargins } from "../../checkpoints/marginsTable.ts";
import { checkOwned, refuseOwned } from "../../checkpoints/ownership.ts";
import type { LogEntry } from "../../checkpoints/trainerState.ts";
import type { RunFolder } from "../../disk/storage.ts";
import { PrefineError } from "../../errors.ts";
import type { EvaluationProgress } from "../loopState.ts";
import type { EvaluationSet, Run } from "../run.ts";
import { type Evaluation, evaluateSet } from "./evaluate.ts";
import { noteEvaluation } from "./trainingLog.ts";

/** transformers' Trainer.log: epoch and step come last. */
export async function addEntry(run: Run, values: Record<string, number>): Promise<LogEntry> {
  const { state, observer, callbacks } = run;
  const entry: LogEntry = { ...values, epoch: state.epoch, step: state.global_step };
  state.log_history.push(entry);
  observer.metrics(entry);
  await callbacks.call("on_log", run, { logs: { ...values, epoch: state.epoch } });
  return entry;
}

/**
 * Evaluates all evaluation sets and adds a log entry for each; after an interruption, only the remaining sets.
 * @returns the entry, or with several sets the values of all of them.
 */
export async function logEvaluation(run: Run): Promise<LogEntry> {
  const { evals, loop, state } = run;
  if (evals.length === 0) {
    throw new PrefineError("config", "evaluate: expected an eval_dataset, found none", "Pass one to the trainer.");
  }
  const progress: EvaluationProgress = loop.evaluation;
  let entry: LogEntry | undefined;
  while (progress.done < evals.length) {
    const set = evals[progress.done];
    const evaluation = await runEvaluation(run, set);
    await saveMargins(run, set, evaluation);
    noteEvaluation(loop.log);
    entry = await addEntry(run, evaluation.values);
    Object.assign(progress.metrics, evaluation.values);
    progress.done += 1;
    await run.callbacks.call("on_evaluate", run, { metrics: { ...evaluation.values, epoch: state.epoch } });
  }
  const { metrics } = progress;
  forgetEvaluation(run);
  return evals.length === 1 && entry ? entry : { ...metrics, epoch: state.epoch, step: state.global_step };
}

/** Makes the next evaluation begin with the first set. */
export function forgetEvaluation({ loop }: Run): void {
  const progress: EvaluationProgress = loop.evaluation;
  progress.done = 0;
  progress.metrics = {};
}

async function runEvaluation(run: Run, set: EvaluationSet): Promise<Evaluation> {
  const { args, loop, learner, observer, callbacks, evals } = run;
  const name = evals.length > 1 ? ` ${set.prefix.replace(/^eval_/, "")}` : "";
  const evaluation = await evaluateSet(learner, set, {
    batchSize: args.per_device_eval_batch_size,
    dropLast: args.dataloader_drop_last,
    beta: args.beta,
    totalTrainTokens: loop.log.totalTrainTokens,
    signal: run.signal,
    metrics: run.compute_metrics ? { compute: run.compute_metrics, ...args } : null,
    onBatch: (batch, batches) => observer.status(`evaluating${name} ${batch}/${batches}`),
    afterBatch: () => callbacks.call("on_prediction_step", run),
  });
  observer.status(undefined);
  return evaluation;
}

/** Appends every evaluated pair to eval_margins.csv; an evaluation outside of a training writes no files. */
async function saveMargins({ output, lock, state, loop, ownsOutput }: Run, set: EvaluationSet, evaluation: Evaluation) {
  if (!ownsOutput) return;
  await (lock ? checkOwned(output, lock) : refuseOwned(output)); // without one: evaluated after the training
  const { global_step: step, epoch } = state;
  const rows = { step, epoch, split: set.prefix, pairs: evaluation.pairs };
  const progress: EvaluationProgress = loop.evaluation;
  progress.marginsBytes = await appendMargins(output, progress.marginsBytes, rows);
}

/** Restores a resumed run's table, cut to its length at the checkpoint. @param saved the checkpoint's run folder. */
export async function restoreMargins({ output, loop }: Run, saved: RunFolder): Promise<void> {
  const progress: EvaluationProgress = loop.evaluation;
  progress.marginsBytes = await continueMargins(output, progress.marginsBytes, saved);
}
