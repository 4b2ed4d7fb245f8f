/** @file Logging, evaluation, saving, the hub: that part of transformers.TrainingArguments (5.23), TRL's defaults. */
import { atLeast, bool, either, float, folder, int, listOf, nullable, oneOf, path, string } from "../kinds.ts";
import { differs, group, noEffect, same } from "../option.ts";

const LOG_LEVELS = ["detail", "debug", "info", "warning", "error", "critical", "passive"] as const;
const NO_UPLOAD = "prefine uploads nothing; upload the finished output_dir yourself";
const NO_TRACKIO =
  "Trackio is not built; logs go to trainer_state.json and, with report_to: tensorboard, to event files";

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
  logging_steps: same(atLeast(0, float), 10, "Steps between logs; below 1, a fraction of all steps.", {
    onResume: "warned",
    common: true,
  }),
  logging_first_step: same(bool, false, "Also log the first step.", { onResume: "free", common: true }),
  logging_nan_inf_filter: differs(bool, true, "Leave non-finite losses out of the log.", {
    onResume: "free",
    note: "a non-finite loss stops the run",
  }),
  report_to: differs(
    nullable(listOf(oneOf(...INTEGRATIONS))),
    ["none"],
    "Where to report logs besides trainer_state.json: none or tensorboard.",
    {
      onResume: "free",
      common: true,
      note: "tensorboard only (all means tensorboard); for others prefine prints one line",
      offered: ["none", "all", "tensorboard"],
    },
  ),
  disable_tqdm: differs(nullable(bool), null, "Print only warnings during training.", {
    onResume: "free",
    note: "true also silences the log lines; the log is in trainer_state.json",
  }),
  include_num_input_tokens_seen: noEffect(
    either(oneOf("all", "non_padding", "no"), bool),
    "no",
    "Log num_input_tokens_seen.",
    "num_tokens is always logged, as in TRL",
  ),
  log_level: noEffect(oneOf(...LOG_LEVELS), "passive", "Log level.", "prefine has one log level"),
  log_level_replica: noEffect(oneOf(...LOG_LEVELS), "warning", "Log level on replicas.", "prefine has one log level"),
  log_on_each_node: noEffect(bool, true, "Log on each node.", "of several processes the first one logs"),
  run_name: noEffect(nullable(string), null, "Run name for trackers.", "a run's name is its output_dir"),
  project: noEffect(string, "huggingface", "Trackio project.", NO_TRACKIO, { loud: true }),
  trackio_space_id: noEffect(nullable(string), null, "Trackio Space.", NO_TRACKIO, { loud: true }),
  trackio_bucket_id: noEffect(nullable(string), null, "Trackio bucket.", NO_TRACKIO, { loud: true }),
  trackio_static_space_id: noEffect(nullable(either(bool, string)), null, "Trackio static Space.", NO_TRACKIO, {
    loud: true,
  }),
});

const evaluation = group("Evaluation", {
  eval_strategy: same(oneOf("no", "steps", "epoch"), "no", "When to evaluate.", { onResume: "warned", common: true }),
  eval_steps: same(nullable(atLeast(0, float)), null, "Steps between evaluations; unset: logging_steps.", {
    onResume: "warned",
    common: true,
  }),
  eval_delay: same(atLeast(0, float), 0, "Epochs or steps before the first evaluation.", { onResume: "warned" }),
  eval_on_start: same(bool, false, "Evaluate before the first step.", { onResume: "free" }),
  per_device_eval_batch_size: same(atLeast(1, int), 8, "Pairs per evaluation batch.", {
    onResume: "warned",
    common: true,
  }),
  prediction_loss_only: noEffect(bool, false, "Return only the loss.", "all metrics are always logged"),
  eval_accumulation_steps: noEffect(
    nullable(int),
    null,
    "Batches before results move to the CPU.",
    "results are small",
  ),
  eval_do_concat_batches: noEffect(bool, true, "Concatenate the results of batches.", "results are a list of pairs"),
  eval_use_gather_object: noEffect(
    bool,
    false,
    "Gather objects from all devices.",
    "what several processes evaluate is always brought together",
  ),
  include_for_metrics: same(listOf(string), [], "Further inputs of compute_metrics: loss, inputs.", {
    onResume: "free",
  }),
  batch_eval_metrics: same(bool, false, "Call compute_metrics per batch; compute_result is true in the last call.", {
    onResume: "free",
  }),
  label_names: noEffect(nullable(listOf(string)), null, "Names of the labels.", "DPO has no labels"),
});

const saving = group("Output", {
  output_dir: same(nullable(folder), null, "Output folder of the run; unset: trainer_output.", {
    onResume: "free",
    common: true,
  }),
  save_strategy: same(oneOf("no", "steps", "epoch", "best"), "steps", "When to save a checkpoint.", {
    onResume: "warned",
    common: true,
  }),
  save_steps: same(atLeast(0, float), 500, "Steps between checkpoints; below 1, a fraction of all steps.", {
    onResume: "warned",
    common: true,
  }),
  save_total_limit: same(nullable(int), null, "Maximum number of checkpoints; older ones are deleted.", {
    onResume: "free",
    common: true,
  }),
  save_only_model: differs(bool, false, "Save checkpoints without optimizer; a resumed run begins a new one.", {
    onResume: "free",
    note: "Ctrl-C saves one with it; resuming from others is the same: a new optimizer and learning rate schedule",
  }),
  resume_from_checkpoint: same(
    nullable(either(bool, path)),
    null,
    "Checkpoint to resume from; true: the newest valid one in output_dir.",
    { onResume: "free", common: true },
  ),
  ignore_data_skip: same(bool, false, "Restart the epoch when resuming instead of skipping the pairs already seen.", {
    onResume: "free",
  }),
  restore_callback_states_from_checkpoint: differs(
    bool,
    false,
    "Restore the settings of callbacks from the checkpoint.",
    {
      onResume: "free",
      note: "callbacks' counters are always restored, so a resumed run equals an unbroken one; true: settings too",
    },
  ),
  load_best_model_at_end: same(bool, false, "Load the best checkpoint at the end of training.", { onResume: "warned" }),
  metric_for_best_model: differs(nullable(string), null, "Evaluation metric used to pick the best checkpoint.", {
    onResume: "warned",
    note: "with several evaluation sets all metrics carry the set's name (eval_NAME_loss, eval_NAME_...)",
  }),
  greater_is_better: same(
    nullable(bool),
    null,
    "Whether higher values of the metric are better; unset: true unless it ends in loss.",
    {
      onResume: "warned",
    },
  ),
  save_on_each_node: noEffect(bool, false, "Save on each node.", "of several processes the first one saves"),
  enable_jit_checkpoint: noEffect(bool, false, "Save a checkpoint on SIGTERM.", "Ctrl-C always saves one"),
});

const hub = group("Hub", {
  push_to_hub: noEffect(bool, false, "Upload the model to the hub.", NO_UPLOAD, { loud: true }),
  hub_token: noEffect(nullable(string), null, "Access token for the upload.", NO_UPLOAD, {
    secret: true,
    loud: true,
  }),
  hub_private_repo: noEffect(nullable(bool), null, "Upload to a private repository.", NO_UPLOAD, { loud: true }),
  hub_model_id: noEffect(nullable(string), null, "Hub repository to upload to.", NO_UPLOAD, { loud: true }),
  hub_strategy: noEffect(
    oneOf("end", "every_save", "checkpoint", "all_checkpoints"),
    "every_save",
    "When to upload.",
    NO_UPLOAD,
    { loud: true },
  ),
  hub_always_push: noEffect(bool, false, "Upload even while the previous upload runs.", NO_UPLOAD, { loud: true }),
  hub_revision: noEffect(nullable(string), null, "Branch to upload to.", NO_UPLOAD, { loud: true }),
});

export const EVALUATION_OPTIONS = { ...logging, ...evaluation, ...saving, ...hub };
