/** @file Says which rows a Dataset has without reading them: the files' bytes, and how rows are made of them. */
import { Sha256 } from "../../formats/sha256.ts";

/** A part of a file whose rows nothing has changed but the choice and the names of columns. */
export interface PartSource {
  /** One per file. */
  file: { sha256(): Promise<string | undefined> };
  /** JSON: format and settings, the part's place in the file, changes of columns in order. */
  view: readonly unknown[];
}

/** The source with one more change of columns. */
export const changed = (source: PartSource | undefined, ...change: unknown[]): { source?: PartSource } =>
  source ? { source: { file: source.file, view: [...source.view, change] } } : {};

/**
 * SHA-256 of all that decides the rows; undefined where something else than files does.
 * @param indices row numbers in `parts`, in order; undefined: all.
 */
export async function hashSources(
  parts: readonly { rows: number; source?: PartSource | undefined }[],
  indices: Int32Array | undefined,
): Promise<string | undefined> {
  const sources = parts.map(({ source }) => source).filter((source) => source !== undefined);
  if (parts.length === 0 || sources.length < parts.length) return undefined;
  const hash = new Sha256();
  const add = (value: unknown) => hash.update(new TextEncoder().encode(`${JSON.stringify(value)}\n`));
  const hashes = new Map<PartSource["file"], string | undefined>();
  for (const { file } of sources) if (!hashes.has(file)) hashes.set(file, await file.sha256());
  for (const [i, { file, view }] of sources.entries()) {
    const hex = hashes.get(file);
    if (hex === undefined) return undefined;
    add([hex, parts[i].rows, view]);
  }
  if (indices) hash.update(new Uint8Array(indices.buffer, indices.byteOffset, indices.byteLength));
  return hash.hex();
}
