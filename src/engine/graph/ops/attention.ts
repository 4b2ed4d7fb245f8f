/**
 * @file Scaled dot-product attention that recomputes its probabilities in the backward pass (as FlashAttention does,
 * arXiv 2205.14135): dropout, they would be the largest activation, heads x M x L floats per layer.
 * Letters: M query tokens, L key tokens, K key heads, G query heads per key head, D channels per head.
 */
import { constant, type Dim, defineOp, type Emitter, shapeError, type Tensor } from "../tensor.ts";
import { sumKeepDims, sumTo } from "./broadcast.ts";
import { add, after, div, mul, sub, tanh } from "./elementwise.ts";
import { matmul } from "./matmul.ts";
import { softmax } from "./normalize.ts";
import { reshape, transpose } from "./shape.ts";

export type AttentionAttrs = {
  heads: number;
  kvHeads: number;
  scale: number;
  /** Bounds scores s to cap tanh(s / cap) before the mask (Gemma 2); absent: unbounded. */
  cap?: number;
  /** Dropout factor per probability, a pure function of the probabilities' shape. */
  keep?: (probabilities: Tensor) => Tensor;
};

/** [M, K * G * D] -> [K, G, M, D], or [K, G, D, M] if `transposed`. */
function splitHeads(x: Tensor, { kvHeads, heads }: AttentionAttrs, kind: "query" | "key", transposed = false): Tensor {
  const group = kind === "query" ? heads / kvHeads : 1;
  const size = (x.shape[1] as number) / (kvHeads * group);
  return transpose(reshape(x, [x.shape[0], kvHeads, group, size]), transposed ? [1, 2, 3, 0] : [1, 2, 0, 3]);
}

/** [K, G, M, D] (or [K, G, D, M] if `transposed`) -> [M, K * G * D]. */
function mergeHeads(x: Tensor, transposed = false): Tensor {
  const [k, g] = x.shape as [number, number];
  const [m, d] = (transposed ? [x.shape[3], x.shape[2]] : [x.shape[2], x.shape[3]]) as [Dim, number];
  return reshape(transpose(x, transposed ? [3, 0, 1, 2] : [2, 0, 1, 3]), [m, k * g * d]);
}

/**
 * Probabilities [K, G, M, L]. All products here and below take plain operands: heads are laid out as [D, L] or [L, D]
 * to suit the product, since the transposing kernels ran at two thirds of the plain kernel's speed.
 */
function forward([q, k, , mask]: readonly Tensor[], attrs: AttentionAttrs) {
  const query = splitHeads(mul(q, attrs.scale), attrs, "query");
  const product = matmul(query, splitHeads(k, attrs, "key", true));
  const bounded = attrs.cap === undefined ? undefined : tanh(div(product, attrs.cap));
  const scores = bounded && attrs.cap !== undefined ? mul(bounded, attrs.cap) : product;
  const probabilities = softmax(add(scores, mask));
  const dropout = attrs.keep?.(probabilities);
  return { probabilities, dropout, weights: dropout ? mul(probabilities, dropout) : probabilities, bounded };
}

const attentionOp = defineOp<AttentionAttrs>("attention", {
  shape: ([q, k, v, mask], { heads, kvHeads }) => {
    const fits = k.shape[0] === v.shape[0] && mask.shape[0] === q.shape[0] && mask.shape[1] === k.shape[0];
    if (!fits || heads % kvHeads !== 0)
      throw shapeError("attention", "q [M, H D], k and v [L, K D], mask [M, L]", [q, k, v, mask]);
    return [{ shape: [q.shape[0], ((v.shape[1] as number) / kvHeads) * heads] }];
  },
  onnx: (names, emit: Emitter, attrs) => {
    const { weights } = forward(emit.inputs, attrs);
    const out = matmul(weights, splitHeads(emit.inputs[2], attrs, "key"));
    return emit.inline(emit.inputs, names, [mergeHeads(out)]);
  },
  vjp: (dy, [q, k, v, mask], [y], attrs) => {
    const { probabilities, dropout, weights, bounded } = forward([after(q, dy), k, v, mask], attrs);
    const dOut = splitHeads(dy, attrs, "query"); // [K, G, M, D]
    const dWeights = matmul(dOut, splitHeads(v, attrs, "key", true));
    const dProbabilities = dropout ? mul(dWeights, dropout) : dWeights;
    // sum_j P dP = sum_d O dO for every row: the softmax's reduction over L becomes one over D
    const rowSums = sumKeepDims(mul(dOut, splitHeads(y, attrs, "query")), [-1]);
    const dBounded = mul(probabilities, sub(dProbabilities, rowSums));
    const dScores = bounded ? mul(dBounded, sub(constant(1, q.dtype), mul(bounded, bounded))) : dBounded;
    const dq = mul(mergeHeads(matmul(dScores, splitHeads(k, attrs, "key"))), attrs.scale);
    // from [K, G, D, L]
    const ofKeys = (x: Tensor) => mergeHeads(sumTo(x, [x.shape[0], 1, x.shape[2], x.shape[3]]), true);
    const dk = ofKeys(matmul(splitHeads(mul(q, attrs.scale), attrs, "query", true), dScores));
    const dv = ofKeys(matmul(splitHeads(dy, attrs, "query", true), weights));
    return [dq, dk, dv, null];
  },
});

/**
 * softmax(scale q k^T + mask) v per head, with scores bounded before the mask if there is a cap. q [M, H * D], k and v
 * [L, K * D], mask [M, L] added to the scores (0 or a large negative number) -> [M, H * D]. No gradient flows to the
 * mask.
 */
export function attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor, attrs: AttentionAttrs): Tensor {
  return attentionOp([q, k, v, mask], attrs)[0];
}
