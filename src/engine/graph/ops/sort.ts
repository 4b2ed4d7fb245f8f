/** @file Sorting of a vector; the gradient goes back to where the values came from. */
import { defineOp, shapeError, type Tensor } from "../tensor.ts";
import { scatterAddRows } from "./index.ts";
import { zerosLike } from "./shape.ts";

const sortOp = defineOp("sort", {
  shape: ([x]) => {
    if (x.shape.length !== 1) throw shapeError("sort", "x [N]", [x]);
    return [{ shape: x.shape }, { shape: x.shape, dtype: "int64" as const }];
  },
  onnx: ([x], emit) =>
    emit.nodes("TopK", [x, emit.node("Shape", [x])], { axis: 0, largest: 0, sorted: 1 }, [true, true]),
  vjp: ([dy], [x], [, from]) => [scatterAddRows(zerosLike(x), from, dy as Tensor)],
});
/** x [N] in ascending order; of equal values the earlier one comes first. */
export const sort = (x: Tensor): Tensor => sortOp([x], {})[0];
