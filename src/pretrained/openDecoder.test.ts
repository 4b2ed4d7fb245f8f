/** @file Generation from weights in 8 or 4 bits as integers: near float32's logits, and not theirs if exact. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { ggufLlama } from "../../test/support/ggufLlama.ts";
import { randomAdapter } from "../../test/support/randomAdapter.ts";
import { FAMILIES, randomModel } from "../../test/support/randomModel.ts";
import type { SavedAdapter } from "../checkpoints/adapter.ts";
import type { AdapterConfig } from "../checkpoints/adapterConfig.ts";
import { promptInput } from "../generation/sequence.ts";
import type { LoadedModel } from "../models/loadedModel.ts";
import { quantizeModel } from "../models/precision/quantize.ts";
import { toIntegers } from "../models/precision/toIntegers.ts";
import { loadModel } from "./loadModel.ts";
import { openDecoder, openDecoders } from "./openDecoder.ts";

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

test("a base model and its adapters answer together as they do alone, whichever share a session", async () => {
  const model = MODELS["8 bits"];
  const adapters = [{}, { lora_alpha: 6 }, { use_dora: true }].map((more) => randomAdapter(model, more));
  const parts = [null, ...adapters, adapters[0]].map((adapter) => ({ loaded: model, adapter }));
  const decoders = await openDecoders(parts, { isExact: false });
  const input = promptInput([
    [5, 6, 7, 8, 9],
    [11, 12],
  ]);
  const logits: number[][] = [];
  for (const decoder of decoders) logits.push([...(await decoder.step(input.tokens, input.positions, input))]);
  await decoders[0].dispose();
  for (const [i, { loaded, adapter }] of parts.entries())
    expect(logits[i]).toEqual((await logitsOf(loaded, false, adapter)).slice(0, logits[i].length));
  expect(new Set(logits.map(String)).size).toBe(4);
});
