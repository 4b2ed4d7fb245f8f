/** @file Matrix products: batched matmul with transposed operands, and Gemm (2-D, with an addend). */
import { broadcastShapes, defineOp, shapeError, type Tensor } from "../tensor.ts";
import { sumTo } from "./broadcast.ts";

type MatmulAttrs = { transA: boolean; transB: boolean; alpha: number };

function matmulShape(name: string, [a, b]: readonly Tensor[], { transA, transB }: MatmulAttrs) {
  const [m, k] = transA ? a.shape.slice(-2).reverse() : a.shape.slice(-2);
  const [k2, n] = transB ? b.shape.slice(-2).reverse() : b.shape.slice(-2);
  if (k !== k2) throw shapeError(name, "equal inner sizes", [a, b]);
  const batch = broadcastShapes(name, { ...a, shape: a.shape.slice(0, -2) }, { ...b, shape: b.shape.slice(0, -2) });
  return [...batch, m, n];
}

/** Swaps the last two axes in ONNX, for dtypes that the fused kernel does not support. */
const lastTwoSwapped = (rank: number) => [...Array(rank - 2).keys(), rank - 1, rank - 2];

const matmulOp = defineOp<MatmulAttrs>("matmul", {
  shape: (inputs, attrs) => [{ shape: matmulShape("matmul", inputs, attrs) }],
  onnx: ([a, b], emit, { transA, transB, alpha }) => {
    const [x, y] = emit.inputs;
    if (!transA && !transB && alpha === 1) return [emit.node("MatMul", [a, b])];
    if (x.dtype === "float32") {
      const attrs = { transA: Number(transA), transB: Number(transB), alpha: { float: alpha } };
      return [emit.node("FusedMatMul", [a, b], attrs, "com.microsoft")];
    }
    const left = transA ? emit.node("Transpose", [a], { perm: lastTwoSwapped(x.shape.length) }) : a;
    const right = transB ? emit.node("Transpose", [b], { perm: lastTwoSwapped(y.shape.length) }) : b;
    return [emit.node("Mul", [emit.node("MatMul", [left, right]), emit.scalar(alpha, x.dtype)])];
  },
  vjp: (dy, [a, b], _, { transA, transB, alpha }) => {
    // dA = dy B^T (or its transpose), dB = A^T dy (or its transpose)
    const da = transA
      ? matmul(b, dy, { transA: transB, transB: true, alpha })
      : matmul(dy, b, { transB: !transB, alpha });
    const db = transB
      ? matmul(dy, a, { transA: true, transB: transA, alpha })
      : matmul(a, dy, { transA: !transA, alpha });
    return [sumTo(da, a.shape), sumTo(db, b.shape)];
  },
});
/** alpha * op(a) op(b) with broadcast batch dimensions. a [.., M, K], b [.., K, N] -> [.., M, N]. */
export function matmul(a: Tensor, b: Tensor, options: Partial<MatmulAttrs> = {}): Tensor {
  return matmulOp([a, b], { transA: false, transB: false, alpha: 1, ...options })[0];
}

const gemmOp = defineOp<MatmulAttrs>("gemm", {
  shape: (inputs, attrs) => {
    if (inputs.some((t, i) => t.shape.length !== 2 && i < 2)) throw shapeError("gemm", "matrices", inputs);
    return [{ shape: matmulShape("gemm", inputs, attrs) }];
  },
  onnx: (inputs, emit, { transA, transB, alpha }) => [
    emit.node("Gemm", inputs, { transA: Number(transA), transB: Number(transB), alpha: { float: alpha } }),
  ],
  vjp: (dy, [a, b, c], _, { transA, transB, alpha }) => {
    const da = transA
      ? gemm(b, dy, null, { transA: transB, transB: true, alpha })
      : gemm(dy, b, null, { transB: !transB, alpha });
    const db = transB
      ? gemm(dy, a, null, { transA: true, transB: transA, alpha })
      : gemm(a, dy, null, { transA: !transA, alpha });
    return c ? [da, db, sumTo(dy, c.shape)] : [da, db];
  },
});
/** alpha * op(a) op(b) + c, one kernel. a [M, K], b [K, N], c null or broadcastable to [M, N]. */
export function gemm(a: Tensor, b: Tensor, c: Tensor | null, options: Partial<MatmulAttrs> = {}): Tensor {
  return gemmOp(c ? [a, b, c] : [a, b], { transA: false, transB: false, alpha: 1, ...options })[0];
}

/**
 * a + b, folded into the product if one of them is a fresh Gemm without an addend: the kernel adds while it stores,
 * which saves a pass over memory. Used to add cotangents.
 */
export function foldAdd(a: Tensor, b: Tensor): Tensor | null {
  for (const [product, other] of [
    [b, a],
    [a, b],
  ]) {
    const { source } = product;
    if (source.kind === "node" && source.node.op.name === "gemm" && source.node.inputs.length === 2) {
      const [x, y] = source.node.inputs;
      return gemm(x, y, other, source.node.attrs as MatmulAttrs);
    }
  }
  return null;
}
