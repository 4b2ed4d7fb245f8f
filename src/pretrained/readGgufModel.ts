/** @file A GGUF file as a model: its config, and the location of each parameter. */
import type { ModelFiles } from "../disk/storage.ts";
import type { FileRange } from "../engine/runtime/protocol.ts";
import { PrefineError } from "../errors.ts";
import type { GgufTensor } from "../formats/gguf.ts";
import { decodeBlocks, isBlockDtype } from "../formats/ggufBlocks.ts";
import { ggufModels } from "../formats/ggufPath.ts";
import { toFloat32 } from "../formats/safetensors.ts";
import { architectureOf } from "../models/families/architectures.ts";
import type { LoadedModel } from "../models/loadedModel.ts";
import type { Architecture } from "../models/network.ts";
import { type GgufConfig, ggufConfig } from "./ggufConfig.ts";
import { type GgufModelHeader, type PlacedTensor, readGgufHeader } from "./ggufParts.ts";
import { ROTARY_FACTORS, type RotaryFactors } from "./ggufRope.ts";
import { type GgufSource, ggufSource } from "./ggufTensors.ts";

interface GgufModel extends GgufConfig {
  header: GgufModelHeader;
}

/** The only GGUF file, if there is no config.json. */
export async function findGguf(files: ModelFiles, name: string): Promise<string | undefined> {
  if (await files.has("config.json")) return undefined;
  const ggufFiles = ggufModels(await files.list());
  if (ggufFiles.length < 2) return ggufFiles[0];
  const message = `${name}: expected config.json or one GGUF file, found ${ggufFiles.length}: ${ggufFiles.join(", ")}`;
  throw new PrefineError("model", message, `Name one, such as ${files.pathOf(ggufFiles[0])}.`);
}

/**
 * Reads the config and tensor locations of a GGUF file, not its weights.
 * @param gguf the file, or any part of a model in several.
 * @param nameOrPath the requested id or path.
 * @throws PrefineError("model" or "not-yet"), see `readGgufHeader`.
 */
export async function readGgufModel(files: ModelFiles, gguf: string, nameOrPath: string): Promise<LoadedModel> {
  const header = await readGgufHeader(files, gguf);
  const model = { header, ...ggufConfig(header, header.where, await rotaryFactors(header, files)) };
  const { config, generationConfig } = model;
  const configFile = header.where;
  const architecture = architectureOf(config, configFile);
  const weights = ggufWeights(architecture, model, files);
  return { architecture, config, generationConfig, nameOrPath, directory: files.path, configFile, weights };
}

async function rotaryFactors({ tensors }: GgufModelHeader, files: ModelFiles): Promise<RotaryFactors> {
  const factors: RotaryFactors = {};
  for (const name of ROTARY_FACTORS) {
    const tensor = tensors.get(`${name}.weight`);
    if (!tensor) continue;
    const bytes = await bytesOf(tensor, files);
    const { dtype, part } = tensor;
    factors[name] = isBlockDtype(dtype)
      ? decodeBlocks(bytes, dtype)
      : toFloat32(bytes, dtype, `${files.pathOf(part)}: ${name}`);
  }
  return factors;
}

async function bytesOf({ part, start, end }: PlacedTensor, files: ModelFiles): Promise<Uint8Array> {
  const file = await files.open(part);
  try {
    return new Uint8Array((await file?.slice(start, end)) ?? []);
  } finally {
    await file?.close();
  }
}

/** @throws PrefineError("model") if a parameter is missing or its shape differs from the metadata. */
function ggufWeights(
  architecture: Architecture,
  { header, config }: GgufModel,
  files: ModelFiles,
): Map<string, FileRange> {
  const weights = new Map<string, FileRange>();
  const { tensors, where } = header;
  const unread = new Set(tensors.keys());
  for (const [parameter, shape] of architecture.parameters) {
    const source = ggufSource(parameter, config);
    const { name, tensor } = tensorOf(parameter, source, { tensors, file: where });
    const file = files.pathOf(tensor.part);
    const range = rangeOf(tensor, { name, source: source as GgufSource, shape, architecture, file });
    unread.delete(name);
    weights.set(parameter, { file, as: tensor.dtype, shape, ...range, source: name });
  }
  refuseUnread(unread, architecture, where);
  return weights;
}

/** The tensor with a parameter's values: its own, or queries, keys and values in one. */
function tensorOf(
  parameter: string,
  source: GgufSource | undefined,
  { tensors, file }: { tensors: GgufModelHeader["tensors"]; file: string },
): { name: string; tensor: PlacedTensor } {
  for (const name of source ? [source.name, source.within?.name ?? ""] : []) {
    const tensor = tensors.get(name);
    if (tensor) return { name, tensor };
  }
  const name = source?.name ?? parameter;
  if (name.includes(".attn_qkv.") && tensors.has(name.replace("attn_qkv", "attn_q"))) {
    const message = `${file}: queries, keys and values in tensors of their own are not supported for this family`;
    throw new PrefineError("not-yet", message, `Convert the model again: this family has "${name}".`);
  }
  const message = `${file}: no tensor "${name}", which its metadata requires`;
  throw new PrefineError("model", message, "Download the file again: it may be damaged.");
}

interface Wanted {
  name: string;
  source: GgufSource;
  shape: readonly number[];
  architecture: Architecture;
  file: string;
}

/** Bytes of a parameter within a tensor, and its arrangement there. */
function rangeOf({ shape: actual, start, end }: GgufTensor, wanted: Wanted) {
  const { name, source, shape, architecture, file } = wanted;
  const { rows, plus, within } = source;
  const part = name === within?.name ? partRows(architecture, within.part) : undefined;
  const expected = rows === "transposed" ? [...shape].reverse() : part ? [part.of, ...shape.slice(1)] : shape;
  if (actual.join() !== expected.join()) {
    const message = `${file}: tensor "${name}" has shape [${actual}], its metadata says [${expected}]`;
    throw new PrefineError("model", message, "Download the file again: it may be damaged.");
  }
  if (!part) return { start, end, rows, plus };
  const row = (end - start) / part.of;
  const first = start + part.first * row;
  return { start: first, end: first + shape[0] * row, rows, plus };
}

/** Rows of queries, keys and values in one tensor. */
function partRows({ heads, kvHeads, headSize }: Architecture, part: "queries" | "keys" | "values") {
  const [queries, keys] = [heads * headSize, kvHeads * headSize];
  return { first: { queries: 0, keys: queries, values: queries + keys }[part], of: queries + 2 * keys };
}

/** Families whose rotary factors are in `rope_freqs.weight`; `rope_factors_*` are Phi-3's. */
const WITH_FREQUENCIES = ["llama", "mistral", "smollm3", "granite"];

/** Refuses tensors that would change results (biases, experts), as llama.cpp does; a table of angles is none. */
function refuseUnread(unread: ReadonlySet<string>, { modelType }: Architecture, file: string): void {
  const isRead = (name: string) =>
    name.startsWith("rope_factors_")
      ? modelType === "phi3"
      : name === "rope_freqs.weight" && WITH_FREQUENCIES.includes(modelType);
  const further = [...unread].filter((name) => !isRead(name) && !name.includes("attn_rot_embd"));
  if (further.length === 0) return;
  const others = further.length > 1 ? ` and ${further.length - 1} more` : "";
  const message = `${file}: tensor "${further[0]}"${others} is in no layer that prefine has for ${modelType}`;
  throw new PrefineError("not-yet", message, "Use the model's safetensors.");
}
