/** @file The adapter: peft.LoraConfig (PEFT 0.21). The same names are in adapter_config.json. */
import {
  above,
  atLeast,
  bool,
  byName,
  either,
  float,
  int,
  json,
  listOf,
  names,
  nullable,
  oneOf,
  share,
  string,
} from "../kinds.ts";
import { differs, group, noEffect, notYet, type RunTable, same } from "../option.ts";

/** How target_modules differs from PEFT. */
export const TARGETS_NOTE =
  "as in PEFT a text is a regular expression for whole names; if it matches nothing and looks like a name, it means " +
  "the layers with that name; a name in a list that matches no layer gets a warning; the frozen copy of a trained " +
  "adapter that serves as its reference includes the adapters of embeddings, which TRL leaves freshly initialized; " +
  "lm_head may be one of them, tied or not, where TRL would never train it: merging a tied one unties it";

/** Where dropout is not built. */
export const DROPOUT_NOTE =
  "refused for an adapter on lm_head, unless disable_dropout is true (TRL's default): the head is computed in blocks " +
  "of the vocabulary, which have no dropout";

/** How the reference differs with trained biases. */
const BIAS_NOTE =
  "as in PEFT; the reference keeps the untrained biases, while TRL's, with the adapter off, uses the trained ones " +
  "(unless it is precomputed); GPT-2's key biases have only rounding errors as gradients, which adaptive optimizers " +
  "turn into full steps: they end up different from TRL's (by 1e-3 after 6 steps at 2e-3), without effect on logits";

const INIT_NOTE =
  "pissa: the reference is the initial adapter, which equals the base model and ties with the policy; TRL's is the " +
  "base without its principal components; pissa_niter_N is computed exactly, as pissa, where PEFT uses a randomized " +
  "approximation";

const TYING_NOTE =
  "a tied unembedding stays frozen under an adapted embedding, and is trained separately with modules_to_save; PEFT " +
  "would adapt both, which TRL refuses, or train both as one";

const TOKENS_NOTE =
  "as in PEFT; also for a head, tied or not, where TRL 1.16 fails; tokens of a tied head alone untie it when merged; " +
  "duplicate ids are an error, as is an embedding that is also trained another way; the frozen copy of a trained " +
  "adapter includes its tokens, where TRL keeps the base model's";

const BY_PEFT = "written by prefine into adapter_config.json";
const MEGATRON = "prefine does not use Megatron";

/** peft.TaskType. */
export const TASK_TYPES = [
  "SEQ_CLS",
  "SEQ_2_SEQ_LM",
  "CAUSAL_LM",
  "TOKEN_CLS",
  "QUESTION_ANS",
  "FEATURE_EXTRACTION",
] as const;

const adapter = group("Adapter", {
  r: same(above(0, int), 8, "Rank of the adapter: each adapted layer gets matrices A [r, in] and B [out, r].", {
    onResume: "fixed",
    common: true,
  }),
  lora_alpha: same(atLeast(1, int), 8, "Scaling: the adapter's output is multiplied by lora_alpha / r.", {
    onResume: "fixed",
    common: true,
  }),
  lora_dropout: differs(share, 0, "Dropout before A, except on embeddings; requires disable_dropout: false.", {
    onResume: "fixed",
    common: true,
    note: DROPOUT_NOTE,
  }),
  target_modules: differs(
    nullable(names),
    null,
    "Layers to adapt: names, a regular expression, or all-linear; unset: PEFT's choice for the model type.",
    { onResume: "fixed", common: true, note: TARGETS_NOTE },
  ),
  bias: differs(
    oneOf("none", "all", "lora_only"),
    "none",
    "Biases to train: none, all, or those of adapted layers (lora_only).",
    {
      onResume: "fixed",
      common: true,
      note: BIAS_NOTE,
    },
  ),
  task_type: same(nullable(oneOf(...TASK_TYPES)), null, "Task type.", {
    onResume: "free",
    ready: ["CAUSAL_LM"],
    common: true,
  }),
  exclude_modules: same(nullable(names), null, "Layers to exclude: names or a regular expression.", {
    onResume: "fixed",
  }),
  modules_to_save: same(nullable(listOf(string)), null, "Modules to train in full, by the ends of their names: ln_f.", {
    onResume: "fixed",
  }),
  init_lora_weights: differs(
    either(bool, string),
    true,
    "Initialization of A and B: true (B is zero), false, gaussian or pissa.",
    {
      onResume: "fixed",
      ready: [true, false, "gaussian", "pissa", "pissa_niter_*"],
      note: INIT_NOTE,
    },
  ),
  use_rslora: same(bool, false, "Rank-stabilized LoRA: scale by lora_alpha / sqrt(r).", { onResume: "fixed" }),
  use_dora: same(bool, false, "DoRA: train magnitude and direction of the weights separately.", { onResume: "fixed" }),
  layers_to_transform: same(nullable(listOf(int)), null, "Indices of the layers to adapt.", { onResume: "fixed" }),
  layers_pattern: same(
    nullable(names),
    null,
    "Name of the list of layers that layers_to_transform indexes: h, layers.",
    {
      onResume: "fixed",
    },
  ),
  rank_pattern: same(nullable(byName(above(0, int))), {}, "Ranks for layers whose names match a pattern.", {
    onResume: "fixed",
  }),
  alpha_pattern: same(nullable(byName(above(0, float))), {}, "Alphas for layers whose names match a pattern.", {
    onResume: "fixed",
  }),
  trainable_token_indices: differs(
    nullable(either(listOf(atLeast(0, int)), byName(listOf(atLeast(0, int))))),
    null,
    "Token ids whose embeddings are trained in full, or such ids by the name of the embedding.",
    { onResume: "fixed", note: TOKENS_NOTE },
  ),
  lora_bias: notYet(bool, false, "Add a bias to B."),
  fan_in_fan_out: noEffect(bool, false, "Weights are stored as [in, out].", "detected from the layer"),
});

const variants = group("Variants of LoRA", {
  target_parameters: notYet(nullable(listOf(string)), null, "Parameters to adapt that are not layers."),
  layer_replication: notYet(nullable(listOf(listOf(int))), null, "Layers to replicate."),
  loftq_config: notYet(nullable(json), {}, "LoftQ settings.", { ready: [null] }),
  eva_config: notYet(nullable(json), null, "EVA settings."),
  corda_config: notYet(nullable(json), null, "CorDA settings."),
  lora_ga_config: notYet(nullable(json), null, "LoRA-GA settings."),
  velora_config: notYet(nullable(json), null, "VeLoRA settings."),
  monteclora_config: notYet(nullable(json), null, "MonteCLoRA settings."),
  arrow_config: notYet(nullable(json), null, "Arrow settings."),
  kasa_config: notYet(nullable(json), null, "KaSA settings."),
  use_bdlora: notYet(nullable(json), null, "Block-diagonal LoRA settings."),
  alora_invocation_tokens: notYet(nullable(listOf(int)), null, "Tokens that activate the adapter (aLoRA)."),
  use_qalora: notYet(bool, false, "Quantization-aware LoRA."),
  qalora_group_size: noEffect(int, 16, "Group size of QALoRA.", "read only with use_qalora, which is not built"),
  ensure_weight_tying: notYet(bool, false, "Tie the adapters of tied weights.", { note: TYING_NOTE }),
});

const record = group("Bookkeeping", {
  peft_type: same(nullable(oneOf("LORA")), null, "Adapter type.", { onResume: "free" }),
  auto_mapping: noEffect(nullable(json), null, "Python classes of the base model.", BY_PEFT),
  peft_version: same(nullable(string), null, "Version of PEFT that wrote the adapter.", { onResume: "free" }),
  base_model_name_or_path: same(nullable(string), null, "Base model of the adapter.", { onResume: "free" }),
  revision: same(nullable(string), null, "Revision of the base model.", { onResume: "free" }),
  inference_mode: noEffect(bool, false, "Load the adapter frozen.", BY_PEFT),
  megatron_config: noEffect(nullable(json), null, "Megatron settings.", MEGATRON),
  megatron_core: noEffect(nullable(string), "megatron.core", "Megatron module.", MEGATRON),
  runtime_config: noEffect(nullable(json), null, "Offloading at run time.", "prefine runs on the CPU"),
});

export const LORA_OPTIONS = { ...adapter, ...variants, ...record } satisfies RunTable;
