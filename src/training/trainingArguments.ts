/** @file A config as data: for training_args.json, and as what makes a run the same run. */
import type { Fingerprint } from "../checkpoints/fingerprint.ts";
import { type DPOConfig, TRAINING_OPTIONS } from "../config/DPOConfig.ts";
import type { PairTokens } from "../data/preferences/types.ts";
import { Sha256, sha256 } from "../formats/sha256.ts";
import { giveTurn } from "../host.ts";
import { evaluationSetName } from "./prepare/data.ts";

/** Milliseconds of work after which the event loop gets a turn. */
const TURN_MS = 25;

/** All settings but the secret ones. */
export function publicArguments(args: DPOConfig): Record<string, unknown> {
  const isSecret = (name: string) => TRAINING_OPTIONS[name as keyof typeof TRAINING_OPTIONS]?.secret === true;
  return Object.fromEntries(Object.entries(args).filter(([name]) => !isSecret(name)));
}

/** Settings that decide what a step computes, and which rows it sees. */
const OBJECTIVE = [
  ...(["beta", "loss_type", "loss_weights", "label_smoothing", "f_divergence_type"] as const),
  ...(["f_alpha_divergence_coef", "ld_alpha", "use_weighting", "discopop_tau"] as const),
  ...(["dpop_lambda", "simpo_gamma", "cpo_alpha", "disable_dropout"] as const),
  ...(["max_length", "truncation_mode", "per_device_train_batch_size", "gradient_accumulation_steps"] as const),
  "dataloader_drop_last" as const,
  ...(["seed", "data_seed", "train_sampling_strategy", "neftune_noise_alpha", "optim", "optim_args"] as const),
  ...(["sync_ref_model", "ref_model_mixup_alpha", "ref_model_sync_steps"] as const),
];

/** Settings that may change on the way; a changed one gets a line. */
const SCHEDULE = [
  ...(["learning_rate", "lr_scheduler_type", "lr_scheduler_kwargs", "warmup_steps", "num_train_epochs"] as const),
  ...([
    "max_steps",
    "optim",
    "optim_args",
    "weight_decay",
    "adam_beta1",
    "adam_beta2",
    "adam_epsilon",
    "max_grad_norm",
  ] as const),
  ...(["per_device_eval_batch_size", "logging_steps", "eval_strategy", "eval_steps", "save_steps"] as const),
  ...(["metric_for_best_model", "greater_is_better", "load_best_model_at_end"] as const),
];

export interface RunIdentity {
  args: DPOConfig;
  /** The value that counts: lowered to the model's positions. */
  maxLength: number | null;
  train: readonly PairTokens[];
  /** Evaluation sets by the prefix of their metrics. */
  evals: ReadonlyMap<string, readonly PairTokens[]>;
  /** r, lora_alpha and so on; null: all weights are trained. */
  adapter: Record<string, unknown> | null;
  trainable: readonly { name: string; shape: readonly number[] }[];
}

/** What must be equal for a checkpoint to be of this run, and what may differ. */
export async function fingerprintOf(run: RunIdentity): Promise<Fingerprint> {
  const { args } = run;
  const evals: Record<string, string> = {};
  for (const [prefix, pairs] of run.evals) {
    evals[evaluationSetName(prefix)] = await describePairs(pairs);
  }
  const pick = (names: readonly (keyof DPOConfig)[]) => Object.fromEntries(names.map((name) => [name, args[name]]));
  return {
    data: {
      train_dataset: await describePairs(run.train),
      ...evals,
    },
    objective: {
      ...pick(OBJECTIVE),
      max_length: run.maxLength,
      lora: run.adapter,
      trainable: sha256(JSON.stringify(run.trainable.map(({ name, shape }) => [name, shape]))).slice(0, 16),
    },
    schedule: pick(SCHEDULE),
  };
}

/** Number and hash; 60,000 pairs of 500 tokens take 3 seconds, in which timers and signals get their turns. */
async function describePairs(pairs: readonly PairTokens[]): Promise<string> {
  const hash = new Sha256();
  let turn = performance.now();
  for (const { prompt_ids, chosen_ids, rejected_ids } of pairs) {
    for (const ids of [prompt_ids, chosen_ids, rejected_ids]) {
      hash.update(Int32Array.of(ids.length));
      hash.update(Int32Array.from(ids));
    }
    if (performance.now() - turn < TURN_MS) continue;
    await giveTurn();
    turn = performance.now();
  }
  return `${pairs.length} pairs, sha256 ${hash.hex().slice(0, 16)}`;
}
