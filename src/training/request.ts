/** @file What a trainer's options ask the preparation for. */
import { BitsAndBytesConfig } from "../config/BitsAndBytesConfig.ts";
import type { DPOConfig } from "../config/DPOConfig.ts";
import { LoraConfig } from "../config/LoraConfig.ts";
import { evaluationSets } from "./prepare/rows.ts";
import type { DPOTrainerOptions } from "./trainerOptions.ts";

export function requestOf(options: DPOTrainerOptions, args: DPOConfig, signal: AbortSignal | undefined) {
  const { peft_config, quantization_config, processing_class, tokenizer, ref_model } = options;
  return {
    ...options,
    args,
    ref_model: ref_model ?? null,
    eval_datasets: evaluationSets(options.eval_dataset ?? null),
    tokenizer: processing_class ?? tokenizer ?? null,
    peft_config: peft_config ? LoraConfig(peft_config) : null,
    quantization_config: quantization_config ? BitsAndBytesConfig(quantization_config) : null,
    signal,
  };
}
