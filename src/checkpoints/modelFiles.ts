/** @file The trained weights as files: a PEFT adapter, or a whole model as transformers saves it. */
import { open } from "node:fs/promises";
import { join } from "node:path";
import { type Content, ioError } from "../disk/wholeFiles.ts";
import { PrefineError } from "../errors.ts";
import {
  parseSafetensorsHeader,
  type SafetensorsEntry,
  type SafetensorsHeader,
  safetensorsHeaderLength,
  toFloat32,
} from "../formats/safetensors.ts";
import { adapterFiles, loadAdapter } from "./adapter.ts";
import type { AdapterConfig } from "./adapterConfig.ts";
import { encodeTensors, type SavedTensor, type SavedTensors, type StateTensor, type StoredTensor } from "./tensors.ts";

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

/** The files of a model, weights first (read as they are written: write them before training goes on). */
export function modelFiles(model: SavedModel, weights: SavedTensors): [string, Content][] {
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
export async function readModelWeights(dir: string, kind: SavedModel["kind"]): Promise<Map<string, SavedTensor>> {
  return kind === "adapter" ? (await loadAdapter(dir)).weights : readTensorFile(join(dir, MODEL_WEIGHTS));
}

/**
 * The tensors of a safetensors file, floats and bytes, each to be read on its own (all weights and their moments are
 * several times the model).
 * @throws PrefineError("io" | "model") when it is absent or broken; so does reading a tensor.
 */
export async function readTensorFile(path: string): Promise<Map<string, StoredTensor>> {
  const { tensors } = await withFile(path, readHeader);
  const stored = [...tensors].map(([name, entry]): [string, StoredTensor] => {
    const read = () => withFile(path, (file) => readTensor(file, path, [name, entry]));
    return [name, { shape: entry.shape, dtype: entry.dtype === "U8" ? "U8" : "F32", read }];
  });
  return new Map(stored);
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

async function readTensor(
  file: OpenFile,
  path: string,
  [name, { dtype, start, end }]: [string, SafetensorsEntry],
): Promise<StateTensor["data"]> {
  const bytes = await readBytes(file, path, [start, end - start]);
  if (dtype === "U8") return bytes;
  if (dtype === "F32") return new Float32Array(bytes.buffer);
  return toFloat32(bytes, dtype, `${path}: tensor ${JSON.stringify(name)}`);
}

async function readBytes(
  file: OpenFile,
  path: string,
  [position, length]: [number, number],
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(bytes, done, length - done, position + done);
    if (bytesRead === 0) throw new PrefineError("io", `${path}: the file ended at byte ${position + done}`, DAMAGED);
    done += bytesRead;
  }
  return bytes;
}
