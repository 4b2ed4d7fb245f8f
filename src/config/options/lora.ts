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
  "as in PEFT a text is a regular expression for whole names; one that matches nothing and looks like a name means " +
  "the layers of that name; a name in a list that means no layer gets a warning; the frozen copy of a trained " +
  "adapter that is its reference has its embeddings' adapters, too, which TRL's leaves as they are drawn";

/** How the reference differs with trained biases. */
const BIAS_NOTE =
  "as in PEFT; the reference keeps the original biases, where TRL's, with the adapter off, moves along with the " +
  "trained ones (unless it is precomputed); GPT-2's key biases have no gradient but rounding, of which adaptive " +
  "optimizers make whole steps: they end elsewhere than TRL's (by 1e-3 after 6 steps at 2e-3), to no effect on logits";

const INIT_NOTE =
  "pissa: the reference is the adapter as it started, which is the base model and ties with the policy; TRL's is the " +
  "base without its principal components; pissa_niter_N is computed as pissa, which PEFT then approximates from " +
  "random numbers";

const TYING_NOTE =
  "a tied unembedding stays as it is under an adapted embedding, and is trained apart with modules_to_save; PEFT " +
  "would adapt both, which TRL refuses, or train both as one";

const TOKENS_NOTE =
  "as in PEFT; also of a head, tied or not, where TRL 1.16 ends with an error; tokens of a tied head alone untie it " +
  "when they are merged; an id that comes twice is refused, and so is an embedding that is trained in another way, " +
  "too; the frozen copy of a trained adapter has its tokens, which TRL's leaves as the base's";

const BY_PEFT = "written by prefine into adapter_config.json";
const MEGATRON = "there is no Megatron here";

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
  r: same(above(0, int), 8, "Rank: each adapted layer gets matrices A [r, in] and B [out, r].", {
    onResume: "fixed",
    common: true,
  }),
  lora_alpha: same(atLeast(1, int), 8, "Scale: the adapter's output is multiplied by lora_alpha / r.", {
    onResume: "fixed",
    common: true,
  }),
  lora_dropout: same(share, 0, "Dropout before A, but on embeddings; needs disable_dropout: false.", {
    onResume: "fixed",
    common: true,
  }),
  target_modules: differs(
    nullable(names),
    null,
    "Layers and embeddings to adapt: names, a regular expression, or all-linear; unset: the usual (GPT-2: c_attn).",
    { onResume: "fixed", common: true, note: TARGETS_NOTE },
  ),
  bias: differs(oneOf("none", "all", "lora_only"), "none", "Biases to train: none, all, those of adapted layers.", {
    onResume: "fixed",
    common: true,
    note: BIAS_NOTE,
  }),
  task_type: same(nullable(oneOf(...TASK_TYPES)), null, "Kind of task.", {
    onResume: "free",
    ready: ["CAUSAL_LM"],
    common: true,
  }),
  exclude_modules: same(nullable(names), null, "Layers to leave out: names or a regular expression.", {
    onResume: "fixed",
  }),
  modules_to_save: same(
    nullable(listOf(string)),
    null,
    "Modules to train in full: ends of their names, such as ln_f.",
    { onResume: "fixed" },
  ),
  init_lora_weights: differs(either(bool, string), true, "How A and B start: true, false, gaussian or pissa.", {
    onResume: "fixed",
    ready: [true, false, "gaussian", "pissa", "pissa_niter_*"],
    note: INIT_NOTE,
  }),
  use_rslora: same(bool, false, "Scale by lora_alpha / sqrt(r).", { onResume: "fixed" }),
  use_dora: same(bool, false, "Train magnitude and direction apart (DoRA).", { onResume: "fixed" }),
  layers_to_transform: same(nullable(listOf(int)), null, "Numbers of the layers to adapt.", { onResume: "fixed" }),
  layers_pattern: same(nullable(names), null, "Name of the list that layers_to_transform counts in (h, layers).", {
    onResume: "fixed",
  }),
  rank_pattern: same(nullable(byName(above(0, int))), {}, "Ranks of layers whose name matches.", { onResume: "fixed" }),
  alpha_pattern: same(nullable(byName(above(0, float))), {}, "Alphas of layers whose name matches.", {
    onResume: "fixed",
  }),
  trainable_token_indices: differs(
    nullable(either(listOf(atLeast(0, int)), byName(listOf(atLeast(0, int))))),
    null,
    "Rows of the embedding to train in full: ids of tokens, or ids by the names of embeddings.",
    { onResume: "fixed", note: TOKENS_NOTE },
  ),
  lora_bias: notYet(bool, false, "Bias on B."),
  fan_in_fan_out: noEffect(bool, false, "Weights are [in, out].", "found from the layer"),
});

const variants = group("Variants of LoRA", {
  target_parameters: notYet(nullable(listOf(string)), null, "Parameters to adapt that are no layers."),
  layer_replication: notYet(nullable(listOf(listOf(int))), null, "Layers to repeat."),
  loftq_config: notYet(nullable(json), {}, "Settings of LoftQ.", { ready: [null] }),
  eva_config: notYet(nullable(json), null, "Settings of EVA."),
  corda_config: notYet(nullable(json), null, "Settings of CorDA."),
  lora_ga_config: notYet(nullable(json), null, "Settings of LoRA-GA."),
  velora_config: notYet(nullable(json), null, "Settings of VeLoRA."),
  monteclora_config: notYet(nullable(json), null, "Settings of MonteCLoRA."),
  arrow_config: notYet(nullable(json), null, "Settings of Arrow."),
  kasa_config: notYet(nullable(json), null, "Settings of KaSA."),
  use_bdlora: notYet(nullable(json), null, "Settings of block-diagonal LoRA."),
  alora_invocation_tokens: notYet(nullable(listOf(int)), null, "Tokens that switch the adapter on (aLoRA)."),
  use_qalora: notYet(bool, false, "Quantization-aware LoRA."),
  qalora_group_size: noEffect(int, 16, "Its group size.", "used with use_qalora only, which is not built yet"),
  ensure_weight_tying: notYet(bool, false, "Tie the adapters of tied layers.", { note: TYING_NOTE }),
});

const record = group("Bookkeeping", {
  peft_type: same(nullable(oneOf("LORA")), null, "Kind of adapter.", { onResume: "free" }),
  auto_mapping: noEffect(nullable(json), null, "Python classes of the base model.", BY_PEFT),
  peft_version: same(nullable(string), null, "Version of PEFT that wrote the adapter.", { onResume: "free" }),
  base_model_name_or_path: same(nullable(string), null, "The model that the adapter belongs to.", { onResume: "free" }),
  revision: same(nullable(string), null, "Its revision.", { onResume: "free" }),
  inference_mode: noEffect(bool, false, "Frozen adapter.", BY_PEFT),
  megatron_config: noEffect(nullable(json), null, "Settings of Megatron.", MEGATRON),
  megatron_core: noEffect(nullable(string), "megatron.core", "Module of Megatron.", MEGATRON),
  runtime_config: noEffect(nullable(json), null, "Offloading on GPUs.", "there is no GPU here"),
});

export const LORA_OPTIONS = { ...adapter, ...variants, ...record } satisfies RunTable;
