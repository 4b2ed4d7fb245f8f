/**
 * @file The reference's weights in the device: their names, how they get there, how they move.
 * Unless it is a separate model, it is the policy with the trained tensors' initial values.
 */
import type { Device } from "../engine/runtime/device.ts";
import { float32 } from "../engine/runtime/hostTensor.ts";
import { measureMagnitudes, type TrainedModelOptions, trainableOf } from "../learner/trainable.ts";
import { takePrincipal } from "../models/adapters/pissa.ts";
import { findNonFinite } from "../models/findNonFinite.ts";
import { storedNames, storedWeights } from "../models/precision/quantize.ts";
import { mix } from "../optim/kernels.ts";
import type { LearnerOptions } from "./learnerOptions.ts";

/** A trained tensor before the first step. */
const initial = (name: string) => `initial ${name}`;
/** A weight of a separate model. */
const ofModel = (name: string) => `reference model ${name}`;

/**
 * Every weight of the reference by its name in the graph.
 * @param policy the policy's weights, most of which the reference shares unless it is a separate model.
 */
export function referenceFeeds(options: LearnerOptions, policy: Record<string, string>): Record<string, string> {
  const { referenceModel, referenceAdapter } = options;
  if (!referenceModel) {
    const trained = trainableOf(options).map(({ name }) => [name, initial(name)]);
    return { ...policy, ...Object.fromEntries(trained) };
  }
  const names = [...storedNames(referenceModel.architecture), ...(referenceAdapter?.weights.keys() ?? [])];
  return Object.fromEntries(names.map((name) => [name, ofModel(name)]));
}

/** Puts them into the device, which already has the policy's. */
export async function loadReference(device: Device, options: LearnerOptions): Promise<void> {
  const { referenceModel, referenceAdapter } = options;
  if (!referenceModel) {
    await device.copy(trainableOf(options).map(({ name }) => [name, initial(name)]));
    await switchOffAdapter(device, options);
    return;
  }
  await device.load([...referenceModel.weights].map(([name, range]) => [ofModel(name), range]));
  if (!referenceAdapter) return;
  const { adapter, weights } = referenceAdapter;
  await takePrincipal(device, adapter, ofModel);
  await device.put([...weights].map(([name, tensor]) => [ofModel(name), float32(tensor)]));
}

/**
 * A fresh adapter that does not start neutral (init_lora_weights: false): its reference is the base model with the
 * adapter off, as in TRL, not a copy of the drawn weights.
 */
async function switchOffAdapter(device: Device, { model, adapter, adapterWeights }: TrainedModelOptions) {
  if (!adapter || adapterWeights || adapter.init !== false) return;
  for (const { nameB, shapeB } of adapter.layers.values()) {
    const data = new Float32Array(shapeB[0] * shapeB[1]);
    await device.put([[initial(nameB), float32({ shape: shapeB, data })]]);
  }
  await measureMagnitudes(device, { architecture: model.architecture, adapter }, initial);
}

/** The device's name of a trained tensor's counterpart in the reference. */
export function counterpart({ referenceModel, adapter }: LearnerOptions, name: string): string {
  if (!referenceModel) return initial(name);
  if (adapter) throw new Error("internal: another model as the reference has no adapter to mix");
  return ofModel(name);
}

/** The first weight of a separate reference model, or of its adapter, that is not finite, in words. */
export async function findNonFiniteReference(device: Device, options: LearnerOptions): Promise<string | undefined> {
  const { referenceModel, referenceAdapter } = options;
  if (!referenceModel) return undefined;
  const names = [...storedWeights(referenceModel), ...(referenceAdapter?.weights.keys() ?? [])];
  return findNonFinite(device, names, referenceModel.weights, ofModel);
}

/** reference = (1 - alpha) reference + alpha policy. Cost: a pass over the trained weights. */
export async function mixReference(device: Device, options: LearnerOptions, alpha: number): Promise<void> {
  const items = trainableOf(options).map(({ name }) => {
    return { tensors: { target: counterpart(options, name), source: name }, args: { alpha } };
  });
  await device.applyEach(mix, items);
}
