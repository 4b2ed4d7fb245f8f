/**
 * @file Reference log-probabilities that were computed before, on disk: one file for a data set under a reference,
 * named by the hash of everything that they depend on.
 */
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { ioError, writeFileAtomically } from "../disk/wholeFiles.ts";
import { decodeSafetensors, encodeSafetensors } from "../formats/safetensors.ts";

/** $PREFINE_CACHE, else prefine in the user's cache folder. */
export function referenceCacheFolder(env: Record<string, string | undefined> = process.env): string {
  const cache = env.PREFINE_CACHE || join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), ".cache"), "prefine");
  return join(cache, "reference_logps");
}

/** The file for these values, which are whatever JSON can hold. */
export function cacheFile(folder: string, identity: Record<string, unknown>): string {
  return join(folder, `${createHash("sha256").update(JSON.stringify(identity)).digest("hex")}.safetensors`);
}

interface Cached {
  /** Two a pair (chosen, rejected), NaN where not computed yet. */
  values?: Float64Array;
  /** What is wrong with a file that is there. */
  fault?: string;
}

/** Reads a file of `rows` pairs; nothing where there is none. */
export async function readCached(path: string, rows: number): Promise<Cached> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return {};
    return { fault: (ioError(cause, path, "read") as Error).message };
  }
  try {
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
export function writeCached(path: string, values: Float64Array): Promise<void> {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const tensors = new Map([[TENSOR, { dtype: "F64" as const, shape: [values.length / 2, 2], data: values }]]);
  return writeFileAtomically(path, [encodeSafetensors(tensors, { columns: "chosen,rejected", sha256: sha256(bytes) })]);
}

const TENSOR = "logps";
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

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
export async function hashStoredWeights(weights: ReadonlyMap<string, StoredWeight>): Promise<string> {
  const hash = createHash("sha256");
  for (const [name, { as, shape, rows, packed, ...bytes }] of weights) {
    hash.update(JSON.stringify([name, as, shape, rows ?? null, ...(packed ? [packed.offset] : [])]));
    for (const part of [bytes, ...(packed?.scales ?? [])]) await hashBytes(part, hash);
  }
  return hash.digest("hex");
}

async function hashBytes({ file, start, end }: StoredBytes, hash: Hash): Promise<void> {
  try {
    for await (const piece of createReadStream(file, { start, end: end - 1, highWaterMark: 2 ** 20 })) {
      hash.update(piece as Buffer);
    }
  } catch (cause) {
    throw ioError(cause, file, "read");
  }
}

/** The hash of weights in memory. */
export function hashTensors(tensors: ReadonlyMap<string, { shape: readonly number[]; data: Float32Array }>): string {
  const hash = createHash("sha256");
  for (const [name, { shape, data }] of tensors) {
    hash.update(JSON.stringify([name, shape]));
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest("hex");
}
