/** @file SiLU (arXiv 1702.03118), the gate of Llama's MLP. */
import { defineOp, type Tensor } from "../tensor.ts";
import { add, mul, sigmoid, sub } from "./elementwise.ts";

const siluOp = defineOp("silu", {
  shape: ([x]) => [{ shape: x.shape }],
  onnx: ([x], emit) => {
    // x sigmoid(alpha x) in one pass
    if (emit.inputs[0].dtype === "float32")
      return [emit.node("QuickGelu", [x], { alpha: { float: 1 } }, "com.microsoft")];
    return [emit.node("Mul", [x, emit.node("Sigmoid", [x])])];
  },
  vjp: ([dy], [x], [y]) => [mul(dy as Tensor, mul(sigmoid(x), add(sub(x, y), 1)))], // s + y (1 - s) = s (1 + x - y)
});
/** x sigmoid(x). */
export const silu = (x: Tensor): Tensor => siluOp([x], {})[0];
