/** @file SmolLM2's benchmark: what both sides train with, and what the measuring process reports. */
import type { DPOConfigInput, LogEntry, LoraConfigInput } from "../src/index.ts";

/** The course note's question. */
export const QUESTION = "Is a higher octane gasoline better for your car?";

export const LORA: LoraConfigInput = {
  r: 8,
  lora_alpha: 16,
  lora_dropout: 0,
  target_modules: ["q_proj", "k_proj", "v_proj", "o_proj"],
  task_type: "CAUSAL_LM",
};

/** The same in trl_smollm2.py. */
export const TRAINING: DPOConfigInput = {
  beta: 0.1,
  learning_rate: 5e-5,
  num_train_epochs: 1,
  per_device_train_batch_size: 1,
  per_device_eval_batch_size: 1,
  max_length: 1024,
  train_sampling_strategy: "sequential",
  logging_steps: 1,
  save_strategy: "no",
  report_to: "none",
  bf16: false,
};

export interface SmolReport {
  /** Seconds of each optimizer step, its reference pass in it. */
  steps: number[];
  /** Largest resident set while training and evaluating. */
  peakRssBytes: number;
  /** Evaluations on the held-out pairs, TRL's names. */
  before: LogEntry;
  after: LogEntry;
  answers: { before: string; after: string };
}
