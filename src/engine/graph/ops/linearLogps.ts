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
import { cast, div, equal, exp, mul, sub, tanh } from "./elementwise.ts";
import { scatterAddRows } from "./indexing.ts";
import { matmul } from "./matmul.ts";
import { concat, reshape } from "./shape.ts";
import {
  afterBlock,
  type Block,
  emitBlock,
  emitCap,
  emitCorrect,
  emitEntropy,
  emitJoin,
  emitLabel,
  emitMeanLogits,
  patchBlock,
  patchLabels,
  type RowPatch,
  wordBlocks,
} from "./wordBlocks.ts";

type LogpsAttrs = { ids: readonly number[]; cap: number | null };

function emitLogps([h, w, labels, patch]: readonly string[], emit: Emitter, { ids, cap }: LogpsAttrs): string[] {
  const [, weight] = emit.inputs;
  const wantMean = emit.isLive(1) || emit.isLive(2);
  const needs = { wantMean, wantSquares: emit.isLive(5), cap, wantSum: cap !== null && emit.isLive(6) };
  const parts: Block[] = [];
  for (const [start, end] of wordBlocks(weight.shape[0] as number)) {
    const turn = afterBlock(h, parts.at(-1), emit);
    const own = emit.widened(weight, emit.rows(weight, w, start, end), turn);
    const rows = patch === undefined ? own : patchBlock(own, patch, [start, end], ids, emit);
    parts.push(emitBlock(turn, rows, start, emit, needs));
  }
  const { total, mean, expected, logSquares } = emitJoin(parts, emit, needs);
  const axis = emit.ints([1]);
  const ownRows = emit.widened(weight, emit.node("Gather", [w, labels], { axis: 0 }));
  const labelRows = patch === undefined ? ownRows : patchLabels(ownRows, labels, patch, ids, emit);
  const label = emitLabel(h, labelRows, cap, emit);
  const column = emit.node("Sub", [label.logit, total]);
  const logps = emit.node("Squeeze", [column, axis]);
  const capped = cap === null ? [] : [needs.wantSum ? emitMeanLogits(parts, weight, emit) : "", label.slope];
  if (!needs.wantMean && !emit.isLive(3)) return [logps, "", "", "", total, logSquares, ...capped];
  const u = needs.wantMean ? emit.node("Sub", [label.rows, mean]) : "";
  const entropy = needs.wantMean ? emitEntropy({ h, total, mean, expected }, emit) : "";
  return [logps, u, entropy, emitCorrect(parts, labels, emit), total, logSquares, ...capped];
}

const linearLogpsOp = defineOp<LogpsAttrs>("linearLogps", {
  readsNarrow: true,
  shape: ([h, w, labels], { cap }) => {
    const fits = h.shape.length === 2 && h.shape[1] === w.shape[1] && labels.shape[0] === h.shape[0];
    if (!fits) throw shapeError("linearLogps", "h [N, C], W [V, C], labels [N]", [h, w, labels]);
    const rows = [h.shape[0]];
    const total = { shape: [h.shape[0], 1] };
    const capped = cap === null ? [] : [{ shape: rows }, total];
    return [{ shape: rows }, { shape: h.shape }, { shape: rows }, { shape: rows }, total, { shape: rows }, ...capped];
  },
  onnx: emitLogps,
  vjp: (dy, [h, w, labels, rows], [, u, , , total, , , slope], attrs) => {
    const column = reshape(dy, [h.shape[0], 1]);
    if (rows) return [mul(column, u), null, null, patchGradient([h, rows, labels, total], attrs, column)];
    return [mul(column, u), weightGradient([h, w, labels, total, slope], attrs, column), null];
  },
});

/** The same derivative for the replaced rows only [K, C]; W's are frozen then. */
function patchGradient([h, rows, labels, total]: Tensor[], { ids, cap }: LogpsAttrs, column: Tensor): Tensor {
  const product = matmul(h, rows, { transB: true });
  const bounded = cap === null ? null : tanh(div(product, cap));
  const logits = bounded && cap !== null ? mul(bounded, cap) : product;
  const p = exp(sub(logits, total)); // [N, K]
  const hits = equal(reshape(labels, [h.shape[0], 1]), constant([...ids], "int32"));
  const byLogit = sub(cast(hits, h.dtype), p);
  const byProduct = bounded ? mul(byLogit, sub(constant(1, h.dtype), mul(bounded, bounded))) : byLogit;
  return matmul(byProduct, mul(h, column), { transA: true });
}

/**
 * d W [V, C] = (onehot(label) - p)^T (dlogp h), the second part one block of rows at a time; recomputes the
 * probabilities.
 */
const negativeWeightGradientOp = defineOp<Pick<LogpsAttrs, "cap">>("linearLogpsWeightGradient", {
  readsNarrow: true,
  shape: ([, w]) =>
    wordBlocks(w.shape[0] as number).map(([start, end]) => ({ shape: [end - start, ...w.shape.slice(1)] })),
  onnx: ([h, w, total, scaled], emit, { cap }) => {
    const [, weight] = emit.inputs;
    return wordBlocks(weight.shape[0] as number).map(([start, end]) => {
      const rows = emit.widened(weight, emit.rows(weight, w, start, end), h);
      const product = emit.node("Gemm", [h, rows], { transB: 1 });
      const capped = cap === null ? null : emitCap(product, cap, emit);
      const p = emit.node("Exp", [emit.node("Sub", [capped?.logits ?? product, total])]);
      const weights = capped ? emit.node("Mul", [p, capped.slope()]) : p;
      return emit.node("Gemm", [weights, scaled], { transA: 1, alpha: { float: -1 } });
    });
  },
  vjp: "none",
});
function weightGradient(
  [h, w, labels, total, slope]: (Tensor | undefined)[] & { 0: Tensor; 1: Tensor; 2: Tensor; 3: Tensor },
  { cap }: LogpsAttrs,
  column: Tensor,
): Tensor {
  const scaled = mul(h, column); // [N, C]
  const negative = concat(negativeWeightGradientOp([h, w, total, scaled], { cap }), 0);
  return scatterAddRows(negative, labels, slope ? mul(scaled, slope) : scaled);
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
  /** [N] mean of all words' bounded logits. No gradient; only with a cap: else it is h times the mean row of W. */
  meanLogits?: Tensor;
}

interface LinearLogpsOptions {
  /** Replacements for some rows of W: they get the gradient, W gets none. */
  patch?: RowPatch | null;
  /** Bounds logits z to cap tanh(z / cap): Gemma 2's final_logit_softcapping. */
  cap?: number | null;
}

/** h [N, C], W [V, C] (the unembedding), labels [N] int32. */
export function linearLogps(
  h: Tensor,
  w: Tensor,
  labels: Tensor,
  { patch = null, cap = null }: LinearLogpsOptions = {},
): LinearLogps {
  const inputs = patch ? [h, w, labels, patch.rows] : [h, w, labels];
  const outputs = linearLogpsOp(inputs, { ids: patch?.ids ?? [], cap });
  const [logps, , entropy, correct, , logSquares, meanLogits] = outputs;
  return { logps, entropy, correct, logSquares, ...(meanLogits ? { meanLogits } : {}) };
}
