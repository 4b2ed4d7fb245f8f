/** @file The fields of config.json of the supported families, for COMPATIBILITY.md: read, no effect, or refused. */

interface ConfigField {
  names: readonly string[];
  /** Families that have it; absent: all. */
  families?: readonly string[];
  support: string;
}

const GEMMAS = ["gemma", "gemma2", "gemma3_text"];
const LATER_GEMMAS = ["gemma2", "gemma3_text"];
const QWEN = ["qwen2", "qwen3"];
const WITH_RMS_NORM = ["llama", "mistral", ...QWEN, ...GEMMAS, "phi3", "smollm3", "olmo2", "granite"];
const GROUPED = [...WITH_RMS_NORM, "starcoder2"];
const DECODERS = [...GROUPED, "gpt_neox"];
const WITH_HEAD_DIM = ["llama", "mistral", ...QWEN, ...GEMMAS];

/** Fields of transformers' config classes, then others that files have. */
export const CONFIG_FIELDS: readonly ConfigField[] = [
  {
    names: ["n_embd", "n_positions", "n_head", "n_layer"],
    families: ["gpt2"],
    support:
      "read; also as `hidden_size`, `max_position_embeddings`, `num_attention_heads`, `num_hidden_layers`, which " +
      "come first where a file has both, as in transformers",
  },
  { names: ["n_inner", "layer_norm_epsilon", "activation_function"], families: ["gpt2"], support: "read" },
  { names: ["scale_attn_weights", "scale_attn_by_inverse_layer_idx"], families: ["gpt2"], support: "read" },
  { names: ["embd_pdrop", "resid_pdrop", "attn_pdrop"], families: ["gpt2"], support: "read: dropout in training" },
  { names: ["reorder_and_upcast_attn"], families: ["gpt2"], support: "no effect: attention is float32" },
  { names: ["add_cross_attention"], families: ["gpt2"], support: "refused if true" },
  {
    names: [
      "summary_type",
      "summary_use_proj",
      "summary_activation",
      "summary_proj_to_labels",
      "summary_first_dropout",
    ],
    families: ["gpt2"],
    support: "no effect: of another head",
  },
  {
    names: ["hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "max_position_embeddings"],
    families: DECODERS,
    support: "read",
  },
  { names: ["num_key_value_heads"], families: GROUPED, support: "read" },
  { names: ["rms_norm_eps"], families: WITH_RMS_NORM, support: "read" },
  { names: ["layer_norm_eps", "use_parallel_residual"], families: ["gpt_neox"], support: "read" },
  { names: ["norm_epsilon", "use_bias"], families: ["starcoder2"], support: "read" },
  {
    names: ["hidden_act"],
    families: DECODERS.filter((type) => !LATER_GEMMAS.includes(type)),
    support:
      "read: silu, gelu and its other names and approximations, quick_gelu, relu, relu2, sigmoid, tanh, linear; gemma's " +
      "gelu means gelu_pytorch_tanh, as in transformers",
  },
  { names: ["hidden_activation"], families: LATER_GEMMAS, support: "read" },
  {
    names: ["head_dim"],
    families: WITH_HEAD_DIM,
    support: "read; null: hidden_size / num_attention_heads (qwen3: 128; gemma, gemma2, gemma3_text: 256)",
  },
  { names: ["query_pre_attn_scalar", "final_logit_softcapping"], families: LATER_GEMMAS, support: "read" },
  {
    names: ["attn_logit_softcapping"],
    families: LATER_GEMMAS,
    support: "read in gemma2; no effect in gemma3_text, as in transformers",
  },
  {
    names: ["text_config"],
    families: ["gemma3"],
    support: "read, with the fields and defaults of gemma3_text; but `tie_word_embeddings` next to it",
  },
  {
    names: ["vision_config", "mm_tokens_per_image", "boi_token_index", "eoi_token_index", "image_token_index"],
    families: ["gemma3"],
    support: "no effect: of the vision part, which is left out and copied into saved models",
  },
  {
    names: ["use_bidirectional_attention"],
    families: GEMMAS,
    support: "refused if set: of embedding models",
  },
  {
    names: ["embedding_multiplier", "attention_multiplier", "residual_multiplier", "logits_scaling"],
    families: ["granite"],
    support: "read",
  },
  { names: ["no_rope_layers", "no_rope_layer_interval"], families: ["smollm3"], support: "read" },
  {
    names: ["original_max_position_embeddings"],
    families: ["phi3"],
    support:
      "read: where LongRoPE changes its factors, by the longest text of a pair; in transformers by that of the padded " +
      "batch, so that batches of longer and shorter pairs differ from TRL's, of which a run warns",
  },
  { names: ["resid_pdrop"], families: ["phi3"], support: "read: dropout in training" },
  { names: ["embd_pdrop"], families: ["phi3"], support: "no effect, as in transformers" },
  { names: ["embedding_dropout", "residual_dropout"], families: ["starcoder2"], support: "read: dropout in training" },
  { names: ["hidden_dropout"], families: ["gpt_neox"], support: "read: dropout in training" },
  { names: ["classifier_dropout", "is_decoder"], families: ["gpt_neox"], support: "no effect: of another head" },
  { names: ["attention_dropout"], families: DECODERS, support: "read: dropout in training" },
  {
    names: ["rope_parameters"],
    families: DECODERS,
    support:
      "read, as is its older spelling `rope_scaling` (which comes first) with `rope_theta`: default, dynamic, " +
      "linear, llama3, longrope (phi3: with two sets of factors; others: one), yarn (phi3: default and longrope alone); in gemma3_text per layer type, " +
      "refused so elsewhere; `partial_rotary_factor` is read in phi3 and gpt_neox (there, as `rope_theta`, in this field alone); in others it has no effect with " +
      "default and is refused with the rest",
  },
  {
    names: ["attention_bias"],
    families: ["llama", "qwen3", ...GEMMAS, "smollm3", "olmo2", "granite", "gpt_neox"],
    support: "read; no effect in mistral and qwen2",
  },
  { names: ["mlp_bias"], families: ["llama", "smollm3", "granite"], support: "read; no effect in the others" },
  { names: ["pretraining_tp"], families: ["llama"], support: "no effect, as in transformers 5" },
  {
    names: ["sliding_window"],
    families: ["mistral", ...QWEN, ...LATER_GEMMAS, "phi3", "smollm3", "starcoder2"],
    support:
      "read; 0 is refused; the other families have no windows: one shorter than their positions is refused there, " +
      "since transformers' cache applies it in generation alone",
  },
  { names: ["use_sliding_window"], families: [...QWEN, "smollm3"], support: "read; no effect in mistral" },
  { names: ["max_window_layers"], families: QWEN, support: "read; no effect in mistral" },
  {
    names: ["layer_types"],
    families: [...QWEN, ...LATER_GEMMAS, "smollm3"],
    support:
      "read, in mistral too (Ministral); sliding_attention without a window is refused, as are types other than " +
      "full_attention and sliding_attention",
  },
  { names: ["vocab_size", "tie_word_embeddings"], support: "read" },
  { names: ["bos_token_id", "eos_token_id", "pad_token_id"], support: "read where there is no generation_config.json" },
  { names: ["is_encoder_decoder"], support: "refused if true" },
  { names: ["is_causal"], support: "refused if false" },
  { names: ["per_layer_config"], support: "refused" },
  { names: ["attention_chunk_size"], support: "refused where transformers' cache would apply it" },
  {
    names: ["quantization_config"],
    support: "bitsandbytes: weights stay as stored; other methods are refused",
  },
  {
    names: ["dtype", "torch_dtype"],
    support: "no effect: computes in float32, as precise as the file's type or more",
  },
  {
    names: ["architectures", "auto_map", "transformers_version", "initializer_range", "use_cache", "return_dict"],
    support: "no effect",
  },
  { names: ["output_hidden_states", "output_attentions", "chunk_size_feed_forward"], support: "no effect" },
  { names: ["id2label", "label2id", "problem_type"], support: "no effect: of another head" },
  {
    names: ["attn_implementation", "_attn_implementation"],
    support: "no effect: there is one implementation",
  },
];
