/** @file Rotary positions of a decoder: the angles of its tokens, and the rotation of a part of each head. */
import {
  add,
  cast,
  concat,
  constant,
  cos,
  greater,
  maxKeepDims,
  mul,
  type Rotation,
  reshape,
  rotary,
  sin,
  slice,
  type Tensor,
  where,
} from "../../engine/graph/index.ts";
import type { RopeFrequencies } from "./ropeFrequencies.ts";

/** Cosines and sines of all tokens' angles, [M, R / 2] each, computed once for all layers and heads. */
export function rotationOf(positions: Tensor, { frequencies, scale, long }: RopeFrequencies): Rotation {
  const column = reshape(cast(positions, "float32"), [positions.shape[0], 1]);
  const row = (values: readonly number[]) => constant(values, "float32", [1, values.length]);
  const isLong = long && greater(add(maxKeepDims(column, [0]), 1), constant(long.above));
  const turns = isLong ? where(isLong, row(long.frequencies), row(frequencies)) : row(frequencies);
  const angles = mul(column, turns);
  const scaled = (x: Tensor) => (scale === 1 ? x : mul(x, scale));
  return { cos: scaled(cos(angles)), sin: scaled(sin(angles)) };
}

/** Rotates the first R channels of each head of x [M, H D]; R is what the rotation has angles for. */
export function rotateHeads(x: Tensor, rotation: Rotation, headSize: number): Tensor {
  const rotated = 2 * (rotation.cos.shape[1] as number);
  if (rotated === headSize) return rotary(x, rotation);
  const [tokens, width] = x.shape as [number, number];
  const heads = width / headSize;
  const perHead = reshape(x, [tokens, heads, headSize]);
  const first = reshape(slice(perHead, 2, 0, rotated), [tokens, heads * rotated]);
  const turned = reshape(rotary(first, rotation), [tokens, heads, rotated]);
  return reshape(concat([turned, slice(perHead, 2, rotated, headSize)], 2), x.shape);
}
