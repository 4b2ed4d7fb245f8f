/**
 * @file The one maker of devices. There is one kind so far, a thread of Node; a GPU or a rank of a cluster becomes a
 * choice here. Above this folder stand those who open a device and hand it on (training, generation, exporting); what
 * only uses one (learner, dpo, models) knows its interface alone, and runs wherever there is a device.
 */
import { type DeviceOptions, openThreadDevice } from "../engine/node/threadDevice.ts";
import { threadProgram } from "../engine/node/threadProgram.ts";
import type { Device } from "../engine/runtime/device.ts";

/** To be disposed of by the caller. */
export async function openDevice(options: DeviceOptions = {}): Promise<Device> {
  return openThreadDevice(threadProgram("thread", import.meta.url), options);
}
