/** @file Weights on their way into the compute thread. */
import type { Device } from "../engine/runtime/device.ts";
import type { LearnerOptions } from "./learnerOptions.ts";
import { float32 } from "./pairFeeds.ts";
import { initial, referenceModelName } from "./tensorNames.ts";
import { freshAdapter, trainableOf } from "./trainable.ts";

/** Puts the model, the trainable tensors and the reference into the device. */
export async function loadWeights(device: Device, options: LearnerOptions): Promise<void> {
  const { model, adapter, referenceModel } = options;
  await device.load([...model.weights]);
  if (adapter) {
    const start = options.adapterWeights ?? freshAdapter(options);
    await device.put([...start].map(([name, tensor]) => [name, float32(tensor)]));
  }
  const trainable = trainableOf(options);
  if (referenceModel)
    await device.load([...referenceModel.weights].map(([name, range]) => [referenceModelName(name), range]));
  else await device.copy(trainable.map(({ name }) => [name, initial(name)]));
}
