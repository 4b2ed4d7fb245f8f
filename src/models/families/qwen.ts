/** @file Qwen2, Qwen2.5 (transformers' Qwen2ForCausalLM) and Qwen3 (Qwen3ForCausalLM). */
import type { ConfigFields } from "./configFields.ts";
import { type DecoderFamily, typedWindows, windowOf } from "./decoderConfig.ts";

const DEFAULTS = {
  vocab_size: 151_936,
  intermediate_size: 22_016,
  max_position_embeddings: 32_768,
  num_key_value_heads: 32,
};

export const QWEN2: DecoderFamily = {
  type: "qwen2",
  defaults: DEFAULTS,
  bias: () => ({ qkv: true, attentionOut: false, mlp: false }),
  windows,
};

export const QWEN3: DecoderFamily = {
  type: "qwen3",
  defaults: { ...DEFAULTS, head_dim: 128 },
  bias: (fields) => {
    const attention = fields.boolean("attention_bias", false);
    return { qkv: attention, attentionOut: attention, mlp: false };
  },
  headNorm: "each head",
  windows,
};

/** Off unless use_sliding_window; then from layer max_window_layers on, or as layer_types says. */
function windows(fields: ConfigFields, layers: number): (number | null)[] {
  const window = fields.boolean("use_sliding_window", false) ? windowOf(fields, 4096) : null;
  const typed = typedWindows(fields, { layers, window, needs: "use_sliding_window: true and a" });
  if (typed) return typed;
  const first = fields.number("max_window_layers", 28);
  return Array.from({ length: layers }, (_, layer) => (layer >= first ? window : null));
}
