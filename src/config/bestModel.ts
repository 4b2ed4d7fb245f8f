/** @file Options for the best model and when to save it, filled in and checked as in TrainingArguments. */
import type { Report } from "./report.ts";

export interface BestModelOptions {
  eval_strategy: string;
  eval_steps: number | null;
  logging_steps: number;
  save_strategy: string;
  save_steps: number;
  load_best_model_at_end: boolean;
  metric_for_best_model: string | null;
  greater_is_better: boolean | null;
  lr_scheduler_type: string;
}

/** Learning-rate schedules that use the metric. */
const BY_METRIC = ["reduce_lr_on_plateau", "greedy"];

/** The log key of metric_for_best_model: `loss` -> `eval_loss`. */
export function evalKey(metric: string): string {
  return metric.startsWith("eval_") ? metric : `eval_${metric}`;
}

/** The metric and its direction, as TrainingArguments fills them in. */
export function bestModelOptions(
  options: BestModelOptions,
): Pick<BestModelOptions, "metric_for_best_model" | "greater_is_better"> {
  const { load_best_model_at_end, lr_scheduler_type, greater_is_better } = options;
  const isNeeded = load_best_model_at_end || BY_METRIC.includes(lr_scheduler_type);
  const metric = options.metric_for_best_model ?? (isNeeded ? "loss" : null);
  const greater = metric === null ? greater_is_better : (greater_is_better ?? !metric.endsWith("loss"));
  return { metric_for_best_model: metric, greater_is_better: greater };
}

/** load_best_model_at_end needs evaluations and checkpoints at the same steps. */
export function checkBestModel(options: BestModelOptions, label: (key: string) => string, report: Report): void {
  const { eval_strategy, save_strategy, save_steps, metric_for_best_model, lr_scheduler_type } = options;
  if (BY_METRIC.includes(lr_scheduler_type) && eval_strategy === "no") {
    report.problem(
      label("eval_strategy"),
      `expected steps or epoch with lr_scheduler_type ${lr_scheduler_type}, found no`,
    );
  }
  if (save_strategy === "best") {
    if (metric_for_best_model === null && !options.load_best_model_at_end) {
      report.problem(
        label("metric_for_best_model"),
        "expected a metric such as loss with save_strategy best, found none",
      );
    }
    if (eval_strategy === "no") {
      report.problem(label("eval_strategy"), "expected steps or epoch with save_strategy best, found no");
    }
    return;
  }
  if (!options.load_best_model_at_end) return;
  const where = label("load_best_model_at_end");
  if (eval_strategy !== save_strategy) {
    const expected = "expected eval_strategy and save_strategy to be the same (or save_strategy best)";
    report.problem(where, `${expected}, found ${eval_strategy} and ${save_strategy}`);
  } else if (eval_strategy === "steps") {
    const eval_steps = options.eval_steps || options.logging_steps;
    if (isMultiple(save_steps, eval_steps)) return;
    report.problem(where, `expected save_steps to be a multiple of eval_steps, found ${save_steps} and ${eval_steps}`);
  }
}

/** Numbers of steps, or below 1 shares of all steps; a share and a number can't be compared. */
function isMultiple(save: number, evaluate: number): boolean {
  if (save % evaluate === 0) return true;
  const millionths = (steps: number) => Math.trunc(steps * 1_000_000);
  return save < 1 && evaluate < 1 && millionths(save) % millionths(evaluate) === 0;
}
