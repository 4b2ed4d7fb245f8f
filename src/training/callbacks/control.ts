/** @file The flags by which the flow of a training and its callbacks steer it: transformers.TrainerControl. */
import { newControl, type TrainerControl } from "../../checkpoints/trainerState.ts";

/** Sets the flags of `control` that `changes` has, and leaves everything else alone. */
export function setFlags(control: TrainerControl, changes: Partial<TrainerControl>): void {
  for (const name of Object.keys(newControl()) as (keyof TrainerControl)[]) {
    const flag = changes[name];
    if (typeof flag === "boolean") control[name] = flag;
  }
}
