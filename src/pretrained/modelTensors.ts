/** @file Finds the parameters of an architecture among the tensors of a model's safetensors files. */

import type { ModelFiles } from "../disk/storage.ts";
import type { FileRange } from "../engine/runtime/protocol.ts";
import { PrefineError, show } from "../errors.ts";
import { type Bytes, packedMatrix, UNQUANTIZED } from "../formats/bitsandbytes.ts";
import { parseJsonObject } from "../formats/parseJson.ts";
import { readSafetensorsHeader, type SafetensorsEntry, type SafetensorsHeader } from "../formats/safetensors.ts";
import type { LeftOutTensor } from "../models/loadedModel.ts";
import type { Architecture } from "../models/network.ts";
import { packedRange, packedShape } from "../models/precision/packedWeights.ts";
import { noModel, RELOAD } from "./noModel.ts";

/** A tensor of a safetensors file: its path, and its name among the model's files. */
export type FoundTensor = SafetensorsEntry & { file: string; shard: string };

export interface ModelTensors {
  files: ModelFiles;
  tensors: Map<string, FoundTensor>;
}

const WEIGHTS = "model.safetensors";
const INDEX = "model.safetensors.index.json";

/** Reads the headers of all weight files. @param name the model's name, for messages. */
export async function findTensors(files: ModelFiles, name: string): Promise<ModelTensors> {
  const tensors = new Map<string, FoundTensor>();
  for (const shard of await weightFiles(files, name)) {
    const file = files.pathOf(shard);
    for (const [tensor, entry] of (await readHeader(files, shard)).tensors)
      tensors.set(tensor, { ...entry, file, shard });
  }
  return { files, tensors };
}

/** Names of the safetensors files of a model. */
async function weightFiles(files: ModelFiles, name: string): Promise<string[]> {
  if (await files.has(WEIGHTS)) return [WEIGHTS];
  const text = await files.readText(INDEX);
  if (text === undefined) throw await noModel(files, name, WEIGHTS);
  const index = files.pathOf(INDEX);
  const map = parseJsonObject(text, index, RELOAD).weight_map;
  const shards = typeof map === "object" && map !== null ? [...new Set(Object.values(map as object))] : [];
  const isShard = (shard: unknown): shard is string =>
    typeof shard === "string" && !/[\\/]/.test(shard) && shard.endsWith(".safetensors");
  if (shards.length > 0 && shards.every(isShard)) return shards.sort();
  const wrong = Object.entries(shards.length > 0 ? (map as object) : {}).find(([, shard]) => !isShard(shard));
  const message = wrong
    ? `${index}: weight_map: expected the name of a .safetensors file for ${show(wrong[0])}, found ${show(wrong[1])}`
    : `${index}: expected "weight_map" with the file of each tensor, found ${show(map)}`;
  throw new PrefineError("model", message, RELOAD);
}

async function readHeader(files: ModelFiles, shard: string): Promise<SafetensorsHeader> {
  const where = files.pathOf(shard);
  const file = await files.open(shard);
  if (!file) {
    throw new PrefineError("model", `${where}: expected weights, found no such file`, "Is a shard missing?");
  }
  try {
    return await readSafetensorsHeader(file, where);
  } finally {
    await file.close();
  }
}

/** The bytes of a small tensor. */
async function readWhole(
  files: ModelFiles,
  shard: string,
  { start, end }: Pick<Bytes, "start" | "end">,
): Promise<Uint8Array> {
  const file = await files.open(shard);
  try {
    return new Uint8Array((await file?.slice(start, end)) ?? []);
  } finally {
    await file?.close();
  }
}

function shardOf(tensors: ReadonlyMap<string, FoundTensor>, path: string): string {
  for (const { file, shard } of tensors.values()) if (file === path) return shard;
  throw new Error(`internal: no tensor is in ${path}`);
}

/**
 * Locations of the architecture's parameters.
 * @throws PrefineError("model") if one is missing or its shape differs from the config; "not-yet" for an unsupported
 *   type.
 */
export async function rangesOf(
  architecture: Architecture,
  { files, tensors: found }: ModelTensors,
  configFile: string,
): Promise<Map<string, FileRange>> {
  const weights = new Map<string, FileRange>();
  for (const [parameter, shape] of architecture.parameters) {
    const key = architecture.fileNames(parameter).find((candidate) => found.has(candidate));
    const entry = key === undefined ? undefined : found.get(key);
    if (!key || !entry) throw missingWeight(parameter, files.path, configFile);
    const { file, start, end } = entry;
    const packed = await packedMatrix(found, key, (bytes) => readWhole(files, shardOf(found, bytes.file), bytes));
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

/** The tensors that the architecture leaves out, to be read when a model is saved. */
export function leftOutTensors(
  { leftOut }: Architecture,
  { files, tensors }: ModelTensors,
): ReadonlyMap<string, LeftOutTensor> {
  const names = leftOut ? [...tensors.keys()].filter((name) => leftOut.has(name)) : [];
  return new Map(
    names.map((name) => {
      const { dtype, shape, start, end, shard } = tensors.get(name) as FoundTensor;
      return [name, { dtype, shape, read: () => readWhole(files, shard, { start, end }) }];
    }),
  );
}

/**
 * Refuses weights of layers that the config lacks: the model would be a different, smaller one. Other tensors (mask
 * buffers, a second head) are ignored, as in transformers.
 */
function refuseFurtherLayers(
  architecture: Architecture,
  found: ReadonlyMap<string, { file: string }>,
  configFile: string,
): void {
  const kindOf = (name: string) => name.replace(/\d+/g, "0");
  const expected = new Set([...architecture.parameters.keys()].flatMap((name) => architecture.fileNames(name)));
  const kinds = new Set([...expected].map(kindOf));
  for (const [name, { file }] of found) {
    if (expected.has(name) || !kinds.has(kindOf(name))) continue;
    const message = `${file}: tensor "${name}" is in none of the ${architecture.layers} layers of ${configFile}`;
    throw new PrefineError("model", message, "Do config.json and the weights belong together?");
  }
}

function missingWeight(parameter: string, directory: string, configFile: string): PrefineError {
  const message = `${directory}: the weights have no tensor "${parameter}", which ${configFile} requires`;
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
  const message = `${file}: tensor "${key}" has type ${dtype}, expected F32, F16 or BF16`;
  throw new PrefineError("not-yet", message, UNQUANTIZED);
}
