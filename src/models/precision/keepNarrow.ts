/** @file Weights that stay in memory as the file has them, in 16 bits, instead of being widened when they are read. */
import type { NarrowDtype } from "../../engine/graph/index.ts";
import type { FileRange } from "../../engine/runtime/protocol.ts";
import type { LoraAdapter } from "../adapters/lora.ts";
import type { LoadedModel } from "../loadedModel.ts";

const NARROW: Partial<Record<FileRange["as"], NarrowDtype>> = { F16: "float16", BF16: "bfloat16" };

/**
 * The model with its matrices of 16 bits left as they are: half the memory, and the same numbers bit for bit, since
 * both kinds widen to float32 exactly. Vectors are widened: they are small, and ops read them often.
 * @param adapter what it copies for training in full, and what PiSSA changes, is float32.
 */
export function keepNarrow(model: LoadedModel, adapter: LoraAdapter | null = null): LoadedModel {
  const copied = new Set([...(adapter?.saved.values() ?? [])].map(({ from }) => from));
  const principal = adapter?.init === "pissa" ? [...adapter.layers.values()] : [];
  const changed = principal.flatMap(({ isEmbedding, layer }) => (isEmbedding ? [] : [`${layer.name}.weight`]));
  const wide = new Set([...copied, ...changed]);
  const stored = new Map<string, NarrowDtype>();
  const weights = new Map<string, FileRange>();
  for (const [name, range] of model.weights) {
    const keep =
      range.shape.length === 2 && range.rows === undefined && !range.quantize && !range.packed && !wide.has(name)
        ? NARROW[range.as]
        : undefined;
    if (keep) stored.set(name, keep);
    weights.set(name, keep ? { ...range, keep } : range);
  }
  return { ...model, architecture: { ...model.architecture, stored }, weights };
}
