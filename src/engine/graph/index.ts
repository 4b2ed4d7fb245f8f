/** @file The engine's vocabulary: tensors, ops and differentiation. */
export { grad } from "./grad.ts";
export { attention } from "./ops/attention.ts";
export { type BlockMatrix, blockMatmul } from "./ops/blocks.ts";
export * from "./ops/broadcast.ts";
export { cachedAttention } from "./ops/cachedAttention.ts";
export { checkpoint, checkpointAll } from "./ops/checkpoint.ts";
export * from "./ops/elementwise.ts";
export * from "./ops/indexing.ts";
export { linearLogps } from "./ops/linearLogps.ts";
export { gemm, matmul } from "./ops/matmul.ts";
export * from "./ops/normalize.ts";
export { dequantize, type QuantizedMatrix, quantizedMatmul } from "./ops/quantized.ts";
export { dropoutKeep, uniformNoise } from "./ops/random.ts";
export { maxKeepDims, meanAll, meanKeepDims, normKeepDims } from "./ops/reduce.ts";
export { type Rotation, rotary } from "./ops/rotary.ts";
export { chunk, concat, reshape, slice, split, transpose, zerosLike } from "./ops/shape.ts";
export { meanRow, unembed } from "./ops/unembed.ts";
export type { RowPatch } from "./ops/wordBlocks.ts";
export { wordsPerBlock } from "./ops/wordBlocks.ts";
export {
  constant,
  type Dim,
  type Dtype,
  heldInput,
  input,
  type NarrowDtype,
  type Shape,
  type Tensor,
} from "./tensor.ts";
