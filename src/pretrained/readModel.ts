/** @file A model's files -> its config, its architecture and the locations of its weights. Runs anywhere. */
import type { ModelFiles } from "../disk/storage.ts";
import { parseJsonObject } from "../formats/parseJson.ts";
import { architectureOf } from "../models/families/architectures.ts";
import type { LoadedModel } from "../models/loadedModel.ts";
import type { Architecture } from "../models/network.ts";
import { asPacked, checkQuantMethod } from "../models/precision/packedWeights.ts";
import { findTensors, leftOutTensors, type ModelTensors, rangesOf } from "./modelTensors.ts";
import { noModel, RELOAD } from "./noModel.ts";
import { differsFromTied } from "./tiedWeights.ts";

const CONFIG = "config.json";
const GENERATION = "generation_config.json";

export interface ReadModelOptions {
  /** The requested id or path. */
  name: string;
  onWarning?: ((line: string) => void) | undefined;
}

/**
 * Reads a model's config and tensor locations, not its weights.
 * @throws PrefineError("model") for files without a model, or whose weights contradict its config; "not-yet" for an
 *   unsupported model.
 */
export async function readModel(files: ModelFiles, { name, onWarning }: ReadModelOptions): Promise<LoadedModel> {
  const configFile = files.pathOf(CONFIG);
  const config = await readJson(files, CONFIG);
  if (!config) throw await noModel(files, name, CONFIG);
  checkQuantMethod(config, configFile);
  const tied = architectureOf(config, configFile);
  const generationConfig = (await readJson(files, GENERATION)) ?? {};
  const tensors = await findTensors(files, name);
  const shared = { generationConfig, nameOrPath: name, directory: files.path, configFile };
  const part = tied.leftOut?.part;
  if (part) onWarning?.(`${configFile}: only the text part of this model is used: the ${part} is left out`);
  if (!(await differsFromTied(tied, tensors))) return modelOf(tied, tensors, { config, ...shared });
  const apart = { ...config, tie_word_embeddings: false };
  onWarning?.(`${configFile} ties the head to the embedding, but the weights have both, and they differ`);
  return modelOf(architectureOf(apart, configFile), tensors, { config: apart, ...shared });
}

async function modelOf(
  architecture: Architecture,
  tensors: ModelTensors,
  named: Omit<LoadedModel, "architecture" | "weights" | "quantization">,
): Promise<LoadedModel> {
  const weights = await rangesOf(architecture, tensors, named.configFile);
  const leftOut = leftOutTensors(architecture, tensors);
  return { ...asPacked(architecture, weights, named.config), ...named, weights, ...(leftOut.size > 0 && { leftOut }) };
}

async function readJson(files: ModelFiles, name: string): Promise<Record<string, unknown> | undefined> {
  const text = await files.readText(name);
  return text === undefined ? undefined : parseJsonObject(text, files.pathOf(name), RELOAD);
}
