/**
 * @file The flags by which the flow of a training and its callbacks steer it, transformers.TrainerControl: the only
 * writer of `loop.control` but for callbacks themselves.
 */
import { newLoopState, type TrainerControl } from "../loopState.ts";

/** Sets the flags of `control` that `changes` has, and leaves everything else alone. */
export function setFlags(control: TrainerControl, changes: Partial<TrainerControl>): void {
  for (const name of Object.keys(newLoopState().control) as (keyof TrainerControl)[]) {
    const flag = changes[name];
    if (typeof flag === "boolean") control[name] = flag;
  }
}

/** Sets the flags of what is due; those that callbacks have set stay. */
export function requestDue(control: TrainerControl, due: { log: boolean; evaluate: boolean; save: boolean }): void {
  control.should_log ||= due.log;
  control.should_evaluate ||= due.evaluate;
  control.should_save ||= due.save;
}
