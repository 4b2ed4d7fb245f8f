/** @file When to log, evaluate and save: transformers' DefaultFlowCallback. */
import type { TrainerState } from "../../checkpoints/trainerState.ts";

type Strategy = "no" | "steps" | "epoch";

export interface EventOptions {
  logging_strategy: Strategy;
  logging_first_step: boolean;
  eval_strategy: Strategy;
  /** Steps or epochs (the unit of eval_strategy) before the first evaluation. */
  eval_delay: number;
  save_strategy: Strategy | "best";
}

export interface Due {
  log: boolean;
  evaluate: boolean;
  save: boolean;
}

type Progress = Pick<TrainerState, "global_step" | "max_steps" | "logging_steps" | "eval_steps" | "save_steps">;

/** After an optimizer step; `global_step` includes it. With strategy "steps" the last step also evaluates and saves. */
export function dueAfterStep(options: EventOptions, state: Progress): Due {
  const { global_step: step, max_steps } = state;
  const every = (interval: number) => step % interval === 0;
  const isLast = step >= max_steps;
  const isLogged = options.logging_strategy === "steps" && every(state.logging_steps);
  return {
    log: isLogged || (step === 1 && options.logging_first_step),
    evaluate: options.eval_strategy === "steps" && (every(state.eval_steps) || isLast) && options.eval_delay <= step,
    save: options.save_strategy === "steps" && (every(state.save_steps) || isLast),
  };
}

/** After the last step of an epoch or of the run, and after the work of `dueAfterStep`. */
export function dueAfterEpoch(options: EventOptions, { epoch }: Pick<TrainerState, "epoch">): Due {
  return {
    log: options.logging_strategy === "epoch",
    evaluate: options.eval_strategy === "epoch" && options.eval_delay <= epoch,
    save: options.save_strategy === "epoch",
  };
}
