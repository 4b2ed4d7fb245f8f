/**
 * @file References on the real engine, with a small random GPT-2: the run's description of it, equal logs for equal
 * models, refused models, the cache's key, and a moving reference in a resumed run.
 */

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadAdapter } from "../../src/checkpoints/adapter.ts";
import type { DPOConfigInput } from "../../src/config/DPOConfig.ts";
import { folderAt } from "../../src/disk/nodeStorage.ts";
import { DPOTrainer } from "../../src/dpoTrainer.ts";
import { loadModel } from "../../src/pretrained/loadModel.ts";
import type { DPOTrainerOptions, TrainOptions } from "../../src/training/trainerOptions.ts";
import { byteTokenizer } from "../support/byteTokenizer.ts";
import { randomGpt2 } from "../support/randomGpt2.ts";
import { savedWeights } from "../support/savedState.ts";
import { keepingLogger, withoutTimings } from "../support/toyTrainer.ts";

const dir = mkdtempSync(join(tmpdir(), "prefine-references-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const at = (name: string) => join(dir, name);

const LORA = { r: 2, lora_alpha: 4, target_modules: ["c_attn", "c_proj"], task_type: "CAUSAL_LM" } as const;
const ROWS = ["rain", "bread", "a long road", "seven"].map((topic, i) => ({
  prompt: `What is ${topic}?`,
  chosen: ` ${topic}: here it is`,
  rejected: ` I would rather not${" at all".repeat(i)}`,
}));

beforeAll(async () => {
  await randomGpt2(at("model"), { vocab_size: 257 });
  await randomGpt2(at("small"), { vocab_size: 257, n_positions: 32 });
  await randomGpt2(at("wide"), { vocab_size: 257, n_embd: 64 });
  await randomGpt2(at("few tokens"), { vocab_size: 200 });
  cpSync(at("model"), at("twin"), { recursive: true });
});

let runs = 0;
type Changes = Partial<Omit<DPOTrainerOptions, "args">> & { args?: DPOConfigInput; stopAt?: number };

async function train({ args, stopAt, ...changes }: Changes = {}, options: TrainOptions = {}) {
  const { logger, lines } = keepingLogger();
  const controller = new AbortController();
  logger.step = ({ step }) => step === stopAt && controller.abort();
  const trainer = new DPOTrainer({
    model: at("model"),
    processing_class: byteTokenizer(),
    train_dataset: ROWS,
    peft_config: LORA,
    logger,
    ...changes,
    args: {
      bf16: false,
      max_length: 64,
      max_steps: 3,
      per_device_train_batch_size: 2,
      learning_rate: 1e-3,
      logging_steps: 1,
      save_strategy: "no",
      output_dir: at(`run-${runs++}`),
      ...args,
    },
  });
  try {
    await trainer.train({ signal: controller.signal, ...options });
    return { lines, log: withoutTimings(trainer.state.log_history), output_dir: trainer.args.output_dir };
  } finally {
    await trainer.dispose();
  }
}

const lineOf = (lines: string[]) => lines.filter((line) => line.startsWith("reference: "));
const firstMargin = ([first]: Record<string, number>[]) => first["rewards/margins"];

describe("a run says which reference it has, and equal references give equal logs", () => {
  test("the base with the adapter off; the same model named; an adapter's frozen copy; that adapter named", async () => {
    const off = await train();
    expect(lineOf(off.lines)).toEqual([`reference: ${at("model")} with the adapter off`]);
    expect(firstMargin(off.log)).toBe(0);
    const named = await train({ ref_model: at("twin") });
    expect(lineOf(named.lines)).toEqual([`reference: ${at("twin")}, another model`]);
    expect(named.log).toEqual(off.log);

    const loaded = await loadModel(at("model"));
    const trained = { loaded, adapter: await loadAdapter(folderAt(off.output_dir)) };
    const copy = await train({ model: trained, peft_config: null });
    expect(lineOf(copy.lines)).toEqual(["reference: a frozen copy of the adapter from before the first step"]);
    expect(firstMargin(copy.log)).toBe(0);
    const adapter = await train({ model: trained, ref_model: { ...trained }, peft_config: null });
    expect(lineOf(adapter.lines)).toEqual([`reference: ${at("model")} with its adapter, another model`]);
    // TRL counts the copy's parameters, too
    const withoutFlos = (log: typeof copy.log) => log.map(({ total_flos: _, ...entry }) => entry);
    expect(withoutFlos(adapter.log)).toEqual(withoutFlos(copy.log));
    const base = await train({ model: trained, ref_model: loaded, peft_config: null });
    expect(firstMargin(base.log)).not.toBe(0);
  });

  test("a frozen copy of all weights", async () => {
    const copy = await train({ peft_config: null });
    expect(lineOf(copy.lines)).toEqual([`reference: a frozen copy of ${at("model")} from before the first step`]);
    expect((await train({ peft_config: null, ref_model: at("twin") })).log).toEqual(copy.log);
  });
});

describe("another model as the reference is refused", () => {
  const moving = { sync_ref_model: true, ref_model_sync_steps: 1 };
  test.each<[string, Changes, RegExp]>([
    ["with too few positions", { ref_model: at("small") }, /ref_model .*small: expected at least 64 positions/],
    [
      "with another vocabulary",
      { ref_model: at("few tokens") },
      /expected a vocabulary of 257 tokens or more, found 200/,
    ],
    ["to be mixed with an adapter", { ref_model: at("twin"), args: moving }, /expected none with sync_ref_model/],
    [
      "to be mixed, of another shape",
      { ref_model: at("wide"), peft_config: null, args: moving },
      /expected transformer.wte.weight of shape \[257,32\].*found \[257,64\]/,
    ],
  ])("%s", async (_, changes, message) => {
    await expect(train(changes)).rejects.toThrow(message);
  });

  test("if it is the same object as the trained model", async () => {
    const model = await loadModel(at("model"));
    await expect(train({ model, ref_model: model })).rejects.toThrow(/an object other than model, found the same/);
  });
});

describe("precompute_ref_log_probs", () => {
  const args: DPOConfigInput = { precompute_ref_log_probs: true, precompute_ref_cache: at("cache") };
  const isHit = (lines: string[]) =>
    lines.some((line) => /^reference log-probabilities of train: 4 pairs from/.test(line));

  test("gives the same log, the second time from the cache; a relevant change misses it", async () => {
    const lazy = await train();
    const miss = await train({ args });
    expect(isHit(miss.lines)).toBe(false);
    const hit = await train({ args });
    expect(isHit(hit.lines)).toBe(true);
    expect([miss.log, hit.log]).toEqual([lazy.log, lazy.log]);
    const others = { beta: 0.5, learning_rate: 1e-4, per_device_train_batch_size: 1 };
    expect(isHit((await train({ args: { ...args, ...others }, peft_config: { ...LORA, r: 4 } })).lines)).toBe(true);
    expect(isHit((await train({ args, model: at("twin") })).lines)).toBe(true); // the same bytes elsewhere

    const changed: Changes[] = [
      { args: { ...args, max_length: 63 } },
      { args: { ...args, truncation_mode: "keep_end" } },
      { args, train_dataset: ROWS.toReversed() },
      { args, ref_model: at("wide") },
      { args: { ...args, precompute_ref_cache: at("elsewhere") } },
    ];
    for (const changes of changed) expect(isHit((await train(changes)).lines)).toBe(false);
    const weights = readFileSync(join(at("twin"), "model.safetensors"));
    weights[weights.length - 2] ^= 1;
    writeFileSync(join(at("twin"), "model.safetensors"), weights);
    expect(isHit((await train({ args, model: at("twin") })).lines)).toBe(false);
  });

  test("precompute_ref_cache false writes no files and logs nothing", async () => {
    const { lines } = await train({ args: { ...args, precompute_ref_cache: false } });
    expect(lines.filter((line) => line.startsWith("reference log-prob"))).toEqual([]);
  });
});

describe("sync_ref_model", () => {
  const moving = { sync_ref_model: true, ref_model_sync_steps: 2, max_steps: 5 } as const;

  test.each([
    ["an adapter, which TRL refuses", LORA, "adapter"],
    ["all weights", null, "full"],
  ] as const)("%s: resumed = uninterrupted, bit for bit", { timeout: 120_000 }, async (_, peft_config, kind) => {
    const unbroken = await train({ peft_config, args: moving });
    const fixed = await train({ peft_config, args: { max_steps: 5 } });
    expect(unbroken.log.slice(0, 2)).toEqual(fixed.log.slice(0, 2));
    expect(unbroken.log[2]).not.toEqual(fixed.log[2]);
    for (const stopAt of [2, 3]) {
      const output_dir = at(`moved-${kind}-${stopAt}`);
      const args = { ...moving, output_dir };
      await expect(train({ peft_config, args, stopAt })).rejects.toThrow(/stopped after step/);
      const resumed = await train({ peft_config, args }, { resume_from_checkpoint: true });
      expect(resumed.log).toEqual(unbroken.log);
      expect(await savedWeights(output_dir, kind)).toEqual(await savedWeights(unbroken.output_dir, kind));
    }
  });

  test("with an adapter and alpha 1 the reference becomes the policy", async () => {
    const args: DPOConfigInput = {
      ...moving,
      ref_model_sync_steps: 1,
      ref_model_mixup_alpha: 1,
      max_steps: 2,
      eval_strategy: "steps",
      eval_steps: 1,
    };
    const { log, lines } = await train({ args, eval_dataset: ROWS });
    expect(lineOf(lines)[0]).toMatch(/adapter off, moved by 1 toward the policy every step$/);
    expect(log.flatMap((entry) => entry["eval_rewards/margins"] ?? [])).toEqual([0, 0]);
  });
});
