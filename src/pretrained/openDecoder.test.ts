/** @file Generation from weights in 8 or 4 bits as integers: near float32's logits, and not theirs if exact. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { ggufLlama } from "../../test/support/ggufLlama.ts";
import { FAMILIES, randomModel } from "../../test/support/randomModel.ts";
import type { SavedAdapter } from "../checkpoints/adapter.ts";
import type { AdapterConfig } from "../checkpoints/adapterConfig.ts";
import { promptInput } from "../generation/sequence.ts";
import { adapterTensors, loraAdapter } from "../models/adapters/lora.ts";
import type { LoadedModel } from "../models/loadedModel.ts";
import { quantizeModel } from "../models/precision/quantize.ts";
import { toIntegers } from "../models/precision/toIntegers.ts";
import { Mt19937 } from "../random.ts";
import { loadModel } from "./loadModel.ts";
import { openDecoder } from "./openDecoder.ts";

const folder = mkdtempSync(join(tmpdir(), "prefine-integers-"));
afterAll(() => rmSync(folder, { recursive: true }));
const { file, plain } = await ggufLlama(join(folder, "llama"));

const BITS = {
  llm_int8_skip_modules: null,
  bnb_4bit_quant_type: "nf4" as const,
  bnb_4bit_use_double_quant: false,
};
const MODELS: Record<string, LoadedModel> = {
  "a GGUF file in Q8_0": await loadModel(file),
  "8 bits": quantizeModel(plain, { ...BITS, load_in_8bit: true, load_in_4bit: false }),
  "4 bits": quantizeModel(plain, { ...BITS, load_in_8bit: false, load_in_4bit: true }),
};

/** Logits after two prompts of different lengths, after a step with three rows, and after another. */
async function logitsOf(model: LoadedModel, isExact: boolean, adapter: SavedAdapter | null = null): Promise<number[]> {
  const decoder = await openDecoder(model, { isExact, adapter });
  const input = promptInput(
    [
      [5, 6, 7, 8, 9],
      [11, 12],
    ],
    0,
  );
  const found = [...(await decoder.step(input.tokens, input.positions, input))];
  const rows = Int32Array.of(1, 0, 1);
  const step = { batch: 3, length: 1 };
  found.push(...(await decoder.step(Int32Array.of(3, 4, 5), Int32Array.of(2, 5, 2), { ...step, rows })));
  found.push(...(await decoder.step(Int32Array.of(6, 7, 8), Int32Array.of(3, 6, 3), step)));
  expect(await decoder.findNonFinite?.()).toBeUndefined();
  await decoder.dispose();
  return found;
}

/** Root mean square of the difference, as a share of that of the values. */
function shareOfSpread(found: readonly number[], values: readonly number[]): number {
  expect(found).toHaveLength(values.length);
  const squares = (list: readonly number[]) => list.reduce((sum, value) => sum + value ** 2, 0);
  return Math.sqrt(squares(values.map((value, i) => value - found[i])) / squares(values));
}

test.each(Object.entries(MODELS))("%s: rounding changes logits little", async (_, model) => {
  const error = shareOfSpread(await logitsOf(model, false), await logitsOf(model, true));
  expect(error).toBeGreaterThan(0);
  // A product's input is wrong by 0.5 % of its size, as are weights that are rounded again; 15 products in a row.
  expect(error).toBeLessThan(0.04);
});

/** Large enough that a model without it would have other logits. */
function randomAdapter({ architecture, nameOrPath }: LoadedModel, more: Partial<AdapterConfig>): SavedAdapter {
  const linears = architecture.linears.map(({ name }) => name.split(".").at(-1) as string);
  const config: AdapterConfig = {
    ...{ r: 2, lora_alpha: 4, lora_dropout: 0, target_modules: [...new Set(linears)], fan_in_fan_out: false },
    ...{ base_model_name_or_path: nameOrPath, task_type: "CAUSAL_LM", revision: null, ...more },
  };
  const random = new Mt19937(3);
  const weights: SavedAdapter["weights"] = new Map();
  for (const { name, shape } of adapterTensors(loraAdapter(architecture, config))) {
    const size = shape.reduce((product, dim) => product * dim, 1);
    const isMagnitude = name.includes("magnitude");
    const data = random.normal(new Float32Array(size), 0, isMagnitude ? 0.1 : 0.2);
    weights.set(name, { shape: [...shape], data: isMagnitude ? data.map((value) => value + 1) : data });
  }
  return { config, weights };
}

/** Matrices as [in, out] and [out, in], with biases, and whose rows belong to heads. */
describe.each<[family: string, name: string, Partial<AdapterConfig> | null]>([
  ["gpt2", "under LoRA", {}],
  ["gpt_neox", "under LoRA", {}],
  ["llama", "alone", null],
  ["llama", "under DoRA", { use_dora: true }],
])("%s %s", (family, name, more) => {
  test.each(["8 bits", "4 bits"])("in %s", async (bits) => {
    const config = { ...FAMILIES[family], ...(family === "gpt2" ? { n_embd: 64 } : { hidden_size: 64 }) };
    const plain = await randomModel(join(folder, `${family} ${name} ${bits}`), config);
    const load_in_8bit = bits === "8 bits";
    const model = quantizeModel(plain, { ...BITS, load_in_8bit, load_in_4bit: !load_in_8bit });
    const adapter = more && randomAdapter(model, more);
    const exact = await logitsOf(model, true, adapter);
    expect(shareOfSpread(await logitsOf(model, false, adapter), exact)).toBeLessThan(0.06);
  });
});

test("what is in float32 stays in float32", async () => {
  expect(toIntegers(plain, null).integers.size).toBe(0);
  const { model, integers } = toIntegers(MODELS["a GGUF file in Q8_0"], null);
  expect(integers.size).toBe(model.architecture.linears.length + 1);
  expect([...integers.values()].every((range) => range.integers?.areFiles)).toBe(true);
});
