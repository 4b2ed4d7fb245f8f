/**
 * @file Softmax, layer normalization and RMS normalization.
 *
 * The kernels of both norms return a mean or an inverse deviation for the backward pass, which is the CPU's to compute:
 * ONNX Runtime 1.30's WebGPU writes the mean where SimplifiedLayerNormalization's inverse belongs, and CoreML and
 * DirectML have no such outputs. Elsewhere both are composed of plain ops, in all graphs of a run, so that policy and
 * reference still tie.
 */
import { defineOp, shapeError, type Tensor } from "../tensor.ts";
import { sumKeepDims, sumTo } from "./broadcast.ts";
import { mul, sub } from "./elementwise.ts";
import { meanKeepDims } from "./reduce.ts";

const softmaxOp = defineOp("softmax", {
  shape: ([x]) => [{ shape: x.shape }],
  onnx: (inputs, emit) => [emit.node("Softmax", inputs, { axis: -1 })],
  vjp: (dy, _, [y]) => [mul(y, sub(dy, sumKeepDims(mul(dy, y), [-1])))], // y (dy - sum(dy y))
});
/** Along the last axis. */
export const softmax = (x: Tensor): Tensor => softmaxOp([x], {})[0];

/** Mean and 1 / standard deviation of each row: x [.., C] -> [.., 1] twice; the population variance plus epsilon. */
const layerNormOp = defineOp<{ epsilon: number }>("layerNorm", {
  shape: ([x, weight, bias]) => {
    const row = [...x.shape.slice(0, -1), 1];
    if (weight.shape[0] !== x.shape.at(-1) || bias.shape[0] !== x.shape.at(-1))
      throw shapeError("layerNorm", "weight and bias [C]", [x, weight, bias]);
    return [{ shape: x.shape }, { shape: row }, { shape: row }];
  },
  onnx: (inputs, emit, { epsilon }) => {
    if (emit.inputs[0].dtype !== "float32" || !emit.isForCpu) return decomposedLayerNorm(inputs, emit, epsilon);
    const used = [true, emit.isLive(1), emit.isLive(2)];
    return emit.nodes("LayerNormalization", inputs, { axis: -1, epsilon: { float: epsilon } }, used);
  },
  vjp: (dy, [x, weight, bias], [, mean, invStd]) => {
    const xHat = mul(sub(x, mean), invStd);
    const g = mul(dy, weight);
    // dx = (g - mean(g) - xHat mean(g xHat)) / std
    const centered = sub(g, meanKeepDims(g, [-1]));
    const dx = mul(sub(centered, mul(xHat, meanKeepDims(mul(g, xHat), [-1]))), invStd);
    return [dx, sumTo(mul(dy, xHat), weight.shape), sumTo(dy, bias.shape)];
  },
});

function decomposedLayerNorm(
  [x, weight, bias]: readonly string[],
  emit: Parameters<Parameters<typeof defineOp>[1]["onnx"]>[1],
  epsilon: number,
): string[] {
  const dtype = emit.inputs[0].dtype;
  const axes = emit.ints([-1]);
  const mean = emit.node("ReduceMean", [x, axes], { keepdims: 1 });
  const centered = emit.node("Sub", [x, mean]);
  const variance = emit.node("ReduceMean", [emit.node("Mul", [centered, centered]), axes], { keepdims: 1 });
  const std = emit.node("Sqrt", [emit.node("Add", [variance, emit.scalar(epsilon, dtype)])]);
  const invStd = emit.node("Div", [emit.scalar(1, dtype), std]);
  const xHat = emit.node("Mul", [centered, invStd]);
  return [emit.node("Add", [emit.node("Mul", [xHat, weight]), bias]), mean, invStd];
}

/** x [.., C] normalized over C, times weight [C] plus bias [C]. */
export function layerNorm(x: Tensor, weight: Tensor, bias: Tensor, epsilon: number): Tensor {
  return layerNormOp([x, weight, bias], { epsilon })[0];
}

/** y and 1 / root mean square of each row: x [.., C] -> [.., C], [.., 1]. */
const rmsNormOp = defineOp<{ epsilon: number }>("rmsNorm", {
  shape: ([x, weight]) => {
    if (weight.shape.length !== 1 || weight.shape[0] !== x.shape.at(-1))
      throw shapeError("rmsNorm", "weight [C]", [x, weight]);
    return [{ shape: x.shape }, { shape: [...x.shape.slice(0, -1), 1] }];
  },
  onnx: ([x, weight], emit, { epsilon }) => {
    const { dtype } = emit.inputs[0];
    if (dtype === "float32" && emit.isForCpu) {
      const attrs = { axis: -1, epsilon: { float: epsilon } };
      return emit.nodes("SimplifiedLayerNormalization", [x, weight], attrs, [true, emit.isLive(1)]);
    }
    const square = emit.node("ReduceMean", [emit.node("Mul", [x, x]), emit.ints([-1])], { keepdims: 1 });
    const rms = emit.node("Sqrt", [emit.node("Add", [square, emit.scalar(epsilon, dtype)])]);
    const inverse = emit.node("Div", [emit.scalar(1, dtype), rms]);
    return [emit.node("Mul", [emit.node("Mul", [x, inverse]), weight]), inverse];
  },
  vjp: (dy, [x, weight], [, inverse]) => {
    const xHat = mul(x, inverse);
    const g = mul(dy, weight);
    // dx = (g - xHat mean(g xHat)) / rms
    const dx = mul(sub(g, mul(xHat, meanKeepDims(mul(g, xHat), [-1]))), inverse);
    return [dx, sumTo(mul(dy, xHat), weight.shape)];
  },
});

/** x [.., C] / root of (mean square over C, plus epsilon), times weight [C]: Llama's norm (arXiv 1910.07467). */
export function rmsNorm(x: Tensor, weight: Tensor, epsilon: number): Tensor {
  return rmsNormOp([x, weight], { epsilon })[0];
}
