/** @file transformers.BitsAndBytesConfig as interfaces. Written by `npm run docs`: edit the table of options. */
import type { OneOrMore } from "../kinds.ts";

/**
 * Input of {@link BitsAndBytesConfig}: the options of transformers.BitsAndBytesConfig, all optional; undefined is as
 * left out.
 *
 * Not built, and an error where they are set: llm_int8_has_fp16_weight.
 */
export interface BitsAndBytesConfigInput {
  /**
   * Load linear layers in 8 bits.
   *
   * Default: `false`. Differs from transformers: blocks of 64 integers with one scale each, activations in float32;
   * LLM.int8() has one scale per row and rounds both.
   */
  readonly load_in_8bit?: boolean | undefined;
  /**
   * Load linear layers in 4 bits, in bitsandbytes' blocks of 64.
   *
   * Default: `false`. Same as transformers.
   */
  readonly load_in_4bit?: boolean | undefined;
  /**
   * Outlier threshold of LLM.int8().
   *
   * Default: `6`. No effect: activations are not quantized.
   */
  readonly llm_int8_threshold?: number | undefined;
  /**
   * Layers to leave unquantized: starts or ends of their names, or regular expressions.
   *
   * Default: `null`. Differs from transformers: the output head is never quantized.
   */
  readonly llm_int8_skip_modules?: OneOrMore<string> | null | undefined;
  /**
   * Offload parts of the model to the CPU in float32.
   *
   * Default: `false`. No effect: the whole model is on the CPU.
   */
  readonly llm_int8_enable_fp32_cpu_offload?: boolean | undefined;
  /**
   * Compute type of 4-bit layers.
   *
   * Default: `null`. No effect: prefine computes in float32.
   */
  readonly bnb_4bit_compute_dtype?: "float32" | "float16" | "bfloat16" | null | undefined;
  /**
   * Quantization data type: fp4 or nf4.
   *
   * Default: `"fp4"`. Same as transformers.
   */
  readonly bnb_4bit_quant_type?: "fp4" | "nf4" | undefined;
  /**
   * Quantize the scales of 4-bit weights too.
   *
   * Default: `false`. Same as transformers.
   */
  readonly bnb_4bit_use_double_quant?: boolean | undefined;
  /**
   * Storage type of packed 4-bit weights.
   *
   * Default: `null`. No effect: they are stored as bytes.
   */
  readonly bnb_4bit_quant_storage?:
    | "uint8"
    | "int8"
    | "float32"
    | "float16"
    | "bfloat16"
    | "float64"
    | null
    | undefined;
}

/** transformers.BitsAndBytesConfig: all options, checked and complete; frozen. */
export interface BitsAndBytesConfig {
  /**
   * Load linear layers in 8 bits.
   *
   * Default: `false`. Differs from transformers: blocks of 64 integers with one scale each, activations in float32;
   * LLM.int8() has one scale per row and rounds both.
   */
  readonly load_in_8bit: boolean;
  /**
   * Load linear layers in 4 bits, in bitsandbytes' blocks of 64.
   *
   * Default: `false`. Same as transformers.
   */
  readonly load_in_4bit: boolean;
  /**
   * Outlier threshold of LLM.int8().
   *
   * Default: `6`. No effect: activations are not quantized.
   */
  readonly llm_int8_threshold: number;
  /**
   * Layers to leave unquantized: starts or ends of their names, or regular expressions.
   *
   * Default: `null`. Differs from transformers: the output head is never quantized.
   */
  readonly llm_int8_skip_modules: string[] | null;
  /**
   * Offload parts of the model to the CPU in float32.
   *
   * Default: `false`. No effect: the whole model is on the CPU.
   */
  readonly llm_int8_enable_fp32_cpu_offload: boolean;
  /**
   * Run LLM.int8() with 16-bit main weights.
   *
   * Default: `false`. Not built: only the default is taken.
   */
  readonly llm_int8_has_fp16_weight: boolean;
  /**
   * Compute type of 4-bit layers.
   *
   * Default: `null`. No effect: prefine computes in float32.
   */
  readonly bnb_4bit_compute_dtype: "float32" | "float16" | "bfloat16" | null;
  /**
   * Quantization data type: fp4 or nf4.
   *
   * Default: `"fp4"`. Same as transformers.
   */
  readonly bnb_4bit_quant_type: "fp4" | "nf4";
  /**
   * Quantize the scales of 4-bit weights too.
   *
   * Default: `false`. Same as transformers.
   */
  readonly bnb_4bit_use_double_quant: boolean;
  /**
   * Storage type of packed 4-bit weights.
   *
   * Default: `null`. No effect: they are stored as bytes.
   */
  readonly bnb_4bit_quant_storage: "uint8" | "int8" | "float32" | "float16" | "bfloat16" | "float64" | null;
}
