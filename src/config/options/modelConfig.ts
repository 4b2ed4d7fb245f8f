/** @file Which model, and which adapter on it: trl.ModelConfig (TRL 1.16), and prefine's adapter_name_or_path. */
import { above, atLeast, bool, int, type Kind, listOf, names, nullable, oneOf, share, string } from "../kinds.ts";
import { differs, group, noEffect, notYet, own, same } from "../option.ts";
import { DROPOUT_NOTE, TARGETS_NOTE, TASK_TYPES } from "./lora.ts";
import { EIGHT_BITS_NOTE } from "./quantization.ts";

/** Short names of types, as people type them. */
const FLOATS: Readonly<Record<string, string>> = {
  bf16: "did you mean bfloat16?",
  fp16: "did you mean float16?",
  fp32: "did you mean float32?",
  half: "did you mean float16?",
};

/** The text of a template. A word alone is the name of one in other tools. */
const template: Kind<string> = {
  ...string,
  expected: "the text of a Jinja template, such as {% for message in messages %}...",
  read: (value) => (typeof value === "string" && /\{[{%#]/.test(value) ? value : undefined),
};

const model = group("Model", {
  model_name_or_path: same(nullable(string), null, "Model to train: hub id or folder.", { common: true }),
  model_revision: same(string, "main", "Branch, tag or commit of the model."),
  dtype: noEffect(
    nullable(oneOf("auto", "bfloat16", "float16", "float32")),
    "float32",
    "Data type of the weights.",
    "frozen weights keep the type of their files (or load_in_*); prefine computes in float32",
    { whenWrong: (value) => FLOATS[String(value)] },
  ),
  attn_implementation: noEffect(
    nullable(string),
    null,
    "Attention implementation.",
    "prefine has one attention implementation",
  ),
  load_in_8bit: differs(bool, false, "Load the base model in 8 bits; requires use_peft.", { note: EIGHT_BITS_NOTE }),
  load_in_4bit: same(bool, false, "Load the base model in 4 bits (QLoRA); requires use_peft."),
  bnb_4bit_quant_type: same(oneOf("fp4", "nf4"), "nf4", "Quantization data type: fp4 or nf4."),
  use_bnb_nested_quant: same(bool, false, "Quantize the scales of 4-bit weights too (double quantization)."),
  bnb_4bit_quant_storage: noEffect(
    nullable(string),
    null,
    "Storage type of packed 4-bit weights.",
    "they are stored as bytes",
  ),
});

const lora = group("LoRA", {
  use_peft: same(bool, false, "Train a LoRA adapter instead of all weights.", { common: true }),
  lora_r: same(above(0, int), 16, "LoRA rank.", { common: true }),
  lora_alpha: same(atLeast(1, int), 32, "LoRA scaling: the adapter's output is multiplied by lora_alpha / lora_r.", {
    common: true,
  }),
  lora_dropout: differs(share, 0.05, "LoRA dropout; requires disable_dropout: false.", {
    common: true,
    note: DROPOUT_NOTE,
  }),
  lora_target_modules: differs(
    nullable(names),
    null,
    "Layers to adapt: names, a regular expression, or all-linear; unset: PEFT's choice for the model type.",
    {
      common: true,
      note: TARGETS_NOTE,
    },
  ),
  lora_target_parameters: notYet(nullable(listOf(string)), null, "Parameters to adapt that are not layers."),
  lora_modules_to_save: same(nullable(listOf(string)), null, "Modules to train in full, by the ends of their names."),
  lora_task_type: same(oneOf(...TASK_TYPES), "CAUSAL_LM", "PEFT task type.", { ready: ["CAUSAL_LM"] }),
  use_rslora: same(bool, false, "Rank-stabilized LoRA: scale by lora_alpha / sqrt(lora_r)."),
  use_dora: same(bool, false, "DoRA: train magnitude and direction of the weights separately."),
});

/** alignment-handbook's ModelArguments and DataArguments, besides TRL's. */
const handbook = group(
  "Model",
  own({
    tokenizer_name_or_path: same(nullable(string), null, "Tokenizer: hub id or folder; unset: the model's."),
    chat_template: same(
      nullable(template),
      null,
      "Chat template (Jinja text) in place of the tokenizer's; saved with the run.",
      { literal: true },
    ),
    base_model_revision: notYet(
      nullable(string),
      null,
      "Branch, tag or commit of the base model of an adapter that model_name_or_path names.",
      { ready: ["main"], note: "the adapter's own config names its revision" },
    ),
  }),
);

export const MODEL_OPTIONS = {
  ...model,
  ...handbook,
  ...lora,
  ...group(
    "LoRA",
    own({
      adapter_name_or_path: same(
        nullable(string),
        null,
        "Adapter to continue training; its config sets rank, alpha and targets, a frozen copy is the reference.",
        { common: true },
      ),
    }),
  ),
};

/** Arguments of from_pretrained without effect in prefine. */
export const NO_EFFECT_MODEL_ARGUMENTS: ReadonlySet<string> = new Set([
  "dtype",
  "torch_dtype",
  "attn_implementation",
  "device_map",
  "low_cpu_mem_usage",
  "trust_remote_code",
  "use_cache",
  "use_kernels",
  "use_safetensors",
]);
