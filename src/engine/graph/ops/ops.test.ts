/** @file Every op against central differences, in float64 if the runtime has the kernel. */
import { afterAll, expect, test } from "vitest";
import { evaluate, gradientError, host, inputLike, numbers } from "../../../../test/support/runGraph.ts";
import { openDevice } from "../../../device/openDevice.ts";
import * as ops from "../index.ts";
import { type Dtype, input, type Tensor } from "../tensor.ts";

const device = await openDevice({ threads: 1 });
afterAll(() => device.dispose());

type Inputs = Record<string, Tensor>;
/** Name, shapes of the inputs to differentiate by, the op. In float64 unless the runtime lacks the kernel. */
type Case = [name: string, shapes: Record<string, number[]>, build: (x: Inputs) => Tensor, options?: Partial<Options>];
interface Options {
  dtype: Dtype;
  /** Maps the random numbers in (-1, 1) into the op's domain. */
  domain: (value: number) => number;
  /** Inputs without a gradient. */
  extra: Record<string, [values: number[], shape: number[], dtype: Dtype]>;
}

const positive = { domain: (v: number) => Math.abs(v) + 0.3 };
const mask = Array.from({ length: 12 }, (_, i) => (i % 4 <= Math.floor(i / 4) + 1 ? 0 : -1e30));
const attend = (kvHeads: number) => (x: Inputs) =>
  ops.attention(x.q, x.k, x.v, x.mask, { heads: 2, kvHeads, scale: 0.7 });
/** Two heads of six channels at three tokens. */
const angles = (dtype: Dtype): Partial<Options> => ({
  dtype,
  extra: { angle: [numbers(9, 4).map((v) => 3 * v), [3, 3], dtype] },
});
const turn = (x: Inputs) => ops.rotary(x.x, { cos: ops.cos(x.angle), sin: ops.sin(x.angle) });
const words = { ids: [[2, 0, 2], [3], "int32"] } as Options["extra"];

const cases: Case[] = [
  ["add, broadcast", { a: [2, 3], b: [3] }, (x) => ops.add(x.a, x.b)],
  ["sub, broadcast", { a: [2, 1], b: [2, 3] }, (x) => ops.sub(x.a, x.b)],
  ["mul, broadcast", { a: [2, 3], b: [1, 3] }, (x) => ops.mul(x.a, x.b)],
  ["div", { a: [2, 3], b: [2, 3] }, (x) => ops.div(x.a, x.b), positive],
  ["maximum", { a: [2, 3], b: [2, 3] }, (x) => ops.maximum(x.a, ops.mul(x.b, -1))],
  ["neg", { a: [4] }, (x) => ops.neg(x.a)],
  ["exp", { a: [4] }, (x) => ops.exp(x.a)],
  ["log", { a: [4] }, (x) => ops.log(x.a), positive],
  ["sqrt", { a: [4] }, (x) => ops.sqrt(x.a), positive],
  ["abs", { a: [4] }, (x) => ops.abs(x.a)],
  ["tanh", { a: [4] }, (x) => ops.tanh(x.a)],
  ["sigmoid", { a: [4] }, (x) => ops.sigmoid(x.a)],
  ["erf", { a: [6] }, (x) => ops.erf(ops.mul(x.a, 2)), { dtype: "float32" }],
  ["relu", { a: [6] }, (x) => ops.relu(x.a)],
  ["logSigmoid", { a: [6] }, (x) => ops.logSigmoid(ops.mul(x.a, 9))],
  ["logSigmoid, at 0", { a: [3] }, (x) => ops.logSigmoid(x.a), { domain: () => 0 }],
  ["cos", { a: [4] }, (x) => ops.cos(ops.mul(x.a, 4))],
  ["sin", { a: [4] }, (x) => ops.sin(ops.mul(x.a, 4))],
  ["silu", { a: [6] }, (x) => ops.silu(ops.mul(x.a, 3))],
  ["silu, fused kernel", { a: [6] }, (x) => ops.silu(ops.mul(x.a, 3)), { dtype: "float32" }],
  ["where", { a: [4], b: [4] }, (x) => ops.where(ops.less(x.a, x.b), ops.mul(x.a, 2), ops.exp(x.b))],
  ["cast", { a: [4] }, (x) => ops.cast(x.a, "float64"), { dtype: "float32" }],
  ["geluNew", { a: [6] }, (x) => ops.geluNew(ops.mul(x.a, 3))],
  ["geluNew, fused kernel", { a: [6] }, (x) => ops.geluNew(ops.mul(x.a, 3)), { dtype: "float32" }],
  ["sort", { a: [6], b: [6] }, (x) => ops.mul(ops.sort(x.a), x.b)],
  ["after", { a: [4], b: [2] }, (x) => ops.after(x.a, x.b)],
  ["sumKeepDims", { a: [2, 3] }, (x) => ops.mul(ops.sumKeepDims(x.a, [1]), x.a)],
  ["meanKeepDims", { a: [2, 3] }, (x) => ops.mul(ops.meanKeepDims(x.a, [-1]), x.a)],
  ["normKeepDims", { a: [2, 3] }, (x) => ops.mul(ops.normKeepDims(x.a, [0]), x.a)],
  ["maxKeepDims", { a: [2, 3] }, (x) => ops.maxKeepDims(x.a, [1])],
  ["meanAll", { a: [2, 3] }, (x) => ops.meanAll(ops.exp(x.a))],
  ["expandAs", { a: [1, 3], b: [2, 3] }, (x) => ops.mul(ops.expandAs(x.a, x.b), x.b)],
  ["reshape", { a: [2, 6] }, (x) => ops.reshape(x.a, [3, 4])],
  ["transpose", { a: [2, 3, 4] }, (x) => ops.transpose(x.a, [2, 0, 1])],
  ["concat", { a: [2, 3], b: [1, 3] }, (x) => ops.concat([x.a, x.b], 0)],
  [
    "split",
    { a: [3, 2] },
    (x) => ops.concat(ops.split(x.a, x.sizes, [1, 2]).reverse(), 0),
    { extra: { sizes: [[1, 2], [2], "int64"] } },
  ],
  [
    "split, one piece unused",
    { a: [3, 2] },
    (x) => ops.split(x.a, x.sizes, [1, 2])[1],
    { extra: { sizes: [[1, 2], [2], "int64"] } },
  ],
  ["slice", { a: [2, 5] }, (x) => ops.slice(x.a, 1, 1, 3)],
  ["chunk", { a: [2, 5] }, (x) => ops.mul(...(ops.chunk(x.a, [2, 2, 1]).slice(0, 2) as [Tensor, Tensor]))],
  ["matmul", { a: [2, 3], b: [3, 4] }, (x) => ops.matmul(x.a, x.b)],
  [
    "matmul, transposed",
    { a: [3, 2], b: [4, 3] },
    (x) => ops.matmul(x.a, x.b, { transA: true, transB: true, alpha: 0.3 }),
  ],
  ["matmul, batched and broadcast", { a: [2, 3, 4], b: [1, 2, 4] }, (x) => ops.matmul(x.a, x.b, { transB: true })],
  [
    "matmul, fused kernel",
    { a: [2, 4, 3], b: [2, 4, 2] },
    (x) => ops.matmul(x.a, x.b, { transA: true }),
    { dtype: "float32" },
  ],
  ["gemm", { a: [2, 3], b: [3, 4], c: [4] }, (x) => ops.gemm(x.a, x.b, x.c)],
  [
    "gemm, transposed",
    { a: [3, 2], b: [4, 3], c: [2, 4] },
    (x) => ops.gemm(x.a, x.b, x.c, { transA: true, transB: true, alpha: 0.3 }),
  ],
  ["gemm, two paths to one input", { a: [2, 3], b: [3, 3] }, (x) => ops.add(ops.gemm(x.a, x.b, null), ops.exp(x.a))],
  ["softmax", { a: [2, 3] }, (x) => ops.softmax(x.a)],
  ["layerNorm", { x: [2, 5], w: [5], b: [5] }, (x) => ops.layerNorm(x.x, x.w, x.b, 1e-5)],
  [
    "layerNorm, fused kernel",
    { x: [2, 5], w: [5], b: [5] },
    (x) => ops.layerNorm(x.x, x.w, x.b, 1e-5),
    { dtype: "float32" },
  ],
  ["rmsNorm", { x: [2, 5], w: [5] }, (x) => ops.rmsNorm(x.x, x.w, 1e-5)],
  ["rmsNorm, fused kernel", { x: [2, 5], w: [5] }, (x) => ops.rmsNorm(x.x, x.w, 1e-5), { dtype: "float32" }],
  ["rmsNorm of every head", { x: [2, 2, 3], w: [3] }, (x) => ops.rmsNorm(x.x, x.w, 1e-5)],
  ["rotary", { x: [3, 12] }, turn, angles("float64")],
  ["rotary, fused kernel", { x: [3, 12] }, turn, angles("float32")],
  ["attention", { q: [3, 4], k: [4, 4], v: [4, 4] }, attend(2), { extra: { mask: [mask, [3, 4], "float64"] } }],
  [
    "attention, grouped queries",
    { q: [3, 4], k: [4, 2], v: [4, 2] },
    attend(1),
    { extra: { mask: [mask, [3, 4], "float64"] } },
  ],
  [
    "attention with dropout regenerates the mask of the forward pass",
    { q: [3, 4], k: [4, 4], v: [4, 4] },
    (x) => {
      const keep = (p: Tensor) => ops.dropoutKeep(p, x.seed, 5, 0.4);
      return ops.attention(x.q, x.k, x.v, x.mask, { heads: 2, kvHeads: 2, scale: 0.7, keep });
    },
    { extra: { mask: [mask, [3, 4], "float64"], seed: [[77], [], "uint32"] } },
  ],
  [
    "attention, bounded scores",
    { q: [3, 4], k: [4, 4], v: [4, 4] },
    (x) => ops.attention(x.q, x.k, x.v, x.mask, { heads: 2, kvHeads: 2, scale: 0.7, cap: 0.6 }),
    { extra: { mask: [mask, [3, 4], "float64"] } },
  ],
  ["gatherRows", { a: [4, 3] }, (x) => ops.gatherRows(x.a, x.ids), { extra: words }],
  ["gatherColumns", { a: [3, 4] }, (x) => ops.gatherColumns(x.a, x.ids), { extra: words }],
  ["scatterAddColumns", { a: [2, 4], b: [2, 3] }, (x) => ops.scatterAddColumns(x.a, x.ids, x.b), { extra: words }],
  ["scatterAddRows", { a: [4, 3], b: [3, 3] }, (x) => ops.scatterAddRows(x.a, x.ids, x.b), { extra: words }],
  ["linearLogps", { h: [3, 4], w: [5, 4] }, (x) => ops.linearLogps(x.h, x.w, x.ids).logps, { extra: words }],
  [
    "linearLogps, rows replaced",
    { h: [3, 4], rows: [2, 4] },
    (x) => ops.linearLogps(x.h, x.w, x.ids, { patch: { ids: [4, 2], rows: x.rows } }).logps,
    { extra: { ...words, w: [numbers(20, 9), [5, 4], "float64"] } },
  ],
  [
    "linearLogps, bounded logits",
    { h: [3, 4], w: [5, 4] },
    (x) => ops.linearLogps(x.h, x.w, x.ids, { cap: 0.8 }).logps,
    { extra: words },
  ],
  [
    "linearLogps, bounded logits, rows replaced",
    { h: [3, 4], rows: [2, 4] },
    (x) => ops.linearLogps(x.h, x.w, x.ids, { patch: { ids: [4, 2], rows: x.rows }, cap: 0.8 }).logps,
    { extra: { ...words, w: [numbers(20, 9), [5, 4], "float64"] } },
  ],
  [
    "checkpoint",
    { a: [2, 3], w: [3, 2] },
    (x) => ops.checkpoint([ops.exp(x.a)], ([y]) => ops.tanh(ops.matmul(ops.sigmoid(y), x.w))),
  ],
  [
    "checkpoint with two results, one of them used twice",
    { a: [2, 3], w: [3, 3] },
    (x) => {
      const [y, z] = ops.checkpointAll([ops.exp(x.a)], ([e]) => [ops.matmul(ops.tanh(e), x.w), ops.sigmoid(e)]);
      return ops.mul(ops.mul(y, z), y);
    },
  ],
  [
    "checkpoint with two results, one unused",
    { a: [2, 3], w: [3, 3] },
    (x) => ops.checkpointAll([ops.exp(x.a)], ([e]) => [ops.matmul(ops.tanh(e), x.w), ops.sigmoid(e)])[1],
  ],
  [
    "checkpoint in a checkpoint",
    { a: [2, 3] },
    (x) =>
      ops.checkpoint([x.a], ([y]) =>
        ops.mul(
          y,
          ops.checkpoint([ops.exp(y)], ([z]) => ops.tanh(z)),
        ),
      ),
  ],
];

for (const [name, shapes, build, options = {}] of cases) {
  test(`${name}: gradient equals central differences`, async () => {
    const { dtype = "float64", domain = (v) => v, extra = {} } = options;
    const entries = Object.entries(shapes).map(([key, shape], i) => {
      const count = shape.reduce((a, b) => a * b, 1);
      return [key, host(numbers(count, i + 2).map(domain), shape, dtype)];
    });
    const feeds = {
      ...Object.fromEntries(entries),
      ...Object.fromEntries(Object.entries(extra).map(([key, v]) => [key, host(...v)])),
    };
    // float64: truncation h^2 and rounding eps / h balance near 1e-5; float32 kernels: a wider step and tolerance
    const [step, tolerance] = dtype === "float64" ? [1e-5, 1e-8] : [1e-2, 2e-3];
    expect(await gradientError(device, feeds, Object.keys(shapes), build, step)).toBeLessThan(tolerance);
  });
}

const WITHOUT_CASE = [
  ...["constant", "foldScatter", "grad", "input", "reducedShape", "sumAll", "sumTo", "zerosLike"], // helpers of the cases
  ...["and", "detach", "equal", "greater", "lessOrEqual", "not", "replace", "sign", "uniformNoise"], // no gradient
  ...["cachedAttention", "dequantize", "meanRow", "unembed"], // no gradient either
  "quantizedMatmul", // in quantized.test.ts
  ...["blockMatmul", "heldInput"], // in pretrained/openDecoder.test.ts
  "wordsPerBlock", // a number
];

test("every op has a case above or is listed as having none", () => {
  const tested = cases.map(([, , build]) => build.toString()).join();
  const missing = Object.keys(ops).filter((name) => !tested.includes(`.${name}(`));
  expect(missing.toSorted(), "add it to `cases`").toEqual(WITHOUT_CASE.toSorted());
});

test("dropoutKeep: the given rate, mean 1, the mask a function of seed and site", async () => {
  const x = host(new Array(40_000).fill(0), [200, 200]);
  const inputs = { x: inputLike("x", x), a: input("a", [], "uint32"), b: input("b", [], "uint32") };
  const keep = (seed: Tensor, site: number) => ops.dropoutKeep(inputs.x, seed, site, 0.3);
  const masks = {
    first: keep(inputs.a, 1),
    again: keep(inputs.a, 1),
    seed: keep(inputs.b, 1),
    place: keep(inputs.a, 2),
  };
  const outputs = await evaluate(device, masks, { x, a: host([7], [], "uint32"), b: host([8], [], "uint32") });
  const values = (name: string) => Array.from(outputs.get(name)?.data as Float32Array);
  const first = values("first");
  const dropped = first.filter((v) => v === 0).length;
  expect(Math.abs(dropped / 40_000 - 0.3)).toBeLessThan(0.01); // 4 standard deviations
  expect(new Set(first.filter((v) => v !== 0))).toEqual(new Set([Math.fround(1 / 0.7)]));
  expect(values("again")).toEqual(first);
  for (const other of ["seed", "place"]) {
    const equal = values(other).filter((v, i) => v === first[i]).length / 40_000;
    expect(Math.abs(equal - 0.58)).toBeLessThan(0.012); // independent masks agree in 0.7^2 + 0.3^2 of the elements
  }
});

test("sort: ascending and stable", async () => {
  const x = host([3, -1, 2, -1], [4]);
  const from = host([10, 20, 30, 40], [4]); // d / dx of an element is the number at its sorted position
  const a = inputLike("x", x);
  const sorted = ops.sort(a);
  const [gradient] = ops.grad(ops.sumAll(ops.mul(sorted, inputLike("from", from))), [a]);
  const outputs = await evaluate(device, { sorted, gradient }, { x, from });
  expect(outputs.get("sorted")?.data).toEqual(Float32Array.of(-1, -1, 2, 3));
  expect(outputs.get("gradient")?.data).toEqual(Float32Array.of(40, 10, 30, 20));
});

test("detach passes the value and no gradient: d (a detach(a)) = detach(a) da", async () => {
  const a = input("a", [3], "float64");
  const product = ops.sumAll(ops.mul(a, ops.detach(a)));
  const [gradient] = ops.grad(product, [a]);
  const outputs = await evaluate(device, { product, gradient }, { a: host([1, -2, 3], [3], "float64") });
  expect(Number(outputs.get("product")?.data[0])).toBe(14);
  expect([...(outputs.get("gradient")!.data as Float64Array)]).toEqual([1, -2, 3]); // not [2, -4, 6]
});
