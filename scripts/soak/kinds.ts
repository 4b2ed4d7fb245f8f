/** @file The soak's trainings: small, with all features whose state a checkpoint must store. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DPOConfigInput } from "../../src/config/DPOConfig.ts";
import type { LoraConfigInput } from "../../src/config/LoraConfig.ts";
import { byteTokenizer } from "../../test/support/byteTokenizer.ts";
import { jsonLines, PAIRS } from "../../test/support/furnish.ts";
import { randomGpt2 } from "../../test/support/randomGpt2.ts";

/** The settings of a soak training; sent as JSON. */
export interface Training {
  /** Folder with model and tokenizer. */
  model: string;
  train: string;
  evaluation: string;
  args: DPOConfigInput;
  peft_config: LoraConfigInput | null;
}

/** Writes model, tokenizer and data into a folder. */
export async function furnishSoak(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const dropout = { attn_pdrop: 0.1, resid_pdrop: 0.1, embd_pdrop: 0.1 };
  await randomGpt2(join(folder, "model"), { vocab_size: 257, n_embd: 16, n_head: 2, ...dropout });
  for (const [name, bytes] of byteTokenizer().files) writeFileSync(join(folder, "model", name), bytes);
  writeFileSync(join(folder, "train.jsonl"), jsonLines(PAIRS));
  writeFileSync(join(folder, "held.jsonl"), jsonLines(PAIRS.slice(0, 2)));
}

const LORA = { r: 2, lora_alpha: 4, lora_dropout: 0.1, target_modules: ["c_attn", "c_proj"] };

/** Names of the kinds, in order of the rounds. */
export const KINDS = ["adapter", "moving reference", "all weights", "adafactor"] as const;
export type Kind = (typeof KINDS)[number];

const OF_KIND: Record<Kind, Pick<Training, "args" | "peft_config">> = {
  adapter: { peft_config: LORA, args: { disable_dropout: false, save_total_limit: 3 } },
  "moving reference": {
    peft_config: LORA,
    args: { sync_ref_model: true, ref_model_sync_steps: 7, gradient_accumulation_steps: 2 },
  },
  "all weights": { peft_config: null, args: { disable_dropout: false, learning_rate: 1e-4 } },
  adafactor: { peft_config: null, args: { optim: "adafactor", learning_rate: 1e-4, lr_scheduler_type: "cosine" } },
};

/** @param steps of the training; intervals of logs, evaluations and checkpoints scale with it. */
export function trainingOf(kind: Kind, { folder, steps }: { folder: string; steps: number }): Training {
  const every = (share: number) => Math.max(1, Math.round(steps * share));
  const saves = Math.max(20, every(0.02));
  const common: DPOConfigInput = {
    output_dir: join(folder, kind.replaceAll(" ", "-")),
    bf16: false,
    max_length: 64,
    disable_tqdm: true,
    max_steps: steps,
    per_device_train_batch_size: 2,
    learning_rate: 1e-3,
    warmup_steps: every(0.01),
    logging_steps: every(0.005),
    eval_strategy: "steps",
    eval_steps: saves,
    save_strategy: "steps",
    save_steps: saves,
    save_total_limit: 2,
    load_best_model_at_end: true,
    metric_for_best_model: "held_rewards/margins",
  };
  return {
    model: join(folder, "model"),
    train: join(folder, "train.jsonl"),
    evaluation: join(folder, "held.jsonl"),
    args: { ...common, ...OF_KIND[kind].args },
    peft_config: OF_KIND[kind].peft_config,
  };
}
