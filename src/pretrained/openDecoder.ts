/** @file Opens a decoder for a loaded model, if it fits in memory. */
import type { SavedAdapter } from "../checkpoints/adapter.ts";
import { availableMemory, refuseBeyondMemory } from "../device/memory.ts";
import { openDevice } from "../device/openDevice.ts";
import { createDecoder } from "../generation/cachedDecoder.ts";
import type { Decoder } from "../generation/decoder.ts";
import { type LoraAdapter, loraAdapter } from "../models/adapters/lora.ts";
import type { LoadedModel } from "../models/loadedModel.ts";
import { keepNarrow } from "../models/precision/keepNarrow.ts";
import { quantizedUnder, storedBytes } from "../models/precision/quantize.ts";

/** Bytes of Node, the runtime and the graph. */
const PROCESS_BYTES = 200 * 2 ** 20;
/** Fraction of free memory, to leave room for answers and other programs. */
const SHARE_FOR_WIDENED = 0.5;

/** Widens 16-bit weights if memory allows, which halves the time per token. Excludes keys and values. */
function inMemory(model: LoadedModel, adapter: LoraAdapter | null): LoadedModel {
  const isRoomy = storedBytes(model.architecture) <= SHARE_FOR_WIDENED * availableMemory();
  const held = isRoomy ? model : keepNarrow(model, adapter);
  const weights = storedBytes(held.architecture);
  const need = { parts: { weights }, total: weights + PROCESS_BYTES, advice: "Take a smaller model, or free memory." };
  refuseBeyondMemory({ what: `generating with ${model.nameOrPath}`, ...need });
  return held;
}

/** @param options.adapter run on top of the model. */
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
