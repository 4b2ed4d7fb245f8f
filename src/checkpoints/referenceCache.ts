/**
 * @file Reference log-probabilities that were computed before, on disk: one file for a data set under a reference,
 * named by the hash of everything that they depend on.
 */
import type { Hash, RunFolder, Storage } from "../disk/storage.ts";
import { decodeSafetensors, encodeSafetensors } from "../formats/safetensors.ts";
import { sha256 } from "../formats/sha256.ts";

/** A file of the cache, there or not. */
export interface CacheFile {
  folder: RunFolder;
  name: string;
}

/** The file for these values, which are whatever JSON can hold. */
export function cacheFile(folder: RunFolder, identity: Record<string, unknown>): CacheFile {
  return { folder, name: `${sha256(JSON.stringify(identity))}.safetensors` };
}

interface Cached {
  /** Two a pair (chosen, rejected), NaN where not computed yet. */
  values?: Float64Array;
  /** What is wrong with a file that is there. */
  fault?: string;
}

/** Reads a file of `rows` pairs; nothing where there is none. */
export async function readCached({ folder, name }: CacheFile, rows: number): Promise<Cached> {
  const path = folder.pathOf(name);
  try {
    const bytes = await folder.read(name);
    if (!bytes) return {};
    const { tensors, metadata } = decodeSafetensors(bytes, path);
    const { data, shape, dtype } = tensors.get(TENSOR) ?? {};
    if (!data || dtype !== "F64" || shape?.join() !== `${rows},2`) return { fault: `${path}: not ${rows} pairs` };
    const copy = new Uint8Array(data as Uint8Array); // aligned
    if (metadata?.sha256 !== sha256(copy)) return { fault: `${path}: the values are not those that were written` };
    return { values: new Float64Array(copy.buffer) };
  } catch (error) {
    return { fault: (error as Error).message };
  }
}

/** Writes the values, whole or not at all. @throws PrefineError("io"). */
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

/** Where a weight lies in a file. */
interface StoredWeight extends StoredBytes {
  as: string;
  shape: readonly number[];
  /** Another order of the file's rows. */
  rows?: unknown;
  /** What else belongs to a quantized matrix. */
  packed?: { scales: readonly StoredBytes[]; offset: number };
}

/** The hash of a model's weights as they are on disk: names, shapes, types and all bytes. 0.5 GB take half a second. */
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
