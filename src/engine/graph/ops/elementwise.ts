/** @file Elementwise ops with NumPy broadcasting. */
import { broadcastShapes, constant, type Dtype, defineOp, sameShape, type Tensor } from "../tensor.ts";
import { sumTo } from "./broadcast.ts";

const scalarLike = (value: number, x: Tensor) => constant(value, x.dtype);
const lift = (x: Tensor | number, like: Tensor) => (typeof x === "number" ? scalarLike(x, like) : x);

function binary(name: string, onnxType: string, vjp: (dy: Tensor, a: Tensor, b: Tensor, y: Tensor) => Tensor[]) {
  const op = defineOp(name, {
    shape: ([a, b]) => [{ shape: broadcastShapes(name, a, b) }],
    onnx: (inputs, emit) => [emit.node(onnxType, inputs)],
    vjp: (dy, [a, b], [y]) => {
      const [da, db] = vjp(dy, a, b, y);
      return [sumTo(da, a.shape), sumTo(db, b.shape)];
    },
  });
  return (a: Tensor, b: Tensor | number): Tensor => op([a, lift(b, a)], {})[0];
}

function unary(name: string, onnxType: string, vjp: (dy: Tensor, x: Tensor, y: Tensor) => Tensor) {
  const op = defineOp(name, {
    shape: ([x]) => [{ shape: x.shape }],
    onnx: (inputs, emit) => [emit.node(onnxType, inputs)],
    vjp: (dy, [x], [y]) => [vjp(dy, x, y)],
  });
  return (x: Tensor): Tensor => op([x], {})[0];
}

export const add = binary("add", "Add", (dy) => [dy, dy]);
export const sub = binary("sub", "Sub", (dy) => [dy, neg(dy)]);
export const mul = binary("mul", "Mul", (dy, a, b) => [mul(dy, b), mul(dy, a)]);
export const div = binary("div", "Div", (dy, a, b) => [div(dy, b), neg(div(mul(dy, a), mul(b, b)))]);
/** Ties send the whole cotangent to the first argument. */
export const maximum = binary("maximum", "Max", (dy, a, b) => [
  mul(dy, cast(not(less(a, b)), dy.dtype)),
  mul(dy, cast(less(a, b), dy.dtype)),
]);

export const neg = unary("neg", "Neg", (dy) => neg(dy));
export const exp = unary("exp", "Exp", (dy, _, y) => mul(dy, y));
export const log = unary("log", "Log", (dy, x) => div(dy, x));
export const sqrt = unary("sqrt", "Sqrt", (dy, _, y) => div(dy, mul(y, 2)));
export const abs = unary("abs", "Abs", (dy, x) => mul(dy, sign(x)));
export const tanh = unary("tanh", "Tanh", (dy, _, y) => mul(dy, sub(scalarLike(1, y), mul(y, y))));
export const sigmoid = unary("sigmoid", "Sigmoid", (dy, _, y) => mul(dy, mul(y, sub(scalarLike(1, y), y))));
/** Input in radians; accurate to the last bit of float32 for angles of any size. */
export const cos: (x: Tensor) => Tensor = unary("cos", "Cos", (dy, x) => neg(mul(dy, sin(x))));
export const sin = unary("sin", "Sin", (dy, x) => mul(dy, cos(x)));
/** float32 only: the runtime has no other kernel. */
export const erf = unary("erf", "Erf", (dy, x) => mul(dy, mul(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI))));
export const relu = unary("relu", "Relu", (dy, x) => mul(dy, cast(greater(x, scalarLike(0, x)), x.dtype)));

const signOp = defineOp("sign", {
  shape: ([x]) => [{ shape: x.shape }],
  onnx: (inputs, emit) => [emit.node("Sign", inputs)],
  vjp: "none",
});
export const sign = (x: Tensor): Tensor => signOp([x], {})[0];

/**
 * log(sigmoid(x)) = (x - |x|) / 2 - log(1 + exp(-|x|)), without overflow. The derivative sigmoid(-x) is written out:
 * differentiating the terms above would subtract two halves and round to 0 for pairs that are far apart.
 */
const logSigmoidOp = defineOp("logSigmoid", {
  shape: ([x]) => [{ shape: x.shape }],
  onnx: ([x], emit) => {
    const constantOf = (value: number) => emit.scalar(value, emit.inputs[0].dtype);
    const size = emit.node("Abs", [x]);
    const least = emit.node("Mul", [emit.node("Sub", [x, size]), constantOf(0.5)]);
    const rest = emit.node("Add", [emit.node("Exp", [emit.node("Neg", [size])]), constantOf(1)]);
    return [emit.node("Sub", [least, emit.node("Log", [rest])])];
  },
  vjp: (dy, [x]) => {
    const small = exp(neg(abs(x))); // sigmoid(-x) = small / (1 + small) for x >= 0, 1 / (1 + small) for x < 0
    const numerator = where(less(x, scalarLike(0, x)), scalarLike(1, x), small);
    return [mul(dy, div(numerator, add(small, 1)))];
  },
});
export const logSigmoid = (x: Tensor): Tensor => logSigmoidOp([x], {})[0];

function comparison(name: string, onnxType: string) {
  const op = defineOp(name, {
    shape: ([a, b]) => [{ shape: broadcastShapes(name, a, b), dtype: "bool" as const }],
    onnx: (inputs, emit) => [emit.node(onnxType, inputs)],
    vjp: "none",
  });
  return (a: Tensor, b: Tensor): Tensor => op([a, b], {})[0];
}
export const less = comparison("less", "Less");
export const lessOrEqual = comparison("lessOrEqual", "LessOrEqual");
export const greater = comparison("greater", "Greater");
export const equal = comparison("equal", "Equal");
export const and = comparison("and", "And");

const notOp = defineOp("not", {
  shape: ([x]) => [{ shape: x.shape, dtype: "bool" as const }],
  onnx: (inputs, emit) => [emit.node("Not", inputs)],
  vjp: "none",
});
export const not = (x: Tensor): Tensor => notOp([x], {})[0];

const whereOp = defineOp("where", {
  shape: ([condition, a, b]) => {
    const either = { ...a, shape: broadcastShapes("where", a, b) };
    return [{ shape: broadcastShapes("where", condition, either), dtype: a.dtype }];
  },
  onnx: (inputs, emit) => [emit.node("Where", inputs)],
  vjp: (dy, [condition, a, b]) => {
    const zero = scalarLike(0, dy);
    return [null, sumTo(where(condition, dy, zero), a.shape), sumTo(where(condition, zero, dy), b.shape)];
  },
});
export const where = (condition: Tensor, a: Tensor, b: Tensor): Tensor => whereOp([condition, a, b], {})[0];

const castOp = defineOp<{ to: Dtype }>("cast", {
  shape: ([x], { to }) => [{ shape: x.shape, dtype: to }],
  onnx: ([x], emit, { to }) => [emit.cast(x, to)],
  vjp: (dy, [x]) => [x.dtype.startsWith("float") ? cast(dy, x.dtype) : null],
});
export const cast = (x: Tensor, to: Dtype): Tensor => (x.dtype === to ? x : castOp([x], { to })[0]);

/**
 * GPT-2's gelu_new, x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) = x sigmoid(z), z = x (a + b x^2).
 * One fused kernel forward; the derivative makes as few passes over x as possible.
 */
const geluA = 2 * Math.sqrt(2 / Math.PI);
const geluB = geluA * 0.044715;
const geluNewOp = defineOp("geluNew", {
  shape: ([x]) => [{ shape: x.shape }],
  onnx: ([x], emit) => {
    if (emit.inputs[0].dtype === "float32") return [emit.node("FastGelu", [x], {}, "com.microsoft")];
    const constantOf = (value: number) => emit.scalar(value, emit.inputs[0].dtype);
    const square = emit.node("Mul", [x, x]);
    const slope = emit.node("Add", [emit.node("Mul", [square, constantOf(geluB)]), constantOf(geluA)]);
    return [emit.node("Mul", [x, emit.node("Sigmoid", [emit.node("Mul", [x, slope])])])];
  },
  vjp: (dy, [x], [y]) => {
    const square = mul(x, x);
    const s = sigmoid(mul(x, add(mul(square, geluB), geluA)));
    const slope = add(mul(square, 3 * geluB), geluA); // z' = a + 3 b x^2
    return [mul(dy, mul(s, add(mul(sub(x, y), slope), 1)))]; // s + y (1 - s) z' = s (1 + (x - y) z')
  },
});
export const geluNew = (x: Tensor): Tensor => geluNewOp([x], {})[0];

const siluOp = defineOp("silu", {
  shape: ([x]) => [{ shape: x.shape }],
  onnx: ([x], emit) => {
    // x sigmoid(alpha x) in one pass
    if (emit.inputs[0].dtype === "float32")
      return [emit.node("QuickGelu", [x], { alpha: { float: 1 } }, "com.microsoft")];
    return [emit.node("Mul", [x, emit.node("Sigmoid", [x])])];
  },
  vjp: (dy, [x], [y]) => [mul(dy, mul(sigmoid(x), add(sub(x, y), 1)))], // s + y (1 - s) = s (1 + x - y)
});
/** x sigmoid(x): the gate of Llama's MLP (arXiv 1702.03118). */
export const silu = (x: Tensor): Tensor => siluOp([x], {})[0];

const detachOp = defineOp("detach", {
  shape: ([x]) => [{ shape: x.shape }],
  onnx: (inputs, emit) => [emit.node("Identity", inputs)],
  vjp: "none",
});
/** x as a constant: no gradient flows through it. */
export const detach = (x: Tensor): Tensor => detachOp([x], {})[0];

/** x, once `dependency` has been computed: keeps recomputed activations from being computed (and held) too early. */
const afterOp = defineOp("after", {
  shape: ([x]) => [{ shape: x.shape }],
  onnx: ([x, dependency], emit) => {
    const [a, b] = emit.inputs;
    if (sameShape(a.shape, b.shape)) return [emit.node("Reshape", [x, emit.node("Shape", [dependency])])];
    return [emit.after(x, dependency)];
  },
  vjp: (dy) => [dy, null],
});
export const after = (x: Tensor, dependency: Tensor): Tensor => afterOp([x, dependency], {})[0];
