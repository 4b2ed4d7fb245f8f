/**
 * @file Rotary position embedding (arXiv 2104.09864) in Llama's layout: channel i of a head's first half and channel i
 * of its second half rotate together, by an angle that depends on the token.
 * Letters: M tokens, H heads, D channels per head.
 */
import { defineOp, type Emitter, shapeError, type Tensor } from "../tensor.ts";
import { add, mul, neg, sub } from "./elementwise.ts";
import { concat, reshape, slice } from "./shape.ts";

/** The kernel takes [batch, tokens, H D] and the table row of token 0. */
function emitKernel([x, cos, sin]: readonly string[], emit: Emitter): string {
  const axis = emit.ints([0]);
  const batch = emit.node("Unsqueeze", [x, axis]);
  const turned = emit.node("RotaryEmbedding", [batch, emit.ints([0]), cos, sin], {}, "com.microsoft");
  return emit.node("Squeeze", [turned, axis]);
}

/** The same in plain ops, for dtypes that the kernel does not support. */
function decomposed([x, cos, sin]: readonly Tensor[]): Tensor {
  const [tokens, width] = x.shape as [number, number];
  const half = cos.shape[1] as number;
  const halves = reshape(x, [tokens, width / (2 * half), 2, half]);
  const [first, second] = [slice(halves, 2, 0, 1), slice(halves, 2, 1, 2)];
  const [c, s] = [cos, sin].map((table) => reshape(table, [tokens, 1, 1, half]));
  const turned = concat([sub(mul(first, c), mul(second, s)), add(mul(second, c), mul(first, s))], 2);
  return reshape(turned, x.shape);
}

const rotaryOp = defineOp("rotary", {
  shape: (inputs) => {
    const [x, cos, sin] = inputs;
    const fits = cos.shape[0] === x.shape[0] && cos.shape.join() === sin.shape.join();
    const heads = (x.shape[1] as number) / (2 * (cos.shape[1] as number));
    if (!fits || !Number.isInteger(heads)) throw shapeError("rotary", "x [M, H D], cos and sin [M, D / 2]", inputs);
    return [{ shape: x.shape }];
  },
  onnx: (names, emit) => {
    if (emit.inputs[0].dtype === "float32") return [emitKernel(names, emit)];
    return emit.inline(emit.inputs, names, [decomposed(emit.inputs)]);
  },
  // a rotation's transpose is its inverse
  vjp: (dy, [, cos, sin]) => [rotary(dy, { cos, sin: neg(sin) }), null, null],
});

/** Cosines and sines of the angles of each token, [M, D / 2]. */
export interface Rotation {
  cos: Tensor;
  sin: Tensor;
}

/** Rotates every head of x [M, H D] by its token's angles. No gradient flows to the angles. */
export const rotary = (x: Tensor, { cos, sin }: Rotation): Tensor => rotaryOp([x, cos, sin], {})[0];
