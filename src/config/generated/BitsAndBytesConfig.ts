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
   * Keep the linear layers in 8 bits.
   *
   * Default: `false`. Differs from transformers: blocks of 64 whole numbers with a scale each, activations in float32;
   * LLM.int8() has a scale a row, and rounds both.
   */
  readonly load_in_8bit?: boolean | undefined;
  /**
   * Keep the linear layers in 4 bits, in bitsandbytes' blocks of 64.
   *
   * Default: `false`. Same as transformers.
   */
  readonly load_in_4bit?: boolean | undefined;
  /**
   * Activations beyond it stay in float16.
   *
   * Default: `6`. No effect: activations are float32.
   */
  readonly llm_int8_threshold?: number | undefined;
  /**
   * Layers that are not quantized: starts or ends of their names, or regular expressions.
   *
   * Default: `null`. Differs from transformers: the output head stays as it is whether it is named or not.
   */
  readonly llm_int8_skip_modules?: OneOrMore<string> | null | undefined;
  /**
   * Keep parts on the CPU in float32.
   *
   * Default: `false`. No effect: all is on the CPU.
   */
  readonly llm_int8_enable_fp32_cpu_offload?: boolean | undefined;
  /**
   * Type that products of 4-bit weights are computed in.
   *
   * Default: `null`. No effect: prefine computes in float32.
   */
  readonly bnb_4bit_compute_dtype?: "float32" | "float16" | "bfloat16" | null | undefined;
  /**
   * Format of 4-bit weights.
   *
   * Default: `"fp4"`. Same as transformers.
   */
  readonly bnb_4bit_quant_type?: "fp4" | "nf4" | undefined;
  /**
   * Quantize the scales of 4-bit weights, too.
   *
   * Default: `false`. Same as transformers.
   */
  readonly bnb_4bit_use_double_quant?: boolean | undefined;
  /**
   * Type that packs 4-bit weights.
   *
   * Default: `null`. No effect: they are bytes.
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
   * Keep the linear layers in 8 bits.
   *
   * Default: `false`. Differs from transformers: blocks of 64 whole numbers with a scale each, activations in float32;
   * LLM.int8() has a scale a row, and rounds both.
   */
  readonly load_in_8bit: boolean;
  /**
   * Keep the linear layers in 4 bits, in bitsandbytes' blocks of 64.
   *
   * Default: `false`. Same as transformers.
   */
  readonly load_in_4bit: boolean;
  /**
   * Activations beyond it stay in float16.
   *
   * Default: `6`. No effect: activations are float32.
   */
  readonly llm_int8_threshold: number;
  /**
   * Layers that are not quantized: starts or ends of their names, or regular expressions.
   *
   * Default: `null`. Differs from transformers: the output head stays as it is whether it is named or not.
   */
  readonly llm_int8_skip_modules: string[] | null;
  /**
   * Keep parts on the CPU in float32.
   *
   * Default: `false`. No effect: all is on the CPU.
   */
  readonly llm_int8_enable_fp32_cpu_offload: boolean;
  /**
   * Keep 16-bit weights beside.
   *
   * Default: `false`. Not built: only the default is taken.
   */
  readonly llm_int8_has_fp16_weight: boolean;
  /**
   * Type that products of 4-bit weights are computed in.
   *
   * Default: `null`. No effect: prefine computes in float32.
   */
  readonly bnb_4bit_compute_dtype: "float32" | "float16" | "bfloat16" | null;
  /**
   * Format of 4-bit weights.
   *
   * Default: `"fp4"`. Same as transformers.
   */
  readonly bnb_4bit_quant_type: "fp4" | "nf4";
  /**
   * Quantize the scales of 4-bit weights, too.
   *
   * Default: `false`. Same as transformers.
   */
  readonly bnb_4bit_use_double_quant: boolean;
  /**
   * Type that packs 4-bit weights.
   *
   * Default: `null`. No effect: they are bytes.
   */
  readonly bnb_4bit_quant_storage: "uint8" | "int8" | "float32" | "float16" | "bfloat16" | "float64" | null;
}
