/** @file Weights, gradients and optimizer state on their way into the compute thread. */
import type { Device, HostTensor } from "../engine/runtime/device.ts";
import type { LearnerOptions } from "./learnerOptions.ts";
import { float32 } from "./pairFeeds.ts";
import { accumulated, expAvg, expAvgSq, fresh, initial, referenceModelName } from "./tensorNames.ts";
import { freshAdapter, type TrainableTensor, trainableOf } from "./trainable.ts";

function zeros(names: readonly TrainableTensor[], rename: (name: string) => string): [string, HostTensor][] {
  return names.map(({ name, shape }) => {
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
    return [rename(name), float32({ shape, data })];
  });
}

export function zeroGradients(device: Device, trainable: readonly TrainableTensor[]): Promise<void> {
  return device.put([...zeros(trainable, accumulated), ...zeros(trainable, fresh)]);
}

/** Puts the model, the trainable tensors, the reference and empty optimizer state into the device. */
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
  await device.put([...zeros(trainable, expAvg), ...zeros(trainable, expAvgSq)]);
  await zeroGradients(device, trainable);
}
