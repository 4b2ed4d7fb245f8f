/** @file A loaded model -> a decoder that has it in memory, where it fits. */
import type { SavedAdapter } from "../checkpoints/adapter.ts";
import { availableMemory, refuseBeyondMemory } from "../device/memory.ts";
import { openDevice } from "../device/openDevice.ts";
import { createDecoder } from "../generation/cachedDecoder.ts";
import type { Decoder } from "../generation/decoder.ts";
import { type LoraAdapter, loraAdapter } from "../models/adapters/lora.ts";
import type { LoadedModel } from "../models/loadedModel.ts";
import { keepNarrow } from "../models/precision/keepNarrow.ts";
import { quantizedUnder, storedBytes } from "../models/precision/quantize.ts";

/** Node, the runtime and the graph. */
const PROCESS_BYTES = 200 * 2 ** 20;
/** Of the free memory, which answers and other programs want, too. */
const SHARE_FOR_WIDENED = 0.5;

/** Weights of 16 bits are widened where there is room: a token then takes half the time. Keys, values come on top. */
function inMemory(model: LoadedModel, adapter: LoraAdapter | null): LoadedModel {
  const isRoomy = storedBytes(model.architecture) <= SHARE_FOR_WIDENED * availableMemory();
  const held = isRoomy ? model : keepNarrow(model, adapter);
  const weights = storedBytes(held.architecture);
  const need = { parts: { weights }, total: weights + PROCESS_BYTES, advice: "Take a smaller model, or free memory." };
  refuseBeyondMemory({ what: `generating with ${model.nameOrPath}`, ...need });
  return held;
}

/** @param options.adapter to run on top. */
export async function openDecoder(
  loaded: LoadedModel,
  options: { adapter?: SavedAdapter | null } = {},
): Promise<Decoder> {
  const { adapter } = options;
  const lora = adapter ? loraAdapter(loaded.architecture, adapter.config) : null;
  const { architecture, weights } = inMemory(quantizedUnder(loaded, lora), lora);
  const onTop = lora && adapter ? { lora, weights: adapter.weights } : null;
  return createDecoder({ architecture, weights, adapter: onTop }, await openDevice());
}
