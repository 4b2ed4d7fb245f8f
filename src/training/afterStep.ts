/** @file What follows a step and an epoch: callbacks, a log entry, an evaluation, a checkpoint. */

import { requestDue, setFlags } from "./callbacks/control.ts";
import { dueAfterEpoch, dueAfterStep } from "./callbacks/events.ts";
import { adaptRate } from "./evaluation/adaptiveRate.ts";
import { isBestSoFar } from "./evaluation/bestModel.ts";
import { addEntry, logEvaluation } from "./evaluation/logEntries.ts";
import { takeWindow } from "./evaluation/trainingLog.ts";
import { endsEpoch, positionAfter } from "./plan.ts";
import { enterStage, leaveEpoch } from "./progress.ts";
import { syncReference } from "./reference/sync.ts";
import { isOver, type Run, stepsPassed } from "./run.ts";
import { saveIfDue } from "./saveCheckpoint.ts";

/**
 * Does what is due after the step that was taken last; when called again after an interruption, only the rest of it.
 * @throws Stopped during an evaluation.
 */
export async function finishStep(run: Run): Promise<void> {
  const { args, state, loop, callbacks } = run;
  const { progress, control } = loop;
  if (state.global_step === 0) return;
  if (progress.stage === "stepTaken") {
    requestDue(control, dueAfterStep(args, state));
    if (state.global_step >= state.max_steps) setFlags(control, { should_training_stop: true });
    await callbacks.call("on_step_end", run);
    await syncReference(run);
    enterStage(run, "stepEnded");
  }
  if (progress.stage === "stepEnded") {
    await logAndEvaluate(run);
    enterStage(run, "stepEvaluated");
    await saveIfDue(run);
  }
  if (progress.stage === "stepEvaluated" && isEpochEnd(run)) {
    requestDue(control, dueAfterEpoch(args, state));
    await callbacks.call("on_epoch_end", run);
    leaveEpoch(run);
    enterStage(run, "epochEnded");
  }
  if (progress.stage === "epochEnded") {
    await logAndEvaluate(run);
    enterStage(run, "idle");
    await saveIfDue(run);
  }
}

function isEpochEnd(run: Run): boolean {
  const { plan, loop } = run;
  return isOver(run) || loop.control.should_epoch_stop || endsEpoch(plan, positionAfter(plan, stepsPassed(run) - 1));
}

async function logAndEvaluate(run: Run): Promise<void> {
  const { args, state, loop } = run;
  const { control, log } = loop;
  const { global_step } = state;
  if (control.should_log && global_step > log.lastLoggedStep) await addEntry(run, takeWindow(log, global_step));
  setFlags(control, { should_log: false });
  if (!control.should_evaluate) return;
  const evaluation = await logEvaluation(run);
  adaptRate(run, evaluation);
  const isBest = isBestSoFar(run, evaluation);
  if (args.save_strategy === "best") setFlags(control, { should_save: isBest });
  setFlags(control, { should_evaluate: false });
}
