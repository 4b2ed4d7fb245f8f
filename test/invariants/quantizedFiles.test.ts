/**
 * @file Frozen base models by file type and runtime: a GGUF file loaded in fewer bits equals the float32 model of its
 * numbers in fewer bits; WebAssembly computes the same with 16, 8 and 4 bits as the native runtime.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { BitsAndBytesConfig } from "../../src/config/BitsAndBytesConfig.ts";
import { type FloatDtype, fromFloat32 } from "../../src/formats/narrowFloats.ts";
import { decodeSafetensors } from "../../src/formats/safetensors.ts";
import { AutoModelForCausalLM } from "../../src/index.ts";
import { type LoraAdapter, loraAdapter } from "../../src/models/adapters/lora.ts";
import type { LoadedModel } from "../../src/models/loadedModel.ts";
import { keepNarrow } from "../../src/models/precision/keepNarrow.ts";
import { quantizeModel, storedBytes } from "../../src/models/precision/quantize.ts";
import { loadModel } from "../../src/pretrained/loadModel.ts";
import { ggufLlama } from "../support/ggufLlama.ts";
import { referenceOf, scoresOf, trainSteps, useLearners } from "../support/learnerBench.ts";
import { FAMILIES, randomModel, writeModel } from "../support/randomModel.ts";
import { largestDifference } from "../support/shared.ts";

const bench = useLearners();
const NF4 = { load_in_4bit: true, bnb_4bit_quant_type: "nf4" } as const;
const FORMATS = {
  nf4: BitsAndBytesConfig(NF4),
  fp4: BitsAndBytesConfig({ load_in_4bit: true }),
  "double quantization": BitsAndBytesConfig({ ...NF4, bnb_4bit_use_double_quant: true }),
  int8: BitsAndBytesConfig({ load_in_8bit: true }),
};
const formats = Object.keys(FORMATS) as (keyof typeof FORMATS)[];

/** Every linear layer and embedding of both families, and some rows of the head. */
const ALL = String.raw`.*\.(c_\w+|\w_proj|gate_proj|up_proj|down_proj|wte|wpe|embed_tokens)`;
const adapterOf = ({ architecture }: LoadedModel): LoraAdapter =>
  loraAdapter(architecture, {
    r: 4,
    lora_alpha: 8,
    lora_dropout: 0,
    target_modules: ALL,
    trainable_token_indices: { lm_head: [1, 90, 7] },
  });

/** A model's scores of the pairs before and after two steps, and its reference's. */
async function numbersOf(model: LoadedModel): Promise<number[]> {
  const learner = await bench.learner({ model, adapter: adapterOf(model) });
  const before = [...(await scoresOf(learner)), ...(await referenceOf(learner))];
  await trainSteps(learner, 2);
  const all = [...before, ...(await scoresOf(learner))];
  await learner.dispose();
  return all.flatMap(({ chosen, rejected }) => [chosen, rejected]);
}

beforeEach(() => void vi.stubEnv("PREFINE_NUM_THREADS", "1")); // small models; results don't depend on it
afterEach(() => vi.unstubAllEnvs());

describe("a GGUF file", () => {
  test("in fewer bits is the model of its numbers in fewer bits, bit for bit", async () => {
    const { file, plain } = await ggufLlama(join(bench.folder, "gguf"));
    const wide = await numbersOf(plain);
    expect(await numbersOf(await loadModel(file))).toEqual(wide);
    for (const format of ["nf4", "double quantization", "int8"] as const) {
      const expected = await numbersOf(quantizeModel(plain, FORMATS[format]));
      expect(expected).not.toEqual(wide);
      expect(await numbersOf(quantizeModel(await loadModel(file), FORMATS[format])), format).toEqual(expected);
    }
    const loaded = await AutoModelForCausalLM.from_pretrained(file, { quantization_config: NF4 });
    expect(loaded.loaded.architecture.quantized?.size).toBe(14);
    await loaded.dispose();
  });
});

/** The model with its weights in 16 bits, in the file and in memory. */
async function narrowed(folder: string, model: LoadedModel, dtype: FloatDtype): Promise<LoadedModel> {
  const file = join(model.directory, "model.safetensors");
  const tensors = [...decodeSafetensors(readFileSync(file), file).tensors].map(([name, { shape, data }]) => {
    const values = new Float32Array(new Uint8Array(data as Uint8Array).slice().buffer);
    return [name, { dtype, shape: [...shape], data: fromFloat32(values, dtype) }] as const;
  });
  return keepNarrow(await writeModel(folder, model.config, new Map(tensors)));
}

describe("WebAssembly computes the same as the native runtime", { timeout: 180_000 }, () => {
  const folder = (name: string) => join(bench.folder, name);

  async function expectSame(model: LoadedModel): Promise<void> {
    const found = [];
    for (const runtime of ["native", "wasm"]) {
      vi.stubEnv("PREFINE_RUNTIME", runtime);
      found.push(await numbersOf(model));
    }
    const { difference, scale } = largestDifference(found[1], found[0]);
    expect(scale).toBeGreaterThan(1);
    expect(difference).toBeLessThan(1e-4 * scale);
  }

  test.each(["F16", "BF16"] as const)("with a Llama in %s", async (dtype) => {
    const wide = await randomModel(folder("wide"), FAMILIES.llama);
    const model = await narrowed(folder(dtype), wide, dtype);
    expect(storedBytes(model.architecture)).toBeLessThan(0.6 * storedBytes(wide.architecture));
    await expectSame(model);
  });

  test.each([
    ...formats.map((format) => ["llama", format] as const),
    ["gpt2", "nf4"] as const,
    ["gpt2", "int8"] as const,
  ])("with a %s in %s", async (family, format) => {
    await expectSame(
      quantizeModel(await randomModel(folder(`${family} ${format}`), FAMILIES[family]), FORMATS[format]),
    );
  });
});
