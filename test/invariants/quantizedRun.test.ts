/** @file Runs on a quantized base model, as a user starts them: saved, resumed, refused, generated from. */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AutoModelForCausalLM, BitsAndBytesConfig, pipeline } from "../../src/index.ts";
import type { DPOTrainerOptions } from "../../src/training/trainerOptions.ts";
import { byteTokenizer } from "../support/byteTokenizer.ts";
import { FAMILIES, randomModel } from "../support/randomModel.ts";
import { runCommand } from "../support/runCommand.ts";
import { outcomeOf, type Stoppable, shortRun, trainUntil } from "../support/stoppableRun.ts";

const dir = mkdtempSync(join(tmpdir(), "prefine-quantized-"));
const model = join(dir, "model");
const FOUR_BITS = { load_in_4bit: true, bnb_4bit_quant_type: "nf4" } as const;
const rows = ["rain", "bread", "a long road", "seven", "glass"].map((topic) => ({
  prompt: `What is ${topic}?`,
  chosen: ` ${topic}: here it is`,
  rejected: " I would rather not say",
}));

beforeAll(async () => {
  await randomModel(model, { ...FAMILIES.gpt2, vocab_size: 257, n_positions: 128 });
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function train(name: string, options: Partial<DPOTrainerOptions> = {}, how: Stoppable = {}) {
  const run: DPOTrainerOptions = {
    model,
    processing_class: byteTokenizer(),
    train_dataset: rows,
    peft_config: { r: 4, lora_alpha: 8, target_modules: ["c_attn", "c_proj"], lora_dropout: 0, task_type: "CAUSAL_LM" },
    quantization_config: FOUR_BITS,
    ...options,
    args: shortRun(join(dir, name), options.args),
  };
  return trainUntil(run, how);
}

const outcome = (name: string) => outcomeOf(join(dir, name));

describe("a run on a base in 4 bits", () => {
  test("says so, and resumed = uninterrupted, bit for bit; with another quantization it is another run", async () => {
    expect(await train("unbroken")).toContain("base model: 4 bits (nf4) in all 8 linear layers");
    await expect(train("resumed", {}, { stopAt: 2 })).rejects.toThrow(/stopped after step 2 of 4/);
    const other = train("resumed", { quantization_config: { load_in_8bit: true } }, { resume_from_checkpoint: true });
    await expect(other).rejects.toThrow(/quantization: "4 bits \(nf4\).*8 bits/);
    await train("resumed", {}, { resume_from_checkpoint: true });
    const unbroken = await outcome("unbroken");
    expect(await outcome("resumed")).toEqual(unbroken);
    expect(unbroken.log[0]).toMatchObject({ loss: expect.closeTo(Math.LN2, 6) });
    const losses = unbroken.log.flatMap((entry) => ("loss" in entry ? [Number(entry.loss)] : []));
    expect(losses.at(-1)).toBeLessThan(losses[0] - 0.05);
    await train("float32", { quantization_config: null });
    expect((await outcome("float32")).log).not.toEqual(unbroken.log);
  });

  test("saves PEFT's adapter and a card that names the quantization", async () => {
    await train("saved", { quantization_config: { ...FOUR_BITS, bnb_4bit_use_double_quant: true } });
    const config = JSON.parse(readFileSync(join(dir, "saved", "adapter_config.json"), "utf8"));
    expect(config).toMatchObject({ r: 4, fan_in_fan_out: false, target_modules: ["c_attn", "c_proj"] });
    const card = readFileSync(join(dir, "saved", "README.md"), "utf8");
    expect(card).toContain("base_model_quantization: 4 bits (nf4, double quantization) in all 8 linear layers");
    const logits = [];
    for (const quantization_config of [BitsAndBytesConfig(FOUR_BITS), null]) {
      const loaded = await AutoModelForCausalLM.from_pretrained(join(dir, "saved"), { quantization_config });
      expect(loaded.loaded.architecture.quantized === undefined).toBe(quantization_config === null);
      const [ids] = await loaded.generate({ input_ids: [[65, 66, 67]] }, { max_new_tokens: 8 });
      logits.push(ids);
      await loaded.dispose();
    }
    expect(logits[0]).toHaveLength(11);
  });

  test("keeps modules_to_save in float32", async () => {
    const lines = await train("saved modules", {
      peft_config: { r: 2, target_modules: ["c_attn"], modules_to_save: ["mlp.c_fc"], task_type: "CAUSAL_LM" },
    });
    expect(lines).toContain("base model: 4 bits (nf4) in 6 of 8 linear layers");
    const loaded = await AutoModelForCausalLM.from_pretrained(join(dir, "saved modules"), {
      quantization_config: FOUR_BITS,
    });
    expect((await loaded.generate({ input_ids: [[65, 66]] }, { max_new_tokens: 3 }))[0]).toHaveLength(5);
    await loaded.dispose();
  });

  test("also with model_init_kwargs or a loaded model", async () => {
    const kwargs = { model_init_kwargs: { quantization_config: FOUR_BITS } };
    await train("kwargs", { quantization_config: null, args: kwargs });
    const loaded = await AutoModelForCausalLM.from_pretrained(model, { quantization_config: FOUR_BITS });
    await train("loaded", { model: loaded, quantization_config: null });
    expect((await outcome("kwargs")).weights).toEqual((await outcome("loaded")).weights);
    await expect(train("twice", { args: kwargs })).rejects.toThrow("found another in args.model_init_kwargs");
    await expect(train("too late", { model: loaded })).rejects.toThrow("found a model that is already loaded");
  });

  test("refuses to train all weights", async () => {
    const message = "model: expected an adapter on quantized weights, which are frozen";
    await expect(train("full", { peft_config: null })).rejects.toThrow(message);
    expect(() => BitsAndBytesConfig({ load_in_4bit: true, load_in_8bit: true })).toThrow("found both");
  });
});

describe("generation", () => {
  test("pipeline and prefine generate accept it", async () => {
    const options = { model, tokenizer: byteTokenizer(), model_kwargs: { quantization_config: FOUR_BITS } };
    const generate = await pipeline("text-generation", options);
    expect((await generate("What is rain?", { max_new_tokens: 4, do_sample: false }))[0].generated_text).toContain(
      "rain",
    );
    expect(generate.model.loaded.architecture.quantized?.size).toBe(8);
    await generate.dispose();
    const refused = await runCommand("generate", model, "--prompt", "x", "--load_in_4bit", "--load_in_8bit");
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("expected one of 4 and 8 bits, found both"),
    });
  });
});
