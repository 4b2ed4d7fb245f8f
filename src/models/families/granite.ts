/** @file Granite (transformers' GraniteForCausalLM): Llama with four factors. */
import type { DecoderFamily } from "./decoderConfig.ts";
import { LLAMA } from "./llama.ts";

export const GRANITE: DecoderFamily = {
  ...LLAMA,
  type: "granite",
  factors: (fields) => ({
    embedding: fields.number("embedding_multiplier", 1),
    attention: fields.number("attention_multiplier", 1),
    residual: fields.number("residual_multiplier", 1),
    logits: 1 / fields.positive("logits_scaling", 1),
  }),
};
