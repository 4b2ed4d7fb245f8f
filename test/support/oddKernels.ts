/** @file Kernels that report their thread, throw, or exit; and devices that have them in addition to all others. */
import { threadId } from "node:worker_threads";
import { type DeviceOptions, openThreadDevice } from "../../src/engine/node/threadDevice.ts";
import { threadProgram } from "../../src/engine/node/threadProgram.ts";
import type { Device } from "../../src/engine/runtime/device.ts";
import { PrefineError } from "../../src/errors.ts";

/** x *= 2. @returns the thread's number. */
export const double = {
  name: "double",
  run({ x }: { x: Float32Array }, { fails = false }: { fails?: boolean } = {}): number {
    if (fails) throw new PrefineError("data", "too odd", "make it even");
    for (let i = 0; i < x.length; i++) x[i] *= 2;
    return threadId;
  },
};

export const die = {
  name: "die",
  run(_: { x: Float32Array }, __: object): number {
    process.exit(3);
  },
};

export function openOddDevice(options: DeviceOptions): Device {
  return openThreadDevice(threadProgram("oddThread", import.meta.url), options);
}
