/** @file The arguments of trl dpo as interfaces. Written by `npm run docs`: edit the table of options. */
import type { OneOrMore } from "../kinds.ts";
import type { DPOConfigInput } from "./DPOConfig.ts";

/** A run as an object: the flat names of a run file, as `trl dpo` reads it. */
export interface RunInput extends DPOConfigInput {
  /**
   * Model to train: hub id or folder.
   *
   * Default: `null`. Same as TRL.
   */
  readonly model_name_or_path?: string | null | undefined;
  /**
   * Branch, tag or commit of the model.
   *
   * Default: `"main"`. Same as TRL.
   */
  readonly model_revision?: string | undefined;
  /**
   * Type of the weights.
   *
   * Default: `"float32"`. No effect: frozen weights stay as the files have them (16 bits, or load_in_*), computing is
   * in float32.
   */
  readonly dtype?: "auto" | "bfloat16" | "float16" | "float32" | null | undefined;
  /**
   * Attention kernel.
   *
   * Default: `null`. No effect: prefine has one attention kernel.
   */
  readonly attn_implementation?: string | null | undefined;
  /**
   * Keep the base model in 8 bits; needs use_peft.
   *
   * Default: `false`. Differs from TRL: blocks of 64 whole numbers with a scale each, activations in float32;
   * LLM.int8() has a scale a row, and rounds both.
   */
  readonly load_in_8bit?: boolean | undefined;
  /**
   * Keep the base model in 4 bits (QLoRA); needs use_peft.
   *
   * Default: `false`. Same as TRL.
   */
  readonly load_in_4bit?: boolean | undefined;
  /**
   * Format of 4-bit weights.
   *
   * Default: `"nf4"`. Same as TRL.
   */
  readonly bnb_4bit_quant_type?: "fp4" | "nf4" | undefined;
  /**
   * Quantize the scales of 4-bit weights, too.
   *
   * Default: `false`. Same as TRL.
   */
  readonly use_bnb_nested_quant?: boolean | undefined;
  /**
   * Storage type of 4-bit weights.
   *
   * Default: `null`. No effect: they are bytes.
   */
  readonly bnb_4bit_quant_storage?: string | null | undefined;
  /**
   * Train a LoRA adapter instead of all weights.
   *
   * Default: `false`. Same as TRL.
   */
  readonly use_peft?: boolean | undefined;
  /**
   * Rank of the adapter.
   *
   * Default: `16`. Same as TRL.
   */
  readonly lora_r?: number | undefined;
  /**
   * Scale: the adapter's output is multiplied by alpha / r.
   *
   * Default: `32`. Same as TRL.
   */
  readonly lora_alpha?: number | undefined;
  /**
   * Dropout before the adapter; needs disable_dropout: false.
   *
   * Default: `0.05`. Same as TRL.
   */
  readonly lora_dropout?: number | undefined;
  /**
   * Layers and embeddings to adapt: names, a regular expression, or all-linear; unset: the usual (GPT-2: c_attn).
   *
   * Default: `null`. Differs from TRL: as in PEFT a text is a regular expression for whole names; one that matches
   * nothing and looks like a name means the layers of that name; a name in a list that means no layer gets a warning;
   * the frozen copy of a trained adapter that is its reference has its embeddings' adapters, too, which TRL's leaves as
   * they are drawn.
   */
  readonly lora_target_modules?: OneOrMore<string> | null | undefined;
  /**
   * Modules to train in full: ends of their names.
   *
   * Default: `null`. Same as TRL.
   */
  readonly lora_modules_to_save?: OneOrMore<string> | null | undefined;
  /**
   * PEFT's task type.
   *
   * Default: `"CAUSAL_LM"`. Same as TRL. Not built: SEQ_CLS, SEQ_2_SEQ_LM, TOKEN_CLS, QUESTION_ANS, FEATURE_EXTRACTION.
   */
  readonly lora_task_type?: "CAUSAL_LM" | undefined;
  /**
   * Scale by alpha / sqrt(r).
   *
   * Default: `false`. Same as TRL.
   */
  readonly use_rslora?: boolean | undefined;
  /**
   * Train magnitude and direction apart (DoRA).
   *
   * Default: `false`. Same as TRL.
   */
  readonly use_dora?: boolean | undefined;
  /**
   * Adapter to start from: its config decides r, alpha and targets; a frozen copy is the reference.
   *
   * Default: `null`. Prefine's own.
   */
  readonly adapter_name_or_path?: string | null | undefined;
  /**
   * Data set to train on: hub id, folder, or a parquet, jsonl or json file.
   *
   * Default: `null`. Same as TRL.
   */
  readonly dataset_name?: string | null | undefined;
  /**
   * Split to train on.
   *
   * Default: `"train"`. Same as TRL.
   */
  readonly dataset_train_split?: string | undefined;
  /**
   * Split to evaluate on, or several; not read where eval_strategy is no.
   *
   * Default: `"test"`. Differs from TRL: a list is several evaluation sets: metrics are eval_SPLIT_loss and so on.
   */
  readonly dataset_test_split?: OneOrMore<string> | undefined;
  /**
   * Configuration (subset) of a data set that has several.
   *
   * Default: `null`. Same as TRL.
   */
  readonly dataset_config?: string | null | undefined;
  /**
   * Data sets to mix, each with path, split, columns, fraction, ... (in the run file).
   *
   * Default: `[]`. Same as TRL.
   */
  readonly datasets?: OneOrMore<Record<string, unknown>> | undefined;
  /**
   * Share or number of rows to hold out of the mixture.
   *
   * Default: `null`. Differs from TRL: drawn by data_seed or seed, so that a resumed run holds out the same rows.
   */
  readonly test_split_size?: number | null | undefined;
  /**
   * Workaround for distributed PyTorch.
   *
   * Default: `false`. No effect: prefine has no such buffers.
   */
  readonly ignore_bias_buffers?: boolean | undefined;
  /**
   * Files by split, --data_files.train FILE; one file alone is split train.
   *
   * Default: `null`. Prefine's own.
   */
  readonly data_files?: OneOrMore<string> | Readonly<Record<string, OneOrMore<string>>> | null | undefined;
  /**
   * Function over every row: the built-in ultrafeedback, or a module's default export (path).
   *
   * Default: `null`. Prefine's own.
   */
  readonly process?: string | null | undefined;
  /**
   * Token for the hub.
   *
   * Default: `null`. Prefine's own: read from HF_TOKEN or the hub's login where it is not given; never saved or
   * printed.
   */
  readonly token?: string | null | undefined;
  /** @deprecated Use dtype instead. */
  readonly torch_dtype?: unknown;
  /** @deprecated Use dataset_name instead. */
  readonly dataset?: unknown;
  /** @deprecated Use dataset_test_split instead. */
  readonly dataset_test_name?: unknown;
  /** @deprecated Error: a run on few rows: use max_steps. */
  readonly sanity_check?: unknown;
  /** @deprecated No effect: there is one way to compute layers again. */
  readonly gradient_checkpointing_use_reentrant?: unknown;
  /** @deprecated No effect: prefine computes in float32. */
  readonly load_in_fp16?: unknown;
}
