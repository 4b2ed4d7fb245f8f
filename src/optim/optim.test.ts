/** @file Optimizers, clipping and decay groups against Python's; test/fixtures/optim.json names maker and versions. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { largestDifference } from "../../test/support/shared.ts";
import { PrefineError } from "../errors.ts";
import { dynamicCodes, encodeBlock } from "../formats/dynamicCodes.ts";
import { Mt19937 } from "../random.ts";
import { adamwStep } from "./adamw.ts";
import { clipGradNorm } from "./clipGradNorm.ts";
import { decays, type OptimizerTensor } from "./optimizer.ts";
import { optimizerSettings, stateOf, update } from "./optimizers.ts";

interface AdamwCase {
  learning_rate: number;
  beta1: number;
  beta2: number;
  eps: number;
  weight_decay: number[];
  initial: number[][];
  trace: { grads: number[][]; params: number[][]; exp_avg: number[][]; exp_avg_sq: number[][] }[];
}
interface OptimizerCase {
  optim: string;
  optim_args: string;
  learning_rate: number;
  weight_decay: number[];
  seed: number;
  steps: number;
  shapes: number[][];
  params: string[];
  state: Record<string, string>[];
}
interface Fixture {
  adamw: AdamwCase[];
  optimizers: OptimizerCase[];
  dynamic_codes: { signed: string; unsigned: string };
  clip: { max_norm: number; grads: number[][]; norm: number; clipped: number[][] }[];
  decays: Record<string, boolean>;
}
const fixture: Fixture = JSON.parse(readFileSync(new URL("../../test/fixtures/optim.json", import.meta.url), "utf8"));

/** Within two float32 roundings (2 ** -22) of the largest value in four steps: torch rounds after every operation. */
function expectClose(actual: Float32Array, expected: number[], steps = 4): void {
  expect(actual.length).toBe(expected.length);
  const scale = Math.max(...expected.map(Math.abs));
  for (const [i, value] of expected.entries())
    expect(Math.abs(actual[i] - value)).toBeLessThanOrEqual(scale * 2 ** -22 * Math.max(1, steps / 4));
}

describe("adamwStep", () => {
  it.each(fixture.adamw)("equals torch.optim.AdamW over several steps (lr $learning_rate, eps $eps)", (example) => {
    const tensors = example.initial.map((initial, i) => ({
      param: Float32Array.from(initial),
      grad: new Float32Array(initial.length),
      expAvg: new Float32Array(initial.length),
      expAvgSq: new Float32Array(initial.length),
      weightDecay: example.weight_decay[i],
    }));
    const { learning_rate: learningRate, beta1, beta2, eps } = example;
    for (const [k, after] of example.trace.entries()) {
      for (const [i, tensor] of tensors.entries()) tensor.grad.set(after.grads[i]);
      adamwStep(tensors, { step: k + 1, learningRate, beta1, beta2, eps });
      for (const [i, tensor] of tensors.entries()) {
        expectClose(tensor.param, after.params[i]);
        expectClose(tensor.expAvg, after.exp_avg[i]);
        expectClose(tensor.expAvgSq, after.exp_avg_sq[i]);
        expect(Array.from(tensor.grad)).toEqual(after.grads[i]);
      }
    }
    expect(example.trace.length).toBe(4);
  });
});

const bytes = (base64: string) => new Uint8Array(Buffer.from(base64, "base64"));
const floats = (base64: string) => new Float32Array(bytes(base64).buffer);
const ADAM = { adam_beta1: 0.9, adam_beta2: 0.999, adam_epsilon: 1e-8 };
const sizeOf = (shape: readonly number[]) => shape.reduce((product, dim) => product * dim, 1);

/** Trains on the fixture's draws: the final tensors with their state. */
function train({ optim, optim_args, learning_rate, weight_decay, seed, steps, shapes }: OptimizerCase) {
  const random = new Mt19937(seed);
  const draw = (shape: number[]) => random.uniform(new Float32Array(sizeOf(shape)), -1, 1);
  const settings = optimizerSettings({ optim, optim_args, ...ADAM });
  const tensors = shapes.map((shape, i): OptimizerTensor => {
    const state = Object.entries(stateOf({ name: `layer.${i}.weight`, shape }, settings)).map(([key, tensor]) => {
      const size = sizeOf(tensor.shape);
      return [key, tensor.dtype === "uint8" ? new Uint8Array(size) : new Float32Array(size)];
    });
    const param = draw(shape);
    return { shape, param, grad: new Float32Array(), state: Object.fromEntries(state), weightDecay: weight_decay[i] };
  });
  for (let step = 1; step <= steps; step++) {
    const size = Math.fround(10 ** (1 - step));
    const grads = shapes.map((shape) => draw(shape).map((value) => value * size * 2));
    // gradients twice as large, halved by clipping
    for (const [i, tensor] of tensors.entries())
      update({ ...tensor, grad: grads[i] }, settings, { step, learningRate: learning_rate, gradScale: 0.5 });
  }
  return tensors;
}

/** bitsandbytes' CPU search misses the nearest code for 1 number in 100, near 0 by up to 4; ours never does. */
function expectCodes(actual: Uint8Array, expected: Uint8Array): void {
  expect(actual.length).toBe(expected.length);
  const distances = actual.map((code, i) => Math.abs(code - expected[i]));
  expect(Math.max(...distances)).toBeLessThanOrEqual(4);
  expect(distances.filter(Boolean).length / actual.length).toBeLessThan(0.02);
}

/** Equal except for elements whose moments have another code; those differ by a fraction of the learning rate. */
function expectNear(actual: Float32Array, expected: Float32Array, learningRate: number): void {
  const off = actual.filter((value, i) => Math.abs(value - expected[i]) > 2 ** -22);
  expect(off.length / actual.length).toBeLessThan(0.03);
  expect(largestDifference(actual, expected).difference).toBeLessThan(0.2 * learningRate);
}

describe("optimizers", () => {
  it.each(fixture.optimizers)("$optim $optim_args equals Python's after several steps", (example) => {
    for (const [i, { param, state }] of train(example).entries()) {
      const isExact = !("state1" in state);
      if (isExact) expectClose(param, Array.from(floats(example.params[i])), example.steps);
      else expectNear(param, floats(example.params[i]), example.learning_rate);
      for (const [key, expected] of Object.entries(example.state[i])) {
        const actual = state[key in state ? key : { state1: "exp_avg", state2: "exp_avg_sq" }[key]!];
        if (actual instanceof Float32Array) expectClose(actual, Array.from(floats(expected)), example.steps);
        else expectCodes(actual, bytes(expected));
      }
    }
    expect(fixture.optimizers.length).toBe(11);
  });

  it("equal bitsandbytes' codes", () => {
    expect(dynamicCodes(true).values).toEqual(floats(fixture.dynamic_codes.signed));
    expect(dynamicCodes(false).values).toEqual(floats(fixture.dynamic_codes.unsigned));
  });

  it("store a number as the nearest code", () => {
    for (const signed of [true, false]) {
      const codes = dynamicCodes(signed);
      const numbers = new Mt19937(3).normal(new Float32Array(256)).map((x, i) => (signed ? x : x * x) * 10 ** -(i % 7));
      const exact = Float32Array.from(numbers);
      const stored = new Uint8Array(256);
      const scale = encodeBlock(codes, numbers, { codes: stored, start: 0 });
      expect(scale).toBe(Math.max(...exact.map(Math.abs)));
      for (const [i, code] of stored.entries()) {
        const errors = codes.values.map((value) => Math.abs(value - exact[i] / scale));
        expect(errors[code]).toBeLessThanOrEqual(Math.min(...errors) + 1e-7);
      }
    }
  });

  it("keep embeddings and small tensors in float32, the rest in eight bits", () => {
    const settings = optimizerSettings({ optim: "adamw_bnb_8bit", ...ADAM });
    const keys = (name: string, ...shape: number[]) => Object.keys(stateOf({ name, shape }, settings));
    expect(keys("transformer.wte.weight", 100, 50)).toEqual(["exp_avg", "exp_avg_sq"]);
    expect(keys("transformer.h.0.ln_1.weight", 768)).toEqual(["exp_avg", "exp_avg_sq"]);
    expect(keys("transformer.h.0.mlp.c_fc.weight", 64, 64)).toEqual(["state1", "state2", "absmax1", "absmax2"]);
  });

  it.each([
    ["sgd", "momentun=0.9", /unknown key "momentun".*did you mean momentum/i],
    ["sgd", "weight_decay=0.1", /the option weight_decay/],
    ["sgd", "momentum=-1", /at least 0, found "-1"/],
    ["sgd", "nesterov=true", /expected momentum above 0/],
    ["sgd", "momentum", /expected key=value, found "momentum"/],
    ["adamw_torch", "momentum=0.9", /adamw_torch takes none/],
    ["lion_32bit", "beta1=0.9", /lion_32bit takes none/],
    ["rmsprop", "alfa=0.9", /rmsprop takes .*did you mean alpha/i],
    ["lomo", "", /lomo is not built; there are adamw_torch/],
  ])("reject %s with %s", (optim, optim_args, message) => {
    let error: unknown;
    try {
      optimizerSettings({ optim, optim_args, ...ADAM });
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(PrefineError);
    expect(`${(error as PrefineError).message} ${(error as PrefineError).hint}`).toMatch(message);
  });
});

describe("clipGradNorm", () => {
  it.each(fixture.clip)(
    "equals torch.nn.utils.clip_grad_norm_ at max_norm $max_norm",
    ({ max_norm, grads, norm, clipped }) => {
      const arrays = grads.map((grad) => Float32Array.from(grad));
      expect(clipGradNorm(arrays, max_norm)).toBeCloseTo(norm, 5);
      for (const [i, array] of arrays.entries()) expectClose(array, clipped[i]);
    },
  );

  it("only measures at 0", () => {
    const grads = [Float32Array.of(3), Float32Array.of(4)];
    expect(clipGradNorm(grads, 0)).toBe(5);
    expect(grads.map((grad) => grad[0])).toEqual([3, 4]);
  });

  it("gives a non-finite norm for a non-finite gradient", () => {
    expect(clipGradNorm([Float32Array.of(1), Float32Array.of(Number.NaN)], 1)).toBeNaN();
    expect(clipGradNorm([Float32Array.of(1), Float32Array.of(Number.POSITIVE_INFINITY)], 1)).toBe(
      Number.POSITIVE_INFINITY,
    );
  });
});

describe("decays", () => {
  it("decays the same parameters as transformers' Trainer", () => {
    const names = Object.keys(fixture.decays);
    expect(names.length).toBe(22);
    expect(Object.fromEntries(names.map((name) => [name, decays(name)]))).toEqual(fixture.decays);
  });

  it("recognizes the norms of other architectures", () => {
    const norms = [
      "model.norm.weight",
      "model.layers.0.input_layernorm.weight",
      "model.layers.0.self_attn.q_norm.weight",
    ];
    expect(norms.map(decays)).toEqual([false, false, false]);
    expect(decays("model.layers.0.self_attn.q_proj.weight")).toBe(true);
  });
});
