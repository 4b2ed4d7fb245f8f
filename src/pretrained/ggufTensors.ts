/** @file Names and layouts of a GGUF file's tensors -> Hugging Face's. */
import type { FileRange } from "../engine/runtime/protocol.ts";

/** A tensor's name in the file, and how the file's values and rows differ. */
export interface GgufSource extends Pick<FileRange, "rows" | "plus"> {
  name: string;
  /** Another tensor that may hold the same rows instead, with others before and after them: queries, keys, values. */
  within?: { name: string; part: "queries" | "keys" | "values" };
}

type Config = Readonly<Record<string, unknown>>;

/** Modules of a layer -> names in the file. */
type Modules = Readonly<Record<string, string>>;

const ATTENTION: Modules = {
  "self_attn.q_proj": "attn_q",
  "self_attn.k_proj": "attn_k",
  "self_attn.v_proj": "attn_v",
  "self_attn.o_proj": "attn_output",
  "self_attn.q_norm": "attn_q_norm",
  "self_attn.k_norm": "attn_k_norm",
};

const DECODER: Modules = {
  ...ATTENTION,
  input_layernorm: "attn_norm",
  post_attention_layernorm: "ffn_norm",
  "mlp.gate_proj": "ffn_gate",
  "mlp.up_proj": "ffn_up",
  "mlp.down_proj": "ffn_down",
};

/** Norms behind attention and MLP. */
const OLMO2: Modules = {
  ...DECODER,
  post_attention_layernorm: "post_attention_norm",
  post_feedforward_layernorm: "post_ffw_norm",
};

const GEMMA2: Modules = { ...OLMO2, pre_feedforward_layernorm: "ffn_norm" };

/** Fused layers, in the same order of rows. */
const PHI3: Modules = { ...DECODER, "self_attn.qkv_proj": "attn_qkv", "mlp.gate_up_proj": "ffn_up" };

const STARCODER2: Modules = { ...DECODER, "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down" };

/** Families that are not named as Llama's in the file or in transformers. */
const MODULES: Readonly<Record<string, Modules>> = {
  olmo2: OLMO2,
  gemma2: GEMMA2,
  gemma3_text: GEMMA2,
  phi3: PHI3,
  starcoder2: STARCODER2,
};

const DECODER_OUTER: Modules = {
  "model.embed_tokens.weight": "token_embd.weight",
  "model.norm.weight": "output_norm.weight",
  "model.norm.bias": "output_norm.bias",
  "lm_head.weight": "output.weight",
};

const GPT2: Modules = {
  ln_1: "attn_norm",
  ln_2: "ffn_norm",
  "attn.c_attn": "attn_qkv",
  "attn.c_proj": "attn_output",
  "mlp.c_fc": "ffn_up",
  "mlp.c_proj": "ffn_down",
};

const GPT2_OUTER: Modules = {
  "transformer.wte.weight": "token_embd.weight",
  "transformer.wpe.weight": "position_embd.weight",
  "transformer.ln_f.weight": "output_norm.weight",
  "transformer.ln_f.bias": "output_norm.bias",
  "lm_head.weight": "output.weight",
};

const NEOX: Modules = {
  input_layernorm: "attn_norm",
  post_attention_layernorm: "ffn_norm",
  "attention.query_key_value": "attn_qkv",
  "attention.dense": "attn_output",
  "mlp.dense_h_to_4h": "ffn_up",
  "mlp.dense_4h_to_h": "ffn_down",
};

const NEOX_OUTER: Modules = {
  "gpt_neox.embed_in.weight": "token_embd.weight",
  "gpt_neox.final_layer_norm.weight": "output_norm.weight",
  "gpt_neox.final_layer_norm.bias": "output_norm.bias",
  "lm_head.weight": "output.weight",
};

/** llama.cpp's converter reorders the rows of queries and keys for these. */
const INTERLEAVED = ["llama", "mistral", "smollm3", "granite"];

/** Files have 1 + weight of these families' norms. */
const AROUND_ONE = ["gemma", "gemma2", "gemma3_text"];

const PARTS: Readonly<Record<string, NonNullable<GgufSource["within"]>["part"]>> = {
  "self_attn.q_proj": "queries",
  "self_attn.k_proj": "keys",
  "self_attn.v_proj": "values",
};

interface Names {
  outer: Modules;
  /** Start of a layer's parameters. */
  layers: string;
  modules: Modules;
}

function namesOf(type: string): Names {
  if (type === "gpt2") return { outer: GPT2_OUTER, layers: "transformer.h.", modules: GPT2 };
  if (type === "gpt_neox") return { outer: NEOX_OUTER, layers: "gpt_neox.layers.", modules: NEOX };
  const modules = Object.hasOwn(MODULES, type) ? MODULES[type] : DECODER;
  return { outer: DECODER_OUTER, layers: "model.layers.", modules };
}

/** @param config the result of `ggufConfig`. @returns undefined for a parameter that such files lack. */
export function ggufSource(parameter: string, config: Config): GgufSource | undefined {
  const type = String(config.model_type);
  const { outer, layers, modules } = namesOf(type);
  const plus = AROUND_ONE.includes(type) && parameter.endsWith("norm.weight") ? { plus: -1 } : {};
  if (Object.hasOwn(outer, parameter)) return { name: outer[parameter], ...plus };
  if (!parameter.startsWith(layers)) return undefined;
  const [, layer, module, kind] = /^(\d+)\.(.+)\.(weight|bias)$/.exec(parameter.slice(layers.length)) ?? [];
  if (!module || !Object.hasOwn(modules, module)) return undefined;
  const rows = rowsOf(module, kind, config);
  const within = Object.hasOwn(PARTS, module)
    ? { within: { name: `blk.${layer}.attn_qkv.${kind}`, part: PARTS[module] } }
    : {};
  return { name: `blk.${layer}.${modules[module]}.${kind}`, ...(rows ? { rows } : {}), ...plus, ...within };
}

function rowsOf(module: string, kind: string, config: Config): FileRange["rows"] {
  const type = String(config.model_type);
  if (type === "gpt2") return module.includes(".c_") && kind === "weight" ? "transposed" : undefined; // Conv1D
  if (module === "attention.query_key_value") return { headsByKind: Number(config.num_attention_heads) };
  if (!INTERLEAVED.includes(type)) return undefined;
  if (module === "self_attn.q_proj") return { interleavedHeads: Number(config.num_attention_heads) };
  if (module === "self_attn.k_proj") return { interleavedHeads: Number(config.num_key_value_heads) };
  return undefined;
}
