/** @file A model by hub id or folder: its config, its architecture, and where each of its weights lies on disk. */

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { looksLikeRepoId } from "../data/hub/repoId.ts";
import { type HubProgress, resolveRepo } from "../data/hub/resolveRepo.ts";
import type { FileRange } from "../engine/runtime/protocol.ts";
import { PrefineError, show } from "../errors.ts";
import { type Bytes, packedMatrix, UNQUANTIZED } from "../formats/bitsandbytes.ts";
import { isGgufPath } from "../formats/gguf.ts";
import { parseJsonObject } from "../formats/parseJson.ts";
import { parseSafetensorsHeader, type SafetensorsEntry, safetensorsHeaderLength } from "../formats/safetensors.ts";
import { architectureOf } from "../models/families/architectures.ts";
import type { LoadedModel } from "../models/loadedModel.ts";
import type { Architecture } from "../models/network.ts";
import { asPacked, checkQuantMethod, packedRange, packedShape } from "../models/precision/packedWeights.ts";
import { ggufWeights, loadGguf } from "./loadGguf.ts";
import { differsFromTied, type FoundTensor } from "./tiedWeights.ts";

export interface LoadModelOptions {
  revision?: string;
  /** A GGUF file of the folder or repository, under transformers' name. */
  gguf_file?: string;
  token?: string | false;
  onProgress?: (progress: HubProgress) => void;
  signal?: AbortSignal;
  onWarning?: (line: string) => void;
}

const WEIGHTS = "model.safetensors";
const INDEX = "model.safetensors.index.json";
/** Files of a model repository that are needed; other formats of the same weights are left where they are. */
const wanted = (path: string) =>
  /^(config\.json|generation_config\.json|model(-\d+-of-\d+)?\.safetensors|model\.safetensors\.index\.json)$/.test(
    path,
  );

/**
 * Reads what there is to know of a model without reading its weights.
 * @param idOrPath a folder with config.json and model.safetensors (or shards), a GGUF file (or a folder with one and no
 *   config.json), or a hub id such as `gpt2`.
 * @throws PrefineError("model") for a folder that is no model or whose weights contradict its config; "hub" otherwise.
 */
export async function loadModel(idOrPath: string, options: LoadModelOptions = {}): Promise<LoadedModel> {
  const directory = await locate(idOrPath, options);
  const gguf = findGguf(idOrPath, directory, options);
  if (gguf !== undefined) return modelOfGguf(gguf, idOrPath);
  const configFile = join(directory, "config.json");
  if (!existsSync(configFile)) throw noModel(idOrPath, directory, "config.json");
  const config = readJson(configFile);
  checkQuantMethod(config, configFile);
  const tied = architectureOf(config, configFile);
  const generationFile = join(directory, "generation_config.json");
  const generationConfig = existsSync(generationFile) ? readJson(generationFile) : {};
  const found = await findTensors(directory, idOrPath);
  const shared = { generationConfig, nameOrPath: idOrPath, directory, configFile };
  if (!(await differsFromTied(tied, found))) {
    return modelOf(tied, found, { config, ...shared });
  }
  const apart = { ...config, tie_word_embeddings: false };
  options.onWarning?.(`${configFile} ties the head to the embedding, but the weights have both, and they differ`);
  return modelOf(architectureOf(apart, configFile), found, { config: apart, ...shared });
}

async function modelOf(
  architecture: Architecture,
  found: ReadonlyMap<string, FoundTensor>,
  named: Omit<LoadedModel, "architecture" | "weights" | "quantization">,
): Promise<LoadedModel> {
  const weights = await weightsOf(architecture, found, named);
  return { ...asPacked(architecture, weights, named.config), ...named, weights };
}

/** The GGUF file that is asked for, or the only one of a folder that has no config.json. */
function findGguf(idOrPath: string, directory: string, { gguf_file }: LoadModelOptions): string | undefined {
  if (gguf_file !== undefined) return join(directory, gguf_file);
  if (isGgufPath(idOrPath)) return idOrPath;
  if (existsSync(join(directory, "config.json"))) return undefined;
  const files = readdirSync(directory).filter(isGgufPath).sort();
  if (files.length < 2) return files.length === 0 ? undefined : join(directory, files[0]);
  const message = `${idOrPath}: expected config.json or one GGUF file, found ${files.length}: ${files.join(", ")}`;
  throw new PrefineError("model", message, `Name one, such as ${join(idOrPath, files[0])}.`);
}

async function modelOfGguf(file: string, nameOrPath: string): Promise<LoadedModel> {
  const model = await loadGguf(file);
  const { config, generationConfig } = model;
  const architecture = architectureOf(config, file);
  const weights = ggufWeights(architecture, model, file);
  return { architecture, config, generationConfig, nameOrPath, directory: dirname(file), configFile: file, weights };
}

async function locate(idOrPath: string, options: LoadModelOptions): Promise<string> {
  if (statSync(idOrPath, { throwIfNoEntry: false })?.isDirectory()) return idOrPath;
  if (existsSync(idOrPath)) {
    if (isGgufPath(idOrPath)) return dirname(idOrPath);
    const hint = "Give the folder that holds config.json and model.safetensors.";
    throw new PrefineError("model", `${idOrPath}: expected a model's folder, GGUF file or hub id, found a file`, hint);
  }
  if (!looksLikeRepoId(idOrPath)) {
    const hint = "A model is a folder with config.json and model.safetensors, or a hub id such as gpt2.";
    throw new PrefineError("model", `${idOrPath}: no such folder, and no hub id`, hint);
  }
  const { gguf_file } = options;
  const files = gguf_file === undefined ? wanted : (path: string) => path === gguf_file;
  const { directory } = await resolveRepo({ id: idOrPath, kind: "model", files, ...options });
  return directory;
}

function noModel(name: string, directory: string, missing: string): PrefineError {
  const others = ["pytorch_model.bin", "adapter_config.json"].filter((file) => existsSync(join(directory, file)));
  const hint = others.includes("adapter_config.json")
    ? "This is an adapter: give its base model, or load it as a run."
    : others.length > 0
      ? "Only safetensors are read: save the model again with save_pretrained (it writes model.safetensors)."
      : "A model's folder holds config.json and model.safetensors.";
  return new PrefineError("model", `${name}: expected a model, found no ${missing} in ${directory}`, hint);
}

function readJson(file: string): Record<string, unknown> {
  return parseJsonObject(readFileSync(file, "utf8"), file, "Fetch or save the file again.");
}

/** Names of the safetensors files of a model's folder. */
function weightFiles(directory: string, name: string): string[] {
  if (existsSync(join(directory, WEIGHTS))) return [WEIGHTS];
  const index = join(directory, INDEX);
  if (!existsSync(index)) throw noModel(name, directory, WEIGHTS);
  const map = readJson(index).weight_map;
  const shards = typeof map === "object" && map !== null ? [...new Set(Object.values(map as object))] : [];
  const isShard = (shard: unknown): shard is string =>
    typeof shard === "string" && basename(shard) === shard && shard.endsWith(".safetensors");
  if (shards.length > 0 && shards.every(isShard)) return shards.sort();
  const message = `${index}: expected "weight_map" with the file of each tensor, found ${show(map)}`;
  throw new PrefineError("model", message, "Fetch or save the file again.");
}

async function readHeader(file: string): Promise<Map<string, SafetensorsEntry>> {
  const handle = await open(file, "r").catch((cause) => {
    const { code } = cause as NodeJS.ErrnoException;
    const found = code === "ENOENT" ? "expected weights, found no such file" : `cannot be read (${code})`;
    throw new PrefineError("model", `${file}: ${found}`, "Is a shard missing?", { cause });
  });
  try {
    const { size } = await handle.stat();
    const start = new Uint8Array(8);
    const { bytesRead } = await handle.read(start, 0, 8, 0);
    const length = 8 + safetensorsHeaderLength(start.subarray(0, bytesRead), file);
    const header = new Uint8Array(Math.min(length, size));
    await handle.read(header, 0, header.length, 0);
    return parseSafetensorsHeader(header, size, file).tensors;
  } finally {
    await handle.close();
  }
}

async function readBytes({ file, start, end }: Bytes): Promise<Uint8Array> {
  const handle = await open(file, "r");
  try {
    return (await handle.read(new Uint8Array(end - start), 0, end - start, start)).buffer;
  } finally {
    await handle.close();
  }
}

async function findTensors(directory: string, name: string): Promise<Map<string, FoundTensor>> {
  const found = new Map<string, FoundTensor>();
  for (const shard of weightFiles(directory, name)) {
    const file = join(directory, shard);
    for (const [tensor, entry] of await readHeader(file)) found.set(tensor, { ...entry, file });
  }
  return found;
}

async function weightsOf(
  architecture: Architecture,
  found: ReadonlyMap<string, FoundTensor>,
  { directory, configFile }: { directory: string; configFile: string },
): Promise<Map<string, FileRange>> {
  const weights = new Map<string, FileRange>();
  for (const [parameter, shape] of architecture.parameters) {
    const key = architecture.fileNames(parameter).find((candidate) => found.has(candidate));
    const entry = key === undefined ? undefined : found.get(key);
    if (!key || !entry) throw missingWeight(parameter, directory, configFile);
    const { file, start, end } = entry;
    const packed = await packedMatrix(found, key, readBytes);
    if (packed) {
      const codes = { dtype: entry.dtype, shape: [packed.outFeatures, packed.inFeatures], file };
      const expected = packedShape(architecture, parameter, shape);
      if (codes.shape.join() !== expected.join()) throw wrongShape(key, codes, expected, configFile);
      weights.set(parameter, packedRange(architecture, parameter, { file, start, end, shape, packed }));
      continue;
    }
    if (entry.shape.join() !== shape.join()) throw wrongShape(key, entry, shape, configFile);
    weights.set(parameter, { file, start, end, as: floatKind(key, entry), shape });
  }
  refuseFurtherLayers(architecture, found, configFile);
  return weights;
}

/**
 * Weights of layers that the config does not have: it would be another, smaller model. Tensors of other kinds (mask
 * buffers, a second head) are left alone, as transformers leaves them.
 */
function refuseFurtherLayers(
  architecture: Architecture,
  found: ReadonlyMap<string, { file: string }>,
  configFile: string,
): void {
  const kindOf = (name: string) => name.replace(/\d+/g, "0");
  const known = new Set([...architecture.parameters.keys()].flatMap((name) => architecture.fileNames(name)));
  const kinds = new Set([...known].map(kindOf));
  for (const [name, { file }] of found) {
    if (known.has(name) || !kinds.has(kindOf(name))) continue;
    const message = `${file}: tensor "${name}" belongs to none of the ${architecture.layers} layers of ${configFile}`;
    throw new PrefineError("model", message, "Do config.json and the weights belong together?");
  }
}

function missingWeight(parameter: string, directory: string, configFile: string): PrefineError {
  const message = `${directory}: the weights have no tensor "${parameter}", which ${configFile} asks for`;
  return new PrefineError("model", message, "Do config.json and the weights belong together?");
}

function wrongShape(
  key: string,
  entry: { shape: readonly number[]; file: string },
  shape: readonly (number | string)[],
  configFile: string,
) {
  const [found, expected] = [entry.shape, shape].map((sizes) => `[${sizes.join(", ")}]`);
  const message = `${entry.file}: tensor "${key}" has shape ${found}, ${configFile} says ${expected}`;
  return new PrefineError("model", message, "Do config.json and the weights belong together?");
}

function floatKind(key: string, { dtype, file }: { dtype: string; file: string }): FileRange["as"] {
  if (dtype === "F32" || dtype === "F16" || dtype === "BF16" || dtype === "F64") return dtype;
  const message = `${file}: tensor "${key}" holds ${dtype}, expected F32, F16 or BF16`;
  throw new PrefineError("not-yet", message, UNQUANTIZED);
}
