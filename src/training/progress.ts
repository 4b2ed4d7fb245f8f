/** @file Where the loop stands in the run, for a checkpoint to go on from: the only writer of `loop.progress`. */

import type { Progress, Stage } from "./loopState.ts";
import { positionAfter } from "./plan.ts";
import { type Run, stepsPassed } from "./run.ts";

/** Once what belongs to the stage before is done, and not earlier: a resumed run begins with what is left. */
export function enterStage(run: Run, stage: Stage): void {
  const progress: Progress = run.loop.progress;
  progress.stage = stage;
}

/** The next step is the first of an epoch, also where a callback has ended this one early. */
export function leaveEpoch(run: Run): void {
  const { plan, loop } = run;
  const { step } = positionAfter(plan, stepsPassed(run));
  const progress: Progress = loop.progress;
  if (loop.control.should_epoch_stop && step > 0) progress.skippedSteps += plan.stepsPerEpoch - step;
}

/** ignore_data_skip: a resumed run begins the epoch again in which, by its steps, it was; as transformers counts. */
export function restartEpoch({ loop, plan, state }: Run): void {
  const progress: Progress = loop.progress;
  progress.skippedSteps = -(state.global_step % plan.stepsPerEpoch);
}
