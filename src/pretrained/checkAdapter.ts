/** @file Checks that an adapter fits its base model: the same layers with the same shapes. */

import { ADAPTER_CONFIG, ADAPTER_WEIGHTS, type SavedAdapter } from "../checkpoints/adapter.ts";
import { PREFIX } from "../checkpoints/adapterKeys.ts";
import type { ModelFiles } from "../disk/storage.ts";
import type { FileRange } from "../engine/runtime/protocol.ts";
import { PrefineError } from "../errors.ts";
import { isObject } from "../formats/parseJson.ts";
import { adapterTensors, loraAdapter } from "../models/adapters/lora.ts";
import { embeddingNames } from "../models/adapters/loraTargets.ts";
import { architectureOf } from "../models/families/architectures.ts";
import type { LoadedModel } from "../models/loadedModel.ts";
import { HEAD_MODULE } from "../models/network.ts";

const HEAD = `${HEAD_MODULE}.weight`;

function misfit(message: string): PrefineError {
  const hint = "Was the adapter trained on another model? See its base_model_name_or_path.";
  return new PrefineError("model", message, hint);
}

/**
 * The adapter under the model's current names, without tensors of what the model leaves out: PEFT's names often match
 * layers of a vision part, too.
 */
export function withoutLeftOut(
  saved: SavedAdapter,
  files: ModelFiles,
  { architecture: { leftOut, currentName } }: LoadedModel,
  onWarning?: (line: string) => void,
): SavedAdapter {
  const adapter = currentName ? renamed(saved, currentName) : saved;
  const isLeftOut = (name: string) => leftOut?.has(name.slice(PREFIX.length)) === true;
  const weights = new Map([...adapter.weights].filter(([name]) => !isLeftOut(name)));
  const count = adapter.weights.size - weights.size;
  if (count === 0) return adapter;
  onWarning?.(
    `${files.pathOf(ADAPTER_WEIGHTS)}: ${count} tensors are of the model's ${leftOut?.part}, which is left out`,
  );
  return { ...adapter, weights };
}

function renamed(adapter: SavedAdapter, currentName: (module: string) => string): SavedAdapter {
  const { weights, embeddings } = adapter;
  const own = [...weights].map(([name, tensor]) => [PREFIX + currentName(name.slice(PREFIX.length)), tensor] as const);
  const replaced = embeddings && new Map([...embeddings].map(([name, place]) => [currentName(name), place]));
  return { ...adapter, weights: new Map(own), ...(replaced ? { embeddings: replaced } : {}) };
}

/**
 * @param files the adapter's files, for messages.
 * @returns the model with its weights replaced by those saved with the adapter, if any, as in PEFT: resized if the
 *   adapter's embeddings have further rows, which AutoPeftModel does by the adapter's tokenizer.
 * @throws PrefineError("model") if the adapter lacks a layer that its config targets, has one that the model lacks, or
 *   one of another size.
 */
export function modelUnder(adapter: SavedAdapter, files: ModelFiles, base: LoadedModel): LoadedModel {
  const model = resized(adapter, base);
  checkAdapterFits(adapter, files, model);
  const weights = new Map(model.weights);
  const replaced = [...(adapter.embeddings ?? [])].toSorted(([name]) => (name === HEAD ? 1 : -1));
  for (const [saved, { file, start, end, dtype, shape }] of replaced) {
    // a tied head is the embedding; PEFT loads it last
    const name = saved === HEAD ? model.architecture.head : saved;
    const expectedShape = model.architecture.parameters.get(name);
    if (!expectedShape) throw misfit(`${file}: tensor "${saved}" is no parameter of the model of ${model.configFile}`);
    if (expectedShape.join() !== shape.join()) {
      const actual = `${file}: "${saved}", saved with the adapter, has shape [${shape.join(", ")}]`;
      throw misfit(`${actual}, the model of ${model.configFile} has [${expectedShape.join(", ")}]`);
    }
    if (dtype !== "F32" && dtype !== "F16" && dtype !== "BF16" && dtype !== "F64") {
      throw misfit(`${file}: expected floats for "${saved}", saved with the adapter, found ${dtype}`);
    }
    weights.set(name, { file, start, end, as: dtype, shape: expectedShape });
  }
  if (model !== base) checkRows(adapter, model, weights);
  return { ...model, weights };
}

/** The model with a vocabulary of as many tokens as the adapter has rows of embeddings for, if it has more. */
function resized({ embeddings, weights }: SavedAdapter, model: LoadedModel): LoadedModel {
  const { vocabSize } = model.architecture;
  const [words] = embeddingNames(model.architecture);
  const rowsOf = (name: string) => (embeddings?.get(name) ?? weights.get(PREFIX + name))?.shape[0] ?? 0;
  const vocab_size = Math.max(rowsOf(`${words}.weight`), rowsOf(HEAD));
  if (vocab_size <= vocabSize) return model;
  const { text_config: text } = model.config; // of a model with vision
  const config = { ...model.config, ...(isObject(text) ? { text_config: { ...text, vocab_size } } : { vocab_size }) };
  const { quantized } = model.architecture;
  const architecture = architectureOf(config, model.configFile);
  return { ...model, config, architecture: { ...architecture, ...(quantized ? { quantized } : {}) } };
}

/** Every embedding of a resized model comes from the adapter: the base model's has too few rows. */
function checkRows({ weights: saved }: SavedAdapter, model: LoadedModel, weights: Map<string, FileRange>): void {
  const { parameters, head } = model.architecture;
  const isReplaced = (name: string) => saved.has(PREFIX + name) && !(name === head && name !== HEAD);
  for (const [name, shape] of parameters) {
    const range = weights.get(name);
    if (!range || range.shape.join() === shape.join()) continue;
    if (!isReplaced(name)) {
      const rows = `${shape[0]} tokens, and "${name}" of ${model.configFile} has ${range.shape[0]} rows`;
      throw misfit(`the adapter's embeddings are of ${rows}, which it does not replace`);
    }
    weights.delete(name); // trained in full: read from the adapter
  }
}

function checkAdapterFits(adapter: SavedAdapter, files: ModelFiles, model: LoadedModel): void {
  const where = files.pathOf(ADAPTER_WEIGHTS);
  const base = model.configFile;
  const expected = expectedShapes(adapter, files, model);
  for (const [name, { shape }] of adapter.weights) {
    const expectedShape = expected.get(name);
    if (!expectedShape) throw misfit(`${where}: tensor "${name}" is in no layer of the model of ${base}`);
    if (expectedShape.join() === shape.join()) continue;
    const actual = `tensor "${name}" has shape [${shape.join(", ")}]`;
    throw misfit(`${where}: ${actual}, the model of ${base} expects [${expectedShape.join(", ")}]`);
  }
  for (const name of expected.keys()) {
    if (adapter.weights.has(name)) continue;
    throw misfit(`${where}: expected a tensor "${name}" for the model of ${base}, found none`);
  }
}

/** Shapes of all tensors required by the adapter's config. */
function expectedShapes(
  { config }: SavedAdapter,
  files: ModelFiles,
  model: LoadedModel,
): Map<string, readonly number[]> {
  try {
    return new Map(adapterTensors(loraAdapter(model.architecture, config)).map(({ name, shape }) => [name, shape]));
  } catch (error) {
    if (!(error instanceof PrefineError)) throw error;
    throw misfit(`${files.pathOf(ADAPTER_CONFIG)} on the model of ${model.configFile}: ${error.message}`);
  }
}
