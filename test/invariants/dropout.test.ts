/**
 * @file Dropout: masks are a function of seed, micro-batch and pair, for the adapter's dropout and each of the model's;
 * the reference and the scores of an evaluation have none.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openDevice } from "../../src/device/openDevice.ts";
import { createLearner } from "../../src/dpo/engineLearner.ts";
import type { Learner } from "../../src/dpo/learner.ts";
import { add, grad, input, mul, sumAll, uniformNoise } from "../../src/engine/graph/index.ts";
import { lowerGraph } from "../../src/engine/onnx/lower.ts";
import { loraAdapter } from "../../src/models/adapters/lora.ts";
import { Mt19937 } from "../../src/random.ts";
import { objective } from "../support/objective.ts";
import { ADAMW, packed, randomGpt2, randomPairTokens } from "../support/randomGpt2.ts";
import { host } from "../support/runGraph.ts";

const folder = mkdtempSync(join(tmpdir(), "prefine-dropout-"));
const pairs = randomPairTokens(2).map((pair, index) => packed(pair, index));
const learners: Learner[] = [];
afterAll(async () => {
  await Promise.all(learners.map((made) => made.dispose()));
  rmSync(folder, { recursive: true, force: true });
});

interface Rates {
  lora: number;
  embd_pdrop?: number;
  attn_pdrop?: number;
  resid_pdrop?: number;
}

/** A learner with an adapter that is not neutral: with lora_B zero the adapter's dropout would have no effect. */
async function learner(
  { lora, ...own }: Rates,
  options: { seed?: number; dropout?: boolean; noiseAlpha?: number } = {},
): Promise<Learner> {
  const model = await randomGpt2(join(folder, JSON.stringify(own)), own);
  const settings = { r: 4, lora_alpha: 8, lora_dropout: lora, target_modules: ["c_attn", "c_proj"] };
  const adapter = loraAdapter(model.architecture, settings);
  const random = new Mt19937(2);
  const normal = (shape: readonly [number, number]) => {
    return { shape: [...shape], data: random.normal(new Float32Array(shape[0] * shape[1]), 0, 0.1) };
  };
  const weights = [...adapter.layers.values()].flatMap(({ nameA, nameB, shapeA, shapeB }) => [
    [nameA, normal(shapeA)] as const,
    [nameB, normal(shapeB)] as const,
  ]);
  const made = await createLearner(
    {
      model,
      adapter,
      adapterWeights: new Map(weights),
      objective: objective(),
      dropout: true,
      seed: 1,
      ...options,
      optimizer: { settings: ADAMW, weightDecay: () => 0 },
    },
    await openDevice(),
  );
  learners.push(made);
  return made;
}

/** The log-probabilities of a training pass. */
async function dropped(trained: Learner, dropoutStep: number, batch = pairs) {
  const reference = batch.map(() => ({ chosen: 0, rejected: 0 }));
  const { scores } = await trained.accumulate(batch, reference, { scale: 1, dropoutStep });
  return scores.map(({ logps }) => logps);
}

test.each<[string, Rates]>([
  ["lora_dropout", { lora: 0.3 }],
  ["embd_pdrop", { lora: 0, embd_pdrop: 0.3 }],
  ["attn_pdrop", { lora: 0, attn_pdrop: 0.3 }],
  ["resid_pdrop", { lora: 0, resid_pdrop: 0.3 }],
])("%s: masks are a function of seed, micro-batch and pair", async (_, rates) => {
  const [a, b, other] = [await learner(rates), await learner(rates), await learner(rates, { seed: 2 })];
  const first = await dropped(a, 5);
  expect(await dropped(b, 5)).toEqual(first); // regardless of earlier draws
  expect(await dropped(a, 5)).toEqual(first);
  expect(await dropped(a, 6)).not.toEqual(first);
  expect(await dropped(other, 5)).not.toEqual(first);
  const [twice, again] = await dropped(a, 5, [pairs[0], pairs[0]]);
  expect(twice).not.toEqual(again);
});

test("without dropout, or with disable_dropout, a training pass equals an evaluation", async () => {
  const rates = { lora: 0.3, embd_pdrop: 0.3, attn_pdrop: 0.3, resid_pdrop: 0.3 };
  const [on, off] = [await learner(rates), await learner(rates, { dropout: false })];
  for (const [i, pair] of pairs.entries()) {
    const { logps } = await off.score(pair);
    expect((await dropped(off, 1))[i]).toEqual(logps);
    expect((await on.score(pair)).logps).toEqual(logps);
    expect((await dropped(on, 1))[i]).not.toEqual(logps);
    expect(await on.referenceLogps(pair)).toEqual(await off.referenceLogps(pair));
    expect(await on.referenceLogps(pair)).toEqual(logps); // of the starting adapter
  }
});

test("neftune_noise_alpha: noise is a function of seed, micro-batch and pair; only training passes have it", async () => {
  const still = { lora: 0 };
  const noisy = (seed = 1, noiseAlpha = 5) => learner(still, { dropout: false, seed, noiseAlpha });
  const [a, b, other, zero] = [await noisy(), await noisy(), await noisy(2), await noisy(1, 0)];
  const quiet = [];
  for (const pair of pairs) quiet.push((await a.score(pair)).logps);
  const first = await dropped(a, 5);
  expect(first).not.toEqual(quiet);
  expect(await dropped(b, 5)).toEqual(first);
  expect(await dropped(a, 6)).not.toEqual(first);
  expect(await dropped(other, 5)).not.toEqual(first);
  expect(await dropped(zero, 5)).toEqual(quiet);
  expect(await a.referenceLogps(pairs[0])).toEqual(quiet[0]);
});

test("noise is uniform in [-1, 1], and does not affect the gradient", async () => {
  const device = await openDevice();
  const x = input("x", [100, 100]);
  const noise = uniformNoise(x, input("seed", [], "uint32"), 3);
  const [dx] = grad(sumAll(mul(add(x, noise), 2)), [x]);
  const session = await device.open(lowerGraph({ noise, dx }), "noise");
  const draw = async (seed: number) => {
    const feeds = { x: host(new Array(10_000).fill(0), [100, 100]) };
    const outputs = await session.run({ ...feeds, seed: { dtype: "uint32", shape: [], data: Uint32Array.of(seed) } });
    expect(new Set(outputs.get("dx")!.data as Float32Array)).toEqual(new Set([2]));
    return [...(outputs.get("noise")!.data as Float32Array)];
  };
  const values = await draw(1);
  const mean = (of: number[]) => of.reduce((sum, value) => sum + value, 0) / of.length;
  expect(Math.min(...values)).toBeGreaterThanOrEqual(-1);
  expect(Math.min(...values)).toBeLessThan(-0.99);
  expect(Math.max(...values)).toBeGreaterThan(0.99);
  expect(Math.max(...values)).toBeLessThanOrEqual(1);
  expect(Math.abs(mean(values))).toBeLessThan(0.02);
  expect(mean(values.map((value) => value ** 2))).toBeCloseTo(1 / 3, 2);
  const others = await draw(2);
  expect(Math.abs(mean(values.map((value, i) => value * others[i])))).toBeLessThan(0.02);
  await device.dispose();
});
