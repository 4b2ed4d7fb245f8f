/** @file Named float tensors of a run, to and from safetensors. */
import { type SafetensorsTensor, safetensorsPieces } from "../formats/safetensors.ts";

export interface NamedTensor {
  shape: number[];
  data: Float32Array;
}

/** Weights or optimizer tensors by their name in the file. */
export type NamedTensors = ReadonlyMap<string, NamedTensor>;

/** A tensor of the optimizer's state: bytes are codes of eight bits. */
export interface StateTensor {
  shape: number[];
  data: Float32Array | Uint8Array;
}

/** A safetensors file of float32 tensors and bytes, in pieces (views of the data: write them before it changes). */
export function encodeTensors(
  tensors: ReadonlyMap<string, StateTensor>,
  metadata: Record<string, string>,
): Uint8Array[] {
  const described = new Map<string, SafetensorsTensor>();
  for (const [name, { shape, data }] of tensors) {
    described.set(name, { dtype: data instanceof Uint8Array ? "U8" : "F32", shape, data });
  }
  return safetensorsPieces(described, metadata);
}
