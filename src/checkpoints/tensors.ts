/** @file Named float tensors of a run, to and from safetensors. */
import { type SafetensorsTensor, safetensorsPieces } from "../formats/safetensors.ts";

export interface NamedTensor {
  shape: number[];
  data: Float32Array;
}

/** Weights or optimizer tensors by their name in the file. */
export type NamedTensors = ReadonlyMap<string, NamedTensor>;

/** A safetensors file of float32 tensors, in pieces (views of the data: write them before it changes). */
export function encodeFloat32Tensors(tensors: NamedTensors, metadata: Record<string, string>): Uint8Array[] {
  const described = new Map<string, SafetensorsTensor>();
  for (const [name, { shape, data }] of tensors) described.set(name, { dtype: "F32", shape, data });
  return safetensorsPieces(described, metadata);
}
