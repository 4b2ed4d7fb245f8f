/** @file Ends a training when its evaluations no longer improve: transformers.EarlyStoppingCallback. */
import { callable, checkOptions, integerFrom, numberFrom0, optionsOf } from "../../arguments.ts";
import type { TrainerState } from "../../checkpoints/trainerState.ts";
import { evalKey } from "../../config/bestModel.ts";
import type { DPOConfig } from "../../config/DPOConfig.ts";
import { PrefineError } from "../../errors.ts";
import type { TrainerControl } from "../loopState.ts";
import type { CallbackState, EventDetails, TrainerCallback } from "./callbacks.ts";

export interface EarlyStoppingOptions {
  /**
   * Number of evaluations in a row without improvement after which the training ends.
   *
   * Default: `1`. Same as transformers.
   */
  early_stopping_patience?: number | undefined;
  /**
   * Minimum difference from the best value that counts as an improvement.
   *
   * Default: `0`. Same as transformers.
   */
  early_stopping_threshold?: number | undefined;
}

const OPTIONS = optionsOf<EarlyStoppingOptions>("EarlyStoppingCallback", {
  early_stopping_patience: { ...integerFrom(1), expected: "an integer above 0" },
  early_stopping_threshold: numberFrom0,
});

/** Checks metric_for_best_model after every evaluation against the best value of all earlier ones. */
export interface EarlyStoppingCallback extends TrainerCallback {
  readonly early_stopping_patience: number;
  readonly early_stopping_threshold: number;
  /** Evaluations in a row without improvement so far. */
  early_stopping_patience_counter: number;
}

interface EarlyStoppingConstructor {
  new (options?: EarlyStoppingOptions): EarlyStoppingCallback;
  (options?: EarlyStoppingOptions): EarlyStoppingCallback;
  readonly prototype: EarlyStoppingCallback;
}

const EarlyStopping = class EarlyStoppingCallback implements TrainerCallback {
  readonly early_stopping_patience: number;
  readonly early_stopping_threshold: number;
  early_stopping_patience_counter = 0;

  constructor(options: EarlyStoppingOptions = {}) {
    checkOptions<EarlyStoppingOptions>("EarlyStoppingCallback", options, OPTIONS);
    const { early_stopping_patience = 1, early_stopping_threshold = 0 } = options;
    this.early_stopping_patience = early_stopping_patience;
    this.early_stopping_threshold = early_stopping_threshold;
  }

  on_train_begin({ metric_for_best_model, eval_strategy }: DPOConfig): void {
    const missing = [
      ...(metric_for_best_model === null ? ["metric_for_best_model: expected a metric, found none"] : []),
      ...(eval_strategy === "no" ? ['eval_strategy: expected "steps" or "epoch", found "no"'] : []),
    ];
    if (missing.length > 0) throw new PrefineError("config", `EarlyStoppingCallback: ${missing.join("; ")}`);
  }

  on_evaluate(args: DPOConfig, state: TrainerState, control: TrainerControl, { metrics = {} }: EventDetails): void {
    const value = metrics[evalKey(args.metric_for_best_model ?? "")];
    if (value === undefined) return; // of several evaluation sets, another one has it
    const best = state.best_metric;
    const isBetter = best === null || (args.greater_is_better ? value > best : value < best);
    const isEnough = best === null || Math.abs(value - best) > this.early_stopping_threshold;
    this.early_stopping_patience_counter = isBetter && isEnough ? 0 : this.early_stopping_patience_counter + 1;
    if (this.early_stopping_patience_counter >= this.early_stopping_patience) control.should_training_stop = true;
  }

  state(): CallbackState {
    const { early_stopping_patience, early_stopping_threshold, early_stopping_patience_counter } = this;
    return {
      args: { early_stopping_patience, early_stopping_threshold },
      attributes: { early_stopping_patience_counter },
    };
  }
};

/** transformers.EarlyStoppingCallback; `new` may be omitted. */
export const EarlyStoppingCallback = callable(EarlyStopping) as unknown as EarlyStoppingConstructor;
