/** @file A base model and its adapter in the compute thread -> the parameters of one model that needs no adapter. */
import { input, type Tensor } from "../engine/graph/index.ts";
import { lowerGraph } from "../engine/onnx/lower.ts";
import type { Device } from "../engine/runtime/device.ts";
import type { LoadedModel } from "../models/loadModel.ts";
import type { LoraAdapter, LoraLayer } from "../models/lora.ts";
import { mergedWeight } from "../models/loraForward.ts";
import { HEAD_MODULE } from "../models/network.ts";

const HEAD = `${HEAD_MODULE}.weight`;

/**
 * Puts the merged weights in the place of the base's: W + s B A for each adapted layer (DoRA: scaled to its
 * magnitudes), and what was trained in full. Cost: one product of rank r and one matrix of memory a layer.
 * @returns the names of the merged model's parameters; a head that is no longer tied is one of its own.
 */
export async function mergeWeights(device: Device, model: LoadedModel, adapter: LoraAdapter): Promise<string[]> {
  const { parameters, head } = model.architecture;
  for (const lora of adapter.layers.values()) await mergeLayer(device, lora, parameters);
  const names = [...parameters.keys()];
  if (isUntied(model, adapter)) {
    names.push(HEAD);
    if (!adapter.saved.has(HEAD)) await device.copy([[head, HEAD]]); // as it was: only the embedding was trained
  }
  await device.copy([...adapter.saved].map(([name, saved]) => [saved.name, name]));
  return names;
}

/** Whether embedding and unembedding were one matrix and are two now. */
export function isUntied({ architecture }: LoadedModel, { saved }: LoraAdapter): boolean {
  return architecture.head !== HEAD && (saved.has(HEAD) || saved.has(architecture.head));
}

async function mergeLayer(device: Device, lora: LoraLayer, parameters: LoadedModel["architecture"]["parameters"]) {
  const name = `${lora.layer.name}.weight`;
  const inputs = new Map<string, Tensor>();
  const weights = (key: string, shape: readonly (number | string)[]) => {
    const tensor = inputs.get(key) ?? input(key, shape);
    inputs.set(key, tensor);
    return tensor;
  };
  const merged = mergedWeight(lora, weights(name, parameters.get(name) ?? []), weights);
  const session = await device.open(lowerGraph({ merged }));
  await session.run(Object.fromEntries([...inputs.keys()].map((key) => [key, key])), { merged: { store: name } });
  await session.release();
}
