/** @file A head that config.json ties to the embedding, against the files: transformers' tie_weights on loading. */
import { open } from "node:fs/promises";
import type { SafetensorsEntry } from "../formats/safetensors.ts";
import { type Architecture, HEAD_MODULE } from "../models/network.ts";

/** A tensor of a safetensors file. */
export type FoundTensor = SafetensorsEntry & { file: string };

const HEAD = `${HEAD_MODULE}.weight`;
const PIECE = 2 ** 20; // bytes

/**
 * Files of a tied model may have the head besides the embedding, or in its place, which is then put right in `found`.
 * @returns true where the two differ: the model is not tied, whatever its config says.
 */
export async function differsFromTied(architecture: Architecture, found: Map<string, FoundTensor>): Promise<boolean> {
  const head = found.get(HEAD);
  if (!head || architecture.parameters.has(HEAD)) return false;
  const embedding = architecture.fileNames(architecture.head).flatMap((name) => found.get(name) ?? [])[0];
  if (embedding) return !(await isSame(head, embedding));
  found.set(architecture.head, head);
  return false;
}

/** Reads both where they agree; those that were trained apart differ in the first piece. */
async function isSame(a: FoundTensor, b: FoundTensor): Promise<boolean> {
  const length = a.end - a.start;
  if (a.dtype !== b.dtype || a.shape.join() !== b.shape.join() || length !== b.end - b.start) return false;
  const [left, right] = [await open(a.file, "r"), await open(b.file, "r")];
  try {
    const [ours, theirs] = [Buffer.alloc(PIECE), Buffer.alloc(PIECE)];
    for (let at = 0; at < length; at += PIECE) {
      const size = Math.min(PIECE, length - at);
      await left.read(ours, 0, size, a.start + at);
      await right.read(theirs, 0, size, b.start + at);
      if (ours.compare(theirs, 0, size, 0, size) !== 0) return false;
    }
    return true;
  } finally {
    await left.close();
    await right.close();
  }
}
