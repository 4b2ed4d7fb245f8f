/**
 * @file Cache of reference log-probabilities on disk: one file per dataset and reference, named by a hash of inputs.
 */
import type { Hash, RunFolder, Storage } from "../disk/storage.ts";
import { decodeSafetensors, encodeSafetensors } from "../formats/safetensors.ts";
import { sha256 } from "../formats/sha256.ts";

/** A file of the cache, which may not exist. */
export interface CacheFile {
  folder: RunFolder;
  name: string;
}

/** The file for these values, which must be JSON. */
export function cacheFile(folder: RunFolder, identity: Record<string, unknown>): CacheFile {
  return { folder, name: `${sha256(JSON.stringify(identity))}.safetensors` };
}

interface Cached {
  /** Two per pair (chosen, rejected), NaN if not computed yet. */
  values?: Float64Array;
  /** The defect of an existing file. */
  fault?: string;
}

/** Reads a file of `rows` pairs; empty if there is none. */
export async function readCached({ folder, name }: CacheFile, rows: number): Promise<Cached> {
  const path = folder.pathOf(name);
  try {
    const bytes = await folder.read(name);
    if (!bytes) return {};
    const { tensors, metadata } = decodeSafetensors(bytes, path);
    const { data, shape, dtype } = tensors.get(TENSOR) ?? {};
    if (!data || dtype !== "F64" || shape?.join() !== `${rows},2`) return { fault: `${path}: not ${rows} pairs` };
    const copy = new Uint8Array(data as Uint8Array); // aligned
    if (metadata?.sha256 !== sha256(copy)) return { fault: `${path}: the values were changed after writing` };
    return { values: new Float64Array(copy.buffer) };
  } catch (error) {
    return { fault: (error as Error).message };
  }
}

/** Writes the values atomically. @throws PrefineError("io"). */
export function writeCached({ folder, name }: CacheFile, values: Float64Array): Promise<void> {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const tensors = new Map([[TENSOR, { dtype: "F64" as const, shape: [values.length / 2, 2], data: values }]]);
  const metadata = { columns: "chosen,rejected", sha256: sha256(bytes) };
  return folder.write(name, [encodeSafetensors(tensors, metadata)]);
}

const TENSOR = "logps";

const utf8 = (text: string) => new TextEncoder().encode(text);

interface StoredBytes {
  file: string;
  start: number;
  end: number;
}

/** Location of a weight in a file. */
interface StoredWeight extends StoredBytes {
  as: string;
  shape: readonly number[];
  /** Rearrangement of the file's rows. */
  rows?: unknown;
  /** The scales and offset of a quantized matrix. */
  packed?: { scales: readonly StoredBytes[]; offset: number };
}

/** The hash of a model's weights on disk: names, shapes, types and all bytes. 0.5 GB take half a second. */
export async function hashStoredWeights(
  weights: ReadonlyMap<string, StoredWeight>,
  storage: Pick<Storage, "sha256" | "readRange">,
): Promise<string> {
  const hash = storage.sha256();
  for (const [name, { as, shape, rows, packed, ...bytes }] of weights) {
    hash.update(utf8(JSON.stringify([name, as, shape, rows ?? null, ...(packed ? [packed.offset] : [])])));
    for (const part of [bytes, ...(packed?.scales ?? [])]) {
      for await (const piece of storage.readRange(part)) hash.update(piece);
    }
  }
  return hash.hex();
}

/** The hash of weights in memory. */
export function hashTensors(
  tensors: ReadonlyMap<string, { shape: readonly number[]; data: Float32Array }>,
  hash: Hash,
): string {
  for (const [name, { shape, data }] of tensors) {
    hash.update(utf8(JSON.stringify([name, shape])));
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.hex();
}
