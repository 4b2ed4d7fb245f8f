/** @file The metrics of log_history compared with TRL's, for COMPATIBILITY.md. */

export interface LoggedMetrics {
  names: string[];
  support: string;
}

const BOTH = "same; with `eval_` too";

export const LOGGED_METRICS: LoggedMetrics[] = [
  { names: ["loss"], support: `${BOTH} (\`eval_loss\`)` },
  { names: ["rewards/chosen", "rewards/rejected", "rewards/margins", "rewards/accuracies"], support: BOTH },
  { names: ["logps/chosen", "logps/rejected"], support: BOTH },
  { names: ["logits/chosen", "logits/rejected"], support: BOTH },
  { names: ["entropy", "mean_token_accuracy", "num_tokens"], support: BOTH },
  { names: ["grad_norm", "learning_rate", "epoch", "step"], support: "same" },
  {
    names: ["eval_runtime", "eval_samples_per_second", "eval_steps_per_second"],
    support: "same (timings)",
  },
  {
    names: ["train_runtime", "train_samples_per_second", "train_steps_per_second"],
    support: "same (timings; for a resumed run, only of the last process)",
  },
  { names: ["total_flos"], support: "same" },
  {
    names: ["train_loss"],
    support: "differs: the mean over the whole run; after a resume, transformers sums only the new steps",
  },
  { names: ["aux_loss"], support: "not yet (mixture-of-experts)" },
  { names: ["num_input_tokens_seen"], support: "no effect: `num_tokens` is logged" },
];
