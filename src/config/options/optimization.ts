/** @file How long and how to optimize: that part of transformers.TrainingArguments (5.23), with TRL's defaults. */
import {
  above,
  atLeast,
  between,
  bool,
  either,
  float,
  int,
  json,
  listOf,
  nullable,
  oneOf,
  path,
  string,
} from "../kinds.ts";
import { differs, group, noEffect, notYet, same } from "../option.ts";

/** transformers' OptimizerNames. */
const OPTIMIZERS = [
  "adamw_torch",
  "adamw_torch_fused",
  "adamw_torch_xla",
  "adamw_torch_npu_fused",
  "adafactor",
  "adamw_anyprecision",
  "adamw_torch_4bit",
  "adamw_torch_8bit",
  "ademamix",
  "sgd",
  "adagrad",
  "adamw_bnb_8bit",
  "adamw_8bit",
  "ademamix_8bit",
  "lion_8bit",
  "lion_32bit",
  "paged_adamw_32bit",
  "paged_adamw_8bit",
  "paged_ademamix_32bit",
  "paged_ademamix_8bit",
  "paged_lion_32bit",
  "paged_lion_8bit",
  "rmsprop",
  "rmsprop_bnb",
  "rmsprop_bnb_8bit",
  "rmsprop_bnb_32bit",
  "galore_adamw",
  "galore_adamw_8bit",
  "galore_adafactor",
  "galore_adamw_layerwise",
  "galore_adamw_8bit_layerwise",
  "galore_adafactor_layerwise",
  "lomo",
  "adalomo",
  "grokadamw",
  "schedule_free_radam",
  "schedule_free_adamw",
  "schedule_free_sgd",
  "apollo_adamw",
  "apollo_adamw_layerwise",
  "stable_adamw",
] as const;

/** Several are one update under other kernels' names. */
const READY_OPTIMIZERS = [
  "adamw_torch",
  "adamw_torch_fused",
  "adamw_torch_xla",
  "adamw_torch_npu_fused",
  "paged_adamw_32bit",
  "adamw_8bit",
  "adamw_bnb_8bit",
  "paged_adamw_8bit",
  "sgd",
  "adafactor",
  "rmsprop",
  "adagrad",
  "lion_32bit",
  "paged_lion_32bit",
] as const;

/** transformers' SchedulerType. */
const SCHEDULES = [
  "linear",
  "cosine",
  "cosine_with_restarts",
  "polynomial",
  "constant",
  "constant_with_warmup",
  "inverse_sqrt",
  "reduce_lr_on_plateau",
  "cosine_with_min_lr",
  "cosine_warmup_with_min_lr",
  "warmup_stable_decay",
  "greedy",
] as const;

const length = group("Length and batches", {
  num_train_epochs: same(above(0, float), 3, "Passes over the training split.", { onResume: "warned", common: true }),
  max_steps: same(int, -1, "Optimizer steps; above 0 it overrides num_train_epochs.", {
    onResume: "warned",
    common: true,
  }),
  per_device_train_batch_size: same(above(0, int), 8, "Pairs in a micro-batch.", { onResume: "fixed", common: true }),
  gradient_accumulation_steps: same(above(0, int), 1, "Micro-batches in an optimizer step.", {
    onResume: "fixed",
    common: true,
  }),
  auto_find_batch_size: noEffect(bool, false, "Lower the batch size when memory runs out.", "pairs run one at a time"),
  average_tokens_across_devices: noEffect(bool, true, "Count tokens over all devices.", "there is one device"),
});

const rate = group("Learning rate", {
  learning_rate: same(atLeast(0, float), 1e-6, "Peak learning rate.", { onResume: "warned", common: true }),
  lr_scheduler_type: same(oneOf(...SCHEDULES), "linear", "Schedule of the learning rate.", {
    onResume: "warned",
    common: true,
  }),
  lr_scheduler_kwargs: same(nullable(json), null, "Arguments of the schedule, such as num_cycles.", {
    onResume: "warned",
  }),
  warmup_steps: same(atLeast(0, float), 0, "Steps of linear warm-up; below 1, a share of all steps.", {
    onResume: "warned",
    common: true,
  }),
});

const optimizer = group("Optimizer", {
  optim: same(oneOf(...OPTIMIZERS), "adamw_torch_fused", "Optimizer.", {
    onResume: "fixed",
    ready: READY_OPTIMIZERS,
    common: true,
  }),
  optim_args: differs(
    nullable(string),
    null,
    "Arguments of sgd (momentum, dampening, nesterov), rmsprop, adagrad: key=value,...",
    { onResume: "fixed", note: "an argument that the optimizer does not read is an error" },
  ),
  optim_target_modules: notYet(nullable(listOf(string)), null, "Layers for GaLore and APOLLO."),
  weight_decay: same(atLeast(0, float), 0, "Decoupled weight decay; not on biases and norms.", {
    onResume: "warned",
    common: true,
  }),
  adam_beta1: same(between(0, 1, float), 0.9, "AdamW's decay of the mean gradient.", { onResume: "warned" }),
  adam_beta2: same(between(0, 1, float), 0.999, "AdamW's decay of the mean squared gradient.", { onResume: "warned" }),
  adam_epsilon: same(atLeast(0, float), 1e-8, "AdamW's epsilon.", { onResume: "warned" }),
  max_grad_norm: same(atLeast(0, float), 1, "Gradients are scaled down to this norm; 0: never.", {
    onResume: "warned",
    common: true,
  }),
  label_smoothing_factor: noEffect(float, 0, "Label smoothing of the cross entropy.", "DPO has none (nor in TRL)"),
  neftune_noise_alpha: differs(nullable(atLeast(0, float)), null, "Noise on the embeddings in training (NEFTune).", {
    onResume: "fixed",
    note:
      "the noise is drawn anew by a function of seed and step; a pair's answers share that of their prompt, and the " +
      "reference gets none, where TRL's with the adapter off does",
  }),
});

const sampling = group("Order", {
  seed: same(int, 42, "Seed of the order, the adapter's start and dropout.", { onResume: "fixed", common: true }),
  data_seed: same(nullable(int), null, "Seed of the order alone; unset: seed.", { onResume: "fixed" }),
  train_sampling_strategy: differs(
    oneOf("random", "sequential", "group_by_length", "batch_rebalance"),
    "random",
    "Order of the training rows.",
    {
      onResume: "fixed",
      ready: ["random", "sequential", "group_by_length"],
      common: true,
      note: "group_by_length groups by packed tokens, drawn by seed and epoch; evaluations keep their order",
    },
  ),
  length_column_name: noEffect(
    string,
    "length",
    "Column of lengths for group_by_length.",
    "group_by_length counts the tokens of a pair itself",
  ),
  full_determinism: noEffect(bool, false, "Deterministic kernels.", "runs are deterministic anyway"),
  accelerator_config: differs(nullable(either(json, path)), null, "Settings of accelerate: AcceleratorConfig.", {
    onResume: "free",
    note: "a mapping; the path of a file is an error",
  }),
});

const precision = group("Precision and memory", {
  bf16: differs(nullable(bool), null, "Mixed precision of bfloat16.", {
    onResume: "free",
    note: "prefine computes in float32",
  }),
  fp16: differs(bool, false, "Mixed precision of float16.", {
    onResume: "free",
    offered: [false],
    note: "true is an error: there is no float16 on a CPU",
  }),
  bf16_full_eval: noEffect(bool, false, "Evaluate in bfloat16.", "prefine computes in float32"),
  fp16_full_eval: differs(bool, false, "Evaluate in float16.", {
    onResume: "free",
    offered: [false],
    note: "true is an error, as fp16",
  }),
  tf32: noEffect(nullable(bool), null, "TF32 kernels of GPUs.", "prefine computes in float32"),
  gradient_checkpointing: differs(nullable(bool), null, "Compute layers again in the backward pass: less memory.", {
    onResume: "free",
    note: "TRL's default is true; unset, it is on here only where memory would not suffice. The numbers are the same",
    common: true,
  }),
  gradient_checkpointing_kwargs: noEffect(nullable(json), null, "Its arguments.", "there is one way to compute again"),
  activation_checkpointing: differs(nullable(bool), null, "New name of gradient_checkpointing.", {
    onResume: "free",
    note: "as gradient_checkpointing; wins where both are set",
  }),
  activation_checkpointing_kwargs: noEffect(
    nullable(json),
    null,
    "Its arguments.",
    "there is one way to compute again",
  ),
  torch_compile: noEffect(bool, false, "Compile the model.", "prefine always compiles its graph"),
  torch_compile_backend: noEffect(nullable(string), null, "Compiler.", "prefine always compiles its graph"),
  torch_compile_mode: noEffect(nullable(string), null, "Mode of the compiler.", "prefine always compiles its graph"),
  torch_empty_cache_steps: noEffect(nullable(int), null, "Steps between cache clearings.", "there is no such cache"),
  use_liger_kernel: noEffect(bool, false, "Triton kernels for GPUs.", "prefine has kernels of its own"),
  liger_kernel_config: noEffect(nullable(json), null, "Which of them.", "prefine has kernels of its own"),
  use_cache: noEffect(bool, false, "KV cache while training.", "a training step needs none"),
  use_cpu: noEffect(bool, false, "Train on the CPU.", "prefine trains on the CPU anyway"),
});

export const OPTIMIZATION_OPTIONS = { ...length, ...rate, ...optimizer, ...sampling, ...precision };
