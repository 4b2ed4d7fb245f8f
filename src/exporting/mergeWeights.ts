/** @file Merges a base model and its adapter in the compute thread into one model that needs no adapter. */
import { constant, input, replace, type Shape, type Tensor } from "../engine/graph/index.ts";
import { compute } from "../engine/runtime/compute.ts";
import type { Device } from "../engine/runtime/device.ts";
import type { LoraAdapter } from "../models/adapters/lora.ts";
import { mergedWeight } from "../models/adapters/loraForward.ts";
import type { TokenRows } from "../models/adapters/tokenRows.ts";
import type { LoadedModel } from "../models/loadedModel.ts";
import { type Architecture, HEAD_MODULE, type LinearLayer } from "../models/network.ts";
import { frozenMatrix, type NamedInput } from "../models/precision/frozenMatrix.ts";

const HEAD = `${HEAD_MODULE}.weight`;

/**
 * Replaces the base model's weights by the merged ones: W + s B A for each adapted layer (DoRA: scaled to its
 * magnitudes), quantized weights in float32, and modules that were trained in full. Cost: one product of rank r and one
 * matrix of memory per layer.
 * @returns the names of the merged model's parameters; a head that is no longer tied has its own.
 */
export async function mergeWeights(device: Device, model: LoadedModel, adapter: LoraAdapter): Promise<string[]> {
  const { parameters, head, linears, quantized } = model.architecture;
  const names = [...parameters.keys()];
  if (isUntied(model, adapter)) {
    names.push(HEAD);
    if (!adapter.saved.has(HEAD)) await device.copy([[head, HEAD]]); // unchanged: only the embedding was trained
  }
  const embeddings = [...adapter.layers.values()].flatMap(({ isEmbedding, layer }) => (isEmbedding ? [layer] : []));
  const unembedding = adapter.layers.get(HEAD_MODULE);
  const layers = unembedding ? [...linears, unembedding.layer] : linears;
  const changed = [...embeddings, ...layers.filter(({ name }) => adapter.layers.has(name) || quantized?.has(name))];
  for (const layer of changed) await mergeLayer(device, layer, { architecture: model.architecture, adapter });
  for (const tokens of adapter.tokens) {
    const tables = new Set(tokens.places.map((place) => (names.includes(place) ? place : head)));
    for (const table of tables) await putRows(device, tokens, { table, shape: parameters.get(tokens.from) ?? [] });
  }
  await device.copy([...adapter.saved].map(([name, saved]) => [saved.name, name]));
  return names;
}

/**
 * Whether embedding and unembedding were one matrix and are now two. An adapted embedding differs from the unembedding
 * that it was tied to; PEFT merges it into both, so its merged model differs from the adapter on its base.
 */
export function isUntied({ architecture: { head } }: LoadedModel, { layers, saved, tokens }: LoraAdapter): boolean {
  if (head === HEAD) return false;
  if (saved.has(HEAD) || saved.has(head) || layers.has(HEAD_MODULE) || layers.has(head.replace(/\.weight$/, "")))
    return true;
  return tokens.some(({ places }) => places.includes(HEAD) !== places.includes(head));
}

/** Writes the rows of individually trained tokens into the stored table. */
async function putRows(device: Device, tokens: TokenRows, { table, shape }: { table: string; shape: Shape }) {
  const { name, ids } = tokens;
  const merged = replace(input(table, shape), constant([...ids], "int32"), input(name, tokens.shape), 0);
  await compute(device, "merged-rows", { merged }, { fetches: { merged: { store: table } } });
}

interface Merging {
  architecture: Architecture;
  adapter: LoraAdapter;
}

async function mergeLayer(device: Device, layer: LinearLayer, { architecture, adapter }: Merging): Promise<void> {
  const name = `${layer.name}.weight`;
  const inputs = new Map<string, Tensor>();
  const named: NamedInput = (key, shape, dtype = "float32") => {
    const tensor = inputs.get(key) ?? input(key, shape, dtype);
    inputs.set(key, tensor);
    return tensor;
  };
  const shapeOf = (key: string) => architecture.parameters.get(key === HEAD ? architecture.head : key) ?? [];
  const weight = (key: string) => named(key, shapeOf(key));
  const base = frozenMatrix(architecture, layer, { named, weight }).dense();
  const lora = adapter.layers.get(layer.name);
  const merged = lora ? mergedWeight(lora, base, named) : base;
  await compute(device, "merged-layer", { merged }, { fetches: { merged: { store: name } } });
  await device.free([...inputs.keys()].filter((key) => key !== name));
}
