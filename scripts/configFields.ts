/** @file The fields of config.json of the supported families, for COMPATIBILITY.md: read, no effect, or refused. */

interface ConfigField {
  names: readonly string[];
  /** Families that have it; absent: all. */
  families?: readonly string[];
  support: string;
}

const DECODERS = ["llama", "mistral", "qwen2", "qwen3"];
const QWEN = ["qwen2", "qwen3"];

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
    names: ["hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads"],
    families: DECODERS,
    support: "read",
  },
  { names: ["max_position_embeddings", "rms_norm_eps", "hidden_act"], families: DECODERS, support: "read" },
  { names: ["head_dim"], families: DECODERS, support: "read; null: hidden_size / num_attention_heads (qwen3: 128)" },
  { names: ["attention_dropout"], families: DECODERS, support: "read: dropout in training" },
  {
    names: ["rope_parameters"],
    families: DECODERS,
    support:
      "read, as is its older spelling `rope_scaling` (which comes first) with `rope_theta`: default, dynamic, " +
      "linear, llama3, longrope with one set of factors, yarn; `partial_rotary_factor` has no effect with default and is " +
      "refused with others; parameters per layer type are refused",
  },
  { names: ["attention_bias"], families: ["llama", "qwen3"], support: "read; no effect in mistral and qwen2" },
  { names: ["mlp_bias"], families: ["llama"], support: "read; no effect in the others" },
  { names: ["pretraining_tp"], families: ["llama"], support: "no effect, as in transformers 5" },
  {
    names: ["sliding_window"],
    families: ["mistral", "qwen2", "qwen3"],
    support:
      "read; 0 is refused; llama and gpt2 have no windows: one shorter than their positions is refused there, since " +
      "transformers' cache applies it in generation alone",
  },
  { names: ["use_sliding_window", "max_window_layers"], families: QWEN, support: "read; no effect in mistral" },
  {
    names: ["layer_types"],
    families: QWEN,
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
