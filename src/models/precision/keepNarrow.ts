/** @file Keeps weights in memory in the 16 bits of the file, instead of widening them on reading. */
import type { NarrowDtype } from "../../engine/graph/index.ts";
import type { FileRange } from "../../engine/runtime/protocol.ts";
import type { LoraAdapter } from "../adapters/lora.ts";
import type { LoadedModel } from "../loadedModel.ts";

const NARROW: Partial<Record<FileRange["as"], NarrowDtype>> = { F16: "float16", BF16: "bfloat16" };

/**
 * The model with its 16-bit matrices kept narrow: half the memory, and the same results bit for bit, since both types
 * widen to float32 exactly. Vectors are widened: they are small, and ops read them often.
 * @param adapter what it copies to train in full, and what PiSSA changes, is float32.
 */
export function keepNarrow(model: LoadedModel, adapter: LoraAdapter | null = null): LoadedModel {
  const copied = new Set([...(adapter?.saved.values() ?? [])].map(({ from }) => from));
  const principal = adapter?.init === "pissa" ? [...adapter.layers.values()] : [];
  const changed = principal.flatMap(({ isEmbedding, layer }) => (isEmbedding ? [] : [`${layer.name}.weight`]));
  const wide = new Set([...copied, ...changed]);
  const stored = new Map<string, NarrowDtype>();
  const weights = new Map<string, FileRange>();
  for (const [name, range] of model.weights) {
    const isAsStored = range.rows === undefined && range.plus === undefined && !range.quantize && !range.packed;
    const keep = range.shape.length === 2 && isAsStored && !wide.has(name) ? NARROW[range.as] : undefined;
    if (keep) stored.set(name, keep);
    weights.set(name, keep ? { ...range, keep } : range);
  }
  return { ...model, architecture: { ...model.architecture, stored }, weights };
}
