/**
 * @file Uses of the unembedding matrix W [V, C] besides log-probabilities, block by block if it is stored in 16 bits: a
 * widened copy of Qwen2.5-0.5B's would take 545 MB.
 */
import { defineOp, type Emitter, shapeError, storedAs, type Tensor } from "../tensor.ts";
import { wordBlocks } from "./wordBlocks.ts";

/** Widens W block by block; the next block waits for the result of `each`, so only one block is widened at a time. */
function emitBlocks(names: { w: string; first: string }, emit: Emitter, each: (rows: string) => string): string[] {
  const w = emit.inputs[emit.inputs.length - 1];
  const blocks = storedAs(w) ? wordBlocks(w.shape[0] as number) : [[0, w.shape[0] as number]];
  let before = names.first;
  return blocks.map(([start, end]) => {
    const rows = blocks.length === 1 ? names.w : emit.rows(w, names.w, start, end);
    before = each(emit.widened(w, rows, before === "" ? undefined : before));
    return before;
  });
}

const unembedOp = defineOp("unembed", {
  readsNarrow: true,
  shape: (inputs) => {
    const [h, w] = inputs;
    if (h.shape[1] !== w.shape[1]) throw shapeError("unembed", "h [N, C] and W [V, C]", inputs);
    return [{ shape: [h.shape[0], w.shape[0]] }];
  },
  onnx: ([h, w], emit) => {
    const parts = emitBlocks({ w, first: h }, emit, (rows) => emit.node("Gemm", [h, rows], { transB: 1 }));
    return [parts.length === 1 ? parts[0] : emit.node("Concat", parts, { axis: 1 })];
  },
  vjp: "none",
});
/** All logits h W^T: h [N, C], W [V, C] -> [N, V]. No gradient: training uses linearLogps. */
export const unembed = (h: Tensor, w: Tensor): Tensor => unembedOp([h, w], {})[0];

const meanRowOp = defineOp("meanRow", {
  readsNarrow: true,
  shape: ([w]) => [{ shape: [1, w.shape[1]] }],
  onnx: ([w], emit) => {
    const sum = (rows: string) => emit.node("ReduceSum", [rows, emit.ints([0])], { keepdims: 1 });
    const parts = emitBlocks({ w, first: "" }, emit, sum);
    const rows = emit.inputs[0].shape[0] as number;
    return [emit.node("Mul", [emit.node("Sum", parts), emit.scalar(1 / rows, emit.inputs[0].dtype)])];
  },
  vjp: "none",
});
/** Mean of the rows of W [V, C] -> [1, C]. No gradient. */
export const meanRow = (w: Tensor): Tensor => meanRowOp([w], {})[0];
