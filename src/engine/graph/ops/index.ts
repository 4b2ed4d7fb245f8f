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
