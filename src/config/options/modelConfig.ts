/** @file Which model, and which adapter on it: trl.ModelConfig (TRL 1.16), and prefine's adapter_name_or_path. */
import { above, atLeast, bool, int, listOf, names, nullable, oneOf, share, string } from "../kinds.ts";
import { differs, group, noEffect, notYet, own, same } from "../option.ts";
import { TARGETS_NOTE, TASK_TYPES } from "./lora.ts";
import { EIGHT_BITS_NOTE } from "./quantization.ts";

const model = group("Model", {
  model_name_or_path: same(nullable(string), null, "Model to train: hub id or folder.", { common: true }),
  model_revision: same(string, "main", "Branch, tag or commit of the model."),
  dtype: noEffect(
    nullable(oneOf("auto", "bfloat16", "float16", "float32")),
    "float32",
    "Type of the weights.",
    "frozen weights stay as the files have them (16 bits, or load_in_*), computing is in float32",
  ),
  attn_implementation: noEffect(nullable(string), null, "Attention kernel.", "prefine has one attention kernel"),
  load_in_8bit: differs(bool, false, "Keep the base model in 8 bits; needs use_peft.", { note: EIGHT_BITS_NOTE }),
  load_in_4bit: same(bool, false, "Keep the base model in 4 bits (QLoRA); needs use_peft."),
  bnb_4bit_quant_type: same(oneOf("fp4", "nf4"), "nf4", "Format of 4-bit weights."),
  use_bnb_nested_quant: same(bool, false, "Quantize the scales of 4-bit weights, too."),
  bnb_4bit_quant_storage: noEffect(nullable(string), null, "Storage type of 4-bit weights.", "they are bytes"),
});

const lora = group("LoRA", {
  use_peft: same(bool, false, "Train a LoRA adapter instead of all weights.", { common: true }),
  lora_r: same(above(0, int), 16, "Rank of the adapter.", { common: true }),
  lora_alpha: same(atLeast(1, int), 32, "Scale: the adapter's output is multiplied by alpha / r.", { common: true }),
  lora_dropout: same(share, 0.05, "Dropout before the adapter; needs disable_dropout: false.", {
    common: true,
  }),
  lora_target_modules: differs(
    nullable(names),
    null,
    "Layers and embeddings to adapt: names, a regular expression, or all-linear; unset: the usual (GPT-2: c_attn).",
    {
      common: true,
      note: TARGETS_NOTE,
    },
  ),
  lora_target_parameters: notYet(nullable(listOf(string)), null, "Parameters to adapt that are no layers."),
  lora_modules_to_save: same(nullable(listOf(string)), null, "Modules to train in full: ends of their names."),
  lora_task_type: same(oneOf(...TASK_TYPES), "CAUSAL_LM", "PEFT's task type.", { ready: ["CAUSAL_LM"] }),
  use_rslora: same(bool, false, "Scale by alpha / sqrt(r)."),
  use_dora: same(bool, false, "Train magnitude and direction apart (DoRA)."),
});

export const MODEL_OPTIONS = {
  ...model,
  ...lora,
  ...group(
    "LoRA",
    own({
      adapter_name_or_path: same(
        nullable(string),
        null,
        "Adapter to start from: its config decides r, alpha and targets; a frozen copy is the reference.",
        { common: true },
      ),
    }),
  ),
};
