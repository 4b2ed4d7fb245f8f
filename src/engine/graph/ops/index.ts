/** @file Rows picked by number, their scatter-add, and ranges. */
import { defineOp, shapeError, type Tensor } from "../tensor.ts";
import { zerosLike } from "./shape.ts";

const gatherRowsOp = defineOp("gatherRows", {
  shape: ([table, ids]) => {
    if (ids.shape.length !== 1) throw shapeError("gatherRows", "ids [N]", [table, ids]);
    return [{ shape: [ids.shape[0], ...table.shape.slice(1)] }];
  },
  onnx: (inputs, emit) => [emit.node("Gather", inputs, { axis: 0 })],
  vjp: ([dy], [table, ids]) => [scatterAddRows(zerosLike(table), ids, dy as Tensor), null],
});
/** table [R, ..], ids [N] -> [N, ..]: embedding look-up, or picking rows of an activation. */
export const gatherRows = (table: Tensor, ids: Tensor): Tensor => gatherRowsOp([table, ids], {})[0];

const scatterAddRowsOp = defineOp("scatterAddRows", {
  shape: ([base]) => [{ shape: base.shape }],
  onnx: ([base, ids, rows], emit) => {
    const wide = emit.node("Cast", [ids], { to: 7 });
    const indices = emit.node("Unsqueeze", [wide, emit.ints([1])]);
    return [emit.node("ScatterND", [base, indices, rows], { reduction: "add" })];
  },
  vjp: ([dy], [, ids]) => [dy, null, gatherRows(dy as Tensor, ids)],
});
/** base with rows[n] added to base[ids[n]]. */
export function scatterAddRows(base: Tensor, ids: Tensor, rows: Tensor): Tensor {
  return scatterAddRowsOp([base, ids, rows], {})[0];
}

const rowIndexOp = defineOp("rowIndex", {
  shape: ([x]) => [{ shape: [x.shape[0]], dtype: "int32" as const }],
  onnx: ([x], emit) => {
    const rows = emit.node("Squeeze", [emit.node("Shape", [x], { start: 0, end: 1 })]);
    const range = emit.node("Range", [emit.scalar(0, "int64"), rows, emit.scalar(1, "int64")]);
    return [emit.node("Cast", [range], { to: 6 })];
  },
  vjp: "none",
});
/** 0, 1, .. rows - 1 as int32. */
export const rowIndex = (x: Tensor): Tensor => rowIndexOp([x], {})[0];
