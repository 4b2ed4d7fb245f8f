/**
 * @file Runs with an adapter on the embedding of a tied model in 16 bits, as a user starts them: saved together with
 * the embedding, resumed, trained further, generated from. And the adapter's gradient.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ADAPTER_WEIGHTS } from "../../src/checkpoints/adapter.ts";
import { LoraConfig, type LoraConfigInput } from "../../src/config/LoraConfig.ts";
import type { LearnerOptions } from "../../src/dpo/learnerOptions.ts";
import { logitsOf } from "../../src/exporting/compareLogits.ts";
import { merge_and_unload } from "../../src/exporting/mergeAndUnload.ts";
import { fromFloat32 } from "../../src/formats/narrowFloats.ts";
import { decodeSafetensors, encodeSafetensors, type SafetensorsTensor } from "../../src/formats/safetensors.ts";
import { AutoModelForCausalLM } from "../../src/index.ts";
import { type LoraSettings, loraAdapter } from "../../src/models/adapters/lora.ts";
import type { DPOTrainerOptions } from "../../src/training/trainerOptions.ts";
import { byteTokenizer } from "../support/byteTokenizer.ts";
import { pairs, trainSteps, useLearners } from "../support/learnerBench.ts";
import { packed } from "../support/randomGpt2.ts";
import { FAMILIES, randomModel, writeModel } from "../support/randomModel.ts";
import { readState } from "../support/savedState.ts";
import { outcomeOf, type Stoppable, shortRun, trainUntil } from "../support/stoppableRun.ts";

const dir = mkdtempSync(join(tmpdir(), "prefine-embedding-"));
const model = join(dir, "model");
const CONFIG = { ...FAMILIES.qwen3, vocab_size: 257, tie_word_embeddings: true };
const EMBEDDING = "model.embed_tokens.weight";
const BESIDE = "base_model.model.model.embed_tokens.base_layer.weight";
const rows = ["rain", "bread", "a long road", "seven", "glass"].map((topic) => ({
  prompt: `What is ${topic}?`,
  chosen: ` ${topic}: here it is`,
  rejected: " I would rather not say",
}));

const tensorsOf = (file: string) => decodeSafetensors(readFileSync(file), file).tensors;

/** The model in 16 bits; `change` is applied to its tensors in float32. */
async function writeNarrow(change: (name: string, data: Float32Array) => void = () => {}): Promise<void> {
  const wide = await randomModel(join(dir, "wide"), CONFIG);
  const tensors = new Map<string, SafetensorsTensor>();
  for (const [name, { shape, data }] of tensorsOf(join(wide.directory, "model.safetensors"))) {
    const values = new Float32Array(new Uint8Array(data).buffer);
    change(name, values);
    tensors.set(name, { dtype: "BF16", shape, data: fromFloat32(values, "BF16") });
  }
  await writeModel(model, CONFIG, tensors);
}

beforeAll(() => writeNarrow());
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const ADAPTER: LoraConfigInput = { r: 4, lora_alpha: 8, target_modules: ["embed_tokens", "q_proj"] };

interface Training extends Stoppable {
  lora?: LoraConfigInput | null;
}

async function train(name: string, options: Partial<DPOTrainerOptions> = {}, { lora = {}, ...how }: Training = {}) {
  const run: DPOTrainerOptions = {
    model,
    processing_class: byteTokenizer(),
    train_dataset: rows,
    peft_config: lora && LoraConfig({ ...ADAPTER, ...lora }),
    ...options,
    args: shortRun(join(dir, name), options.args),
  };
  return trainUntil(run, how);
}

const outcome = (name: string) => outcomeOf(join(dir, name));

async function logits(name: string) {
  const loaded = await AutoModelForCausalLM.from_pretrained(join(dir, name));
  await loaded.dispose();
  return logitsOf(loaded.loaded, loaded.adapter ?? null);
}

describe("a run with an adapter on the embedding", { timeout: 120_000 }, () => {
  test.each<[string, LoraConfigInput, Partial<DPOTrainerOptions>]>([
    ["LoRA, NEFTune, gradient checkpointing", {}, { args: { neftune_noise_alpha: 5, gradient_checkpointing: true } }],
    ["DoRA", { use_dora: true, use_rslora: true }, {}],
    ["a reference that moves", {}, { args: { sync_ref_model: true, ref_model_sync_steps: 1 } }],
    ["a precomputed reference", {}, { args: { precompute_ref_log_probs: true, precompute_ref_cache: false } }],
    ["tokens", { target_modules: ["q_proj"], trainable_token_indices: [114, 101, 32] }, {}],
    ["4 bits", {}, { quantization_config: { load_in_4bit: true } }],
    ["the unembedding", { target_modules: ["q_proj", "lm_head"] }, { args: { gradient_checkpointing: true } }],
    ["embedding and unembedding, DoRA", { target_modules: ["embed_tokens", "lm_head"], use_dora: true }, {}],
    ["AdamW of eight bits", { bias: "all" }, { args: { optim: "adamw_8bit", weight_decay: 0.1 } }],
  ])("%s: learns; stopped after two steps and resumed = uninterrupted", async (name, lora, options) => {
    await train(`${name} unbroken`, options, { lora });
    await expect(train(name, options, { lora, stopAt: 2 })).rejects.toThrow(/stopped after step 2 of 4/);
    await train(name, options, { lora, resume_from_checkpoint: true });
    const unbroken = await outcome(`${name} unbroken`);
    expect(await outcome(name)).toEqual(unbroken);
    const losses = unbroken.log.flatMap((entry) => ("loss" in entry ? [Number(entry.loss)] : []));
    if (!options.args?.neftune_noise_alpha) expect(losses[0]).toBeCloseTo(Math.LN2, 6);
    expect(losses.at(-1)).toBeLessThan(losses[0] - 0.05);
  });

  test("warns that head and embedding are untied; saves the base model's embedding, which is then used", async () => {
    expect(await train("saved")).toContainEqual(
      expect.stringMatching(/embed_tokens is tied to lm_head, which does not change/),
    );
    const beside = tensorsOf(join(dir, "saved", ADAPTER_WEIGHTS)).get(BESIDE)!;
    const base = tensorsOf(join(model, "model.safetensors")).get(EMBEDDING)!;
    expect(beside).toMatchObject({ dtype: "BF16", shape: [257, 32] });
    expect(Buffer.from(beside.data).equals(base.data)).toBe(true);
    const before = await logits("saved");
    const { largest_difference, largest_logit } = await merge_and_unload(join(dir, "saved"), {
      output_dir: join(dir, "merged"),
      dtype: "float32",
      onWarning: () => {},
    });
    expect(largest_difference).toBeLessThan(2e-5 * largest_logit);
    const merged = tensorsOf(join(dir, "merged", "model.safetensors"));
    const narrow = fromFloat32(new Float32Array(new Uint8Array(merged.get("lm_head.weight")!.data).buffer), "BF16");
    expect(Buffer.from(narrow).equals(base.data)).toBe(true);
    expect(merged.get(EMBEDDING)!.data).not.toEqual(merged.get("lm_head.weight")!.data);
    await writeNarrow((name, data) => name === EMBEDDING && data.fill(0));
    try {
      expect(await logits("saved")).toEqual(before);
    } finally {
      await writeNarrow();
    }
  });

  test("resized ones that came with an adapter are used, and saved with it again", async () => {
    await train("plain", {}, { lora: { target_modules: ["q_proj"] } });
    const resized = join(dir, "resized");
    mkdirSync(resized);
    cpSync(join(dir, "plain", "adapter_config.json"), join(resized, "adapter_config.json"));
    const base = tensorsOf(join(model, "model.safetensors")).get(EMBEDDING)!;
    const data = Uint8Array.of(...base.data, ...base.data.subarray(0, 2 * 32 * 2)); // two more tokens
    const key = `base_model.model.${EMBEDDING}`;
    const tensors = new Map<string, SafetensorsTensor>(tensorsOf(join(dir, "plain", ADAPTER_WEIGHTS)));
    writeFileSync(
      join(resized, ADAPTER_WEIGHTS),
      encodeSafetensors(tensors.set(key, { dtype: "BF16", shape: [259, 32], data })),
    );
    const start = await AutoModelForCausalLM.from_pretrained(resized);
    expect(start.config.vocab_size).toBe(259);
    await train("on", { model: start }, { lora: null });
    await start.dispose();
    const saved = tensorsOf(join(dir, "on", ADAPTER_WEIGHTS)).get(key)!;
    expect(saved.shape).toEqual([259, 32]);
    expect(Buffer.from(saved.data).equals(data)).toBe(true);
    expect((await logits("on")).length).toBe(8 * 259);
  });

  test("trained further, its reference is the starting adapter; the policy ties with it", async () => {
    await train("first");
    const start = await AutoModelForCausalLM.from_pretrained(join(dir, "first"));
    const lines = await train("further", { model: start }, { lora: null });
    expect(lines).toContainEqual(expect.stringContaining("a frozen copy of the adapter from before the first step"));
    expect((await outcome("further")).log[0]).toMatchObject({ loss: expect.closeTo(Math.LN2, 6) });
    await start.dispose();
  });
});

const bench = useLearners();

describe("the gradient of an embedding's adapter", () => {
  const SGD = { settings: { kind: "sgd", momentum: 0, dampening: 0, nesterov: false }, weightDecay: () => 0 } as const;
  const EMBEDDINGS = { r: 3, lora_alpha: 6, lora_dropout: 0.5, target_modules: ["wte", "wpe"] };
  const fresh = async (settings: Partial<LoraSettings>, options: Partial<LearnerOptions> = {}) => {
    const adapter = loraAdapter(bench.model.architecture, { ...EMBEDDINGS, init_lora_weights: false, ...settings });
    return bench.learner({ adapter, optimizer: SGD, ...options });
  };

  test.each([false, true])("is the same with gradient checkpointing, bit for bit (DoRA: %s)", async (use_dora) => {
    const states = [];
    for (const gradientCheckpointing of [false, true]) {
      const learner = await fresh({ use_dora }, { gradientCheckpointing });
      await trainSteps(learner, 2);
      states.push(await readState(learner));
    }
    expect(states[1]).toEqual(states[0]);
  });

  const some = [...new Set([...pairs[0].prompt_ids, ...pairs[0].chosen_ids])].slice(0, 6);
  test.each<[string, Partial<LoraSettings>]>([
    ["LoRA", {}],
    ["DoRA", { use_dora: true }],
    ["tokens, the tied head's too", { target_modules: ["c_attn"], trainable_token_indices: [...some, 96] }],
    ["the unembedding", { target_modules: ["lm_head"] }],
    ["the unembedding, DoRA", { target_modules: ["lm_head", "wte"], use_dora: true }],
    ["tokens of the head alone", { target_modules: ["c_attn"], trainable_token_indices: { lm_head: some } }],
  ])("is the slope of the loss, only at the pair's tokens and positions: %s", async (_, settings) => {
    const learner = await fresh(settings);
    const pair = packed(pairs[0]);
    const reference = [await learner.referenceLogps(pair)];
    const start = await readState(learner);
    await learner.accumulate([pair], reference, { scale: 1, dropoutStep: 0 });
    await learner.step({ learningRate: 1, maxGradNorm: 0 });
    const { weights: after } = await readState(learner);
    const loss = async (weights: typeof after) => {
      await learner.writeState({ ...start, weights });
      return learner.lossOf([await learner.score(pair)], reference);
    };
    for (const [name, { shape, data }] of start.weights) {
      const gradient = data.map((value, i) => value - after.get(name)!.data[i]);
      if (name.includes("embedding_A")) {
        const ids = new Set(name.includes("wte") ? pair.tokens : pair.positions);
        const touched = new Set([...gradient.keys()].filter((i) => gradient[i] !== 0).map((i) => i % shape[1]));
        expect([...touched].filter((id) => !ids.has(id))).toEqual([]);
        expect(touched.size).toBeGreaterThanOrEqual(ids.size - 2); // no token follows the last ones
      }
      if (settings.use_dora && !name.includes("magnitude")) continue; // the norm is a constant to PEFT's gradient
      const square = gradient.reduce((sum, value) => sum + value ** 2, 0);
      const step = 0.01 / Math.sqrt(square);
      const moved = (sign: number) => data.map((value, i) => value + sign * step * gradient[i]);
      const at = async (sign: number) => loss(new Map([...start.weights, [name, { shape, data: moved(sign) }]]));
      const slope = ((await at(1)) - (await at(-1))) / (2 * step);
      expect(slope / square, name).toBeCloseTo(1, 1.5);
    }
  });
});
