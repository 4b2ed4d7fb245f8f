/** @file The training loop from a run's current step to its last, and the checkpoint of an early stop. */
import type { LogEntry } from "../checkpoints/trainerState.ts";
import { PrefineError } from "../errors.ts";
import { finishStep } from "./afterStep.ts";
import { agreeOn, setFlags } from "./callbacks/control.ts";
import { finishWithBest } from "./evaluation/bestModel.ts";
import { speedMetrics } from "./evaluation/evaluate.ts";
import { addEntry, logEvaluation } from "./evaluation/logEntries.ts";
import { summaryOf } from "./evaluation/trainingLog.ts";
import { asJoint, jointError } from "./failTogether.ts";
import { positionAfter } from "./plan.ts";
import { restartEpoch } from "./progress.ts";
import { precomputeReference } from "./reference/precompute.ts";
import { isOver, type Run, Stopped, stepsPassed } from "./run.ts";
import { saveCheckpoint } from "./saveCheckpoint.ts";
import { trainStep } from "./step.ts";

/**
 * Trains to the last step.
 * @returns the log entry that sums up the run.
 * @throws PrefineError("interrupted") when the signal aborts; a checkpoint then has the last whole step.
 */
export async function runToEnd(run: Run): Promise<LogEntry> {
  const { state, callbacks } = run;
  const started = performance.now();
  const firstStep = state.global_step;
  run.isUpdating = false;
  try {
    await agreeOnCallbacks(run);
    await beforeFirstStep(run);
    await finishStep(run);
    if (firstStep > 0 && run.args.ignore_data_skip) restartEpoch(run);
    for (let isFirst = true; !isOver(run); isFirst = false) {
      await beginStep(run, isFirst);
      await trainStep(run);
      await finishStep(run);
    }
  } catch (error) {
    throw asJoint(await endEarly(run, await jointError(run.ranks, error), firstStep));
  }
  const steps = state.global_step - firstStep;
  const summary = await logSummary(run, { seconds: (performance.now() - started) / 1000, steps });
  await finishWithBest(run);
  await callbacks.call("on_train_end", run);
  return summary;
}

/** Clears last step's flags and notifies callbacks of the next one. */
async function beginStep(run: Run, isFirst: boolean): Promise<void> {
  const { loop, plan, callbacks } = run;
  if (isFirst || positionAfter(plan, stepsPassed(run)).step === 0) {
    setFlags(loop.control, { should_epoch_stop: false });
    await callbacks.call("on_epoch_begin", run);
  }
  setFlags(loop.control, { should_log: false, should_evaluate: false, should_save: false });
  await callbacks.call("on_step_begin", run);
}

/** Ranks may have other callbacks, one that writes on rank 0 alone: then all of them compare flags after each event. */
async function agreeOnCallbacks(run: Run): Promise<void> {
  const { ranks, callbacks } = run;
  if (!ranks) return;
  const lengths = await ranks.gather(Float64Array.of(callbacks.length));
  run.agree = lengths.some((length) => length > 0) ? (control) => agreeOn(control, ranks) : undefined;
}

async function beforeFirstStep(run: Run): Promise<void> {
  const { args, state, learner } = run;
  if (args.precompute_ref_log_probs && learner.rewards === "logratios") await precomputeReference(run);
  await run.callbacks.call("on_train_begin", run);
  if (args.eval_on_start && state.global_step === 0 && run.evals.length > 0) await logEvaluation(run);
}

/** transformers' last entry; but train_loss is the mean over the whole run, steps before a resume included. */
function logSummary(run: Run, { seconds, steps }: { seconds: number; steps: number }): Promise<LogEntry> {
  const { loop, plan, state } = run;
  const samples = (plan.samples * steps) / plan.maxSteps;
  return addEntry(run, {
    ...speedMetrics("train", seconds, { samples, steps }),
    total_flos: state.total_flos,
    ...summaryOf(loop.log, state.global_step),
  });
}

/**
 * Saves the last whole step of a run that a signal or a row has ended that can't be read or tokenized.
 * @returns the error, with where that is.
 */
async function endEarly(run: Run, error: unknown, firstStep: number): Promise<unknown> {
  const isStopped = error instanceof Stopped || (error instanceof PrefineError && error.code === "interrupted");
  const isOfData = error instanceof PrefineError && error.code === "data";
  if (!(isStopped || isOfData) || !(await isBetweenSteps(run))) return error;
  if (isStopped) return interrupted(run);
  if (run.state.global_step === firstStep) return error;
  const path = await saveCheckpoint(run, { onlyModel: false }).catch(() => undefined);
  if (path === undefined) return error;
  const message = `${error.message}; saved ${path} with the steps before it`;
  const advice =
    "Repair the row in its place, and the run resumes (docs/resuming.md). prefine doctor names all such rows; --fix " +
    "leaves them out, for a run from the start.";
  return new PrefineError("data", message, [error.hint, advice].filter(Boolean).join("\n"), { cause: error });
}

/** Whether the weights are those of global_step, on all ranks. */
async function isBetweenSteps({ state, isUpdating, ranks }: Run): Promise<boolean> {
  if (!ranks) return !isUpdating;
  const own = Float64Array.of(state.global_step, Number(isUpdating));
  const all = await ranks.gather(own);
  return all.every((number, i) => number === (i % 2 === 0 ? all[0] : 0));
}

/** Saves the last whole step. @returns the error that says how to resume. */
async function interrupted(run: Run): Promise<PrefineError> {
  const { state, plan } = run;
  if (state.global_step === 0) {
    return new PrefineError("interrupted", "stopped before the first step was done; nothing was saved");
  }
  const path = await saveCheckpoint(run, { onlyModel: false });
  return new PrefineError(
    "interrupted",
    `stopped after step ${state.global_step} of ${plan.maxSteps}; saved ${path}`,
    "Resume with resume_from_checkpoint: true (the same command with --resume_from_checkpoint).",
  );
}
