/**
 * @file Scaled dot-product attention whose probabilities are computed again in the backward pass (FlashAttention's way,
 * arXiv 2205.14135): they would be the largest thing to keep, heads x M x L floats a layer.
 * Letters: M query tokens, L key tokens, K key heads, G query heads per key head, D channels of a head.
 */
import { type Dim, defineOp, type Emitter, shapeError, type Tensor } from "../tensor.ts";
import { sumKeepDims, sumTo } from "./broadcast.ts";
import { add, after, mul, sub } from "./elementwise.ts";
import { matmul } from "./matmul.ts";
import { softmax } from "./normalize.ts";
import { reshape, transpose } from "./shape.ts";

export type AttentionAttrs = {
  heads: number;
  kvHeads: number;
  scale: number;
  /** Dropout of probabilities: a factor per element, a pure function of the probabilities' shape. */
  keep?: (probabilities: Tensor) => Tensor;
};

/** [M, K * G * D] -> [K, G, M, D]. */
function splitHeads(x: Tensor, kvHeads: number, group: number): Tensor {
  const size = (x.shape[1] as number) / (kvHeads * group);
  return transpose(reshape(x, [x.shape[0], kvHeads, group, size]), [1, 2, 0, 3]);
}

/** [K, G, M, D] -> [M, K * G * D]. */
function mergeHeads(x: Tensor): Tensor {
  const [k, g, m, d] = x.shape as [number, number, Dim, number];
  return reshape(transpose(x, [2, 0, 1, 3]), [m, k * g * d]);
}

function forward([q, k, v, mask]: readonly Tensor[], { heads, kvHeads, scale, keep }: AttentionAttrs) {
  const query = splitHeads(q, kvHeads, heads / kvHeads);
  const key = splitHeads(k, kvHeads, 1);
  const value = splitHeads(v, kvHeads, 1);
  const probabilities = softmax(add(matmul(query, key, { transB: true, alpha: scale }), mask)); // [K, G, M, L]
  const kept = keep?.(probabilities);
  return { query, key, value, probabilities, kept, weights: kept ? mul(probabilities, kept) : probabilities };
}

const attentionOp = defineOp<AttentionAttrs>("attention", {
  shape: ([q, k, v, mask], { heads, kvHeads }) => {
    const fits = k.shape[0] === v.shape[0] && mask.shape[0] === q.shape[0] && mask.shape[1] === k.shape[0];
    if (!fits || heads % kvHeads !== 0)
      throw shapeError("attention", "q [M, H D], k and v [L, K D], mask [M, L]", [q, k, v, mask]);
    return [{ shape: [q.shape[0], ((v.shape[1] as number) / kvHeads) * heads] }];
  },
  onnx: (names, emit: Emitter, attrs) => {
    const { weights, value } = forward(emit.inputs, attrs);
    return emit.inline(emit.inputs, names, [mergeHeads(matmul(weights, value))]);
  },
  vjp: ([dy], [q, k, v, mask], [y], attrs) => {
    const later = after(q, dy as Tensor);
    const { query, key, value, probabilities, kept, weights } = forward([later, k, v, mask], attrs);
    const dOut = splitHeads(dy as Tensor, attrs.kvHeads, attrs.heads / attrs.kvHeads);
    const dWeights = matmul(dOut, value, { transB: true });
    const dProbabilities = kept ? mul(dWeights, kept) : dWeights;
    // sum_j P dP = sum_d O dO for every row: the softmax's reduction over L becomes one over D
    const rowSums = sumKeepDims(mul(dOut, splitHeads(y, attrs.kvHeads, attrs.heads / attrs.kvHeads)), [-1]);
    const dScores = mul(probabilities, sub(dProbabilities, rowSums));
    const dq = matmul(dScores, key, { alpha: attrs.scale });
    const dk = sumTo(matmul(dScores, query, { transA: true, alpha: attrs.scale }), key.shape);
    const dv = sumTo(matmul(weights, dOut, { transA: true }), value.shape);
    return [mergeHeads(dq), mergeHeads(dk), mergeHeads(dv), null];
  },
});

/**
 * softmax(scale q k^T + mask) v per head. q [M, H * D], k and v [L, K * D], mask [M, L] added to the scores
 * (0 or a large negative number) -> [M, H * D]. No gradient flows to the mask.
 */
export function attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor, attrs: AttentionAttrs): Tensor {
  return attentionOp([q, k, v, mask], attrs)[0];
}
