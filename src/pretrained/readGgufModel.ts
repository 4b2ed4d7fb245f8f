/** @file A GGUF file as a model: its config, and the location of each parameter. */
import type { ModelFiles } from "../disk/storage.ts";
import type { FileRange } from "../engine/runtime/protocol.ts";
import { PrefineError } from "../errors.ts";
import type { ByteSource } from "../formats/byteSource.ts";
import { type GgufFile, readGguf } from "../formats/gguf.ts";
import { decodeBlocks, isBlockDtype } from "../formats/ggufBlocks.ts";
import { isGgufPath } from "../formats/ggufPath.ts";
import { toFloat32 } from "../formats/safetensors.ts";
import { architectureOf } from "../models/families/architectures.ts";
import type { LoadedModel } from "../models/loadedModel.ts";
import type { Architecture } from "../models/network.ts";
import { type GgufConfig, ggufConfig } from "./ggufConfig.ts";
import { ggufSource } from "./ggufTensors.ts";

interface GgufModel extends GgufConfig {
  contents: GgufFile;
}

/** Factors of the rotary frequencies; Llama 3.1 and later store them instead of the scaling's parameters. */
const ROTARY_FACTORS = "rope_freqs.weight";

/** The only GGUF file, if there is no config.json. */
export async function findGguf(files: ModelFiles, name: string): Promise<string | undefined> {
  if (await files.has("config.json")) return undefined;
  const ggufFiles = (await files.list()).filter(isGgufPath).sort();
  if (ggufFiles.length < 2) return ggufFiles[0];
  const message = `${name}: expected config.json or one GGUF file, found ${ggufFiles.length}: ${ggufFiles.join(", ")}`;
  throw new PrefineError("model", message, `Name one, such as ${files.pathOf(ggufFiles[0])}.`);
}

/**
 * Reads the config and tensor locations of a GGUF file, not its weights.
 * @param nameOrPath the requested id or path.
 * @throws PrefineError("model" or "not-yet"), see `readGguf`.
 */
export async function readGgufModel(files: ModelFiles, gguf: string, nameOrPath: string): Promise<LoadedModel> {
  const file = files.pathOf(gguf);
  const model = await readHeader(files, gguf);
  const { config, generationConfig } = model;
  const architecture = architectureOf(config, file);
  const weights = ggufWeights(architecture, model, file);
  return { architecture, config, generationConfig, nameOrPath, directory: files.path, configFile: file, weights };
}

/** Reads the header. */
async function readHeader(files: ModelFiles, name: string): Promise<GgufModel> {
  const where = files.pathOf(name);
  const file = await files.open(name);
  if (!file) throw new PrefineError("io", `${where}: no such file`, "Check the spelling of the path.");
  try {
    const contents = await readGguf(file, where);
    return { contents, ...ggufConfig(contents, where, await rotaryFactors(contents, file, where)) };
  } finally {
    await file.close();
  }
}

async function rotaryFactors(
  { tensors }: GgufFile,
  source: ByteSource,
  file: string,
): Promise<Float32Array | undefined> {
  const tensor = tensors.get(ROTARY_FACTORS);
  if (!tensor) return undefined;
  const bytes = new Uint8Array(await source.slice(tensor.start, tensor.end));
  const { dtype } = tensor;
  return isBlockDtype(dtype) ? decodeBlocks(bytes, dtype) : toFloat32(bytes, dtype, `${file}: ${ROTARY_FACTORS}`);
}

/** @throws PrefineError("model") if a parameter is missing or its shape differs from the metadata. */
function ggufWeights(
  architecture: Architecture,
  { contents, config }: GgufModel,
  file: string,
): Map<string, FileRange> {
  const weights = new Map<string, FileRange>();
  const unread = new Set(contents.tensors.keys());
  for (const [parameter, shape] of architecture.parameters) {
    const source = ggufSource(parameter, config);
    const tensor = source && contents.tensors.get(source.name);
    if (!source || !tensor) {
      const message = `${file}: no tensor "${source?.name ?? parameter}", which its metadata requires`;
      throw new PrefineError("model", message, "Download the file again: it may be damaged.");
    }
    const expected = source.transposed ? [...shape].reverse() : shape;
    if (tensor.shape.join() !== expected.join()) {
      const message = `${file}: tensor "${source.name}" has shape [${tensor.shape}], its metadata says [${expected}]`;
      throw new PrefineError("model", message, "Download the file again: it may be damaged.");
    }
    unread.delete(source.name);
    const { interleavedHeads } = source;
    const rows = source.transposed ? ("transposed" as const) : interleavedHeads ? { interleavedHeads } : undefined;
    weights.set(parameter, {
      file,
      start: tensor.start,
      end: tensor.end,
      as: tensor.dtype,
      shape,
      rows,
      source: source.name,
    });
  }
  refuseUnread(unread, architecture, file);
  return weights;
}

/** Refuses tensors that would change results (biases, experts), as llama.cpp does; a table of angles is none. */
function refuseUnread(unread: ReadonlySet<string>, { modelType }: Architecture, file: string): void {
  const isRead = (name: string) => name === ROTARY_FACTORS && (modelType === "llama" || modelType === "mistral");
  const further = [...unread].filter((name) => !isRead(name) && !name.includes("attn_rot_embd"));
  if (further.length === 0) return;
  const others = further.length > 1 ? ` and ${further.length - 1} more` : "";
  const message = `${file}: tensor "${further[0]}"${others} is in no layer that prefine has for ${modelType}`;
  throw new PrefineError("not-yet", message, "Use the model's safetensors.");
}
