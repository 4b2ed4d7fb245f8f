/**
 * @file Models saved by transformers and bitsandbytes in 4 and 8 bits (test/fixtures/bitsandbytes, made by
 * scripts/make_quantized_fixture.py): they equal their dequantized float32 models, and stay in these bits.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { saveAdapter } from "../../src/checkpoints/adapter.ts";
import { hashStoredWeights } from "../../src/checkpoints/referenceCache.ts";
import { BitsAndBytesConfig } from "../../src/config/BitsAndBytesConfig.ts";
import { DPOConfig } from "../../src/config/DPOConfig.ts";
import { LoraConfig } from "../../src/config/LoraConfig.ts";
import { folderAt, nodeStorage } from "../../src/disk/nodeStorage.ts";
import { nodePlatform } from "../../src/dpoTrainer.ts";
import { merge_and_unload } from "../../src/exporting/mergeAndUnload.ts";
import { decodeSafetensors, encodeSafetensors, type SafetensorsTensor } from "../../src/formats/safetensors.ts";
import { adapterTensors, loraAdapter } from "../../src/models/adapters/lora.ts";
import type { LoadedModel } from "../../src/models/loadedModel.ts";
import { keepNarrow } from "../../src/models/precision/keepNarrow.ts";
import { describeQuantization, quantizedUnder, quantizeModel } from "../../src/models/precision/quantize.ts";
import { AutoModelForCausalLM } from "../../src/pretrained/autoModel.ts";
import { loadModel } from "../../src/pretrained/loadModel.ts";
import { openDecoder } from "../../src/pretrained/openDecoder.ts";
import { Mt19937 } from "../../src/random.ts";
import { loadModels } from "../../src/training/prepare/models.ts";
import { largestDifference } from "../support/shared.ts";

const fixtures = fileURLToPath(new URL("../fixtures/bitsandbytes/", import.meta.url));
const dir = mkdtempSync(join(tmpdir(), "prefine-packed-"));
const names = readdirSync(fixtures).sort();

beforeEach(() => void vi.stubEnv("PREFINE_NUM_THREADS", "1"));
afterEach(() => vi.unstubAllEnvs());
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const expectedOf = (name: string): { layers: string[]; tokens: number[]; logits: number[] } =>
  JSON.parse(readFileSync(join(fixtures, name, "expected.json"), "utf8"));

async function logitsOf(model: LoadedModel, tokens: number[]): Promise<Float32Array> {
  const decoder = await openDecoder(model);
  const positions = Int32Array.from(tokens, (_, i) => i);
  const logits = await decoder.step(Int32Array.from(tokens), positions, { batch: 1, length: tokens.length });
  await decoder.dispose();
  return logits.slice();
}

const DESCRIBED: Record<string, string> = {
  "gpt2-fp4": "4 bits (fp4) in all 4 linear layers",
  "gpt2-int8": "8 bits in 1 of 4 linear layers", // rows of 32 numbers, one scale each, do not fit blocks of 64: widened
  "llama-int8": "8 bits in all 7 linear layers",
  "llama-nf4": "4 bits (nf4, double quantization) in all 7 linear layers",
};

test("there are four fixtures", () => expect(names).toEqual(Object.keys(DESCRIBED)));

describe.each(names)("%s", (name) => {
  test("gives the logits of its dequantized float32 model", async () => {
    const model = await loadModel(join(fixtures, name));
    const { layers, tokens, logits } = expectedOf(name);
    expect(layers).toHaveLength(name.startsWith("gpt2") ? 4 : 7);
    expect(describeQuantization(model.architecture)).toBe(DESCRIBED[name]);
    const { difference, scale } = largestDifference(await logitsOf(model, tokens), logits);
    expect(difference).toBeLessThan(1e-5 * scale);
    const asked = { ...QUANTIZATION, load_in_8bit: false, load_in_4bit: true };
    expect(quantizeModel(model, asked)).toBe(model); // the files' quantization is used
  });

  test("is merged, and trained in part, in float32", async () => {
    const model = await loadModel(join(fixtures, name));
    const target = name.startsWith("gpt2") ? "c_attn" : "q_proj";
    const saved = name.startsWith("gpt2") ? "mlp.c_proj" : "mlp.down_proj";
    const settings = { r: 2, lora_alpha: 4, lora_dropout: 0, target_modules: [target], modules_to_save: [saved] };
    const lora = loraAdapter(model.architecture, settings);
    const under = keepNarrow(quantizedUnder(model, lora), lora);
    const { tokens, logits } = expectedOf(name);
    expect(largestDifference(await logitsOf(under, tokens), logits).difference).toBeLessThan(1e-4);
    const random = new Mt19937(1);
    const weights = new Map(
      adapterTensors(lora).map(({ name: key, shape }) => {
        const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
        return [key, { shape: [...shape], data: random.normal(data, 0, 0.1) }];
      }),
    );
    const run = join(dir, `${name}-run`);
    const base = { base_model_name_or_path: join(fixtures, name), task_type: "CAUSAL_LM", revision: null };
    await saveAdapter(folderAt(run), { config: { ...settings, ...base, fan_in_fan_out: false }, weights });
    const merged = await merge_and_unload(run, { dtype: "float32", onWarning: () => {} });
    expect(merged.largest_difference).toBeLessThan(2e-5 * merged.largest_logit);
    const config = JSON.parse(readFileSync(join(merged.output_dir, "config.json"), "utf8"));
    expect(config.quantization_config).toBeUndefined();
  });
});

test("warns that quantized files stay so", async () => {
  const lines: string[] = [];
  const options = { quantization_config: { load_in_8bit: true }, onWarning: (line: string) => lines.push(line) };
  const model = await AutoModelForCausalLM.from_pretrained(join(fixtures, "llama-nf4"), options);
  expect(lines).toEqual([expect.stringContaining("already; quantization_config is not used")]);
  expect(describeQuantization(model.loaded.architecture)).toBe(DESCRIBED["llama-nf4"]);
  await model.dispose();
  const { warnings } = await loadModels({
    platform: nodePlatform,
    model: join(fixtures, "llama-nf4"),
    ref_model: null,
    peft_config: new LoraConfig({ target_modules: ["q_proj"] }),
    args: new DPOConfig({ output_dir: dir, bf16: false }),
    quantization_config: new BitsAndBytesConfig({ load_in_8bit: true }),
  });
  expect(warnings).toEqual(lines);
});

const QUANTIZATION = {
  bnb_4bit_quant_type: "nf4",
  bnb_4bit_use_double_quant: false,
  llm_int8_skip_modules: null,
} as const;

describe("faults of such files are reported", () => {
  /** The model with one file changed. */
  async function changed(change: (tensors: Map<string, SafetensorsTensor>) => void, config: object = {}) {
    const folder = mkdtempSync(join(dir, "changed-"));
    cpSync(join(fixtures, "llama-nf4"), folder, { recursive: true });
    const file = join(folder, "model.safetensors");
    const tensors = new Map<string, SafetensorsTensor>(decodeSafetensors(readFileSync(file), file).tensors);
    change(tensors);
    writeFileSync(file, encodeSafetensors(tensors));
    const path = join(folder, "config.json");
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), ...config }));
    return loadModel(folder);
  }
  const key = "model.layers.0.mlp.up_proj.weight";
  const state = `${key}.quant_state.bitsandbytes__nf4`;
  const setState = (values: object) => (tensors: Map<string, SafetensorsTensor>) => {
    const before = tensors.get(state) as SafetensorsTensor;
    const json = JSON.parse(Buffer.from(before.data as Uint8Array).toString("utf8"));
    const data = new TextEncoder().encode(JSON.stringify({ ...json, ...values }));
    tensors.set(state, { dtype: "U8", shape: [data.length], data });
  };

  test("other blocks, missing scales, another shape, another method", async () => {
    await expect(changed(setState({ blocksize: 128 }))).rejects.toMatchObject({
      code: "not-yet",
      message: expect.stringMatching(/up_proj\.weight" is in blocks of 128 and 256, expected 64 and 256$/),
      hint: expect.stringContaining("load_in_4bit"),
    });
    await expect(changed((tensors) => tensors.delete(`${key}.absmax`))).rejects.toThrow(
      /up_proj\.weight" is quantized, but there is no ".*absmax"/,
    );
    await expect(changed(setState({ shape: [64, 192] }))).rejects.toThrow(/has shape \[64, 192\].* says \[192, 64\]/);
    await expect(changed(setState({ shape: "x" }))).rejects.toThrow(/expected shape, blocksize and dtype, found/);
    await expect(changed((tensors) => tensors.delete(state))).rejects.toThrow(/has shape \[6144, 1\], .* says/);
    const gptq = { quantization_config: { quant_method: "gptq", bits: 4 } };
    await expect(changed(() => {}, gptq)).rejects.toThrow(/weights quantized by "gptq" are not read$/);
  });

  test("a cache of reference log-probabilities depends on the scales", async () => {
    const same = await hashStoredWeights((await changed(() => {})).weights, nodeStorage);
    expect(await hashStoredWeights((await changed(() => {})).weights, nodeStorage)).toBe(same);
    const other = await changed((tensors) => {
      const scales = tensors.get(`${key}.nested_absmax`) as SafetensorsTensor;
      const data = new Uint8Array(scales.data as Uint8Array).map((byte) => byte ^ 1);
      tensors.set(`${key}.nested_absmax`, { ...scales, data });
    });
    expect(await hashStoredWeights(other.weights, nodeStorage)).not.toBe(same);
  });
});
