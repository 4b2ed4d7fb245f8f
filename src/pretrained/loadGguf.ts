/** @file A GGUF file as a model: its config, and where each parameter lies in it. */
import { open } from "node:fs/promises";
import type { FileRange } from "../engine/runtime/protocol.ts";
import { PrefineError } from "../errors.ts";
import { type ByteSource, fileSource } from "../formats/byteSource.ts";
import { type GgufFile, readGguf } from "../formats/gguf.ts";
import { decodeBlocks, isBlockDtype } from "../formats/ggufBlocks.ts";
import { toFloat32 } from "../formats/safetensors.ts";
import type { Architecture } from "../models/network.ts";
import { type GgufConfig, ggufConfig } from "./ggufConfig.ts";
import { ggufSource } from "./ggufTensors.ts";
import { llama3Scaling } from "./llama3Scaling.ts";

export interface GgufModel extends GgufConfig {
  contents: GgufFile;
}

/** Factors of the rotary frequencies, which files of Llama 3.1 and later have instead of the numbers behind them. */
const ROTARY_FACTORS = "rope_freqs.weight";

/** Reads the header (and no weights) of a GGUF file. @throws PrefineError("model" or "not-yet"), see `readGguf`. */
export async function loadGguf(file: string): Promise<GgufModel> {
  const handle = await open(file, "r").catch((cause) => {
    throw new PrefineError("io", `${file}: ${(cause as Error).message}`, undefined, { cause });
  });
  try {
    const source = await fileSource(handle);
    const contents = await readGguf(source, file);
    const { config, generationConfig } = ggufConfig(contents, file);
    return {
      contents,
      config: { ...config, ...(await rotaryFactors(contents, source, config, file)) },
      generationConfig,
    };
  } finally {
    await handle.close();
  }
}

async function rotaryFactors(
  { tensors }: GgufFile,
  source: ByteSource,
  config: Record<string, unknown>,
  file: string,
): Promise<Record<string, unknown>> {
  const tensor = tensors.get(ROTARY_FACTORS);
  if (!tensor) return {};
  const bytes = new Uint8Array(await source.slice(tensor.start, tensor.end));
  const { dtype } = tensor;
  const factors = isBlockDtype(dtype)
    ? decodeBlocks(bytes, dtype)
    : toFloat32(bytes, dtype, `${file}: ${ROTARY_FACTORS}`);
  const rope_scaling = llama3Scaling(factors, { theta: Number(config.rope_theta), headDim: Number(config.head_dim) });
  if (rope_scaling) return { rope_scaling };
  const message = `${file}: ${ROTARY_FACTORS} are not those of Llama 3's scaling`;
  throw new PrefineError("not-yet", message, "Use the model's safetensors.");
}

/** @throws PrefineError("model") where a parameter is missing or has another shape than the metadata say. */
export function ggufWeights(
  architecture: Architecture,
  { contents, config }: GgufModel,
  file: string,
): Map<string, FileRange> {
  const weights = new Map<string, FileRange>();
  for (const [parameter, shape] of architecture.parameters) {
    const source = ggufSource(parameter, config);
    const tensor = source && contents.tensors.get(source.name);
    if (!source || !tensor) {
      const message = `${file}: no tensor "${source?.name ?? parameter}", which its metadata ask for`;
      throw new PrefineError("model", message, "Fetch the file again: it may be damaged.");
    }
    const expected = source.transposed ? [...shape].reverse() : shape;
    if (tensor.shape.join() !== expected.join()) {
      const message = `${file}: tensor "${source.name}" has shape [${tensor.shape}], its metadata say [${expected}]`;
      throw new PrefineError("model", message, "Fetch the file again: it may be damaged.");
    }
    const { interleavedHeads } = source;
    const rows = source.transposed ? ("transposed" as const) : interleavedHeads ? { interleavedHeads } : undefined;
    weights.set(parameter, {
      file,
      start: tensor.start,
      end: tensor.end,
      as: tensor.dtype,
      shape,
      rows,
    });
  }
  return weights;
}
