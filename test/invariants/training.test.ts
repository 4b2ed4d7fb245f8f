/**
 * @file Invariants of the real engine: stopped and resumed = uninterrupted bit for bit, even with dropout; the same
 * seed gives the same log; accumulation = batch. On a small random GPT-2.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DPOConfigInput } from "../../src/config/DPOConfig.ts";
import type { DPOTrainerOptions } from "../../src/training/trainerOptions.ts";
import { byteTokenizer } from "../support/byteTokenizer.ts";
import { randomGpt2 } from "../support/randomGpt2.ts";
import { largestDifference } from "../support/shared.ts";
import { outcomeOf, type Stoppable, trainUntil } from "../support/stoppableRun.ts";

const dir = mkdtempSync(join(tmpdir(), "prefine-invariants-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const LORA = {
  r: 4,
  lora_alpha: 8,
  lora_dropout: 0.1,
  target_modules: ["c_attn", "c_proj"],
  task_type: "CAUSAL_LM",
} as const;
const ARGS: DPOConfigInput = {
  bf16: false,
  max_length: 96,
  max_steps: 5,
  per_device_train_batch_size: 2,
  gradient_accumulation_steps: 2,
  per_device_eval_batch_size: 2,
  learning_rate: 1e-3,
  logging_steps: 2,
  eval_strategy: "epoch",
  save_strategy: "no",
};

const TOPICS = ["rain", "bread", "a long road", "seven", "music at night", "the sea", "glass"];

/** Pairs of different lengths; byteTokenizer gives one token per byte. */
function rows(count: number, say: string): Record<string, unknown>[] {
  return TOPICS.slice(0, count).map((topic, i) => ({
    prompt: `What is ${topic}?`,
    chosen: ` ${topic}: ${say}`,
    rejected: ` I would rather ${say} not ${"at all ".repeat(i % 3)}`,
  }));
}

beforeAll(async () => {
  const dropout = { embd_pdrop: 0.1, attn_pdrop: 0.1, resid_pdrop: 0.1 };
  await randomGpt2(join(dir, "model"), { vocab_size: 257, ...dropout });
});

async function train(name: string, args: DPOConfigInput, options: Stoppable & { full?: boolean } = {}) {
  const { full = false, ...how } = options;
  const run: DPOTrainerOptions = {
    model: join(dir, "model"),
    processing_class: byteTokenizer(),
    args: { ...ARGS, ...args, output_dir: join(dir, name) },
    train_dataset: rows(7, "here it is"),
    eval_dataset: rows(3, "as you like"),
    peft_config: full ? null : LORA,
  };
  return trainUntil(run, how);
}

const outcome = (name: string, kind: "adapter" | "full" = "adapter") => outcomeOf(join(dir, name), kind);

describe("training on the engine", () => {
  test.each<[string, DPOConfigInput, boolean]>([
    ["LoRA", {}, false],
    ["LoRA with dropout", { disable_dropout: false }, false],
    ["all weights", { learning_rate: 1e-4 }, true],
    ["losses of the whole batch, with dropout", { loss_type: ["aot", "sft"], disable_dropout: false }, false],
    ["a loss without a reference", { loss_type: "simpo", beta: 2 }, false],
    ["NEFTune", { neftune_noise_alpha: 5 }, false],
    ["sgd with momentum", { optim: "sgd", optim_args: "momentum=0.9", learning_rate: 0.05 }, false],
    ["adafactor, all weights", { optim: "adafactor", lr_scheduler_type: "cosine", weight_decay: 0.1 }, true],
    ["AdamW of eight bits, all weights", { optim: "adamw_8bit", learning_rate: 1e-4, weight_decay: 0.1 }, true],
  ])("%s: stopped after two steps and resumed = uninterrupted, bit for bit", async (name, args, full) => {
    await train(`${name} unbroken`, args, { full });
    await expect(train(name, args, { full, stopAt: 2 })).rejects.toThrow(/stopped after step 2 of 5/);
    await train(name, args, { full, resume_from_checkpoint: true });
    const kind = full ? "full" : "adapter";
    expect(await outcome(name, kind)).toEqual(await outcome(`${name} unbroken`, kind));
  });

  test("the same seed gives the same log and weights, even with dropout; another seed does not", async () => {
    for (const [name, seed] of [
      ["a", 1],
      ["b", 1],
      ["c", 2],
    ] as const)
      await train(name, { seed, disable_dropout: false });
    const [a, b, c] = [await outcome("a"), await outcome("b"), await outcome("c")];
    expect(a).toEqual(b);
    expect(a.log).not.toEqual(c.log);
  });

  test.each([
    ["LoRA with dropout", false],
    ["all weights", true],
  ])("%s: gradient checkpointing on = off, bit for bit", async (name, full) => {
    const args = { max_steps: 2, eval_strategy: "no", disable_dropout: full } as const;
    await train(`${name}, kept`, { ...args, gradient_checkpointing: false }, { full });
    await train(`${name}, computed again`, { ...args, gradient_checkpointing: true }, { full });
    const kind = full ? "full" : "adapter";
    expect(await outcome(`${name}, computed again`, kind)).toEqual(await outcome(`${name}, kept`, kind));
  });

  test("accumulation = batch", async () => {
    const order = { train_sampling_strategy: "sequential", max_steps: 3, eval_strategy: "no" } as const;
    await train("batch", {
      ...order,
      per_device_train_batch_size: 3,
      gradient_accumulation_steps: 1,
      num_train_epochs: 1,
    });
    await train("accumulated", { ...order, per_device_train_batch_size: 1, gradient_accumulation_steps: 3 });
    const [batch, accumulated] = [await outcome("batch"), await outcome("accumulated")];
    expect(accumulated.weights.size).toBe(12);
    for (const [key, { data }] of batch.weights) {
      expect(largestDifference(accumulated.weights.get(key)!.data, data).difference, key).toBeLessThan(1e-5);
    }
  });
});
