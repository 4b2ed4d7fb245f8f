/** @file Indexing: gather and scatter rows and columns, and sorting, whose gradient is a scatter. */
import { defineOp, shapeError, type Tensor } from "../tensor.ts";
import { zerosLike } from "./shape.ts";

const gatherRowsOp = defineOp("gatherRows", {
  shape: ([table, ids]) => {
    if (ids.shape.length !== 1) throw shapeError("gatherRows", "ids [N]", [table, ids]);
    return [{ shape: [ids.shape[0], ...table.shape.slice(1)] }];
  },
  readsNarrow: true, // only the gathered rows are widened
  onnx: (inputs, emit) => [emit.widened(emit.inputs[0], emit.node("Gather", inputs, { axis: 0 }))],
  vjp: (dy, [table, ids]) => [scatterAddRows(zerosLike(table), ids, dy), null],
});
/** table [R, ..], ids [N] -> [N, ..]: embedding lookup, or selecting rows of an activation. */
export const gatherRows = (table: Tensor, ids: Tensor): Tensor => gatherRowsOp([table, ids], {})[0];

const gatherColumnsOp = defineOp("gatherColumns", {
  shape: ([table, ids]) => {
    if (table.shape.length !== 2 || ids.shape.length !== 1)
      throw shapeError("gatherColumns", "a matrix and ids [N]", [table, ids]);
    return [{ shape: [table.shape[0], ids.shape[0]] }];
  },
  onnx: (inputs, emit) => [emit.node("Gather", inputs, { axis: 1 })],
  vjp: (dy, [table, ids]) => [scatterAddColumns(zerosLike(table), ids, dy), null],
});
/** table [R, C], ids [N] -> [R, N]. */
export const gatherColumns = (table: Tensor, ids: Tensor): Tensor => gatherColumnsOp([table, ids], {})[0];

/** Not ScatterND: it adds from several threads, which occasionally loses rows that share an id. */
const scatterAddRowsOp = defineOp("scatterAddRows", {
  shape: ([base]) => [{ shape: base.shape }],
  onnx: ([base, ids, rows], emit) => {
    const axes = emit.ints(emit.inputs[2].shape.slice(1).map((_, i) => i + 1));
    const indices = emit.node("Expand", [emit.node("Unsqueeze", [ids, axes]), emit.node("Shape", [rows])]);
    return [emit.node("ScatterElements", [base, indices, rows], { axis: 0, reduction: "add" })];
  },
  vjp: (dy, [, ids]) => [dy, null, gatherRows(dy, ids)],
});
/** base with rows[n] added to base[ids[n]]. */
export function scatterAddRows(base: Tensor, ids: Tensor, rows: Tensor): Tensor {
  return scatterAddRowsOp([base, ids, rows], {})[0];
}

const scatterAddColumnsOp = defineOp("scatterAddColumns", {
  shape: ([base]) => [{ shape: base.shape }],
  onnx: ([base, ids, columns], emit) => {
    const indices = emit.node("Expand", [ids, emit.node("Shape", [columns])]);
    return [emit.node("ScatterElements", [base, indices, columns], { axis: 1, reduction: "add" })];
  },
  vjp: (dy, [, ids]) => [dy, null, gatherColumns(dy, ids)],
});
/** base with columns[.., n] added to base[.., ids[n]]. */
export function scatterAddColumns(base: Tensor, ids: Tensor, columns: Tensor): Tensor {
  return scatterAddColumnsOp([base, ids, columns], {})[0];
}

const sortOp = defineOp("sort", {
  shape: ([x]) => {
    if (x.shape.length !== 1) throw shapeError("sort", "x [N]", [x]);
    return [{ shape: x.shape }, { shape: x.shape, dtype: "int64" as const }];
  },
  onnx: ([x], emit) =>
    emit.nodes("TopK", [x, emit.node("Shape", [x])], { axis: 0, largest: 0, sorted: 1 }, [true, true]),
  vjp: (dy, [x], [, from]) => [scatterAddRows(zerosLike(x), from, dy)],
});
/** x [N] in ascending order; the sort is stable. */
export const sort = (x: Tensor): Tensor => sortOp([x], {})[0];

const replaceOp = defineOp<{ axis: number }>("replace", {
  shape: ([base]) => [{ shape: base.shape }],
  onnx: ([base, ids, values], emit, { axis }) => {
    const column = axis === 0 ? emit.node("Unsqueeze", [ids, emit.ints([1])]) : ids;
    const indices = emit.node("Expand", [column, emit.node("Shape", [values])]);
    return [emit.node("ScatterElements", [base, indices, values], { axis })];
  },
  vjp: "none",
});
/** base with the rows (columns for axis 1) at `ids` replaced by `values`; ids must be distinct. No gradient. */
export const replace = (base: Tensor, ids: Tensor, values: Tensor, axis: 0 | 1): Tensor =>
  replaceOp([base, ids, values], { axis })[0];

/**
 * a + b where one of them is rows scattered into zeros: scatters them into the other one instead, which saves a table
 * of zeros (154 MB for GPT-2's embeddings, each time). Used to add cotangents.
 */
export function foldScatter(a: Tensor, b: Tensor): Tensor | null {
  for (const [scattered, other] of [
    [b, a],
    [a, b],
  ]) {
    const { source } = scattered;
    if (source.kind !== "node" || source.node.op.name !== "scatterAddRows") continue;
    const [base, ids, rows] = source.node.inputs;
    if (base.source.kind === "node" && base.source.node.op.name === "zerosLike")
      return scatterAddRows(other, ids, rows);
  }
  return null;
}
