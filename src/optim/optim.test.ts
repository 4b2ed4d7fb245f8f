/** @file AdamW, clipping and decay groups against torch (test/fixtures/optim.json names its maker and versions). */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { adamwStep } from "./adamw.ts";
import { clipGradNorm } from "./clipGradNorm.ts";
import { decays } from "./weightDecay.ts";

interface AdamwCase {
  learning_rate: number;
  beta1: number;
  beta2: number;
  eps: number;
  weight_decay: number[];
  initial: number[][];
  trace: { grads: number[][]; params: number[][]; exp_avg: number[][]; exp_avg_sq: number[][] }[];
}
interface Fixture {
  adamw: AdamwCase[];
  clip: { max_norm: number; grads: number[][]; norm: number; clipped: number[][] }[];
  decays: Record<string, boolean>;
}
const fixture: Fixture = JSON.parse(readFileSync(new URL("../../test/fixtures/optim.json", import.meta.url), "utf8"));

/** Within two float32 roundings (2 ** -22) of the largest value: torch rounds after every operation. */
function expectClose(actual: Float32Array, expected: number[]): void {
  expect(actual.length).toBe(expected.length);
  const scale = Math.max(...expected.map(Math.abs));
  for (const [i, value] of expected.entries())
    expect(Math.abs(actual[i] - value)).toBeLessThanOrEqual(scale * 2 ** -22);
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

  it("tells a gradient that is not finite by its norm", () => {
    expect(clipGradNorm([Float32Array.of(1), Float32Array.of(Number.NaN)], 1)).toBeNaN();
    expect(clipGradNorm([Float32Array.of(1), Float32Array.of(Number.POSITIVE_INFINITY)], 1)).toBe(
      Number.POSITIVE_INFINITY,
    );
  });
});

describe("decays", () => {
  it("lets the parameters decay that transformers' Trainer lets decay", () => {
    const names = Object.keys(fixture.decays);
    expect(names.length).toBe(22);
    expect(Object.fromEntries(names.map((name) => [name, decays(name)]))).toEqual(fixture.decays);
  });

  it("knows the norms of other architectures", () => {
    const norms = [
      "model.norm.weight",
      "model.layers.0.input_layernorm.weight",
      "model.layers.0.self_attn.q_norm.weight",
    ];
    expect(norms.map(decays)).toEqual([false, false, false]);
    expect(decays("model.layers.0.self_attn.q_proj.weight")).toBe(true);
  });
});
