/** @file The trained tensors and their initial values. */

import type { NarrowDtype } from "../engine/graph/index.ts";
import { constant, gatherRows, input, type Tensor } from "../engine/graph/index.ts";
import { compute } from "../engine/runtime/compute.ts";
import type { Device } from "../engine/runtime/device.ts";
import { float32 } from "../engine/runtime/hostTensor.ts";
import { initLora } from "../models/adapters/initLora.ts";
import { adapterTensors, type LoraAdapter } from "../models/adapters/lora.ts";
import { adaptedNorm } from "../models/adapters/loraForward.ts";
import { takePrincipal } from "../models/adapters/pissa.ts";
import type { LoadedModel } from "../models/loadedModel.ts";
import { type Architecture, HEAD_MODULE } from "../models/network.ts";
import { frozenMatrix, type NamedInput } from "../models/precision/frozenMatrix.ts";

export type AdapterWeights = ReadonlyMap<string, { shape: number[]; data: Float32Array }>;

/** A model and its trained part. */
export interface TrainedModelOptions {
  model: LoadedModel;
  /** Null: all parameters are trained. */
  adapter: LoraAdapter | null;
  /** Initial adapter weights, by PEFT's keys; absent: PEFT's initialization, drawn with `seed`. */
  adapterWeights?: AdapterWeights;
  seed: number;
}

/** A tensor that is saved with the trained ones, as stored in memory. */
export interface FrozenTensor {
  name: string;
  shape: readonly number[];
  dtype: "float32" | NarrowDtype;
}

export interface TrainableTensor {
  name: string;
  shape: number[];
}

/** Trainable tensors in the optimizer's order: PEFT's and the model's own. */
export function trainableOf({ model, adapter }: Pick<TrainedModelOptions, "model" | "adapter">): TrainableTensor[] {
  const tensors = adapter
    ? adapterTensors(adapter)
    : [...model.architecture.parameters].map(([name, shape]) => ({ name, shape }));
  return tensors.map(({ name, shape }) => ({ name, shape: [...shape] }));
}

/** Frozen tensors that are saved with them. */
export function frozenOf({ model, adapter }: TrainedModelOptions): FrozenTensor[] {
  const { parameters, stored } = model.architecture;
  return [...(adapter?.frozen ?? [])].map(([name, parameter]) => {
    const shape = parameters.get(parameter) as readonly number[];
    return { name, shape, dtype: stored?.get(parameter) ?? "float32" };
  });
}

/**
 * Puts the adapter's tensors into the device, which already has the model: given weights, or PEFT's initialization
 * (drawn matrices, copies of the modules trained in full, computed DoRA magnitudes).
 */
export async function loadAdapterTensors(
  device: Device,
  { model, adapter, ...options }: TrainedModelOptions,
): Promise<void> {
  if (!adapter) return;
  const { adapterWeights, seed } = options;
  const start = adapterWeights ?? initLora(adapter.layers.values(), adapter.init, seed);
  if (adapterWeights) await takePrincipal(device, adapter);
  await device.put([...start].map(([name, tensor]) => [name, float32(tensor)]));
  if (adapterWeights) return;
  await takePrincipal(device, adapter);
  await device.copy([...adapter.saved.values()].map(({ from, name }) => [from, name]));
  await copyTokens(device, model.architecture, adapter);
  await measureMagnitudes(device, { architecture: model.architecture, adapter });
}

/** Tokens that are trained individually start at the base's rows. */
async function copyTokens(device: Device, { parameters, stored }: Architecture, { tokens }: LoraAdapter) {
  for (const { name, from, ids } of tokens) {
    const table = input(from, parameters.get(from) as readonly number[], "float32", stored?.get(from));
    const rows = gatherRows(table, constant([...ids], "int32"));
    await compute(device, "token-rows", { rows }, { fetches: { rows: { store: name } } });
  }
}

/**
 * DoRA starts with the norms of the adapted weights: computed by the ops of the forward pass, so that both tie.
 * @param rename the device's name of an adapter's tensor.
 */
export async function measureMagnitudes(
  device: Device,
  { architecture, adapter }: { architecture: Architecture; adapter: LoraAdapter },
  rename = (name: string) => name,
): Promise<void> {
  for (const lora of adapter.layers.values()) {
    if (lora.magnitude === null) return;
    const inputs = new Map<string, Tensor>();
    const weights: NamedInput = (key, shape, dtype = "float32") => {
      const tensor = inputs.get(key) ?? input(key, shape, dtype, architecture.stored?.get(key));
      inputs.set(key, tensor);
      return tensor;
    };
    const weight = (key: string) => {
      const parameter = key === `${HEAD_MODULE}.weight` ? architecture.head : key;
      return weights(parameter, architecture.parameters.get(parameter) ?? []);
    };
    const matrix = frozenMatrix(architecture, lora.layer, { named: weights, weight }).dense();
    const norm = adaptedNorm(lora, matrix, weights);
    const feeds = Object.fromEntries([lora.nameA, lora.nameB].map((key) => [key, rename(key)]));
    await compute(device, "magnitudes", { norm }, { feeds, fetches: { norm: { store: rename(lora.magnitude) } } });
  }
}
