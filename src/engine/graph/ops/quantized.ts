/**
 * @file Products with a frozen matrix W [out, in] stored in 8 or 4 bits, in blocks of 64 numbers with one scale per
 * block. W becomes float32 only within a product; the backward pass widens it again.
 *
 * 4 bits use ONNX Runtime's MatMulBnb4 for x Wᵀ. Its CPU kernel reads W as transposed even with transB 0, so W itself
 * comes from the product with a matrix [1, 1] that holds 1, as [out * in, 1]: 1.2 ms for [1536, 576], against 1.6 ms
 * with a table of byte values and Gather. 8 bits use Cast and Mul: the block-wise DequantizeLinear took 1.2 times and
 * the 8-bit MatMulNBits 1.15 times as long.
 */
import { defineOp, type Emitter, shapeError, type Tensor } from "../tensor.ts";

/** A matrix [out, in] by its parts, in the layout of formats/quantizedBlocks. */
export interface QuantizedMatrix {
  format: "nf4" | "fp4" | "int8";
  outFeatures: number;
  inFeatures: number;
  /** Codes and scales; with 8-bit scales: codes, scale codes, scales of the scales, offset, the 256 code values. */
  parts: readonly Tensor[];
}

const BLOCK = 64;
const QUANT_TYPE = { fp4: 0, nf4: 1 };
type MatrixAttrs = Pick<QuantizedMatrix, "format" | "outFeatures" | "inFeatures">;

/** float32 scales [blocks] of a 4-bit matrix. */
function absmaxOf([scales, ...nested]: readonly string[], emit: Emitter, blocks: number): string {
  if (nested.length === 0) return scales;
  const [absmax, offset, values] = nested;
  const codeValues = emit.node("Gather", [values, emit.cast(scales, "int32")]);
  const all = emit.node("Add", [emit.node("Mul", [codeValues, absmax]), offset]);
  const flat = emit.node("Reshape", [all, emit.ints([-1])]);
  return emit.node("Slice", [flat, emit.ints([0]), emit.ints([blocks])]);
}

function fourBitProduct([x, codes, ...scales]: readonly string[], emit: Emitter, attrs: MatrixAttrs & FlatAttrs) {
  const { format, rows, columns } = attrs;
  const absmax = absmaxOf(scales, emit, Math.ceil((rows * columns) / BLOCK));
  const settings = { block_size: BLOCK, quant_type: QUANT_TYPE[format as "nf4" | "fp4"], transB: 1, training_mode: 1 };
  return emit.node("MatMulBnb4", [x, codes, absmax], { K: columns, N: rows, ...settings }, "com.microsoft");
}
/** Shape in which the kernel sees the matrix. */
type FlatAttrs = { rows: number; columns: number };

/**
 * ONNX nodes that widen W to float32 [out, in].
 * @param x operand of the product; W is widened after it. Otherwise the backward pass would widen all of its matrices
 *   at its start.
 */
function widen([codes, ...scales]: readonly string[], emit: Emitter, attrs: MatrixAttrs, x?: string): string {
  const { format, outFeatures, inFeatures } = attrs;
  const elements = outFeatures * inFeatures;
  const shape = emit.ints([outFeatures, inFeatures]);
  if (format !== "int8") {
    const unit = emit.node("Reshape", [emit.scalar(1, "float32"), emit.ints([1, 1])]);
    const one = x === undefined ? unit : emit.after(unit, x);
    const flat = fourBitProduct([one, codes, ...scales], emit, { ...attrs, rows: elements, columns: 1 });
    return emit.node("Reshape", [flat, shape]);
  }
  const due = x === undefined ? codes : emit.after(codes, x);
  const blocks = emit.node("Mul", [emit.cast(due, "float32"), scales[0]]);
  if (elements % BLOCK === 0) return emit.node("Reshape", [blocks, shape]);
  const flat = emit.node("Reshape", [blocks, emit.ints([-1])]);
  return emit.node("Reshape", [emit.node("Slice", [flat, emit.ints([0]), emit.ints([elements])]), shape]);
}

const widenOp = defineOp<MatrixAttrs>("dequantize", {
  shape: (_, { outFeatures, inFeatures }) => [{ shape: [outFeatures, inFeatures], dtype: "float32" }],
  onnx: (parts, emit, attrs) => [widen(parts, emit, attrs)],
  vjp: "none",
});
/** W as float32 [out, in]. */
export function dequantize({ parts, format, outFeatures, inFeatures }: QuantizedMatrix): Tensor {
  return widenOp(parts, { format, outFeatures, inFeatures })[0];
}

type ProductAttrs = MatrixAttrs & { transB: boolean };

const productOp = defineOp<ProductAttrs>("quantizedMatmul", {
  shape: ([x], { outFeatures, inFeatures, transB }) => {
    const [inner, outer] = transB ? [inFeatures, outFeatures] : [outFeatures, inFeatures];
    if (x.shape.length !== 2 || x.shape[1] !== inner) throw shapeError("quantizedMatmul", `[M, ${inner}]`, [x]);
    return [{ shape: [x.shape[0], outer] }];
  },
  onnx: ([x, ...parts], emit, attrs) => {
    const { format, outFeatures: rows, inFeatures: columns, transB } = attrs;
    if (transB && format !== "int8") return [fourBitProduct([x, ...parts], emit, { ...attrs, rows, columns })];
    return [emit.node("Gemm", [x, widen(parts, emit, attrs, x)], { transB: Number(transB) })];
  },
  vjp: (dy, [, ...parts], _, { transB, ...matrix }) => {
    const dx = quantizedMatmul(dy, { ...matrix, parts }, { transB: !transB }); // d(x Wᵀ) = dy W
    return [dx, ...parts.map(() => null)];
  },
});
/** transB: x [M, in] -> x Wᵀ [M, out]; else x [M, out] -> x W [M, in]. W has no gradient. */
export function quantizedMatmul(x: Tensor, matrix: QuantizedMatrix, { transB = true } = {}): Tensor {
  const { parts, format, outFeatures, inFeatures } = matrix;
  return productOp([x, ...parts], { format, outFeatures, inFeatures, transB })[0];
}
