/** @file SmolLM2's benchmark: what both sides train with, and what the measuring process reports. */
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

/** The conversations alone: their prompt is what both begin with. */
export const conversations = ({ chosen, rejected }: Row): Row => ({ chosen, rejected });

/** How a base is kept, by the name that the report shows. */
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

/** What a process reports that trains on one of {@link BASES}. */
export interface BaseReport {
  /** Null: float32. */
  quantization: string | null;
  /** Of the base's weights in the compute thread. */
  weightBytes: number;
  /** Largest resident set of the process. */
  peakRssBytes: number;
  /** Seconds of each optimizer step; those of the first epoch with its reference pass. */
  steps: number[];
  losses: number[];
}

export interface SmolReport {
  /** Seconds of each optimizer step, its reference pass in it. */
  steps: number[];
  /** Pairs of the data set, and how many of them were trained on and evaluated. */
  pairs: { train: number; train_kept: number; held_out: number; held_out_kept: number };
  /** Largest resident set while training and evaluating. */
  peakRssBytes: number;
  /** Evaluations on the held-out pairs, TRL's names. */
  before: LogEntry;
  after: LogEntry;
  answers: { before: string; after: string };
}
