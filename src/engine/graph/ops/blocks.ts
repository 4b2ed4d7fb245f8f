/**
 * @file Products with a frozen matrix W [out, in] in 8 or 4 bits, in blocks with a scale each, for generation: the
 * kernel rounds x to 8 bits, block by block, and multiplies integers. Its weights are held by the session: as inputs of
 * a run, which can't be packed, they take 100 times as long.
 */
import { defineOp, shapeError, type Tensor } from "../tensor.ts";

/** The kernel rounds x to 8 bits. */
const ROUNDED_INPUT = 4;

export interface BlockMatrix {
  bits: 4 | 8;
  /** Numbers in a block. */
  size: number;
  outFeatures: number;
  inFeatures: number;
  /** uint8 [out, in / size, size bits / 8] */
  codes: Tensor;
  /** float32 [out * in / size] */
  scales: Tensor;
}

type BlockAttrs = Pick<BlockMatrix, "bits" | "size" | "outFeatures" | "inFeatures">;

const blockMatmulOp = defineOp<BlockAttrs>("blockMatmul", {
  shape: ([x], { inFeatures, outFeatures }) => {
    if (x.shape.length !== 2 || x.shape[1] !== inFeatures) throw shapeError("blockMatmul", `[M, ${inFeatures}]`, [x]);
    return [{ shape: [x.shape[0], outFeatures] }];
  },
  onnx: (inputs, emit, { bits, size, inFeatures: K, outFeatures: N }) => {
    const attrs = { K, N, bits, block_size: size, accuracy_level: ROUNDED_INPUT };
    return [emit.node("MatMulNBits", inputs, attrs, "com.microsoft")];
  },
  vjp: "none",
});
/** x [M, in] -> x Wᵀ [M, out], with x rounded to 8 bits. No gradient. */
export function blockMatmul(x: Tensor, { codes, scales, ...matrix }: BlockMatrix): Tensor {
  return blockMatmulOp([x, codes, scales], matrix)[0];
}
