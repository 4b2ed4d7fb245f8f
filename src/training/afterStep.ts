/** @file After a step and after an epoch: callbacks, a log entry, an evaluation, a checkpoint. */

import { requestDue, setFlags } from "./callbacks/control.ts";
import { dueAfterEpoch, dueAfterStep } from "./callbacks/events.ts";
import { adaptRate } from "./evaluation/adaptiveRate.ts";
import { isBestSoFar } from "./evaluation/bestModel.ts";
import { addEntry, logEvaluation } from "./evaluation/logEntries.ts";
import { takeWindow } from "./evaluation/trainingLog.ts";
import { endsEpoch, positionAfter } from "./plan.ts";
import { enterStage, leaveEpoch } from "./progress.ts";
import { isOver, type Run, splitsOf, stepsPassed } from "./run.ts";
import { saveIfDue } from "./saveCheckpoint.ts";

/**
 * Does everything due after the last step taken; when called again after an interruption, only the rest of it.
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

/**
 * Moves the reference toward the policy: TR-DPO (arXiv 2404.09656), TRL's SyncRefModelCallback. Every
 * ref_model_sync_steps steps, after the step and before its log entry and evaluation:
 * reference = (1 - ref_model_mixup_alpha) reference + ref_model_mixup_alpha policy.
 * Discards the old reference's log-probabilities. Cost: a pass over the trained weights.
 */
async function syncReference(run: Run): Promise<void> {
  const { args, state, learner } = run;
  if (!args.sync_ref_model || state.global_step % args.ref_model_sync_steps !== 0) return;
  await learner.mixReference(args.ref_model_mixup_alpha);
  for (const [, { referenceLogps }] of splitsOf(run)) referenceLogps.forget();
}

function isEpochEnd(run: Run): boolean {
  const { plan, loop } = run;
  const isEarly = loop.control.should_epoch_stop || loop.progress.hasEnded;
  return isOver(run) || isEarly || endsEpoch(plan, positionAfter(plan, stepsPassed(run) - 1));
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
