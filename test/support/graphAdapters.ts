/** @file The kinds of adapters whose graphs are compared, for GPT-2 and for the llama family. */
import type { AdapterConfig } from "../../src/checkpoints/adapterConfig.ts";

type Config = Record<string, unknown>;

/** Module names by family: the embedding, attention's first and last projections, the MLP's last. */
const modulesOf = ({ model_type }: Config) => ({ ...LLAMA, ...OTHERS[String(model_type)] });
const LLAMA = {
  words: "embed_tokens",
  query: "q_proj",
  output: "o_proj",
  down: "down_proj",
  norm: "post_attention_layernorm",
};
const OTHERS: Record<string, Partial<typeof LLAMA>> = {
  gpt2: { words: "wte", query: "c_attn", output: "attn.c_proj", down: "mlp.c_proj", norm: "ln_2" },
  gpt_neox: { words: "embed_in", query: "query_key_value", output: "attention.dense", down: "mlp.dense_4h_to_h" },
  phi3: { query: "qkv_proj" },
  starcoder2: { down: "mlp.c_proj" },
};

type Adapting = (config: Config) => Partial<AdapterConfig>;

const ALL_LINEAR = { target_modules: "all-linear" };
const ADAPTERS: Record<string, Adapting> = {
  LoRA: () => ALL_LINEAR,
  "LoRA on some": (config) => {
    const { query, down } = modulesOf(config);
    return { target_modules: [query, down], layers_to_transform: [1], rank_pattern: { [down]: 3 }, use_rslora: true };
  },
  DoRA: (config) => ({ target_modules: [modulesOf(config).query, modulesOf(config).down], use_dora: true }),
  "biases and a norm": (config) => ({ ...ALL_LINEAR, bias: "all", modules_to_save: [modulesOf(config).norm] }),
  "the embedding": (config) => ({ target_modules: [modulesOf(config).words, modulesOf(config).query] }),
  "the embedding, DoRA": (config) => {
    return { target_modules: [modulesOf(config).words, modulesOf(config).output], use_dora: true };
  },
  "embedding and unembedding in full": (config) => ({ modules_to_save: [modulesOf(config).words, "lm_head"] }),
  "unembedding in full": () => ({ modules_to_save: ["lm_head"] }),
  tokens: () => ({ trainable_token_indices: [40, 0, 8096, 7] }),
  "tokens, others of the head": (config) => {
    const last = Number(config.vocab_size) - 1; // in another block of words
    return { trainable_token_indices: { [modulesOf(config).words]: [5, 50], lm_head: [5, 6, last] } };
  },
  PiSSA: (config) => ({ init_lora_weights: "pissa", target_modules: [modulesOf(config).query] }),
  "drawn without a neutral start, DoRA": (config) => {
    return { target_modules: [modulesOf(config).output], use_dora: true, init_lora_weights: false };
  },
};

/** The adapter of this kind, for a model with this config.json. */
export const adapterConfig = (config: Config, kind: string): AdapterConfig => ({
  r: 2,
  lora_alpha: 5,
  lora_dropout: 0.05,
  target_modules: [modulesOf(config).query],
  base_model_name_or_path: null,
  fan_in_fan_out: false,
  task_type: "CAUSAL_LM",
  revision: null,
  ...ADAPTERS[kind](config),
});
