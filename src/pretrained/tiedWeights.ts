/** @file Resolves a head that config.json ties to the embedding: transformers' tie_weights. */
import type { ModelFiles } from "../disk/storage.ts";
import { type Architecture, HEAD_MODULE } from "../models/network.ts";
import type { FoundTensor, ModelTensors } from "./modelTensors.ts";

const HEAD = `${HEAD_MODULE}.weight`;
const PIECE = 2 ** 20; // bytes

/**
 * Files of a tied model may have the head in addition to the embedding, or in its place; fixes `tensors` accordingly.
 * @returns true if the two differ: the model is not tied, despite its config.
 */
export async function differsFromTied(architecture: Architecture, { files, tensors }: ModelTensors): Promise<boolean> {
  const head = architecture.fileNames(HEAD).flatMap((name) => tensors.get(name) ?? [])[0];
  if (!head || architecture.parameters.has(HEAD)) return false;
  const embedding = architecture.fileNames(architecture.head).flatMap((name) => tensors.get(name) ?? [])[0];
  if (embedding) return !(await isSame(files, head, embedding));
  tensors.set(architecture.head, head);
  return false;
}

/** Compares piece by piece; tensors that were trained separately differ in the first piece. */
async function isSame(files: ModelFiles, a: FoundTensor, b: FoundTensor): Promise<boolean> {
  const length = a.end - a.start;
  if (a.dtype !== b.dtype || a.shape.join() !== b.shape.join() || length !== b.end - b.start) return false;
  const [left, right] = [await files.open(a.shard), await files.open(b.shard)];
  try {
    if (!left || !right) throw new Error(`internal: ${a.shard} or ${b.shard} was there before`);
    for (let at = 0; at < length; at += PIECE) {
      const size = Math.min(PIECE, length - at);
      const ours = await left.slice(a.start + at, a.start + at + size);
      if (!isEqual(ours, await right.slice(b.start + at, b.start + at + size))) return false;
    }
    return true;
  } finally {
    await left?.close();
    await right?.close();
  }
}

/** Compares 32-bit words: a quarter of the time of bytes. */
function isEqual(a: ArrayBuffer, b: ArrayBuffer): boolean {
  const words = a.byteLength >> 2;
  const rest = (buffer: ArrayBuffer) => new Uint8Array(buffer, 4 * words);
  return (
    a.byteLength === b.byteLength &&
    hasSameItems(new Int32Array(a, 0, words), new Int32Array(b, 0, words)) &&
    hasSameItems(rest(a), rest(b))
  );
}

function hasSameItems(a: Int32Array | Uint8Array, b: Int32Array | Uint8Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
