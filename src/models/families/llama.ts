/** @file Llama (transformers' LlamaForCausalLM) and Mistral (MistralForCausalLM). */
import { allLayers, type DecoderFamily, typedWindows, windowOf } from "./decoderConfig.ts";

export const LLAMA: DecoderFamily = {
  type: "llama",
  defaults: { vocab_size: 32_000, intermediate_size: 11_008, max_position_embeddings: 2048 },
  bias: (fields) => {
    const attention = fields.boolean("attention_bias", false);
    return { qkv: attention, attentionOut: attention, mlp: fields.boolean("mlp_bias", false) };
  },
};

export const MISTRAL: DecoderFamily = {
  type: "mistral",
  defaults: {
    vocab_size: 32_000,
    intermediate_size: 14_336,
    max_position_embeddings: 131_072,
    num_key_value_heads: 8,
  },
  // on all layers, or as layer_types says (Ministral: AutoConfig reads such a config as that)
  windows: (fields, layers) => {
    const window = windowOf(fields, 4096);
    return typedWindows(fields, { layers, window, needs: "a" }) ?? allLayers(layers, window);
  },
};
