/** @file What follows a step and an epoch: a log entry, an evaluation, a checkpoint. */
import { join } from "node:path";
import { writeCheckpoint } from "../checkpoints/checkpoint.ts";
import { checkpointName, rotateCheckpoints } from "../checkpoints/runDirectory.ts";
import type { LogEntry } from "../checkpoints/trainerState.ts";
import { evaluateSplit } from "./evaluate.ts";
import { type Due, dueAfterEpoch, dueAfterStep } from "./events.ts";
import { meanMetrics } from "./metrics.ts";
import { endsEpoch, positionAfter } from "./plan.ts";
import type { Run } from "./run.ts";

/**
 * Does what is due after the step that was taken last; when called again after an interruption, only the rest of it.
 * @throws Stopped during an evaluation.
 */
export async function finishStep(run: Run): Promise<void> {
  const { args, state, loop } = run;
  if (state.global_step === 0) return;
  if (loop.stage === "step") {
    const due = dueAfterStep(args, state);
    await logAndEvaluate(run, due);
    loop.stage = "evaluated";
    if (due.save) await saveCheckpoint(run);
  }
  if (loop.stage === "evaluated" && isEpochEnd(run)) {
    const due = dueAfterEpoch(args, state);
    await logAndEvaluate(run, due);
    loop.stage = "epoch";
    if (due.save) await saveCheckpoint(run);
  }
}

function isEpochEnd({ plan, state }: Run): boolean {
  return state.global_step >= plan.maxSteps || endsEpoch(plan, positionAfter(plan, state.global_step - 1));
}

async function logAndEvaluate(run: Run, due: Due): Promise<void> {
  if (due.log && run.state.global_step > run.loop.lastLoggedStep) logLoss(run);
  if (due.evaluate) await logEvaluation(run);
}

/** Mean loss since the last log, and the means of the metrics. */
function logLoss(run: Run): void {
  const { loop, state } = run;
  const values = {
    loss: loop.pendingLoss / (state.global_step - loop.lastLoggedStep),
    grad_norm: loop.lastGradNorm,
    learning_rate: loop.lastLearningRate,
    ...meanMetrics(loop.pendingMetrics),
  };
  loop.loggedLoss += loop.pendingLoss;
  loop.pendingLoss = 0;
  loop.pendingMetrics = {};
  loop.lastLoggedStep = state.global_step;
  addEntry(run, values);
}

/** Evaluates the eval split and logs it. */
export async function logEvaluation(run: Run): Promise<LogEntry> {
  const { args, loop, learner } = run;
  if (!run.eval) throw new Error("internal: an evaluation without an eval split");
  const onBatch = (batch: number, batches: number) => run.observer.status(`evaluating ${batch}/${batches}`);
  const values = await evaluateSplit(learner, run.eval, {
    batchSize: args.per_device_eval_batch_size,
    beta: args.beta,
    totalTrainTokens: loop.totalTrainTokens,
    signal: run.signal,
    onBatch,
  });
  run.observer.status(undefined);
  loop.evaluatedLast = true;
  return addEntry(run, values);
}

/** transformers' Trainer.log: epoch and step come last. */
export function addEntry({ state, observer }: Run, values: Record<string, number>): LogEntry {
  const entry: LogEntry = { ...values, epoch: state.epoch, step: state.global_step };
  state.log_history.push(entry);
  observer.metrics(entry);
  return entry;
}

/** Writes checkpoint-N, and deletes what save_total_limit no longer allows. @returns the path of checkpoint-N. */
export async function saveCheckpoint(run: Run): Promise<string> {
  const { args, learner, state, loop, fingerprint, model } = run;
  const path = join(args.output_dir, checkpointName(state.global_step));
  const { weights, optimizer, optimizerStep } = await learner.readState();
  const reference = new Map([["train", run.train.reference.values]]);
  if (run.eval) reference.set("eval", run.eval.reference.values);
  const saved = { ...state, stateful_callbacks: trainerControl(run, { should_save: true }) };
  const checkpoint = { weights, optimizer, optimizerStep, state: saved, loop, fingerprint, reference };
  await writeCheckpoint(path, checkpoint, { model, extra: run.files });
  await rotateCheckpoints(args.output_dir, args.save_total_limit, [path]);
  return path;
}

/** The flags of transformers' TrainerControl as they stand when it saves. */
export function trainerControl(
  { state, plan }: Run,
  { should_save }: { should_save: boolean },
): Record<string, unknown> {
  const args = {
    should_epoch_stop: false,
    should_evaluate: false,
    should_log: false,
    should_save,
    should_training_stop: state.global_step >= plan.maxSteps,
  };
  return { TrainerControl: { args, attributes: {} } };
}
