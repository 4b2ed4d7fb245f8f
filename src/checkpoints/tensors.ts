/** @file Named float tensors of a run, to safetensors files. */

import type { Streamed } from "../formats/content.ts";
import { type SafetensorsTensor, safetensorsLayout } from "../formats/safetensors.ts";

export interface NamedTensor {
  shape: number[];
  data: Float32Array;
}

/** Weights or optimizer tensors by their name in the file. */
export type NamedTensors = ReadonlyMap<string, NamedTensor>;

/** Bytes are the optimizer's codes of eight bits, or floats of 16 that are saved as they are. */
export interface StateTensor {
  shape: number[];
  data: Float32Array | Uint8Array;
}

export type SavedDtype = "F32" | "F16" | "BF16" | "U8";

/** A tensor that lies elsewhere, in a file or in the learner: of weights and moments, one is in memory at a time. */
export interface StoredTensor {
  shape: readonly number[];
  dtype: SavedDtype;
  read(): Promise<StateTensor["data"]>;
}

export type SavedTensor = StateTensor | StoredTensor;
export type SavedTensors = ReadonlyMap<string, SavedTensor>;

/** What a tensor holds; read where it lies elsewhere. */
export async function dataOf(tensor: SavedTensor): Promise<StateTensor["data"]> {
  return "data" in tensor ? tensor.data : tensor.read();
}

/** As safetensors files name it. */
export function dtypeOf(tensor: SavedTensor): SavedDtype {
  if ("dtype" in tensor) return tensor.dtype;
  return tensor.data instanceof Uint8Array ? "U8" : "F32";
}

/** A safetensors file of floats and bytes; they are read as it is written, so before they change. */
export function encodeTensors(tensors: SavedTensors, metadata: Record<string, string>): Streamed {
  const described = new Map<string, Pick<SafetensorsTensor, "dtype" | "shape">>();
  for (const [name, tensor] of tensors) described.set(name, { dtype: dtypeOf(tensor), shape: tensor.shape });
  const { header, order, byteLength } = safetensorsLayout(described, metadata);
  async function* pieces() {
    yield header;
    for (const { name, byteLength: expected } of order) {
      const data = await dataOf(tensors.get(name) as SavedTensor);
      if (data.byteLength !== expected) throw new Error(`internal: tensor ${name}, given ${data.byteLength} bytes`);
      yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    }
  }
  return { byteLength, pieces };
}
