/** @file What follows a step and an epoch: callbacks, a log entry, an evaluation, a checkpoint. */

import { type Due, dueAfterEpoch, dueAfterStep } from "./callbacks/events.ts";
import { adaptRate, isBestSoFar } from "./evaluation/bestModel.ts";
import { addEntry, logEvaluation } from "./evaluation/logEntries.ts";
import { meanMetrics } from "./evaluation/metrics.ts";
import { endsEpoch, positionAfter } from "./plan.ts";
import { syncReference } from "./reference/sync.ts";
import { isOver, type Run, stepsPassed } from "./run.ts";
import { saveIfDue } from "./saveCheckpoint.ts";

/**
 * Does what is due after the step that was taken last; when called again after an interruption, only the rest of it.
 * @throws Stopped during an evaluation.
 */
export async function finishStep(run: Run): Promise<void> {
  const { args, state, loop, callbacks } = run;
  if (state.global_step === 0) return;
  if (loop.stage === "step") {
    ask(run, dueAfterStep(args, state));
    if (state.global_step >= state.max_steps) loop.control.should_training_stop = true;
    await callbacks.call("on_step_end", run);
    await syncReference(run);
    loop.stage = "step ended";
  }
  if (loop.stage === "step ended") {
    await logAndEvaluate(run);
    loop.stage = "evaluated";
    await saveIfDue(run);
  }
  if (loop.stage === "evaluated" && isEpochEnd(run)) {
    ask(run, dueAfterEpoch(args, state));
    await callbacks.call("on_epoch_end", run);
    leaveEpoch(run);
    loop.stage = "epoch ended";
  }
  if (loop.stage === "epoch ended") {
    await logAndEvaluate(run);
    loop.stage = "epoch";
    await saveIfDue(run);
  }
}

/** Sets the flags of what is due; callbacks may have set others. */
function ask({ loop: { control } }: Run, due: Due): void {
  control.should_log ||= due.log;
  control.should_evaluate ||= due.evaluate;
  control.should_save ||= due.save;
}

function isEpochEnd(run: Run): boolean {
  const { plan, loop } = run;
  return isOver(run) || loop.control.should_epoch_stop || endsEpoch(plan, positionAfter(plan, stepsPassed(run) - 1));
}

/** The next step is the first of an epoch, also where a callback has ended this one early. */
function leaveEpoch(run: Run): void {
  const { step } = positionAfter(run.plan, stepsPassed(run));
  if (run.loop.control.should_epoch_stop && step > 0) run.loop.skippedSteps += run.plan.stepsPerEpoch - step;
}

async function logAndEvaluate(run: Run): Promise<void> {
  const { control } = run.loop;
  if (control.should_log && run.state.global_step > run.loop.lastLoggedStep) await logLoss(run);
  control.should_log = false;
  if (!control.should_evaluate) return;
  const evaluation = await logEvaluation(run);
  adaptRate(run, evaluation);
  const isBest = isBestSoFar(run, evaluation);
  if (run.args.save_strategy === "best") control.should_save = isBest;
  control.should_evaluate = false;
}

/**
 * Mean loss since the last log, and the means of the metrics; right behind an evaluation TRL takes its own metrics,
 * which are logged already: then those of training wait for the next log.
 */
async function logLoss(run: Run): Promise<void> {
  const { loop, state } = run;
  const values = {
    loss: loop.pendingLoss / (state.global_step - loop.lastLoggedStep),
    grad_norm: loop.lastGradNorm,
    learning_rate: loop.lastLearningRate,
    ...(loop.evaluatedLast ? {} : meanMetrics(loop.pendingMetrics)),
  };
  loop.loggedLoss += loop.pendingLoss;
  loop.pendingLoss = 0;
  if (!loop.evaluatedLast) loop.pendingMetrics = {};
  loop.lastLoggedStep = state.global_step;
  await addEntry(run, values);
}
