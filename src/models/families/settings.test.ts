/** @file Architecture.settings: what config.json decides beside the weights, whatever else it says. */
import { describe, expect, it } from "vitest";
import { architectureOf } from "./architectures.ts";

const DECODER = { hidden_size: 32, num_attention_heads: 4, num_key_value_heads: 2, num_hidden_layers: 2, head_dim: 8 };
const YARN = { rope_type: "yarn", factor: 4, original_max_position_embeddings: 64 };
const BASES: Record<string, Record<string, unknown>> = {
  gpt2: { n_embd: 32, n_head: 4, n_layer: 2, vocab_size: 50 },
  llama: DECODER,
  mistral: DECODER,
  qwen2: DECODER,
  qwen3: DECODER,
};
const settings = (type: string, config: Record<string, unknown> = {}) =>
  JSON.parse(JSON.stringify(architectureOf({ model_type: type, ...BASES[type], ...config }, "config.json").settings));

/** Fields that change results although every weight keeps its name and shape. */
const DECISIVE: Record<string, Record<string, unknown>[]> = {
  gpt2: [
    { n_head: 2 },
    { layer_norm_epsilon: 1e-3 },
    { activation_function: "gelu" },
    { scale_attn_weights: false },
    { scale_attn_by_inverse_layer_idx: true },
    { embd_pdrop: 0.2 },
    { resid_pdrop: 0.2 },
    { attn_pdrop: 0.2 },
  ],
  llama: [
    { rms_norm_eps: 1e-3 },
    { hidden_act: "gelu" },
    { rope_theta: 50_000 },
    { rope_scaling: YARN },
    { rope_scaling: { ...YARN, factor: 2 } },
    { num_attention_heads: 8, head_dim: 4 },
    { attention_dropout: 0.1 },
  ],
  mistral: [{ sliding_window: 16 }, { sliding_window: null }],
  qwen2: [{ use_sliding_window: true, max_window_layers: 1 }],
  qwen3: [{ rms_norm_eps: 1e-3 }],
};

describe.each(Object.entries(DECISIVE))("the settings of %s", (type, changes) => {
  it.each(changes)("differ with %j", (change) => {
    expect(settings(type, change)).not.toEqual(settings(type));
  });

  it("do not depend on fields without an effect, nor on defaults that are written down", () => {
    const idle = { use_cache: false, transformers_version: "9", dtype: "float16", bos_token_id: 3, torch_dtype: null };
    const defaults =
      type === "gpt2"
        ? { layer_norm_epsilon: 1e-5, activation_function: "gelu_pytorch_tanh", n_inner: 128, hidden_size: 32 }
        : { rms_norm_eps: 1e-6, hidden_act: "swish", attention_dropout: 0 };
    expect(settings(type, { ...idle, ...defaults })).toEqual(settings(type));
  });
});
