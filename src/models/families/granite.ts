/** @file Granite (transformers' GraniteForCausalLM): Llama with four factors. */
import type { ConfigFields } from "./configFields.ts";
import type { DecoderFamily } from "./decoderConfig.ts";
import { LLAMA } from "./llama.ts";

export const GRANITE: DecoderFamily = {
  ...LLAMA,
  type: "granite",
  factors: (fields) => ({
    embedding: fields.signed("embedding_multiplier", 1),
    // torch's attention takes its square root: NaN below 0
    attention: fields.number("attention_multiplier", 1),
    residual: fields.signed("residual_multiplier", 1),
    logits: 1 / divisor(fields, "logits_scaling"),
  }),
};

function divisor(fields: ConfigFields, name: string): number {
  const value = fields.signed(name, 1);
  if (value === 0) throw fields.fault(`${name}: expected a number other than 0, found 0`);
  return value;
}
