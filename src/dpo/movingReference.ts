/** @file A reference whose weights change during a run: mixed with the policy's, read and written for checkpoints. */
import type { Device, HostTensor } from "../engine/runtime/device.ts";
import type { LearnerOptions, NamedTensors } from "./learnerOptions.ts";
import { float32 } from "./pairFeeds.ts";
import { initial, referenceModelName } from "./tensorNames.ts";
import { trainableOf } from "./trainable.ts";

const KERNELS = new URL("../optim/mix.js", import.meta.url).href;
const mixModule = import.meta.url.endsWith(".ts") ? KERNELS.replace(/\.js$/, ".ts") : KERNELS;

/** Names of the trained tensors, and those of their counterparts in the reference. */
function counterparts(options: LearnerOptions): { policy: string[]; reference: string[] } {
  const policy = trainableOf(options).map(({ name }) => name);
  if (!options.referenceModel) return { policy, reference: policy.map(initial) };
  if (options.adapter) throw new Error("internal: another model as the reference has no adapter to mix");
  return { policy, reference: policy.map(referenceModelName) };
}

/** reference = (1 - alpha) reference + alpha policy. Cost: a pass over the trained weights. */
export async function mixReference(device: Device, options: LearnerOptions, alpha: number): Promise<void> {
  const { policy, reference } = counterparts(options);
  const items = policy.map((source, i) => ({ tensors: { target: reference[i], source }, args: { alpha } }));
  await device.applyEach(mixModule, "mix", items);
}

/** The reference's tensors under the names of the trained ones. */
export async function readReference(device: Device, options: LearnerOptions): Promise<NamedTensors> {
  const { policy, reference } = counterparts(options);
  const tensors = await device.read(reference);
  return new Map(
    tensors.map(({ shape, data }, i) => [policy[i], { shape: [...shape], data: data as Float32Array }] as const),
  );
}

/** Puts back what `readReference` gave. */
export function writeReference(device: Device, options: LearnerOptions, weights: NamedTensors): Promise<void> {
  const { policy, reference } = counterparts(options);
  const put = policy.map((name, i): [string, HostTensor] => {
    const tensor = weights.get(name);
    if (!tensor) throw new Error(`internal: the saved reference has no ${name}`);
    return [reference[i], float32(tensor)];
  });
  return device.put(put);
}
