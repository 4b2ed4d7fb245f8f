/** @file Opens a decoder for a loaded model, if it fits in memory. */
import type { SavedAdapter } from "../checkpoints/adapter.ts";
import { availableMemory, refuseBeyondMemory } from "../device/memory.ts";
import { openDevice } from "../device/openDevice.ts";
import { createDecoders, NonFiniteWeight, withLimit, withZeros } from "../generation/createDecoders.ts";
import type { Decoder, ForkingDecoder } from "../generation/decoder.ts";
import type { DecodedModel } from "../generation/decoderWeights.ts";
import { largest } from "../lists.ts";
import { loraAdapter } from "../models/adapters/lora.ts";
import type { LoadedModel } from "../models/loadedModel.ts";
import { keepNarrow } from "../models/precision/keepNarrow.ts";
import { quantizedUnder, storedBytes } from "../models/precision/quantize.ts";
import { toIntegers } from "../models/precision/toIntegers.ts";

/** Bytes of Node, the runtime and the graph. */
const PROCESS_BYTES = 200 * 2 ** 20;
/** Fraction of free memory, to leave room for answers and other programs. */
const SHARE_FOR_WIDENED = 0.5;
const ADVICE = "Take a smaller model, or free memory.";

interface ModelParts {
  loaded: LoadedModel;
  /** Run on top of the model. */
  adapter?: SavedAdapter | null;
}

/**
 * The models as they are held in memory: 16-bit weights widened if memory allows, which halves the time per token.
 * Excludes keys and values.
 * @throws PrefineError("training") if they do not fit.
 */
function decodedModels(models: readonly ModelParts[]): DecodedModel[] {
  const free = availableMemory();
  const needed = models.map(({ loaded, adapter }) => {
    const lora = adapter ? loraAdapter(loaded.architecture, adapter.config) : null;
    return { loaded: quantizedUnder(loaded, lora), lora, adapter };
  });
  const isRoomy = needed.every(({ loaded }) => storedBytes(loaded.architecture) <= SHARE_FOR_WIDENED * free);
  const held = needed.map(({ loaded, lora, adapter }) => {
    const { architecture, weights, nameOrPath } = isRoomy ? loaded : keepNarrow(loaded, lora);
    const onTop = lora && adapter ? { lora, weights: adapter.weights } : null;
    return { nameOrPath, model: { architecture, weights, adapter: onTop } };
  });
  const weights = bytesTogether(held.map(({ model }) => model));
  const need = { parts: { weights }, total: weights + PROCESS_BYTES, advice: ADVICE };
  refuseBeyondMemory({ what: `generating with ${held[0].nameOrPath}`, ...need }, free);
  return held.map(({ model }) => model);
}

/** Bytes of the weights: all of the first model, and what the others don't have in common with it. */
function bytesTogether([first, ...others]: readonly DecodedModel[]): number {
  const placeOf = (name: string, range: object) => `${name} ${JSON.stringify(range)}`;
  const loaded = new Set([...first.weights].map(([name, range]) => placeOf(name, range)));
  let bytes = storedBytes(first.architecture);
  for (const { weights } of others) {
    for (const [name, range] of weights) {
      const place = placeOf(name, range);
      if (!loaded.has(place)) bytes += 4 * range.shape.reduce((product, size) => product * size, 1);
      loaded.add(place);
    }
  }
  return bytes;
}

/**
 * @param options.adapter run on top of the model.
 * @param options.isExact false: weights in 8 or 4 bits are multiplied as integers where the device does so fast.
 */
export async function openDecoder(
  loaded: LoadedModel,
  { adapter, isExact }: { adapter?: SavedAdapter | null; isExact?: boolean } = {},
): Promise<Decoder> {
  const [decoder] = await openDecoders([{ loaded, adapter: adapter ?? null }], { isExact });
  return withLimit(decoder, loaded.architecture);
}

/** Decoders of one base model, with its adapters: weights that they have in common are in memory once. */
export async function openDecoders(
  models: readonly ModelParts[],
  { isExact = true }: { isExact?: boolean | undefined } = {},
): Promise<ForkingDecoder[]> {
  const device = await openDevice();
  try {
    const rounded = isExact || !(await device.holdsWeights()) ? null : withIntegers(models);
    return await createDecoders(rounded ?? decodedModels(models), device);
  } catch (error) {
    await device.dispose();
    if (isExact || !(error instanceof NonFiniteWeight)) throw error;
    return openDecoders(models); // the logits tell
  }
}

/** The models with their integers; null if there are none, or memory is short. */
function withIntegers(models: readonly ModelParts[]): DecodedModel[] | null {
  const sizes: number[] = [];
  const found = models.map(({ loaded, adapter }): DecodedModel => {
    const lora = adapter ? loraAdapter(loaded.architecture, adapter.config) : null;
    const { model, integers, bytes } = toIntegers(quantizedUnder(loaded, lora), lora);
    sizes.push(bytes);
    const { architecture, weights } = model;
    const onTop = lora && adapter ? { lora, weights: adapter.weights } : null;
    return integers.size > 0
      ? { architecture, weights, integers, adapter: onTop }
      : { architecture, weights, adapter: onTop };
  });
  const sessions = new Set(withZeros(found).map(({ adapter }) => JSON.stringify([...(adapter?.lora.layers ?? [])])));
  // as read, while the sessions open, and in the order of each session's kernels
  const bytes = bytesTogether(found) + (1 + sessions.size) * largest(sizes);
  const isRoomy = bytes <= SHARE_FOR_WIDENED * availableMemory();
  return found.some(({ integers }) => integers) && isRoomy ? found : null;
}
