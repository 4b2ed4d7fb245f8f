/** @file Loads a decoder's weights into its device, where models with the same base model share them. */
import type { SavedAdapter } from "../checkpoints/adapter.ts";
import type { Device, FileRange } from "../engine/runtime/device.ts";
import { float32 } from "../engine/runtime/hostTensor.ts";
import { adapterTensors, type LoraAdapter } from "../models/adapters/lora.ts";
import { takePrincipal } from "../models/adapters/pissa.ts";
import type { LoadedModel } from "../models/loadedModel.ts";
import { isOnlyIntegers, storedWeights } from "../models/precision/quantize.ts";

export interface DecodedModel extends Pick<LoadedModel, "architecture" | "weights"> {
  /** Weights as integers, which the session takes in: `Architecture.integers`. Absent: none. */
  integers?: ReadonlyMap<string, FileRange>;
  /** LoRA weights to run on top; not merged into the base model, so that the ops equal those of training. */
  adapter: { lora: LoraAdapter; weights: SavedAdapter["weights"] } | null;
}

/** Weights in a device. */
export interface SharedWeights {
  /** Where each is from -> its name in the device. */
  places: Map<string, string>;
  /** Where the integers under each name are from. */
  integers: Map<string, string>;
  /** Models that were loaded. */
  models: number;
}

/** A part of a quantized matrix: its name is the matrix's with a suffix. */
const SUFFIX = /\.(?:codes|scale|absmax|nested_absmax|nested_offset)$/;

/**
 * @param shared the weights that models before this one have loaded; this model's are added.
 * @returns the names of the stored tensors by the names that the graph reads.
 */
export async function loadWeights(
  { architecture, weights, integers = new Map(), adapter }: DecodedModel,
  device: Device,
  shared: SharedWeights,
): Promise<Map<string, string>> {
  const own = shared.models === 0 ? "" : `model ${shared.models}: `;
  shared.models++;
  const lora = adapter?.lora ?? null;
  // PiSSA changes the weights under its adapter
  const changed = new Set(lora?.init === "pissa" ? [...lora.layers.keys()].map((layer) => `${layer}.weight`) : []);
  const places = new Map<string, string>();
  const missing: [string, FileRange][] = [];
  for (const [name, range] of weights) {
    if (isOnlyIntegers(architecture, name)) continue;
    const origin = changed.has(name) ? `${own}${name}, changed` : `${name} ${JSON.stringify(range)}`;
    const place = shared.places.get(origin) ?? own + name;
    places.set(name, place);
    if (!shared.places.has(origin)) missing.push([place, range]);
    shared.places.set(origin, place);
  }
  await device.load([...missing, ...missingIntegers(integers, shared)]);
  const stored = new Map<string, string>();
  for (const name of storedWeights({ architecture, weights })) {
    const suffix = weights.has(name) ? "" : (SUFFIX.exec(name)?.[0] ?? "");
    const parameter = name.slice(0, name.length - suffix.length);
    stored.set(name, (places.get(parameter) ?? parameter) + suffix);
  }
  if (!lora) return stored;
  for (const { name } of adapterTensors(lora)) stored.set(name, own + name);
  await takePrincipal(device, lora, (name) => stored.get(name) ?? name);
  for (const [name, tensor] of adapter?.weights ?? []) await device.put([[own + name, float32(tensor)]]);
  return stored;
}

/** Those that are not in the device under their names. */
function missingIntegers(integers: ReadonlyMap<string, FileRange>, shared: SharedWeights): [string, FileRange][] {
  return [...integers].filter(([name, range]) => {
    const origin = JSON.stringify(range);
    const isThere = shared.integers.get(name) === origin;
    shared.integers.set(name, origin);
    return !isThere;
  });
}
