/** @file Means and maxima along axes. */
import { defineOp, normalizeAxis, type Tensor } from "../tensor.ts";
import { expandAs, type ReduceAttrs, reducedShape } from "./broadcast.ts";
import { cast, div, equal, mul } from "./elementwise.ts";
import { reshape } from "./shape.ts";

function reduceOp(name: string, onnxType: string, vjp: (dy: Tensor, x: Tensor, y: Tensor) => Tensor) {
  const op = defineOp<ReduceAttrs>(name, {
    shape: ([x], { axes }) => [{ shape: reducedShape(x, axes) }],
    onnx: ([x], emit, { axes }) => [emit.node(onnxType, [x, emit.ints(axes)], { keepdims: 1 })],
    vjp: (dy, [x], [y]) => [vjp(dy, x, y)],
  });
  /** Keeps the reduced axes with size 1. */
  return (x: Tensor, axes: readonly number[]): Tensor =>
    op([x], { axes: axes.map((axis) => normalizeAxis(axis, x.shape.length)) })[0];
}

export const meanKeepDims = reduceOp("mean", "ReduceMean", (dy, x, y) => expandAs(div(dy, countOf(x, y)), x));
/** Euclidean norm. The derivative x / |x| does not exist at 0. */
export const normKeepDims = reduceOp("norm", "ReduceL2", (dy, x, y) => mul(dy, div(x, y)));
/** Each of several equal maxima gets the whole cotangent. */
export const maxKeepDims = reduceOp("max", "ReduceMax", (dy, x, y) => mul(cast(equal(x, y), x.dtype), dy));

const countOp = defineOp("count", {
  shape: () => [{ shape: [] }],
  onnx: ([x, y], emit) => {
    const ratio = emit.node("Div", [emit.node("Size", [x]), emit.node("Size", [y])]);
    return [emit.cast(ratio, emit.inputs[0].dtype)];
  },
  vjp: "none",
});
/** Elements of x per element of y, a scalar of x's dtype. */
const countOf = (x: Tensor, y: Tensor): Tensor => countOp([x, y], {})[0];

/** Mean of all elements, a scalar []. */
export function meanAll(x: Tensor): Tensor {
  return reshape(meanKeepDims(x, [...x.shape.keys()]), []);
}
