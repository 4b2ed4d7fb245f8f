/** @file Log entries, and evaluations, which add them: the only writer of `loop.evaluation`. */
import { appendMargins, compareMargins, copyMargins, cutMargins, MARGINS } from "../../checkpoints/marginsTable.ts";
import { checkOwned, refuseOwned } from "../../checkpoints/ownership.ts";
import { freeName, otherName } from "../../checkpoints/runsOwn.ts";
import type { LogEntry } from "../../checkpoints/trainerState.ts";
import type { RunFolder } from "../../disk/storage.ts";
import type { DeviceRanks } from "../../engine/runtime/device.ts";
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
    if (run.ranks) evaluation.values = await valuesOfFirst(run.ranks, evaluation.values);
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

/** Rank 0's values: clocks differ, and a caller's metrics may; the best model and the learning rate must not. */
async function valuesOfFirst({ world, share }: DeviceRanks, values: Record<string, number>) {
  const texts = Object.entries(values).map(([name, value]) => [name, String(value)]); // JSON has no NaN
  const own = world.rank === 0 ? new TextEncoder().encode(JSON.stringify(texts)) : null;
  const first = JSON.parse(new TextDecoder().decode(await share(own))) as typeof texts;
  return Object.fromEntries(first.map(([name, text]) => [name, Number(text)]));
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
    ranks: run.ranks,
    metrics: run.compute_metrics ? { compute: run.compute_metrics, ...args } : null,
    onBatch: (batch, batches) => observer.status(`evaluating${name} ${batch}/${batches}`),
    afterBatch: () => callbacks.call("on_prediction_step", run),
  });
  observer.status(undefined);
  return evaluation;
}

/** Appends every evaluated pair to eval_margins.csv; an evaluation outside of a training writes no files. */
async function saveMargins(run: Run, set: EvaluationSet, evaluation: Evaluation): Promise<void> {
  const { output, lock, state, loop, ownsOutput } = run;
  if (!ownsOutput) return;
  await (lock ? checkOwned(output, lock) : refuseOwned(output)); // without one: evaluated after the training
  const progress: EvaluationProgress = loop.evaluation;
  if (progress.marginsBytes === 0) await beginMargins(run);
  if (run.marginsFile === undefined) return;
  const { global_step: step, epoch } = state;
  const rows = { step, epoch, split: set.prefix, pairs: evaluation.pairs };
  Object.assign(progress, await appendMargins(output, { name: run.marginsFile, state: progress }, rows));
}

/** Chooses the file of the table, which replaces an earlier run's, but not a user's. */
async function beginMargins(run: Run): Promise<void> {
  const isTaken = run.marginsFile !== undefined && run.marginsFile !== MARGINS; // another run's table is kept
  if (isTaken) return;
  run.marginsFile = await freeName(run.output, MARGINS, (line) => run.observer.warn(line));
}

/**
 * Restores a resumed run's table, cut to its length at the checkpoint. The table of another run or of other steps is
 * kept, and a new one begins.
 * @param saved the checkpoint's run folder, whose table is copied if output_dir has none.
 */
export async function restoreMargins(run: Run, saved: RunFolder): Promise<void> {
  const { output, loop, observer } = run;
  const progress: EvaluationProgress = loop.evaluation;
  run.marginsFile = undefined;
  if (progress.marginsBytes === 0) return;
  const names = [MARGINS, otherName(MARGINS)];
  for (const folder of [output, saved]) {
    for (const name of names) {
      const table = { name, state: progress };
      if ((await compareMargins(folder, table)) !== "same") continue;
      run.marginsFile = name;
      if (folder === output) return cutMargins(output, name, progress.marginsBytes);
      if (!(await output.has(name))) return copyMargins(saved, { folder: output, name }, progress);
    }
  }
  const hasOther = await output.has(MARGINS);
  Object.assign(progress, { marginsBytes: 0, marginsSha256: "" });
  run.marginsFile = hasOther ? names[1] : MARGINS;
  const found = hasOther ? "is not this run's table up to this checkpoint, and is kept" : "is gone";
  observer.warn(
    `${output.pathOf(MARGINS)}: ${found}; the rows of earlier evaluations are missing in ${run.marginsFile}`,
  );
}
