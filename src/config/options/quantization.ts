/** @file A base model in 8 or 4 bits: transformers' BitsAndBytesConfig (5.23). */
import { bool, float, listOf, nullable, oneOf, string } from "../kinds.ts";
import { differs, group, noEffect, notYet, same } from "../option.ts";

/** What is said of 8 bits wherever they can be asked for. */
export const EIGHT_BITS_NOTE =
  "blocks of 64 whole numbers with a scale each, activations in float32; LLM.int8() has a scale a row, and rounds both";

const FLOATS = ["float32", "float16", "bfloat16"] as const;

export const QUANTIZATION_OPTIONS = group("Quantization", {
  load_in_8bit: differs(bool, false, "Keep the linear layers in 8 bits.", { note: EIGHT_BITS_NOTE }),
  load_in_4bit: same(bool, false, "Keep the linear layers in 4 bits, in bitsandbytes' blocks of 64."),
  llm_int8_threshold: noEffect(float, 6, "Activations beyond it stay in float16.", "activations are float32"),
  llm_int8_skip_modules: differs(
    nullable(listOf(string)),
    null,
    "Layers that are not quantized: starts or ends of their names, or regular expressions.",
    { note: "the output head stays as it is whether it is named or not" },
  ),
  llm_int8_enable_fp32_cpu_offload: noEffect(bool, false, "Keep parts on the CPU in float32.", "all is on the CPU"),
  llm_int8_has_fp16_weight: notYet(bool, false, "Keep 16-bit weights beside."),
  bnb_4bit_compute_dtype: noEffect(
    nullable(oneOf(...FLOATS)),
    null,
    "Type that products of 4-bit weights are computed in.",
    "prefine computes in float32",
  ),
  bnb_4bit_quant_type: same(oneOf("fp4", "nf4"), "fp4", "Format of 4-bit weights."),
  bnb_4bit_use_double_quant: same(bool, false, "Quantize the scales of 4-bit weights, too."),
  bnb_4bit_quant_storage: noEffect(
    nullable(oneOf("uint8", "int8", ...FLOATS, "float64")),
    null,
    "Type that packs 4-bit weights.",
    "they are bytes",
  ),
});
