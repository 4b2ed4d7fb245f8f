/** @file Everything that a training needs, made in milliseconds: a random GPT-2, a tokenizer, pairs, a run file. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { byteTokenizer } from "./byteTokenizer.ts";
import { randomGpt2 } from "./randomGpt2.ts";

const TOPICS = ["rain", "bread", "a long road", "seven", "music at night", "the sea"];

/** Pairs of different lengths. */
export const PAIRS = TOPICS.map((topic, i) => ({
  prompt: `What is ${topic}?`,
  chosen: ` ${topic}: here it is`,
  rejected: ` I would rather not ${"at all ".repeat(i % 3)}`,
}));

export const jsonLines = (rows: readonly unknown[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

const RUN = `
model_name_or_path: model
data_files: { train: train.jsonl, test: eval.jsonl }
use_peft: true
lora_r: 2
lora_alpha: 4
lora_dropout: 0
lora_target_modules: [c_attn, c_proj]
max_steps: 3
max_length: 96
logging_steps: 1
save_strategy: "no"
bf16: false
output_dir: dpo
`;

/** Writes model, tokenizer, data and run.yaml into a folder; 50 kB. */
export async function furnish(folder: string): Promise<void> {
  await randomGpt2(join(folder, "model"), { vocab_size: 257, n_embd: 16, n_head: 2 });
  for (const [name, bytes] of byteTokenizer().files) writeFileSync(join(folder, "model", name), bytes);
  writeFileSync(join(folder, "train.jsonl"), jsonLines(PAIRS));
  writeFileSync(join(folder, "eval.jsonl"), jsonLines(PAIRS.slice(0, 2)));
  writeFileSync(join(folder, "run.yaml"), RUN);
}
