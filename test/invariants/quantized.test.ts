/**
 * @file A frozen base model in 8 and 4 bits equals the float32 model of the dequantized weights in scores, gradients
 * and generated text, for every family; the reference ties; training is deterministic and lowers the loss.
 */

import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { BitsAndBytesConfig } from "../../src/config/BitsAndBytesConfig.ts";
import { quantizedParts } from "../../src/formats/quantizedBlocks.ts";
import { type LoraSettings, loraAdapter } from "../../src/models/adapters/lora.ts";
import type { LoadedModel } from "../../src/models/loadedModel.ts";
import {
  describeQuantization,
  quantizedUnder,
  quantizeModel,
  storedBytes,
} from "../../src/models/precision/quantize.ts";
import { openDecoder } from "../../src/pretrained/openDecoder.ts";
import { pairs, referenceOf, scoresOf, trainSteps, useLearners } from "../support/learnerBench.ts";
import { packed } from "../support/randomGpt2.ts";
import { dequantizedModel, FAMILIES, randomModel } from "../support/randomModel.ts";
import { readState } from "../support/savedState.ts";
import { largestDifference } from "../support/shared.ts";

const bench = useLearners();
const LORA: LoraSettings = { r: 4, lora_alpha: 8, lora_dropout: 0, target_modules: "all-linear" };

/** Its steps are in proportion to the gradients. */
const SGD = {
  settings: { kind: "sgd", momentum: 0, dampening: 0, nesterov: false },
  weightDecay: () => 0,
} as const;

const QUANTIZATIONS = {
  nf4: BitsAndBytesConfig({ load_in_4bit: true, bnb_4bit_quant_type: "nf4" }),
  fp4: BitsAndBytesConfig({ load_in_4bit: true }),
  "nf4, double quantization": BitsAndBytesConfig({
    load_in_4bit: true,
    bnb_4bit_quant_type: "nf4",
    bnb_4bit_use_double_quant: true,
  }),
  int8: BitsAndBytesConfig({ load_in_8bit: true }),
} as const;

const matrices = (model: LoadedModel, settings: Partial<LoraSettings> = {}) =>
  loraAdapter(model.architecture, { ...LORA, ...settings });

async function weightsOf(learner: Awaited<ReturnType<typeof bench.learner>>) {
  return (await readState(learner)).weights;
}

const every = Object.keys(FAMILIES).map((family) => [family, "nf4"] as const);
const others = (["fp4", "nf4, double quantization", "int8"] as const).flatMap((name) => [
  ["gpt2", name] as const,
  ["llama", name] as const,
]);

describe.each([...every, ...others])("%s in %s", (family, name) => {
  const folder = () => join(bench.folder, `${family} ${name}`);

  test("scores, trains and generates as the dequantized model in float32; the reference ties", async () => {
    const model = quantizeModel(await randomModel(folder(), FAMILIES[family]), QUANTIZATIONS[name]);
    expect(model.architecture.quantized?.size).toBe(model.architecture.linears.length);
    const floats = await dequantizedModel(`${folder()} floats`, folder(), model);
    const quantized = await bench.learner({ model, adapter: matrices(model), optimizer: SGD });
    const wide = await bench.learner({ model: floats, adapter: matrices(floats), optimizer: SGD });
    expect(await referenceOf(quantized)).toEqual(await scoresOf(quantized));
    const numbers = (scores: { chosen: number; rejected: number }[]) => scores.flatMap((s) => [s.chosen, s.rejected]);
    expect(
      largestDifference(numbers(await scoresOf(quantized)), numbers(await scoresOf(wide))).difference,
    ).toBeLessThan(1e-3);
    const before = await referenceOf(quantized);
    for (const learner of [quantized, wide]) await trainSteps(learner, 1);
    expect(await referenceOf(quantized)).toEqual(before);
    const [found, expected] = [await weightsOf(quantized), await weightsOf(wide)];
    const stepped = [...expected].filter(([key]) => key.includes("lora_B")); // A has no gradient while B is zero
    const moves = stepped.map(([key, { data }]) => largestDifference(found.get(key)!.data, data));
    const farthest = Math.max(...moves.map(({ scale }) => scale));
    expect(farthest).toBeGreaterThan(5e-4);
    expect(Math.max(...moves.map(({ difference }) => difference))).toBeLessThan(0.005 * farthest);
    expect(largestDifference(await logitsOf(model), await logitsOf(floats)).difference).toBeLessThan(1e-4);
  });
});

async function logitsOf(model: LoadedModel): Promise<Float32Array> {
  const decoder = await openDecoder(model);
  try {
    const step = (ids: number[], from: number) =>
      decoder.step(
        Int32Array.from(ids),
        Int32Array.from(ids, (_, i) => from + i),
        { batch: 1, length: ids.length },
      );
    const prompt = await step([3, 14, 15, 9, 2], 0);
    return Float32Array.of(...prompt, ...(await step([6], 5)));
  } finally {
    await decoder.dispose();
  }
}

describe("on GPT-2", () => {
  const quantized = (name: keyof typeof QUANTIZATIONS = "nf4", more: object = {}) =>
    quantizeModel(bench.model, { ...QUANTIZATIONS[name], ...more });

  test("the same run twice gives the same bits; resumed = uninterrupted", async () => {
    const model = quantized();
    const [unbroken, first, second] = await Promise.all(
      Array.from({ length: 3 }, () => bench.learner({ model, adapter: matrices(model) })),
    );
    await trainSteps(unbroken, 4);
    await trainSteps(first, 2);
    await second.writeState(await readState(first));
    await trainSteps(second, 2, 2);
    expect(await weightsOf(second)).toEqual(await weightsOf(unbroken));
    await trainSteps(first, 2, 2);
    expect(await weightsOf(first)).toEqual(await weightsOf(unbroken));
  });

  test("DoRA takes the norms of the dequantized weights, and ties", async () => {
    const model = quantized();
    const learner = await bench.learner({ model, adapter: matrices(model, { use_dora: true }) });
    const floats = await dequantizedModel(join(bench.folder, "dora floats"), bench.base, model);
    const wide = await bench.learner({ model: floats, adapter: matrices(floats, { use_dora: true }) });
    expect(await referenceOf(learner)).toEqual(await scoresOf(learner));
    for (const [key, { data }] of await weightsOf(wide)) {
      expect(largestDifference((await weightsOf(learner)).get(key)!.data, data).difference, key).toBeLessThan(1e-6);
    }
    await trainSteps(learner, 3);
    expect(await referenceOf(learner)).not.toEqual(await scoresOf(learner));
  });

  test("modules_to_save are trained in float32, from the weights of the file", async () => {
    const all = quantized();
    const adapter = matrices(all, { target_modules: ["c_attn"], modules_to_save: ["mlp"] });
    const model = quantizedUnder(all, adapter);
    expect(describeQuantization(model.architecture)).toBe("4 bits (nf4) in 4 of 8 linear layers");
    const learner = await bench.learner({ model, adapter });
    const wide = await bench.learner({ model: bench.model, adapter });
    const saved = [...adapter.saved.values()].map(({ name }) => name).filter((name) => name.endsWith("c_fc.weight"));
    expect(saved).toHaveLength(2);
    for (const name of saved) {
      expect((await weightsOf(learner)).get(name)).toEqual((await weightsOf(wide)).get(name));
    }
    expect(await referenceOf(learner)).toEqual(await scoresOf(learner));
    await trainSteps(learner, 1);
    expect((await weightsOf(learner)).get(saved[0])).not.toEqual((await weightsOf(wide)).get(saved[0]));
  });

  test("PiSSA is refused, as in PEFT", () => {
    const adapter = matrices(bench.model, { init_lora_weights: "pissa" });
    expect(() => quantizedUnder(quantized(), adapter)).toThrow("init_lora_weights pissa: expected float32 weights");
    expect(quantizedUnder(bench.model, adapter)).toBe(bench.model);
  });

  test("training lowers the loss as in float32", async () => {
    const losses = async (model: LoadedModel) => {
      const learner = await bench.learner({ model, adapter: matrices(model) });
      const reference = await referenceOf(learner);
      const loss = async () =>
        learner.lossOf(await Promise.all(pairs.map((pair) => learner.score(packed(pair)))), reference);
      const before = await loss();
      await trainSteps(learner, pairs.length * 2);
      return { before, after: await loss() };
    };
    const wide = await losses(bench.model);
    expect(wide.before).toBeCloseTo(Math.LN2, 6);
    expect(wide.after).toBeLessThan(0.3);
    for (const name of ["nf4", "int8"] as const) {
      const { before, after } = await losses(quantized(name));
      expect(before).toBe(wide.before);
      expect(after).toBeLessThan(0.3);
    }
  });

  test("selects the same layers as transformers", () => {
    const left = (llm_int8_skip_modules: string[]) => {
      const { quantized: layers } = quantized("nf4", { llm_int8_skip_modules }).architecture;
      return bench.model.architecture.linears.map(({ name }) => name).filter((name) => !layers?.has(name));
    };
    expect(left([])).toEqual([]);
    expect(left(["lm_head"])).toEqual([]);
    expect(left(["transformer.h.1"])).toHaveLength(4); // a start, up to a dot
    expect(left(["transformer.h"])).toHaveLength(8);
    expect(left(["transformer.h.1.attn.c"])).toEqual([]);
    expect(left(["attn.c_proj"])).toHaveLength(2); // an end
    expect(left([".*\\.[01]\\.mlp"])).toHaveLength(4); // an expression
    expect(() => left(["("])).toThrow("llm_int8_skip_modules: expected a regular expression");
  });

  test("describes its selection", () => {
    const bytes = (name: keyof typeof QUANTIZATIONS) => storedBytes(quantized(name).architecture);
    const linear = bench.model.architecture.linears.reduce((sum, l) => sum + l.inFeatures * l.outFeatures, 0);
    const rest = storedBytes(bench.model.architecture) - 4 * linear;
    expect(bytes("nf4")).toBe(rest + (4.5 / 8) * linear);
    expect(bytes("int8")).toBe(rest + (8.5 / 8) * linear);
    expect(describeQuantization(bench.model.architecture)).toBeNull();
    expect(describeQuantization(quantized("int8").architecture)).toBe("8 bits in all 8 linear layers");
    const { architecture } = quantized("nf4, double quantization");
    expect(describeQuantization(architecture)).toBe("4 bits (nf4, double quantization) in all 8 linear layers");
    const parts = quantizedParts({ format: "nf4", nested: false }, linear);
    expect(parts.map(({ suffix }) => suffix)).toEqual([".codes", ".absmax"]);
  });
});
