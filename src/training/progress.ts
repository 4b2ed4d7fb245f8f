/** @file The loop's position in the run, for checkpoints: the only writer of `loop.progress`. */

import type { Progress, Stage } from "./loopState.ts";
import { positionAfter } from "./plan.ts";
import { type Run, stepsPassed } from "./run.ts";

/** To be called only once the work of the stage before is done: a resumed run starts with the rest. */
export function enterStage(run: Run, stage: Stage): void {
  const progress: Progress = run.loop.progress;
  progress.stage = stage;
}

/** Notes which pairs the step trains on, and whether a stream's rows end with them. */
export function notePairs(run: Run, { hasEnded, givenHash }: Pick<Progress, "hasEnded" | "givenHash">): void {
  const progress: Progress = run.loop.progress;
  progress.hasEnded = hasEnded;
  progress.givenHash = givenHash;
}

/** Makes the next step the first of an epoch, even if a callback or the end of a stream has ended this one early. */
export function leaveEpoch(run: Run): void {
  const { plan, loop } = run;
  const { step } = positionAfter(plan, stepsPassed(run));
  const progress: Progress = loop.progress;
  if ((loop.control.should_epoch_stop || progress.hasEnded) && step > 0)
    progress.skippedSteps += plan.stepsPerEpoch - step;
}

/** ignore_data_skip: a resumed run restarts its current epoch, counted from its steps as in transformers. */
export function restartEpoch({ loop, plan, state }: Run): void {
  const progress: Progress = loop.progress;
  progress.skippedSteps = -(state.global_step % plan.stepsPerEpoch);
}

/** After a resume without an optimizer: its schedule begins with the next step, as in transformers. */
export function beginOptimizer({ loop, state }: Run): void {
  const progress: Progress = loop.progress;
  progress.freshSince = state.global_step;
}
