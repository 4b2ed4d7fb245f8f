/** @file Logging, evaluation, saving, the hub: that part of transformers.TrainingArguments (5.23), TRL's defaults. */
import { atLeast, bool, either, float, int, listOf, nullable, oneOf, path, string } from "../kinds.ts";
import { differs, group, noEffect, same } from "../option.ts";

const LOG_LEVELS = ["detail", "debug", "info", "warning", "error", "critical", "passive"] as const;
const NO_UPLOAD = "nothing is uploaded; upload the finished output_dir yourself";
const NO_TRACKIO =
  "Trackio is not built; logs go to trainer_state.json and, with report_to tensorboard, to event files";

/** transformers' reporting integrations. */
const INTEGRATIONS = [
  "none",
  "all",
  "azure_ml",
  "comet_ml",
  "mlflow",
  "neptune",
  "tensorboard",
  "trackio",
  "wandb",
  "codecarbon",
  "clearml",
  "dagshub",
  "flyte",
  "dvclive",
  "swanlab",
  "kubeflow",
] as const;

const logging = group("Logging", {
  logging_strategy: same(oneOf("no", "steps", "epoch"), "steps", "When to log.", { onResume: "warned" }),
  logging_steps: same(atLeast(0, float), 10, "Steps between logs; below 1, a share of all steps.", {
    onResume: "warned",
    common: true,
  }),
  logging_first_step: same(bool, false, "Log the first step too.", { onResume: "free", common: true }),
  logging_nan_inf_filter: differs(bool, true, "Hide non-finite losses in the log.", {
    onResume: "free",
    note: "a non-finite loss stops the run",
  }),
  report_to: differs(nullable(listOf(oneOf(...INTEGRATIONS))), ["none"], "Where else to log: none or tensorboard.", {
    onResume: "free",
    common: true,
    note: "tensorboard only; others get one line (all: tensorboard)",
    offered: ["none", "all", "tensorboard"],
  }),
  disable_tqdm: differs(nullable(bool), null, "Print nothing but warnings while training.", {
    onResume: "free",
    note: "true silences the log's lines too; the log is in trainer_state.json",
  }),
  include_num_input_tokens_seen: noEffect(
    either(oneOf("all", "non_padding", "no"), bool),
    "no",
    "Log num_input_tokens_seen.",
    "num_tokens is logged, as TRL always does",
  ),
  log_level: noEffect(oneOf(...LOG_LEVELS), "passive", "Level of Python's logging.", "prefine has one level"),
  log_level_replica: noEffect(oneOf(...LOG_LEVELS), "warning", "Level on replicas.", "prefine has one level"),
  log_on_each_node: noEffect(bool, true, "Log on each node.", "there is one node"),
  run_name: noEffect(nullable(string), null, "Name of the run for trackers.", "runs are named by their output_dir"),
  project: noEffect(string, "huggingface", "Project for Trackio.", NO_TRACKIO),
  trackio_space_id: noEffect(nullable(string), null, "Space for Trackio.", NO_TRACKIO),
  trackio_bucket_id: noEffect(nullable(string), null, "Bucket for Trackio.", NO_TRACKIO),
  trackio_static_space_id: noEffect(nullable(either(bool, string)), null, "Static Space for Trackio.", NO_TRACKIO),
});

const evaluation = group("Evaluation", {
  eval_strategy: same(oneOf("no", "steps", "epoch"), "no", "When to evaluate.", { onResume: "warned", common: true }),
  eval_steps: same(nullable(atLeast(0, float)), null, "Steps between evaluations; unset: logging_steps.", {
    onResume: "warned",
    common: true,
  }),
  eval_delay: same(atLeast(0, float), 0, "Epochs or steps before the first evaluation.", { onResume: "warned" }),
  eval_on_start: same(bool, false, "Evaluate before the first step.", { onResume: "free" }),
  per_device_eval_batch_size: same(atLeast(1, int), 8, "Pairs in a batch of evaluation.", {
    onResume: "warned",
    common: true,
  }),
  prediction_loss_only: noEffect(bool, false, "Return only the loss.", "all metrics are logged"),
  eval_accumulation_steps: noEffect(nullable(int), null, "Batches before results move.", "results stay small"),
  eval_do_concat_batches: noEffect(bool, true, "Join results of batches.", "results are a list of pairs"),
  eval_use_gather_object: noEffect(bool, false, "Gather objects of all devices.", "there is one device"),
  include_for_metrics: same(listOf(string), [], "What compute_metrics gets besides: loss, inputs.", {
    onResume: "free",
  }),
  batch_eval_metrics: same(bool, false, "Call compute_metrics for each batch, at last with compute_result true.", {
    onResume: "free",
  }),
  label_names: noEffect(nullable(listOf(string)), null, "Names of the labels.", "DPO has none"),
});

const saving = group("Output", {
  output_dir: same(nullable(path), null, "Folder of the run; unset: trainer_output.", {
    onResume: "free",
    common: true,
  }),
  save_strategy: same(oneOf("no", "steps", "epoch", "best"), "steps", "When to save a checkpoint.", {
    onResume: "warned",
    common: true,
  }),
  save_steps: same(atLeast(0, float), 500, "Steps between checkpoints; below 1, a share of all steps.", {
    onResume: "warned",
    common: true,
  }),
  save_total_limit: same(nullable(int), null, "Newest checkpoints to keep.", { onResume: "free", common: true }),
  save_only_model: differs(bool, false, "Checkpoints without the optimizer, which can't be resumed.", {
    onResume: "free",
    note: "ctrl-C saves one that can; resuming from others is refused (transformers starts a new optimizer)",
  }),
  resume_from_checkpoint: same(
    nullable(either(bool, path)),
    null,
    "Go on from this checkpoint; true: the newest valid one of output_dir.",
    { onResume: "free", common: true },
  ),
  ignore_data_skip: same(bool, false, "Begin the epoch again when resuming, rather than go on within it.", {
    onResume: "free",
  }),
  restore_callback_states_from_checkpoint: differs(bool, false, "Give callbacks the settings of the checkpoint.", {
    onResume: "free",
    note: "what callbacks have counted is restored in any case, so that resumed is unbroken; true: their settings too",
  }),
  load_best_model_at_end: same(bool, false, "End with the weights of the best checkpoint.", { onResume: "warned" }),
  metric_for_best_model: differs(nullable(string), null, "Metric of evaluations that says what is best.", {
    onResume: "warned",
    note: "of several evaluation sets, all metrics have the name (eval_NAME_rewards/margins), not the loss alone",
  }),
  greater_is_better: same(nullable(bool), null, "Whether more of it is better; unset: unless it ends with loss.", {
    onResume: "warned",
  }),
  save_on_each_node: noEffect(bool, false, "Save on each node.", "there is one node"),
  enable_jit_checkpoint: noEffect(bool, false, "Save a checkpoint on SIGTERM.", "ctrl-C saves one anyway"),
});

const hub = group("Hub", {
  push_to_hub: noEffect(bool, false, "Upload the model.", NO_UPLOAD),
  hub_token: noEffect(nullable(string), null, "Token for the upload.", NO_UPLOAD, { secret: true }),
  hub_private_repo: noEffect(nullable(bool), null, "Upload to a private repository.", NO_UPLOAD),
  hub_model_id: noEffect(nullable(string), null, "Repository to upload to.", NO_UPLOAD),
  hub_strategy: noEffect(
    oneOf("end", "every_save", "checkpoint", "all_checkpoints"),
    "every_save",
    "When to upload.",
    NO_UPLOAD,
  ),
  hub_always_push: noEffect(bool, false, "Upload while an upload runs.", NO_UPLOAD),
  hub_revision: noEffect(nullable(string), null, "Branch to upload to.", NO_UPLOAD),
});

export const EVALUATION_OPTIONS = { ...logging, ...evaluation, ...saving, ...hub };
