/** @file A reference whose weights change during a run: mixed with the policy's. */
import type { Device } from "../engine/runtime/device.ts";
import { initial, referenceModelName } from "../learner/tensorNames.ts";
import { trainableOf } from "../learner/trainable.ts";
import type { LearnerOptions } from "./learnerOptions.ts";

const KERNELS = new URL("../optim/mix.js", import.meta.url).href;
const mixModule = import.meta.url.endsWith(".ts") ? KERNELS.replace(/\.js$/, ".ts") : KERNELS;

/** The device's name of a trained tensor's counterpart in the reference. */
export function counterpart({ referenceModel, adapter }: LearnerOptions, name: string): string {
  if (!referenceModel) return initial(name);
  if (adapter) throw new Error("internal: another model as the reference has no adapter to mix");
  return referenceModelName(name);
}

/** reference = (1 - alpha) reference + alpha policy. Cost: a pass over the trained weights. */
export async function mixReference(device: Device, options: LearnerOptions, alpha: number): Promise<void> {
  const items = trainableOf(options).map(({ name }) => {
    return { tensors: { target: counterpart(options, name), source: name }, args: { alpha } };
  });
  await device.applyEach(mixModule, "mix", items);
}
