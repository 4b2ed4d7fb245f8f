/** @file Writes named tensors of a run to safetensors files. */

import type { Streamed } from "../formats/content.ts";
import { type SafetensorsDtype, type SafetensorsTensor, safetensorsLayout } from "../formats/safetensors.ts";

export interface NamedTensor {
  shape: number[];
  data: Float32Array;
}

/** Weights or optimizer tensors by name in the file. */
export type NamedTensors = ReadonlyMap<string, NamedTensor>;

/** Bytes are 8-bit optimizer codes, or 16-bit floats saved unchanged. */
export interface StateTensor {
  shape: number[];
  data: Float32Array | Uint8Array;
}

/** A tensor stored in a file or in the learner, so that only one at a time is in memory. */
export interface StoredTensor {
  shape: readonly number[];
  dtype: SafetensorsDtype;
  read(): Promise<StateTensor["data"]>;
}

export type SavedTensor = StateTensor | StoredTensor;
export type SavedTensors = ReadonlyMap<string, SavedTensor>;

/** A tensor's values, read from storage if needed. */
export async function dataOf(tensor: SavedTensor): Promise<StateTensor["data"]> {
  return "data" in tensor ? tensor.data : tensor.read();
}

/** The type's name in safetensors files. */
export function dtypeOf(tensor: SavedTensor): SafetensorsDtype {
  if ("dtype" in tensor) return tensor.dtype;
  return tensor.data instanceof Uint8Array ? "U8" : "F32";
}

/** A safetensors file of floats and bytes, read while writing: write it before they change. */
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
