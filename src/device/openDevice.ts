/**
 * @file The only maker of devices. So far there is one kind, a thread of Node; a GPU or a rank of a cluster becomes a
 * choice here. Folders above this one open a device and pass it on (training, generation, exporting); code that only
 * uses one (learner, dpo, models) knows just its interface, and runs wherever there is a device.
 */
import { type DeviceOptions, openThreadDevice } from "../engine/node/threadDevice.ts";
import { threadProgram } from "../engine/node/threadProgram.ts";
import type { RemoteDevice } from "../engine/runtime/remoteDevice.ts";

export { awaitThreads } from "../engine/node/threadDevice.ts";
export { threadProgram };

/** The caller must dispose of it. */
export async function openDevice(options: DeviceOptions = {}): Promise<RemoteDevice> {
  return openThreadDevice(threadProgram("thread", import.meta.url), options);
}
