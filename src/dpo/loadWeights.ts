/** @file Weights on their way into the compute thread. */
import type { Device } from "../engine/runtime/device.ts";
import { float32 } from "../engine/runtime/hostTensor.ts";
import { initial, referenceModelName } from "../learner/tensorNames.ts";
import { loadAdapterTensors, switchOffReference, trainableOf } from "../learner/trainable.ts";
import { takePrincipal } from "../models/adapters/pissa.ts";
import type { LearnerOptions } from "./learnerOptions.ts";
import { needsReference } from "./losses/losses.ts";

/** Puts the model, the trainable tensors and the reference into the device. */
export async function loadWeights(device: Device, options: LearnerOptions): Promise<void> {
  const { model, referenceModel } = options;
  await device.load([...model.weights]);
  await loadAdapterTensors(device, options);
  const trainable = trainableOf(options);
  if (referenceModel) {
    await device.load([...referenceModel.weights].map(([name, range]) => [referenceModelName(name), range]));
    const { referenceAdapter } = options;
    if (referenceAdapter) await takePrincipal(device, referenceAdapter.shape, referenceModelName);
    const adapted = [...(referenceAdapter?.weights ?? [])];
    await device.put(adapted.map(([name, tensor]) => [referenceModelName(name), float32(tensor)]));
  } else if (needsReference(options.objective.losses.map(({ type }) => type))) {
    await device.copy(trainable.map(({ name }) => [name, initial(name)]));
    await switchOffReference(device, options);
  }
}
