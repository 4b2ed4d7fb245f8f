/**
 * @file Flags with which the training loop and callbacks control a training, transformers.TrainerControl: besides the
 * callbacks themselves, the only writer of `loop.control`.
 */
import type { DeviceRanks } from "../../engine/runtime/device.ts";
import { newLoopState, type TrainerControl } from "../loopState.ts";

/** Sets the flags of `control` that `changes` has; the others are unchanged. */
export function setFlags(control: TrainerControl, changes: Partial<TrainerControl>): void {
  for (const name of Object.keys(newLoopState().control) as (keyof TrainerControl)[]) {
    const flag = changes[name];
    if (typeof flag === "boolean") control[name] = flag;
  }
}

/** The flags as numbers, and back: a flag that is set on any rank is set on all. */
export async function agreeOn(control: TrainerControl, { world, gather }: DeviceRanks): Promise<void> {
  const names = Object.keys(newLoopState().control) as (keyof TrainerControl)[];
  const all = await gather(Float64Array.from(names, (name) => Number(control[name])));
  for (const [i, name] of names.entries()) {
    control[name] = Array.from({ length: world.size }, (_, rank) => all[rank * names.length + i]).includes(1);
  }
}

/** Sets the flags of what is due; flags set by callbacks stay set. */
export function requestDue(control: TrainerControl, due: { log: boolean; evaluate: boolean; save: boolean }): void {
  control.should_log ||= due.log;
  control.should_evaluate ||= due.evaluate;
  control.should_save ||= due.save;
}
