/** @file Checks that an adapter fits its base model: the same layers with the same shapes. */
import { ADAPTER_CONFIG, ADAPTER_WEIGHTS, type SavedAdapter } from "../checkpoints/adapter.ts";
import type { ModelFiles } from "../disk/storage.ts";
import { PrefineError } from "../errors.ts";
import { adapterTensors, loraAdapter } from "../models/adapters/lora.ts";
import type { LoadedModel } from "../models/loadedModel.ts";

function misfit(message: string): PrefineError {
  const hint = "Was the adapter trained on another model? See its base_model_name_or_path.";
  return new PrefineError("model", message, hint);
}

/**
 * @param files the adapter's files, for messages.
 * @returns the model with its embeddings replaced by those saved with the adapter, if any, as in PEFT.
 * @throws PrefineError("model") if the adapter lacks a layer that its config targets, has one that the model lacks, or
 *   one of another size.
 */
export function modelUnder(adapter: SavedAdapter, files: ModelFiles, model: LoadedModel): LoadedModel {
  checkAdapterFits(adapter, files, model);
  const weights = new Map(model.weights);
  for (const [name, { file, start, end, dtype, shape }] of adapter.embeddings ?? []) {
    const expectedShape = model.architecture.parameters.get(name) ?? [];
    if (expectedShape.join() !== shape.join()) {
      const actual = `${file}: the embedding saved with the adapter has shape [${shape.join(", ")}]`;
      throw misfit(`${actual}, the model of ${model.configFile} has ${name} with shape [${expectedShape.join(", ")}]`);
    }
    if (dtype !== "F32" && dtype !== "F16" && dtype !== "BF16" && dtype !== "F64") {
      throw misfit(`${file}: expected floats for the embedding saved with the adapter, found ${dtype}`);
    }
    weights.set(name, { file, start, end, as: dtype, shape: expectedShape });
  }
  return { ...model, weights };
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
