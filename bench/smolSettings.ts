/** @file SmolLM2's benchmark: the settings of both sides, and the reports of measuring processes. */
import type { BitsAndBytesConfigInput, DPOConfigInput, LogEntry, LoraConfigInput, Row } from "../src/index.ts";

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
  learning_rate: 1e-4,
  num_train_epochs: 1,
  per_device_train_batch_size: 1,
  per_device_eval_batch_size: 1,
  max_length: 2048,
  train_sampling_strategy: "sequential",
  logging_steps: 1,
  save_strategy: "no",
  report_to: "none",
  bf16: false,
};

/** Only the conversations, with an implicit prompt. */
export const conversations = ({ chosen, rejected }: Row): Row => ({ chosen, rejected });

/** Quantizations of the base model, by name in the report. */
export const BASES = {
  float32: null,
  "8 bits": { load_in_8bit: true },
  "4 bits (nf4)": { load_in_4bit: true, bnb_4bit_quant_type: "nf4" },
  "4 bits (nf4, double quantization)": {
    load_in_4bit: true,
    bnb_4bit_quant_type: "nf4",
    bnb_4bit_use_double_quant: true,
  },
} as const satisfies Record<string, BitsAndBytesConfigInput | null>;

export type BaseName = keyof typeof BASES;

/** SmolLM2-135M's config.json, with the vocabulary of GPT-2's tokenizer. */
export const SHAPE = {
  model_type: "llama",
  hidden_size: 576,
  intermediate_size: 1536,
  num_hidden_layers: 30,
  num_attention_heads: 9,
  num_key_value_heads: 3,
  head_dim: 64,
  max_position_embeddings: 8192,
  vocab_size: 50257,
  rope_theta: 100000,
  rms_norm_eps: 1e-5,
  hidden_act: "silu",
  tie_word_embeddings: true,
  bos_token_id: 50256,
  eos_token_id: 50256,
};

/** The report of a training on one of {@link BASES}. */
export interface BaseReport {
  /** Null: float32. */
  quantization: string | null;
  /** Bytes of the base model's weights in the compute thread. */
  weightBytes: number;
  /** Peak resident set of the process. */
  peakRssBytes: number;
  /** Seconds of each optimizer step; in the first epoch including the reference pass. */
  steps: number[];
  losses: number[];
}

export interface SmolReport {
  /** Seconds of each optimizer step, including its reference pass. */
  steps: number[];
  /** Pairs of the dataset, and the numbers trained on and evaluated. */
  pairs: { train: number; train_kept: number; held_out: number; held_out_kept: number };
  /** Peak resident set during training and evaluation. */
  peakRssBytes: number;
  /** Evaluations on the held-out pairs, TRL's names. */
  before: LogEntry;
  after: LogEntry;
  answers: { before: string; after: string };
}
