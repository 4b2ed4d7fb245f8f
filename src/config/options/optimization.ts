/** @file How long and how to optimize: that part of transformers.TrainingArguments (5.23), with TRL's defaults. */
import {
  above,
  atLeast,
  between,
  bool,
  boolOrAuto,
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

const OWN_GRAPHS = "prefine always compiles its graphs";
const OWN_KERNELS = "prefine has its own kernels";

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

/** Names of transformers 4 that 5 has removed, and the same update. */
const OLD_OPTIMIZERS: Readonly<Record<string, (typeof OPTIMIZERS)[number]>> = {
  adamw_hf: "adamw_torch",
  adamw_apex_fused: "adamw_torch_fused",
  adamw_torch_tpu: "adamw_torch_xla",
};

const optimizers = oneOf(...OPTIMIZERS);

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

function readOptimizer(value: unknown): (typeof OPTIMIZERS)[number] | undefined {
  const old = typeof value === "string" && Object.hasOwn(OLD_OPTIMIZERS, value) ? OLD_OPTIMIZERS[value] : undefined;
  return old ?? optimizers.read(value);
}

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
  num_train_epochs: differs(above(0, float), 3, "Number of passes over the training set.", {
    onResume: "warned",
    common: true,
    note: "0 is an error: TRL ends without a step",
  }),
  max_steps: differs(int, -1, "Number of optimizer steps; above 0 it overrides num_train_epochs.", {
    onResume: "warned",
    common: true,
    note: "0 is an error: TRL takes one step, at learning rate 0",
  }),
  per_device_train_batch_size: same(above(0, int), 8, "Pairs per micro-batch.", { onResume: "fixed", common: true }),
  gradient_accumulation_steps: same(above(0, int), 1, "Micro-batches per optimizer step.", {
    onResume: "fixed",
    common: true,
  }),
  auto_find_batch_size: noEffect(
    bool,
    false,
    "Lower the batch size when memory runs out.",
    "pairs are computed one at a time",
  ),
  average_tokens_across_devices: noEffect(
    bool,
    true,
    "Average over the tokens of all devices.",
    "TRL's DPO loss is a mean over pairs",
  ),
});

const rate = group("Learning rate", {
  learning_rate: same(atLeast(0, float), 1e-6, "Peak learning rate.", { onResume: "warned", common: true }),
  lr_scheduler_type: same(oneOf(...SCHEDULES), "linear", "Learning rate schedule.", {
    onResume: "warned",
    common: true,
  }),
  lr_scheduler_kwargs: same(nullable(json), null, "Schedule arguments, such as num_cycles.", {
    onResume: "warned",
  }),
  warmup_steps: same(atLeast(0, float), 0, "Linear warmup steps; below 1, a fraction of all steps.", {
    onResume: "warned",
    common: true,
  }),
});

const optimizer = group("Optimizer", {
  optim: same({ ...optimizers, read: readOptimizer }, "adamw_torch_fused", "Optimizer.", {
    onResume: "fixed",
    whenWrong: (value) => (/^adamw?$/i.test(String(value)) ? "AdamW is adamw_torch" : undefined),
    ready: READY_OPTIMIZERS,
    common: true,
  }),
  optim_args: differs(nullable(string), null, "Optimizer arguments (sgd, rmsprop, adagrad): key=value,...", {
    onResume: "fixed",
    note: "an argument the optimizer does not read is an error",
  }),
  optim_target_modules: notYet(nullable(listOf(string)), null, "Layers for GaLore and APOLLO."),
  weight_decay: same(atLeast(0, float), 0, "Decoupled weight decay; biases and norms are exempt.", {
    onResume: "warned",
    common: true,
  }),
  adam_beta1: same(between(0, 1, float), 0.9, "AdamW beta1: decay rate of the first moment.", { onResume: "warned" }),
  adam_beta2: same(between(0, 1, float), 0.999, "AdamW beta2: decay rate of the second moment.", {
    onResume: "warned",
  }),
  adam_epsilon: same(atLeast(0, float), 1e-8, "AdamW epsilon.", { onResume: "warned" }),
  max_grad_norm: same(atLeast(0, float), 1, "Gradient clipping: largest global norm; 0 = off.", {
    onResume: "warned",
    common: true,
  }),
  label_smoothing_factor: noEffect(
    float,
    0,
    "Label smoothing of the cross entropy.",
    "DPO has no cross entropy (TRL ignores it too)",
  ),
  neftune_noise_alpha: differs(nullable(atLeast(0, float)), null, "NEFTune noise on the embeddings during training.", {
    onResume: "fixed",
    note:
      "the noise is a function of seed and step; both answers of a pair share the noise of their prompt, and the " +
      "reference gets none (TRL's does with the adapter off)",
  }),
});

const sampling = group("Order", {
  seed: same(int, 42, "Random seed for data order, adapter initialization and dropout.", {
    onResume: "fixed",
    common: true,
  }),
  data_seed: same(nullable(int), null, "Random seed for data order; unset: seed.", { onResume: "fixed" }),
  train_sampling_strategy: differs(
    oneOf("random", "sequential", "group_by_length", "batch_rebalance"),
    "random",
    "Order of the training pairs.",
    {
      onResume: "fixed",
      ready: ["random", "sequential", "group_by_length"],
      common: true,
      note: "group_by_length groups by packed tokens, shuffled by seed and epoch; evaluation keeps its order",
    },
  ),
  length_column_name: noEffect(
    string,
    "length",
    "Column with lengths for group_by_length.",
    "group_by_length counts the tokens per pair itself",
  ),
  full_determinism: noEffect(bool, false, "Use deterministic kernels.", "runs are always deterministic"),
  accelerator_config: differs(nullable(either(json, path)), null, "Settings of accelerate (AcceleratorConfig).", {
    onResume: "free",
    note: "a mapping only; a path is an error",
  }),
});

const precision = group("Precision and memory", {
  bf16: differs(boolOrAuto, null, "Mixed precision in bfloat16.", {
    onResume: "free",
    note: "prefine computes in float32",
  }),
  fp16: differs(bool, false, "Mixed precision in float16.", {
    onResume: "free",
    note: "prefine computes in float32",
  }),
  bf16_full_eval: noEffect(bool, false, "Evaluate in bfloat16.", "prefine computes in float32"),
  fp16_full_eval: differs(bool, false, "Evaluate in float16.", {
    onResume: "free",
    note: "prefine computes in float32",
  }),
  tf32: noEffect(boolOrAuto, null, "TF32 on GPUs.", "prefine computes in float32", { loud: true }),
  gradient_checkpointing: differs(nullable(bool), null, "Recompute activations in the backward pass to save memory.", {
    onResume: "free",
    note: "TRL's default is true; unset, it is on only if memory would not suffice; the numbers are the same",
    common: true,
  }),
  gradient_checkpointing_kwargs: noEffect(
    nullable(json),
    null,
    "Arguments of gradient checkpointing.",
    "there is one implementation",
  ),
  activation_checkpointing: differs(nullable(bool), null, "New name of gradient_checkpointing.", {
    onResume: "free",
    note: "as gradient_checkpointing, which it overrides",
  }),
  activation_checkpointing_kwargs: noEffect(
    nullable(json),
    null,
    "Arguments of gradient checkpointing.",
    "there is one implementation",
  ),
  torch_compile: noEffect(bool, false, "Compile the model with torch.compile.", OWN_GRAPHS, { loud: true }),
  torch_compile_backend: noEffect(nullable(string), null, "Backend of torch.compile.", OWN_GRAPHS, { loud: true }),
  torch_compile_mode: noEffect(nullable(string), null, "Mode of torch.compile.", OWN_GRAPHS, { loud: true }),
  torch_empty_cache_steps: noEffect(
    nullable(int),
    null,
    "Steps between calls of torch.cuda.empty_cache.",
    "there is no such cache",
  ),
  use_liger_kernel: noEffect(bool, false, "Use Liger's Triton kernels.", OWN_KERNELS, { loud: true }),
  liger_kernel_config: noEffect(nullable(json), null, "Liger kernels to use.", OWN_KERNELS, { loud: true }),
  use_cache: noEffect(bool, false, "Use the KV cache during training.", "training needs no cache"),
  use_cpu: noEffect(bool, false, "Train on the CPU.", "prefine always trains on the CPU"),
});

export const OPTIMIZATION_OPTIONS = { ...length, ...rate, ...optimizer, ...sampling, ...precision };
