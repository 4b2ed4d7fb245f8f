/** @file Options of `new DPOTrainer(...)` and of `train()`, and the result of training. */
import type { LogEntry } from "../checkpoints/trainerState.ts";
import type { BitsAndBytesConfigInput } from "../config/BitsAndBytesConfig.ts";
import type { DPOConfigInput } from "../config/DPOConfig.ts";
import type { LoraConfigInput } from "../config/LoraConfig.ts";
import type { ShapeOptions } from "../data/shapes/shape.ts";
import type { Tokenizer } from "../data/tokenizers/tokenizer.ts";
import type { Logger } from "../terminal/logging.ts";
import type { CallbackInput } from "./callbacks/callbacks.ts";
import type { DataNames } from "./prepare/dataRecord.ts";
import type { ModelInput } from "./prepare/models.ts";
import type { OpenedRun } from "./prepare/openRun.ts";
import type { Resume } from "./prepare/outputFolder.ts";
import type { Rows, RowsByName } from "./prepare/rows.ts";
import type { ComputeMetrics, RunObserver } from "./run.ts";

export interface DPOTrainerOptions {
  /**
   * Model to train: from AutoModelForCausalLM.from_pretrained, or a hub id or folder. If it has an adapter, that is
   * trained further.
   *
   * Required. Same as TRL.
   */
  model: ModelInput;
  /**
   * Reference model. Null: the model as it is before the first step (with LoRA: the base model with the adapter off).
   *
   * Default: `null`. Same as TRL.
   */
  ref_model?: ModelInput | null | undefined;
  /**
   * Training settings: a DPOConfig, or an object with its options.
   *
   * Default: `new DPOConfig()`. Same as TRL.
   */
  args?: DPOConfigInput | undefined;
  /**
   * Preference pairs to train on: rows with chosen and rejected, with or without prompt, as texts or conversations.
   *
   * Required. Same as TRL.
   */
  train_dataset: Rows;
  /**
   * Pairs to evaluate on: one set, or several by name (a DatasetDict, too), whose metrics are eval_NAME_loss and so on.
   *
   * Default: `null`. Same as TRL.
   */
  eval_dataset?: Rows | RowsByName | null | undefined;
  /**
   * How rows of other formats than TRL's are read: options of toPreferences, for all sets.
   *
   * Default: `null`, formats are recognized. Prefine's own.
   */
  to_preferences?: ShapeOptions | null | undefined;
  /**
   * Tokenizer.
   *
   * Default: the model's. Same as TRL.
   */
  processing_class?: Tokenizer | undefined;
  /** @deprecated Use processing_class instead. */
  tokenizer?: Tokenizer | undefined;
  /**
   * Adapter to train: a LoraConfig, or an object with its options. Null: all weights are trained.
   *
   * Default: `null`. Same as TRL.
   */
  peft_config?: LoraConfigInput | null | undefined;
  /**
   * Quantizes a base model named by id or folder to 8 or 4 bits; needs an adapter. Null: the precision of its files.
   *
   * Default: that of the run being resumed, else null. TRL: model_init_kwargs.quantization_config.
   */
  quantization_config?: BitsAndBytesConfigInput | null | undefined;
  /**
   * Maximum tokens of prompt and answer together; overrides args.max_length.
   *
   * Default: args.max_length. TRL: args.max_length.
   */
  max_length?: number | null | undefined;
  /**
   * Maximum tokens per prompt: the last ones are kept. Applied before max_length.
   *
   * Default: args.max_prompt_length. An argument of TRL's trainer before 1.0.
   */
  max_prompt_length?: number | null | undefined;
  /**
   * Computes additional metrics of each evaluation from the scores of its pairs.
   *
   * Default: `null`. Differs from TRL: it gets log-probabilities and rewards per pair, not the logits of every token.
   */
  compute_metrics?: ComputeMetrics | null | undefined;
  /**
   * Callbacks for the events of a training, called in this order; they may stop it, save, evaluate and log.
   *
   * Default: `null`. Same as TRL.
   */
  callbacks?: readonly CallbackInput[] | null | undefined;
  /**
   * Name of the dataset, for the model card and for `prefine compare`, which uses its held-out prompts.
   *
   * Default: `null`. TRL: an argument of create_model_card.
   */
  dataset_name?: string | null | undefined;
  /**
   * Names of the data as in a run file, saved in training_args.json for `prefine compare`.
   *
   * Default: `null`. Prefine's own, with the fields of trl.ScriptArguments.
   */
  script_args?: DataNames | null | undefined;
  /**
   * Prints progress and messages.
   *
   * Default: the platform's; on Node a progress bar and lines on stderr. Prefine's own.
   */
  logger?: Logger | undefined;
  /**
   * Returns an already prepared run, for tests and other front ends.
   *
   * Default: the trainer prepares it. Prefine's own.
   */
  prepared?: ((observer: RunObserver) => OpenedRun | Promise<OpenedRun>) | undefined;
}

export interface TrainOptions {
  /**
   * Stops the run between two micro-batches, or pairs of an evaluation; finished steps are saved.
   *
   * Default: never stopped. Prefine's own.
   */
  signal?: AbortSignal | undefined;
  /**
   * Checkpoint to resume from: a path; true: the newest valid one of output_dir; false: none.
   *
   * Default: args.resume_from_checkpoint. Same as transformers.
   */
  resume_from_checkpoint?: Resume | undefined;
}

export interface TrainOutput {
  global_step: number;
  /** Mean loss over the whole run. */
  training_loss: number;
  /** The last entry of the log. */
  metrics: LogEntry;
}
