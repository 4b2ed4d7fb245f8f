/** @file Ops that move values without computing: reshape, transpose, concat, split. */
import {
  addDims,
  type Dim,
  defineOp,
  type Emitter,
  normalizeAxis,
  type Shape,
  sameShape,
  shapeError,
  type Tensor,
} from "../tensor.ts";

/** ONNX's shape vector for a target: numbers stay; a named size is copied from its position (0) or inferred (-1). */
function onnxShape(from: Shape, to: Shape): number[] {
  let inferred = false;
  return to.map((dim, i) => {
    if (typeof dim === "number") return dim;
    if (from[i] === dim) return 0;
    if (inferred) throw new Error(`internal: reshape ${from.join(",")} -> ${to.join(",")}: two unknown sizes`);
    inferred = true;
    return -1;
  });
}

const reshapeOp = defineOp<{ to: Shape }>("reshape", {
  shape: ([x], { to }) => {
    const numbers = (shape: Shape) => shape.reduce<number>((n, d) => (typeof d === "number" ? n * d : n), 1);
    const names = (shape: Shape) =>
      shape
        .filter((d) => typeof d === "string")
        .sort()
        .join();
    if (numbers(x.shape) !== numbers(to) || names(x.shape) !== names(to))
      throw shapeError(`reshape to [${to}]`, "as many elements", [x]);
    return [{ shape: to }];
  },
  onnx: ([x], emit, { to }) => [emit.node("Reshape", [x, emit.ints(onnxShape(emit.inputs[0].shape, to))])],
  vjp: (dy, [x]) => [reshape(dy, x.shape)],
});
export const reshape = (x: Tensor, to: Shape): Tensor => (sameShape(x.shape, to) ? x : reshapeOp([x], { to })[0]);

const transposeOp = defineOp<{ perm: readonly number[] }>("transpose", {
  shape: ([x], { perm }) => [{ shape: perm.map((axis) => x.shape[axis]) }],
  onnx: (inputs, emit, { perm }) => [emit.node("Transpose", inputs, { perm })],
  vjp: (dy, _, __, { perm }) => [
    transpose(
      dy,
      perm.map((_, i) => perm.indexOf(i)),
    ),
  ],
});
export const transpose = (x: Tensor, perm: readonly number[]): Tensor => transposeOp([x], { perm })[0];

const concatOp = defineOp<{ axis: number }>("concat", {
  shape: (inputs, { axis }) => {
    const others = (t: Tensor) => t.shape.filter((_, i) => i !== axis);
    if (!inputs.every((t) => sameShape(others(t), others(inputs[0]))))
      throw shapeError("concat", "equal other sizes", inputs);
    return [{ shape: inputs[0].shape.map((dim, i) => (i === axis ? addDims(inputs.map((t) => t.shape[axis])) : dim)) }];
  },
  onnx: (inputs, emit, { axis }) => [emit.node("Concat", inputs, { axis })],
  vjp: (dy, inputs, _, { axis }) => splitLike(dy, inputs, axis),
});
export function concat(inputs: readonly Tensor[], axis: number): Tensor {
  return inputs.length === 1 ? inputs[0] : concatOp(inputs, { axis: normalizeAxis(axis, inputs[0].shape.length) })[0];
}

/** Sizes as a constant if all are numbers: otherwise ONNX's shape inference assumes that numbers are split evenly. */
function knownSizes(dims: readonly Dim[], emit: Emitter): string | undefined {
  return dims.every((dim) => typeof dim === "number") ? emit.ints(dims) : undefined;
}

/** Splits x along an axis into pieces with the sizes of `pieces`. */
const splitLikeOp = defineOp<{ axis: number }>("splitLike", {
  shape: ([x, ...pieces], { axis }) => {
    if (addDims(pieces.map((p) => p.shape[axis])) !== x.shape[axis])
      throw shapeError("splitLike", "sizes that add up", [x, ...pieces]);
    return pieces.map((piece) => ({
      shape: x.shape.map((dim, i) => (i === axis ? piece.shape[axis] : dim)),
      dtype: x.dtype,
    }));
  },
  onnx: ([x, ...pieces], emit, { axis }) => {
    const dims = emit.inputs.slice(1).map(({ shape }) => shape[axis]);
    const sizes = dims.map((dim, i) =>
      typeof dim === "number" ? emit.ints([dim]) : emit.node("Shape", [pieces[i]], { start: axis, end: axis + 1 }),
    );
    return emit.nodes(
      "Split",
      [x, knownSizes(dims, emit) ?? emit.node("Concat", sizes, { axis: 0 })],
      { axis },
      pieces.map(() => true),
    );
  },
  vjpOfAll: (dy, [, ...pieces], _, { axis }) => [concatCotangents(dy, pieces, axis), ...pieces.map(() => null)],
});
const splitLike = (x: Tensor, pieces: readonly Tensor[], axis: number): Tensor[] =>
  splitLikeOp([x, ...pieces], { axis });

/** Splits x along axis 0 into sizes known at run time. @param sizes int64 [dims.length] @param dims their names */
const splitOp = defineOp<{ dims: readonly Dim[] }>("split", {
  shape: ([x], { dims }) => {
    if (addDims(dims) !== x.shape[0]) throw shapeError(`split into ${dims.join(", ")}`, "sizes that add up", [x]);
    return dims.map((dim) => ({ shape: [dim, ...x.shape.slice(1)] }));
  },
  onnx: ([x, sizes], emit, { dims }) =>
    emit.nodes(
      "Split",
      [x, knownSizes(dims, emit) ?? sizes],
      { axis: 0 },
      dims.map(() => true),
    ),
  vjpOfAll: (dy, _, outputs) => [concatCotangents(dy, outputs, 0), null],
});
export const split = (x: Tensor, sizes: Tensor, dims: readonly Dim[]): Tensor[] => splitOp([x, sizes], { dims });

function concatCotangents(dy: readonly (Tensor | null)[], pieces: readonly Tensor[], axis: number): Tensor | null {
  if (dy.every((piece) => piece === null)) return null;
  const parts = dy.map((piece, i) => piece ?? zerosLike(pieces[i]));
  return concat(parts, axis);
}

const zerosLikeOp = defineOp("zerosLike", {
  shape: ([x]) => [{ shape: x.shape }],
  onnx: ([x], emit) => [emit.node("Expand", [emit.scalar(0, emit.inputs[0].dtype), emit.node("Shape", [x])])],
  vjp: "none",
});
export const zerosLike = (x: Tensor): Tensor => zerosLikeOp([x], {})[0];

/** x[start, end) along an axis, with sizes known when the graph is built. */
const sliceOp = defineOp<{ axis: number; start: number; end: number }>("slice", {
  shape: ([x], { axis, start, end }) => [{ shape: x.shape.map((dim, i) => (i === axis ? end - start : dim)) }],
  onnx: ([x], emit, { axis, start, end }) => [
    emit.node("Slice", [x, emit.ints([start]), emit.ints([end]), emit.ints([axis])]),
  ],
  vjp: (dy, [x], _, { axis, start, end }) => {
    const pads = (dims: number) => [...x.shape.keys()].map((i) => (i === axis ? dims : 0));
    return [pad(dy, pads(start), pads((x.shape[axis] as number) - end))];
  },
});
export function slice(x: Tensor, axis: number, start: number, end: number): Tensor {
  return sliceOp([x], { axis: normalizeAxis(axis, x.shape.length), start, end })[0];
}

/** Pads with zeros before and after, per axis. */
const padOp = defineOp<{ before: readonly number[]; after: readonly number[] }>("pad", {
  shape: ([x], { before, after }) => [
    { shape: x.shape.map((dim, i) => (typeof dim === "number" ? dim + before[i] + after[i] : dim)) },
  ],
  onnx: ([x], emit, { before, after }) => [emit.node("Pad", [x, emit.ints([...before, ...after])])],
  vjp: (dy, [x], _, { before }) => {
    const axis = before.findIndex((n, i) => n > 0 || x.shape[i] !== dy.shape[i]);
    if (axis < 0) return [dy];
    return [slice(dy, axis, before[axis], before[axis] + (x.shape[axis] as number))];
  },
});
const pad = (x: Tensor, before: readonly number[], after: readonly number[]): Tensor =>
  padOp([x], { before, after })[0];

/** Equal slices of the last axis: [.., n * size] -> n tensors [.., size]. One kernel; backward is one concat. */
const chunkOp = defineOp<{ sizes: readonly number[] }>("chunk", {
  shape: ([x], { sizes }) => {
    const last = x.shape.length - 1;
    if (addDims(sizes) !== x.shape[last]) throw shapeError(`chunk ${sizes}`, "sizes that add up", [x]);
    return sizes.map((size) => ({ shape: [...x.shape.slice(0, last), size] }));
  },
  onnx: ([x], emit, { sizes }) =>
    emit.nodes(
      "Split",
      [x, emit.ints(sizes)],
      { axis: emit.inputs[0].shape.length - 1 },
      sizes.map(() => true),
    ),
  vjpOfAll: (dy, [x], outputs) => [concatCotangents(dy, outputs, x.shape.length - 1)],
});
export const chunk = (x: Tensor, sizes: readonly number[]): Tensor[] => chunkOp([x], { sizes });
