/** @file The adapter: peft.LoraConfig (PEFT 0.21). The same names are in adapter_config.json. */
import { above, atLeast, bool, either, int, json, listOf, nullable, oneOf, share, string } from "../kinds.ts";
import { differs, group, noEffect, notYet, same } from "../option.ts";

/** How target_modules differs from PEFT. */
export const TARGETS_NOTE =
  "one name alone means the layers of that name (to PEFT, a regular expression); each name must name a layer";

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
  r: same(above(0, int), 8, "Rank: each adapted layer gets matrices A [r, in] and B [out, r].", { common: true }),
  lora_alpha: same(atLeast(1, int), 8, "Scale: the adapter's output is multiplied by lora_alpha / r.", {
    common: true,
  }),
  lora_dropout: same(share, 0, "Dropout before A; needs disable_dropout: false.", { common: true }),
  target_modules: differs(
    nullable(listOf(string)),
    null,
    "Names of the layers to adapt; unset: the model's usual ones (GPT-2: c_attn).",
    {
      common: true,
      note: TARGETS_NOTE,
    },
  ),
  bias: same(oneOf("none", "all", "lora_only"), "none", "Biases to train.", { ready: ["none"], common: true }),
  task_type: same(nullable(oneOf(...TASK_TYPES)), null, "Kind of task.", { ready: ["CAUSAL_LM"], common: true }),
  exclude_modules: notYet(nullable(listOf(string)), null, "Layers to leave out."),
  modules_to_save: notYet(nullable(listOf(string)), null, "Layers to train in full beside the adapter.", {
    ready: [[]],
  }),
  init_lora_weights: same(either(bool, string), true, "How A and B start; true: A Kaiming-uniform, B zero.", {
    ready: [true],
  }),
  use_rslora: notYet(bool, false, "Scale by lora_alpha / sqrt(r)."),
  use_dora: notYet(bool, false, "Train magnitude and direction apart (DoRA)."),
  layers_to_transform: notYet(nullable(listOf(int)), null, "Numbers of the layers to adapt."),
  layers_pattern: notYet(nullable(listOf(string)), null, "Name of the list of layers."),
  rank_pattern: notYet(nullable(json), {}, "Ranks by layer name.", { ready: [null] }),
  alpha_pattern: notYet(nullable(json), {}, "Alphas by layer name.", { ready: [null] }),
  lora_bias: notYet(bool, false, "Bias on B."),
  fan_in_fan_out: noEffect(bool, false, "Weights are [in, out].", "found from the layer"),
});

const variants = group("Variants of LoRA", {
  trainable_token_indices: notYet(nullable(either(listOf(int), json)), null, "Tokens to train in full."),
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
  ensure_weight_tying: notYet(bool, false, "Tie the adapters of tied layers."),
});

const record = group("Bookkeeping", {
  peft_type: same(nullable(oneOf("LORA")), null, "Kind of adapter."),
  auto_mapping: noEffect(nullable(json), null, "Python classes of the base model.", BY_PEFT),
  peft_version: same(nullable(string), null, "Version of PEFT that wrote the adapter."),
  base_model_name_or_path: same(nullable(string), null, "The model that the adapter belongs to."),
  revision: same(nullable(string), null, "Its revision."),
  inference_mode: noEffect(bool, false, "Frozen adapter.", BY_PEFT),
  megatron_config: noEffect(nullable(json), null, "Settings of Megatron.", MEGATRON),
  megatron_core: noEffect(nullable(string), "megatron.core", "Module of Megatron.", MEGATRON),
  runtime_config: noEffect(nullable(json), null, "Offloading on GPUs.", "there is no GPU here"),
});

export const LORA_OPTIONS = { ...adapter, ...variants, ...record };
