/** @file OLMo 2 (transformers' Olmo2ForCausalLM): norms behind attention and MLP, and of all queries at once. */
import type { DecoderFamily } from "./decoderConfig.ts";

export const OLMO2: DecoderFamily = {
  type: "olmo2",
  defaults: { vocab_size: 50_304, intermediate_size: 11_008, max_position_embeddings: 2048 },
  epsilon: ["rms_norm_eps", 1e-5],
  blockNorms: {
    beforeAttention: null,
    afterAttention: "post_attention_layernorm",
    beforeMlp: null,
    afterMlp: "post_feedforward_layernorm",
  },
  headNorm: "all heads",
  bias: (fields) => {
    const attention = fields.boolean("attention_bias", false);
    return { qkv: attention, attentionOut: attention, mlp: false };
  },
};
