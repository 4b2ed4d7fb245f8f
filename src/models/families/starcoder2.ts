/** @file StarCoder2 (transformers' Starcoder2ForCausalLM): layer norms, biases, an MLP without a gate. */
import { readActivation } from "./activations.ts";
import { allLayers, type DecoderFamily, windowOf } from "./decoderConfig.ts";

export const STARCODER2: DecoderFamily = {
  type: "starcoder2",
  defaults: {
    vocab_size: 49_152,
    hidden_size: 3072,
    intermediate_size: 12_288,
    num_hidden_layers: 30,
    num_attention_heads: 24,
    num_key_value_heads: 2,
    max_position_embeddings: 4096,
    tie_word_embeddings: true,
  },
  norm: "layer",
  epsilon: ["norm_epsilon", 1e-5],
  mlp: "plain",
  activation: (fields) => readActivation(fields, "hidden_act", "gelu_pytorch_tanh"),
  bias: (fields) => {
    const all = fields.boolean("use_bias", true);
    return { qkv: all, attentionOut: all, mlp: all };
  },
  dropout: (fields) => ({
    embedding: fields.rate("embedding_dropout", 0),
    attention: fields.rate("attention_dropout", 0),
    residual: fields.rate("residual_dropout", 0),
  }),
  windows: (fields, layers) => allLayers(layers, windowOf(fields, null)),
};
