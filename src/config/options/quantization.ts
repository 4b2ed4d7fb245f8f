/** @file A base model in 8 or 4 bits: transformers' BitsAndBytesConfig (5.23). */
import { bool, float, listOf, nullable, oneOf, string } from "../kinds.ts";
import { differs, group, noEffect, notYet, same } from "../option.ts";

/** What is said of 8 bits wherever they can be asked for. */
export const EIGHT_BITS_NOTE =
  "blocks of 64 integers with one scale each, activations in float32; LLM.int8() has one scale per row and rounds both";

const FLOATS = ["float32", "float16", "bfloat16"] as const;

export const QUANTIZATION_OPTIONS = group("Quantization", {
  load_in_8bit: differs(bool, false, "Load linear layers in 8 bits.", { note: EIGHT_BITS_NOTE }),
  load_in_4bit: same(bool, false, "Load linear layers in 4 bits, in bitsandbytes' blocks of 64."),
  llm_int8_threshold: noEffect(float, 6, "Outlier threshold of LLM.int8().", "activations are not quantized"),
  llm_int8_skip_modules: differs(
    nullable(listOf(string)),
    null,
    "Layers to leave unquantized: starts or ends of their names, or regular expressions.",
    { note: "the output head is never quantized" },
  ),
  llm_int8_enable_fp32_cpu_offload: noEffect(
    bool,
    false,
    "Offload parts of the model to the CPU in float32.",
    "the whole model is on the CPU",
  ),
  llm_int8_has_fp16_weight: notYet(bool, false, "Run LLM.int8() with 16-bit main weights."),
  bnb_4bit_compute_dtype: noEffect(
    nullable(oneOf(...FLOATS)),
    null,
    "Compute type of 4-bit layers.",
    "prefine computes in float32",
  ),
  bnb_4bit_quant_type: same(oneOf("fp4", "nf4"), "fp4", "Quantization data type: fp4 or nf4."),
  bnb_4bit_use_double_quant: same(bool, false, "Quantize the scales of 4-bit weights too."),
  bnb_4bit_quant_storage: noEffect(
    nullable(oneOf("uint8", "int8", ...FLOATS, "float64")),
    null,
    "Storage type of packed 4-bit weights.",
    "they are stored as bytes",
  ),
});
