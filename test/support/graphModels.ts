/** @file Models of every family without weights, for their graphs: all differences between members are covered. */
import type { FileRange } from "../../src/engine/runtime/protocol.ts";
import { architectureOf } from "../../src/models/families/architectures.ts";
import type { LoadedModel } from "../../src/models/loadedModel.ts";
import type { QuantizationSettings } from "../../src/models/network.ts";
import { quantizeModel } from "../../src/models/precision/quantize.ts";

/** Two vocabulary blocks (linearLogps), so that the unembedding is fed in parts. */
const VOCABULARY = 9000;

const GPT2 = {
  model_type: "gpt2",
  n_embd: 32,
  n_layer: 2,
  n_head: 4,
  n_positions: 128,
  vocab_size: VOCABULARY,
  embd_pdrop: 0.1,
  attn_pdrop: 0.2,
  resid_pdrop: 0.3,
};
const DECODER = {
  hidden_size: 32,
  intermediate_size: 88,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 8,
  max_position_embeddings: 128,
  vocab_size: VOCABULARY,
  rope_theta: 10000,
  rms_norm_eps: 1e-6,
  tie_word_embeddings: false,
  hidden_act: "silu",
  attention_dropout: 0.1,
};

/** What Gemma 2 and 3 read besides. */
const GEMMA = { tie_word_embeddings: true, query_pre_attn_scalar: 12, hidden_activation: "gelu_pytorch_tanh" };
const GRANITE = { embedding_multiplier: 6, residual_multiplier: 0.4, attention_multiplier: 0.2, logits_scaling: 2 };

/** Each family, configured as its small published members. */
export const FAMILIES: Record<string, Record<string, unknown>> = {
  gpt2: GPT2,
  llama: { model_type: "llama", ...DECODER },
  mistral: { model_type: "mistral", ...DECODER, sliding_window: 8 },
  qwen2: { model_type: "qwen2", ...DECODER, tie_word_embeddings: true },
  qwen3: { model_type: "qwen3", ...DECODER, head_dim: 12 },
  gemma: { model_type: "gemma", ...DECODER, num_key_value_heads: 1, tie_word_embeddings: true, hidden_act: "gelu" },
  gemma2: { model_type: "gemma2", ...DECODER, ...GEMMA, sliding_window: 8 },
  gemma3_text: { model_type: "gemma3_text", ...DECODER, ...GEMMA, sliding_window: 8, sliding_window_pattern: 2 },
  phi3: { model_type: "phi3", ...DECODER, partial_rotary_factor: 0.75 },
  smollm3: { model_type: "smollm3", ...DECODER, no_rope_layers: [1, 0] },
  olmo2: { model_type: "olmo2", ...DECODER },
  granite: { model_type: "granite", ...DECODER, ...GRANITE },
  gpt_neox: {
    model_type: "gpt_neox",
    hidden_size: 32,
    intermediate_size: 88,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    max_position_embeddings: 128,
    vocab_size: VOCABULARY,
    rotary_pct: 0.5,
    attention_dropout: 0.1,
    hidden_dropout: 0.2,
  },
  starcoder2: { model_type: "starcoder2", ...DECODER, hidden_act: "gelu_pytorch_tanh", tie_word_embeddings: true },
};

/** The other structural options of config.json. */
export const VARIANTS: Record<string, Record<string, unknown>> = {
  "gpt2, untied, relu, scores by layer, other epsilon": {
    ...GPT2,
    tie_word_embeddings: false,
    activation_function: "relu",
    n_inner: 40,
    scale_attn_by_inverse_layer_idx: true,
    layer_norm_epsilon: 1e-6,
  },
  "gpt2, unscaled scores, gelu, small vocabulary": {
    ...GPT2,
    scale_attn_weights: false,
    activation_function: "gelu",
    vocab_size: 97,
  },
  "llama, tied, all biases, llama3 rope": {
    ...FAMILIES.llama,
    tie_word_embeddings: true,
    attention_bias: true,
    mlp_bias: true,
    rms_norm_eps: 1e-5,
    rope_scaling: {
      rope_type: "llama3",
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 64,
    },
  },
  "llama, linear rope, as many key heads, gelu_new": {
    ...FAMILIES.llama,
    num_key_value_heads: 4,
    hidden_act: "gelu_new",
    rope_parameters: { rope_type: "linear", factor: 2.5, rope_theta: 50000 },
  },
  "mistral, tied, no window, quick_gelu": {
    ...FAMILIES.mistral,
    sliding_window: null,
    tie_word_embeddings: true,
    hidden_act: "quick_gelu",
  },
  "qwen2, untied, windows from layer 1, yarn": {
    ...FAMILIES.qwen2,
    tie_word_embeddings: false,
    use_sliding_window: true,
    sliding_window: 6,
    max_window_layers: 1,
    rope_scaling: { rope_type: "yarn", factor: 4, original_max_position_embeddings: 32 },
  },
  "qwen3, tied, attention biases, windows by layer, one key head": {
    ...FAMILIES.qwen3,
    tie_word_embeddings: true,
    attention_bias: true,
    num_key_value_heads: 1,
    use_sliding_window: true,
    sliding_window: 5,
    layer_types: ["sliding_attention", "full_attention"],
  },
  "gemma3_text, bounded logits, linear rope on full layers": {
    ...FAMILIES.gemma3_text,
    final_logit_softcapping: 20,
    rope_scaling: { rope_type: "linear", factor: 8 },
  },
  "phi3, longrope": {
    ...FAMILIES.phi3,
    partial_rotary_factor: 0.5,
    original_max_position_embeddings: 64,
    rope_scaling: { type: "longrope", short_factor: [1, 1.5], long_factor: [2, 3] },
  },
  "gpt_neox, one after the other, tied, no attention bias": {
    ...FAMILIES.gpt_neox,
    use_parallel_residual: false,
    tie_word_embeddings: true,
    attention_bias: false,
  },
  "starcoder2, no biases, windows, dropout": {
    ...FAMILIES.starcoder2,
    use_bias: false,
    sliding_window: 6,
    residual_dropout: 0.1,
    embedding_dropout: 0.2,
  },
};

/** The model that a folder with this config.json would give. @param as type of the numbers in its files */
export function modelOf(config: Record<string, unknown>, as: FileRange["as"] = "F32"): LoadedModel {
  const architecture = architectureOf(config, "config.json");
  const weights = [...architecture.parameters].map(([name, shape]): [string, FileRange] => {
    return [name, { file: "model.safetensors", start: 0, end: 0, as, shape }];
  });
  const named = { nameOrPath: "model", directory: "model", configFile: "model/config.json" };
  return { ...named, architecture, config, generationConfig: {}, weights: new Map(weights) };
}

/** With linear layers in fewer bits. */
export function quantized(model: LoadedModel, changes: Partial<QuantizationSettings>): LoadedModel {
  return quantizeModel(model, {
    load_in_8bit: false,
    load_in_4bit: false,
    bnb_4bit_quant_type: "nf4",
    bnb_4bit_use_double_quant: false,
    llm_int8_skip_modules: null,
    ...changes,
  });
}
