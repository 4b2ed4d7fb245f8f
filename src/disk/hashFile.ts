/** @file SHA-256 of files; within a process, an unchanged file is read once. */
import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { ioError } from "./ioError.ts";
import { readPieces } from "./readFiles.ts";
import type { Hash } from "./storage.ts";

/** OpenSSL's: 1.5 GB take about a second. */
export function newHash(): Hash {
  const hash = createHash("sha256");
  return { update: (piece) => hash.update(piece), hex: () => hash.digest("hex") };
}

/** Hashes by path, each with the state of the file that it was computed from. */
const computed = new Map<string, { state: string; hex: string }>();
/** Disks count time in steps of up to two seconds (FAT): a file this young (ms) may change without a new time. */
const YOUNG = 2_500;

/** In hexadecimal digits; undefined if there is no such file. @throws PrefineError("io") if it can't be read. */
export async function hashFile(path: string): Promise<string | undefined> {
  const before = await stateOf(path);
  if (before === undefined) return undefined;
  const earlier = computed.get(path);
  if (earlier?.state === before.state) return earlier.hex;
  computed.delete(path);
  const hash = newHash();
  if (before.size > 0) for await (const piece of readPieces(path, 0, before.size)) hash.update(piece);
  const hex = hash.hex();
  if (before.age > YOUNG && (await stateOf(path))?.state === before.state)
    computed.set(path, { state: before.state, hex });
  return hex;
}

async function stateOf(path: string): Promise<{ state: string; size: number; age: number } | undefined> {
  try {
    const { dev, ino, size, mtimeMs, mtimeNs, ctimeMs, ctimeNs } = await stat(path, { bigint: true });
    const age = Date.now() - Math.max(Number(mtimeMs), Number(ctimeMs));
    return { state: [dev, ino, size, mtimeNs, ctimeNs].join(), size: Number(size), age };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw ioError(cause, path, "read");
  }
}
