/** @file Broadcasting and its transpose: expand to a shape, sum down to one. */
import { defineOp, normalizeAxis, type Shape, sameShape, type Tensor } from "../tensor.ts";
import { reshape } from "./shape.ts";

export type ReduceAttrs = { axes: readonly number[] };

export function reducedShape(x: Tensor, axes: readonly number[]): Shape {
  return x.shape.map((dim, i) => (axes.includes(i) ? 1 : dim));
}

const sumOp = defineOp<ReduceAttrs>("sum", {
  shape: ([x], { axes }) => [{ shape: reducedShape(x, axes) }],
  onnx: ([x], emit, { axes }) => [emit.node("ReduceSum", [x, emit.ints(axes)], { keepdims: 1 })],
  vjp: (dy, [x]) => [expandAs(dy, x)],
});
/** Sum over axes, which remain with size 1. */
export function sumKeepDims(x: Tensor, axes: readonly number[]): Tensor {
  return sumOp([x], { axes: axes.map((axis) => normalizeAxis(axis, x.shape.length)) })[0];
}

const expandOp = defineOp("expandAs", {
  shape: ([, like]) => [{ shape: like.shape }],
  onnx: ([x, like], emit) => [emit.node("Expand", [x, emit.node("Shape", [like])])],
  vjp: (dy, [x]) => [sumTo(dy, x.shape), null],
});
/** x broadcast to the shape of `like`. */
export function expandAs(x: Tensor, like: Tensor): Tensor {
  return sameShape(x.shape, like.shape) ? x : expandOp([x, like], {})[0];
}

/** The transpose of broadcasting: sums x down to `shape`. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const lead = x.shape.length - shape.length;
  const axes = x.shape.map((_, i) => i).filter((i) => i < lead || (shape[i - lead] === 1 && x.shape[i] !== 1));
  const summed = axes.length > 0 ? sumKeepDims(x, axes) : x;
  return lead > 0 ? reshape(summed, shape) : summed;
}

/** Sum of all elements, a scalar []. */
export function sumAll(x: Tensor): Tensor {
  return reshape(sumKeepDims(x, [...x.shape.keys()]), []);
}
