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
   * Data type of the weights.
   *
   * Default: `"float32"`. No effect: frozen weights keep the type of their files (or load_in_*); prefine computes in
   * float32.
   */
  readonly dtype?: "auto" | "bfloat16" | "float16" | "float32" | null | undefined;
  /**
   * Attention implementation.
   *
   * Default: `null`. No effect: prefine has one attention implementation.
   */
  readonly attn_implementation?: string | null | undefined;
  /**
   * Load the base model in 8 bits; requires use_peft.
   *
   * Default: `false`. Differs from TRL: blocks of 64 integers with one scale each, activations in float32; LLM.int8()
   * has one scale per row and rounds both.
   */
  readonly load_in_8bit?: boolean | undefined;
  /**
   * Load the base model in 4 bits (QLoRA); requires use_peft.
   *
   * Default: `false`. Same as TRL.
   */
  readonly load_in_4bit?: boolean | undefined;
  /**
   * Quantization data type: fp4 or nf4.
   *
   * Default: `"nf4"`. Same as TRL.
   */
  readonly bnb_4bit_quant_type?: "fp4" | "nf4" | undefined;
  /**
   * Quantize the scales of 4-bit weights too (double quantization).
   *
   * Default: `false`. Same as TRL.
   */
  readonly use_bnb_nested_quant?: boolean | undefined;
  /**
   * Storage type of packed 4-bit weights.
   *
   * Default: `null`. No effect: they are stored as bytes.
   */
  readonly bnb_4bit_quant_storage?: string | null | undefined;
  /**
   * Tokenizer: hub id or folder; unset: the model's.
   *
   * Default: `null`. Prefine's own.
   */
  readonly tokenizer_name_or_path?: string | null | undefined;
  /**
   * Chat template (Jinja text) in place of the tokenizer's; saved with the run.
   *
   * Default: `null`. Prefine's own.
   */
  readonly chat_template?: string | null | undefined;
  /**
   * Train a LoRA adapter instead of all weights.
   *
   * Default: `false`. Same as TRL.
   */
  readonly use_peft?: boolean | undefined;
  /**
   * LoRA rank.
   *
   * Default: `16`. Same as TRL.
   */
  readonly lora_r?: number | undefined;
  /**
   * LoRA scaling: the adapter's output is multiplied by lora_alpha / lora_r.
   *
   * Default: `32`. Same as TRL.
   */
  readonly lora_alpha?: number | undefined;
  /**
   * LoRA dropout; requires disable_dropout: false.
   *
   * Default: `0.05`. Differs from TRL: refused for an adapter on lm_head, unless disable_dropout is true (TRL's
   * default): the head is computed in blocks of the vocabulary, which have no dropout.
   */
  readonly lora_dropout?: number | undefined;
  /**
   * Layers to adapt: names, a regular expression, or all-linear; unset: PEFT's choice for the model type.
   *
   * Default: `null`. Differs from TRL: as in PEFT a text is a regular expression for whole names; if it matches nothing
   * and looks like a name, it means the layers with that name; a name in a list that matches no layer gets a warning;
   * the frozen copy of a trained adapter that serves as its reference includes the adapters of embeddings, which TRL
   * leaves freshly initialized; lm_head may be one of them, tied or not, where TRL would never train it: merging a tied
   * one unties it.
   */
  readonly lora_target_modules?: OneOrMore<string> | null | undefined;
  /**
   * Modules to train in full, by the ends of their names.
   *
   * Default: `null`. Same as TRL.
   */
  readonly lora_modules_to_save?: OneOrMore<string> | null | undefined;
  /**
   * PEFT task type.
   *
   * Default: `"CAUSAL_LM"`. Same as TRL. Not built: SEQ_CLS, SEQ_2_SEQ_LM, TOKEN_CLS, QUESTION_ANS, FEATURE_EXTRACTION.
   */
  readonly lora_task_type?: "CAUSAL_LM" | undefined;
  /**
   * Rank-stabilized LoRA: scale by lora_alpha / sqrt(lora_r).
   *
   * Default: `false`. Same as TRL.
   */
  readonly use_rslora?: boolean | undefined;
  /**
   * DoRA: train magnitude and direction of the weights separately.
   *
   * Default: `false`. Same as TRL.
   */
  readonly use_dora?: boolean | undefined;
  /**
   * Adapter to continue training; its config sets rank, alpha and targets, a frozen copy is the reference.
   *
   * Default: `null`. Prefine's own.
   */
  readonly adapter_name_or_path?: string | null | undefined;
  /**
   * Dataset: hub id, folder, or a parquet, jsonl or json file.
   *
   * Default: `null`. Same as TRL.
   */
  readonly dataset_name?: string | null | undefined;
  /**
   * Training split.
   *
   * Default: `"train"`. Same as TRL.
   */
  readonly dataset_train_split?: string | undefined;
  /**
   * Evaluation split, or several; not loaded if eval_strategy is no.
   *
   * Default: `"test"`. Differs from TRL: a list makes several evaluation sets, with metrics eval_SPLIT_loss and so on.
   */
  readonly dataset_test_split?: OneOrMore<string> | undefined;
  /**
   * Dataset configuration (subset).
   *
   * Default: `null`. Same as TRL.
   */
  readonly dataset_config?: string | null | undefined;
  /**
   * Read rows as they are needed, in the order of the files; needs max_steps.
   *
   * Default: `false`. Same as TRL.
   */
  readonly dataset_streaming?: boolean | undefined;
  /**
   * Datasets to mix, each with path, split, columns, fraction, ... (run file only).
   *
   * Default: `[]`. Same as TRL.
   */
  readonly datasets?: OneOrMore<Record<string, unknown>> | undefined;
  /**
   * Rows of the mixture to hold out for evaluation: a fraction or a number.
   *
   * Default: `null`. Differs from TRL: drawn with data_seed or seed, so that a resumed run holds out the same rows.
   */
  readonly test_split_size?: number | null | undefined;
  /**
   * Workaround for distributed PyTorch.
   *
   * Default: `false`. No effect: prefine has no such buffers.
   */
  readonly ignore_bias_buffers?: boolean | undefined;
  /**
   * Number of processes; mpirun starts them on this computer.
   *
   * Default: `null`. Same as TRL.
   */
  readonly num_processes?: number | null | undefined;
  /**
   * Files by split: --data_files.train FILE; a single path is split train.
   *
   * Default: `null`. Prefine's own.
   */
  readonly data_files?: OneOrMore<string> | Readonly<Record<string, OneOrMore<string>>> | null | undefined;
  /**
   * Function applied to every row: ultrafeedback (built in), or the path of a module's default export.
   *
   * Default: `null`. Prefine's own.
   */
  readonly process?: string | null | undefined;
  /**
   * Format of the rows; unset: recognized from the first rows.
   *
   * Default: `null`. Prefine's own.
   */
  readonly data_format?: string | null | undefined;
  /**
   * Columns under the names of the format: prompt=question.
   *
   * Default: `null`. Prefine's own.
   */
  readonly map?: OneOrMore<string> | Readonly<Record<string, string>> | null | undefined;
  /**
   * Settings of the format: LLaMA-Factory's columns and tags, Axolotl's field_prompt, ...
   *
   * Default: `null`. Prefine's own.
   */
  readonly data_format_options?: Record<string, unknown> | null | undefined;
  /**
   * Pairs from a list of answers: the best with the worst, neighbors, or all; unset: best-worst.
   *
   * Default: `null`. Prefine's own.
   */
  readonly pairing?: "best-worst" | "adjacent" | "all" | null | undefined;
  /**
   * Smallest difference of the ratings of a pair.
   *
   * Default: `null`. Prefine's own.
   */
  readonly pairing_margin?: number | null | undefined;
  /**
   * Rows without a winner: skip them, or train on both orders.
   *
   * Default: `null`. Prefine's own.
   */
  readonly ties?: "skip" | "both" | null | undefined;
  /**
   * Hugging Face access token.
   *
   * Default: `null`. Prefine's own: defaults to HF_TOKEN or the token of `hf auth login`; never saved or printed.
   */
  readonly token?: string | null | undefined;
  /**
   * Datasets and the share of their training rows: every set has all of dataset_splits.
   *
   * Default: `null`. Prefine's own: the rows and their order are alignment-handbook's, except with several training
   * splits: it would take the shares of other sets, and drop splits.
   */
  readonly dataset_mixer?: Record<string, number> | null | undefined;
  /**
   * Splits of the sets in dataset_mixer: names with train are trained on, names with test evaluated on.
   *
   * Default: `["train","test"]`. Prefine's own.
   */
  readonly dataset_splits?: OneOrMore<string> | undefined;
  /**
   * Configurations of the sets in dataset_mixer.
   *
   * Default: `null`. Prefine's own.
   */
  readonly dataset_configs?: OneOrMore<string | null> | null | undefined;
  /**
   * Begin conversations of dataset_mixer with an empty system message if the chat template has such messages.
   *
   * Default: `true`. Prefine's own.
   */
  readonly auto_insert_empty_system_msg?: boolean | undefined;
  /**
   * Datasets to mix, with seed and test_split_size; each has id, config, split, columns and weight.
   *
   * Default: `null`. Prefine's own.
   */
  readonly dataset_mixture?: Record<string, unknown> | null | undefined;
  /** @deprecated Use dataset_num_proc instead. */
  readonly preprocessing_num_workers?: unknown;
  /** @deprecated Use hub_revision instead. */
  readonly hub_model_revision?: unknown;
  /** @deprecated No effect: prefine has one attention implementation. */
  readonly use_flash_attention_2?: unknown;
  /** @deprecated No effect: prefine runs no Python. */
  readonly model_code_revision?: unknown;
  /** @deprecated No effect: prompts keep their last tokens (max_prompt_length), as in alignment-handbook. */
  readonly truncation_side?: unknown;
  /** @deprecated No effect: it is for continued pretraining. */
  readonly text_column?: unknown;
  /** @deprecated Error: give a share in dataset_mixer, or a range as split: train[:1000]. */
  readonly max_train_samples?: unknown;
  /** @deprecated Error: give a range as split: test[:1000]. */
  readonly max_eval_samples?: unknown;
  /** @deprecated No effect: there is one implementation of tokenizers. */
  readonly use_fast_tokenizer?: unknown;
  /** @deprecated No effect: logs go to trainer_state.json and, with report_to: tensorboard, to event files. */
  readonly wandb_project?: unknown;
  /** @deprecated No effect: logs go to trainer_state.json and, with report_to: tensorboard, to event files. */
  readonly wandb_entity?: unknown;
  /** @deprecated No effect: logs go to trainer_state.json and, with report_to: tensorboard, to event files. */
  readonly wandb_run_group?: unknown;
  /** @deprecated No effect: prefine uploads nothing; upload the finished output_dir yourself. */
  readonly push_to_hub_revision?: unknown;
  /** @deprecated No effect: prefine uploads nothing; upload the finished output_dir yourself. */
  readonly overwrite_hub_revision?: unknown;
  /** @deprecated Error: a class of the script's own. */
  readonly callbacks?: unknown;
  /** @deprecated Error: a class of the script's own. */
  readonly benchmarks?: unknown;
  /** @deprecated Error: is read by the trainer of alpha-DPO's authors (arXiv 2410.10148), whose loss is not built. */
  readonly trainer_type?: unknown;
  /** @deprecated Error: is read by the trainer of alpha-DPO's authors (arXiv 2410.10148), whose loss is not built. */
  readonly ln?: unknown;
  /**
   * @deprecated Error: is read by the trainer of alpha-DPO's authors (arXiv 2410.10148), whose loss is not built
   * (LoRA's alpha is lora_alpha).
   */
  readonly alpha?: unknown;
  /** @deprecated Error: is read by the trainer of DPO-Shift's authors (arXiv 2502.07599), whose loss is not built. */
  readonly dpo_lambda?: unknown;
  /** @deprecated Error: is read by the trainer of DPO-Shift's authors (arXiv 2502.07599), whose loss is not built. */
  readonly dpo_lambda_strategy?: unknown;
  /** @deprecated Error: is read by the trainer of DPO-Shift's authors (arXiv 2502.07599), whose loss is not built. */
  readonly dpo_lambda_min?: unknown;
  /** @deprecated Error: is read by the trainer of DPO-Shift's authors (arXiv 2502.07599), whose loss is not built. */
  readonly dpo_lambda_max?: unknown;
  /** @deprecated Error: is read by the trainer of SSPO's authors, whose loss is not built. */
  readonly use_sspo?: unknown;
  /** @deprecated Error: is read by the trainer of SSPO's authors, whose loss is not built. */
  readonly sspo_lambda_min?: unknown;
  /** @deprecated Error: is read by the trainer of SSPO's authors, whose loss is not built. */
  readonly sspo_lambda_max?: unknown;
  /** @deprecated Error: is read by the trainer of SSPO's authors, whose loss is not built. */
  readonly sspo_lambda_scheduler?: unknown;
  /** @deprecated Error: is read by the trainer of SSPO's authors, whose loss is not built. */
  readonly sspo_gamma?: unknown;
  /**
   * @deprecated Error: is read by the trainer of active queries (arXiv 2402.09401), whose selection of pairs is not
   * built.
   */
  readonly data_selection?: unknown;
  /**
   * @deprecated Error: is read by the trainer of active queries (arXiv 2402.09401), whose selection of pairs is not
   * built.
   */
  readonly Gamma?: unknown;
  /**
   * @deprecated Error: is read by the trainer of active queries (arXiv 2402.09401), whose selection of pairs is not
   * built.
   */
  readonly pseudo_label?: unknown;
  /** @deprecated Error: is read by the trainer of eva's authors (arXiv 2411.00062), and is not built. */
  readonly penalize_length_nll?: unknown;
  /** @deprecated Use dtype instead. */
  readonly torch_dtype?: unknown;
  /** @deprecated Use num_processes instead. */
  readonly nproc_per_node?: unknown;
  /** @deprecated Use dataset_name instead. */
  readonly dataset?: unknown;
  /** @deprecated Use dataset_test_split instead. */
  readonly dataset_test_name?: unknown;
  /** @deprecated Error: a run file names no other; give this one as --config. */
  readonly config?: unknown;
  /** @deprecated Error: use max_steps for a short run. */
  readonly sanity_check?: unknown;
  /** @deprecated No effect: there is one implementation. */
  readonly gradient_checkpointing_use_reentrant?: unknown;
  /** @deprecated No effect: prefine computes in float32. */
  readonly load_in_fp16?: unknown;
}
