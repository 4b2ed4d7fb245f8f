/** @file The demo's embedded model and dataset, and its training settings. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { DPOConfigInput } from "../../config/DPOConfig.ts";
import type { LoraConfigInput } from "../../config/LoraConfig.ts";
import { PrefineError } from "../../errors.ts";

/** A folder of the package's `demo/`, which is next to both src and dist. */
function embedded(name: string): string {
  const folder = fileURLToPath(new URL(`../../../demo/${name}`, import.meta.url));
  if (existsSync(folder)) return folder;
  throw new PrefineError("io", `${folder}: expected the demo's files, found nothing`, "Reinstall prefine.");
}

export const modelFolder = () => embedded("everyday-gpt2");
export const dataFolder = () => embedded("everyday-preferences");

export const LORA: LoraConfigInput = {
  r: 4,
  lora_alpha: 8,
  lora_dropout: 0.1,
  target_modules: ["c_proj", "c_attn"],
  task_type: "CAUSAL_LM",
  bias: "none",
};

export function trainingSettings(output_dir: string): DPOConfigInput {
  return {
    output_dir,
    beta: 1, // with a lower beta, so small a model soon forgets its facts
    learning_rate: 5e-4,
    num_train_epochs: 2,
    per_device_train_batch_size: 4,
    per_device_eval_batch_size: 4,
    warmup_steps: 2,
    logging_steps: 10,
    eval_strategy: "epoch",
    save_strategy: "no",
    report_to: "none",
    max_length: 256,
    bf16: false,
    seed: 42,
  };
}
