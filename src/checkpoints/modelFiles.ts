/** @file The trained weights as files: a PEFT adapter, or a whole model as transformers saves it. */
import { open } from "node:fs/promises";
import { join } from "node:path";
import { PrefineError } from "../errors.ts";
import {
  parseSafetensorsHeader,
  type SafetensorsDtype,
  type SafetensorsHeader,
  safetensorsHeaderLength,
  toFloat32,
} from "../formats/safetensors.ts";
import { adapterFiles, loadAdapter } from "./adapter.ts";
import type { AdapterConfig } from "./adapterConfig.ts";
import { type Content, ioError } from "./files.ts";
import { encodeTensors, type NamedTensor, type NamedTensors, type StateTensor } from "./tensors.ts";

const DAMAGED = "Is the checkpoint damaged? Resume from another one.";

export const MODEL_WEIGHTS = "model.safetensors";

/** What is trained, and so what is saved. */
export type SavedModel =
  | { kind: "adapter"; config: AdapterConfig }
  | {
      kind: "full";
      /** The base's config.json. */
      config: Readonly<Record<string, unknown>>;
      /** The base's generation_config.json, if it has one. */
      generationConfig?: Readonly<Record<string, unknown>> | null;
      /** Padding token of the tokenizer, which TRL writes into the model's configs. */
      padTokenId?: number | null;
    };

/** The files of a model, weights first (views of `weights`: write them before training goes on). */
export function modelFiles(model: SavedModel, weights: NamedTensors): [string, Content][] {
  if (model.kind === "adapter") return adapterFiles({ config: model.config, weights });
  const padded = model.padTokenId == null ? {} : { pad_token_id: model.padTokenId };
  const { torch_dtype: _, ...base } = model.config; // dtype's old name
  const files: [string, Content][] = [
    [MODEL_WEIGHTS, encodeTensors(weights, { format: "pt" })],
    ["config.json", encodeJson({ ...base, ...padded, dtype: "float32" })],
  ];
  const generation = model.generationConfig;
  if (generation) files.push(["generation_config.json", encodeJson({ ...generation, ...padded })]);
  return files;
}

function encodeJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** The weights that `modelFiles` wrote into `dir`. */
export async function readModelWeights(dir: string, kind: SavedModel["kind"]): Promise<Map<string, NamedTensor>> {
  return kind === "adapter" ? (await loadAdapter(dir)).weights : readFloat32File(join(dir, MODEL_WEIGHTS));
}

/**
 * A safetensors file, tensor by tensor (a file of all weights may be larger than one buffer).
 * @throws PrefineError("io" | "model") when it is absent or broken.
 */
export async function readFloat32File(path: string): Promise<Map<string, NamedTensor>> {
  return withFile(path, (file) => readTensors(file, path, toFloat32));
}

/** As {@link readFloat32File}, for a file that also holds bytes. */
export async function readStateFile(path: string): Promise<Map<string, StateTensor>> {
  return withFile(path, (file) =>
    readTensors(file, path, (bytes, dtype, where) => (dtype === "U8" ? bytes : toFloat32(bytes, dtype, where))),
  );
}

/** @throws PrefineError("io" | "model") when the file is absent, or its header does not describe it. */
export async function checkSafetensorsFile(path: string): Promise<void> {
  await withFile(path, readHeader);
}

async function withFile<T>(path: string, use: (file: OpenFile, path: string) => Promise<T>): Promise<T> {
  try {
    const file = await open(path, "r");
    try {
      return await use(file, path);
    } finally {
      await file.close();
    }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw ioError(cause, path, "read");
    throw new PrefineError("io", `${path}: expected a safetensors file, found none`, DAMAGED);
  }
}

type OpenFile = Awaited<ReturnType<typeof open>>;

async function readHeader(file: OpenFile, path: string): Promise<SafetensorsHeader> {
  const { size } = await file.stat();
  const headerLength = safetensorsHeaderLength(await readBytes(file, path, [0, Math.min(8, size)]), path);
  const header = await readBytes(file, path, [0, Math.min(8 + headerLength, size)]);
  return parseSafetensorsHeader(header, size, path);
}

async function readTensors<T>(
  file: OpenFile,
  path: string,
  convert: (bytes: Uint8Array, dtype: SafetensorsDtype, where: string) => T,
): Promise<Map<string, { shape: number[]; data: T }>> {
  const read = new Map<string, { shape: number[]; data: T }>();
  for (const [name, { dtype, shape, start, end }] of (await readHeader(file, path)).tensors) {
    const bytes = await readBytes(file, path, [start, end - start]);
    read.set(name, { shape, data: convert(bytes, dtype, `${path}: tensor ${JSON.stringify(name)}`) });
  }
  return read;
}

async function readBytes(file: OpenFile, path: string, [position, length]: [number, number]): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(bytes, done, length - done, position + done);
    if (bytesRead === 0) throw new PrefineError("io", `${path}: the file ended at byte ${position + done}`, DAMAGED);
    done += bytesRead;
  }
  return bytes;
}
