/**
 * @file Log-probabilities of labels under softmax(h W^T): processes the vocabulary block by block, so the [N, V] logits
 * never exist, and reduces each block to what backward needs, one vector per row.
 *
 * d logp / d h = W[label] - sum_v p_v W_v does not depend on the loss, so the forward pass keeps that vector, u [N, C],
 * and backward is dlogp * u: no second pass over the vocabulary. The same sum gives the entropy for free:
 * sum_v p_v logit_v = h . sum_v p_v W_v. Blocks over rows would read all of W (154 MB for GPT-2) once per block.
 * Letters: N rows, C channels, V vocabulary.
 */
import { constant, defineOp, type Emitter, shapeError, type Tensor } from "../tensor.ts";
import { cast, equal, exp, mul, sub } from "./elementwise.ts";
import { scatterAddRows } from "./indexing.ts";
import { matmul } from "./matmul.ts";
import { concat, reshape } from "./shape.ts";

/** Words per block: 8,192 x 300 rows x 4 bytes = 10 MB of logits. */
const BLOCK = 8192;

/** Blocks of words: [start, end). */
export function wordBlocks(vocabulary: number): [number, number][] {
  const count = Math.ceil(vocabulary / BLOCK);
  const size = Math.ceil(vocabulary / count);
  return Array.from({ length: count }, (_, i) => [i * size, Math.min(vocabulary, (i + 1) * size)]);
}

interface Wanted {
  wantMean: boolean;
  wantSquares: boolean;
}

/** Replacements for some rows of W, [K, C], in the order of `ids`. */
export interface RowPatch {
  ids: readonly number[];
  rows: Tensor;
}

/** A block's weights with the replaced rows filled in; copies the block only if it has any. */
function patchBlock(
  weights: string,
  rows: string,
  [start, end]: [number, number],
  ids: readonly number[],
  emit: Emitter,
) {
  const inside = ids.flatMap((id, k) => (id >= start && id < end ? [k] : []));
  if (inside.length === 0) return weights;
  const values = emit.node("Gather", [rows, emit.ints(inside)], { axis: 0 });
  const places = emit.node("Unsqueeze", [emit.ints(inside.map((k) => ids[k] - start)), emit.ints([1])]);
  const indices = emit.node("Expand", [places, emit.node("Shape", [values])]);
  return emit.node("ScatterElements", [weights, indices, values], { axis: 0 });
}

/** W[labels] with the replaced rows filled in: [N, C]. Row * 1 + zeros is that row, bit for bit. */
function patchLabels(plainRows: string, labels: string, rows: string, ids: readonly number[], emit: Emitter): string {
  const column = emit.node("Unsqueeze", [emit.cast(labels, "int64"), emit.ints([1])]);
  const { dtype } = emit.inputs[0];
  const hits = emit.cast(emit.node("Equal", [column, emit.ints(ids)]), dtype); // [N, K]
  const others = emit.node("Sub", [
    emit.scalar(1, dtype),
    emit.node("ReduceSum", [hits, emit.ints([1])], { keepdims: 1 }),
  ]);
  return emit.node("Add", [emit.node("Mul", [plainRows, others]), emit.node("MatMul", [hits, rows])]);
}

/** One block: log-sum-exp, most likely word, softmax-weighted mean of W's rows, sum of squared softmax. */
function emitBlock(h: string, weights: string, start: number, emit: Emitter, { wantMean, wantSquares }: Wanted) {
  const logits = emit.node("Gemm", [h, weights], { transB: 1 });
  const [best, index] = emit.nodes("TopK", [logits, emit.ints([1])], { axis: -1 }, [true, true]);
  const p = emit.node("Softmax", [logits], { axis: -1 });
  // the largest probability is 1 / sum exp(logit - best): gives the normalizer without another pass of exponentials
  const largest = emit.node("GatherElements", [p, index], { axis: 1 });
  return {
    best,
    logSumExp: emit.node("Sub", [best, emit.node("Log", [largest])]),
    word: emit.node("Add", [index, emit.scalar(start, "int64")]),
    mean: wantMean ? emit.node("MatMul", [p, weights]) : "",
    squares: wantSquares ? emit.node("ReduceSumSquare", [p, emit.ints([1])], { keepdims: 1 }) : "",
  };
}

type Block = ReturnType<typeof emitBlock>;

/**
 * h, available only after a block is done, so that only one block's logits exist at a time: its shape is made to depend
 * on the block's results. Otherwise the runtime is free to compute the logits of all blocks first, and does.
 */
function afterBlock(h: string, before: Block | undefined, emit: Emitter): string {
  if (!before) return h;
  const results = [before.logSumExp, before.word, before.mean, before.squares].filter((value) => value !== "");
  return emit.after(h, ...results);
}

/** Combines the blocks: log-sum-exp over all words; mean of W's rows and log of the sum of squared probabilities. */
function emitJoin(parts: readonly Block[], emit: Emitter, { wantMean, wantSquares }: Wanted) {
  const sums = emit.node(
    "Concat",
    parts.map((part) => part.logSumExp),
    { axis: 1 },
  );
  const share = emit.node("Softmax", [sums], { axis: -1 }); // [N, blocks] probability of each block
  const axis = emit.ints([1]);
  const most = emit.node("ReduceMax", [share, axis], { keepdims: 1 });
  const total = emit.node("Sub", [emit.node("ReduceMax", [sums, axis], { keepdims: 1 }), emit.node("Log", [most])]);
  if (!wantMean && !wantSquares) return { total, mean: "", logSquares: "" };
  const columns = emit.nodes(
    "Split",
    [share],
    { axis: 1, num_outputs: parts.length },
    parts.map(() => true),
  );
  const sumOver = (values: string[]) => emit.node("Sum", values);
  const mean = wantMean ? sumOver(parts.map((part, i) => emit.node("Mul", [part.mean, columns[i]]))) : "";
  if (!wantSquares) return { total, mean, logSquares: "" };
  const squares = parts.map((part, i) => emit.node("Mul", [part.squares, emit.node("Mul", [columns[i], columns[i]])]));
  return { total, mean, logSquares: emit.node("Squeeze", [emit.node("Log", [sumOver(squares)]), axis]) };
}

function emitLogps([h, w, labels, patch]: readonly string[], emit: Emitter, ids: readonly number[]): string[] {
  const [, weight] = emit.inputs;
  const needs = { wantMean: emit.isLive(1) || emit.isLive(2), wantSquares: emit.isLive(5) };
  const parts: Block[] = [];
  for (const [start, end] of wordBlocks(weight.shape[0] as number)) {
    const turn = afterBlock(h, parts.at(-1), emit);
    const own = emit.widened(weight, emit.rows(weight, w, start, end), turn);
    const rows = patch === undefined ? own : patchBlock(own, patch, [start, end], ids, emit);
    parts.push(emitBlock(turn, rows, start, emit, needs));
  }
  const { total, mean, logSquares } = emitJoin(parts, emit, needs);
  const axis = emit.ints([1]);
  const ownRows = emit.widened(weight, emit.node("Gather", [w, labels], { axis: 0 }));
  const labelRows = patch === undefined ? ownRows : patchLabels(ownRows, labels, patch, ids, emit);
  const labelLogit = emit.node("ReduceSum", [emit.node("Mul", [h, labelRows]), axis], { keepdims: 1 });
  const column = emit.node("Sub", [labelLogit, total]);
  const logps = emit.node("Squeeze", [column, axis]);
  if (!needs.wantMean && !emit.isLive(3)) return [logps, "", "", "", total, logSquares];
  const u = needs.wantMean ? emit.node("Sub", [labelRows, mean]) : "";
  const expected = needs.wantMean ? emit.node("ReduceSum", [emit.node("Mul", [h, mean]), axis], { keepdims: 1 }) : "";
  const entropy = needs.wantMean ? emit.node("Squeeze", [emit.node("Sub", [total, expected]), axis]) : "";
  const best = emit.node(
    "Concat",
    parts.map((part) => part.best),
    { axis: 1 },
  );
  const words = emit.node(
    "Concat",
    parts.map((part) => part.word),
    { axis: 1 },
  );
  const block = emit.node("ArgMax", [best], { axis: 1, keepdims: 1 });
  const top = emit.node("Squeeze", [emit.node("GatherElements", [words, block], { axis: 1 }), axis]);
  const hit = emit.node("Equal", [emit.cast(top, "int32"), labels]);
  const correct = emit.cast(hit, emit.inputs[0].dtype);
  return [logps, u, entropy, correct, total, logSquares];
}

const linearLogpsOp = defineOp<{ ids: readonly number[] }>("linearLogps", {
  readsNarrow: true,
  shape: ([h, w, labels]) => {
    const fits = h.shape.length === 2 && h.shape[1] === w.shape[1] && labels.shape[0] === h.shape[0];
    if (!fits) throw shapeError("linearLogps", "h [N, C], W [V, C], labels [N]", [h, w, labels]);
    const rows = [h.shape[0]];
    const total = { shape: [h.shape[0], 1] };
    return [{ shape: rows }, { shape: h.shape }, { shape: rows }, { shape: rows }, total, { shape: rows }];
  },
  onnx: (names, emit, { ids }) => emitLogps(names, emit, ids),
  vjp: (dy, [h, w, labels, rows], [, u, , , total], { ids }) => {
    const column = reshape(dy, [h.shape[0], 1]);
    if (rows) return [mul(column, u), null, null, patchGradient([h, rows, labels, total], ids, column)];
    return [mul(column, u), weightGradient(h, w, labels, total, column), null];
  },
});

/** The same derivative for the replaced rows only [K, C]; W's are frozen then. */
function patchGradient([h, rows, labels, total]: Tensor[], ids: readonly number[], column: Tensor): Tensor {
  const p = exp(sub(matmul(h, rows, { transB: true }), total)); // [N, K]
  const hits = equal(reshape(labels, [h.shape[0], 1]), constant([...ids], "int32"));
  return matmul(sub(cast(hits, h.dtype), p), mul(h, column), { transA: true });
}

/**
 * d W [V, C] = (onehot(label) - p)^T (dlogp h), the second part one block of rows at a time; recomputes the
 * probabilities.
 */
const negativeWeightGradientOp = defineOp("linearLogpsWeightGradient", {
  readsNarrow: true,
  shape: ([, w]) =>
    wordBlocks(w.shape[0] as number).map(([start, end]) => ({ shape: [end - start, ...w.shape.slice(1)] })),
  onnx: ([h, w, total, scaled], emit) => {
    const [, weight] = emit.inputs;
    return wordBlocks(weight.shape[0] as number).map(([start, end]) => {
      const rows = emit.widened(weight, emit.rows(weight, w, start, end), h);
      const logits = emit.node("Gemm", [h, rows], { transB: 1 });
      const p = emit.node("Exp", [emit.node("Sub", [logits, total])]);
      return emit.node("Gemm", [p, scaled], { transA: 1, alpha: { float: -1 } });
    });
  },
  vjp: "none",
});
function weightGradient(h: Tensor, w: Tensor, labels: Tensor, total: Tensor, column: Tensor): Tensor {
  const scaled = mul(h, column); // [N, C]
  return scatterAddRows(concat(negativeWeightGradientOp([h, w, total, scaled], {}), 0), labels, scaled);
}

export interface LinearLogps {
  /** [N] log-probability of each label, nats. */
  logps: Tensor;
  /** [N] entropy of each row's distribution, nats. No gradient. */
  entropy: Tensor;
  /** [N] 1 where the label is the most likely word, else 0. */
  correct: Tensor;
  /** [N] log of the sum of squared probabilities. No gradient; computed only if used. */
  logSquares: Tensor;
}

/**
 * h [N, C], W [V, C] (the unembedding), labels [N] int32.
 * @param patch replacements for some rows of W: they get the gradient, W gets none.
 */
export function linearLogps(h: Tensor, w: Tensor, labels: Tensor, patch: RowPatch | null = null): LinearLogps {
  const inputs = patch ? [h, w, labels, patch.rows] : [h, w, labels];
  const [logps, , entropy, correct, , logSquares] = linearLogpsOp(inputs, { ids: patch?.ids ?? [] });
  return { logps, entropy, correct, logSquares };
}
