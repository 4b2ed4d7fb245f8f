/**
 * @file The forward pass of an adapted layer: LoRA y + s B A x, DoRA m (W + s B A) x / |W + s B A|; the same for rows
 * of an embedding W [V, C], with x one-hot rows. M tokens.
 */
import {
  add,
  detach,
  div,
  gatherColumns,
  gemm,
  matmul,
  mul,
  normKeepDims,
  reshape,
  sqrt,
  sub,
  sumKeepDims,
  type Tensor,
  transpose,
} from "../../engine/graph/index.ts";
import type { LoraLayer } from "./lora.ts";

/** The graph input of an adapter tensor; the same tensor for the same name. */
export type AdapterInput = (name: string, shape: readonly number[]) => Tensor;

/** The adapter's term, added to a layer's output y [M, out], for its input x [M, in] (after dropout). */
export function addLora(y: Tensor, x: Tensor, lora: LoraLayer, weights: AdapterInput): Tensor {
  const low = matmul(x, weights(lora.nameA, lora.shapeA), { transB: true }); // [M, r]
  return gemm(low, weights(lora.nameB, lora.shapeB), y, { transB: true, alpha: lora.scaling });
}

/** W + s B A in the layer's own layout. */
function adaptedWeight({ layer, scaling, ...lora }: LoraLayer, weight: Tensor, weights: AdapterInput): Tensor {
  const a = weights(lora.nameA, lora.shapeA);
  const b = weights(lora.nameB, lora.shapeB);
  return layer.layout === "out,in"
    ? gemm(b, a, weight, { alpha: scaling })
    : gemm(a, b, weight, { transA: true, transB: true, alpha: scaling });
}

/** Norms [out] of the weight vectors, one per output: the initial DoRA magnitude. */
export function adaptedNorm(lora: LoraLayer, weight: Tensor, weights: AdapterInput): Tensor {
  if (lora.isEmbedding) return embeddingNorm(lora, weight, weights);
  const axis = lora.layer.layout === "out,in" ? 1 : 0;
  return reshape(normKeepDims(adaptedWeight(lora, weight, weights), [axis]), [lora.layer.outFeatures]);
}

/**
 * |W + s A' B'| by columns [C] without forming the sum, which is as large as the embedding: the square root of
 * |w|^2 + 2 s w' A' b + s^2 b' A A' b for each column w of W and row b of B. Cost: a product of rank r over W.
 */
function embeddingNorm({ layer, scaling, ...lora }: LoraLayer, weight: Tensor, weights: AdapterInput): Tensor {
  const a = weights(lora.nameA, lora.shapeA); // [r, V]
  const b = weights(lora.nameB, lora.shapeB); // [C, r]
  const plain = normKeepDims(weight, [0]); // [1, C]
  const across = mul(matmul(a, weight), 2 * scaling); // [r, C]
  const within = matmul(matmul(a, a, { transB: true }), b, { transB: true, alpha: scaling ** 2 }); // [r, C]
  const moved = sumKeepDims(mul(add(across, within), transpose(b, [1, 0])), [0]); // [1, C]
  return reshape(sqrt(add(mul(plain, plain), moved)), [layer.outFeatures]);
}

/**
 * The layer and its adapter as one matrix, in the layer's own layout.
 * @param trains whether DoRA's norm must be a constant for the gradient, see {@link addDora}.
 */
export function mergedWeight(lora: LoraLayer, weight: Tensor, weights: AdapterInput, trains = false): Tensor {
  const adapted = adaptedWeight(lora, weight, weights);
  if (lora.magnitude === null) return adapted;
  const { outFeatures, layout } = lora.layer;
  const norm = adaptedNorm(lora, weight, weights);
  const scale = div(weights(lora.magnitude, [outFeatures]), trains ? detach(norm) : norm);
  return mul(adapted, layout === "out,in" ? reshape(scale, [outFeatures, 1]) : scale);
}

export interface DoraInputs {
  /** The layer's output [M, out]. */
  y: Tensor;
  /** Its product without the bias [M, out], of the same input (after dropout) as `x`. */
  product: Tensor;
  /** Its input [M, in], after dropout. */
  x: Tensor;
  /** Current {@link adaptedNorm}. */
  norm: Tensor;
}

/**
 * y + (m / n - 1) W x + (m / n) s B A x. The norm n is a constant for the gradient, as in PEFT (section 4.3 of the
 * paper). At B = 0 and m = n this is y, bit for bit.
 */
export function addDora({ y, product, x, norm }: DoraInputs, lora: LoraLayer, weights: AdapterInput): Tensor {
  const out = lora.layer.outFeatures;
  const scale = div(weights(lora.magnitude as string, [out]), detach(norm)); // [out]
  const low = matmul(x, weights(lora.nameA, lora.shapeA), { transB: true }); // [M, r]
  const scaledB = mul(weights(lora.nameB, lora.shapeB), reshape(mul(scale, lora.scaling), [out, 1]));
  return add(gemm(low, scaledB, y, { transB: true }), mul(product, sub(scale, 1)));
}

export interface AdaptedRows {
  /** Rows of the embedding [M, C]. */
  rows: Tensor;
  /** Their ids [M]. */
  ids: Tensor;
  /** Current {@link adaptedNorm}; null without DoRA. */
  norm: Tensor | null;
}

/**
 * rows + s (B A)'[ids], or m / n times that. Reads, and gives a gradient to, only the columns of A that are used. At
 * A = 0 and m = n these are the rows, bit for bit.
 */
export function adaptRows({ rows, ids, norm }: AdaptedRows, lora: LoraLayer, weights: AdapterInput): Tensor {
  const low = gatherColumns(weights(lora.nameA, lora.shapeA), ids); // [r, M]
  const b = weights(lora.nameB, lora.shapeB);
  if (norm === null) return gemm(low, b, rows, { transA: true, transB: true, alpha: lora.scaling });
  const out = lora.layer.outFeatures;
  const scale = div(weights(lora.magnitude as string, [out]), detach(norm)); // [C]
  const scaledB = mul(b, reshape(mul(scale, lora.scaling), [out, 1]));
  return gemm(low, scaledB, mul(rows, scale), { transA: true, transB: true });
}
