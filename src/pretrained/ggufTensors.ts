/** @file Names and layouts of a GGUF file's tensors -> Hugging Face's. */

/** A tensor's name in the file, and the rearrangement of its rows. */
export interface GgufSource {
  name: string;
  /** GPT-2's Conv1D matrices [in, out] are transposed in the file. */
  transposed?: boolean;
  /** Heads with interleaved rotary halves: llama.cpp rotates adjacent pairs, transformers the halves of a head. */
  interleavedHeads?: number;
}

const DECODER: Record<string, string> = {
  input_layernorm: "attn_norm",
  post_attention_layernorm: "ffn_norm",
  "self_attn.q_proj": "attn_q",
  "self_attn.k_proj": "attn_k",
  "self_attn.v_proj": "attn_v",
  "self_attn.o_proj": "attn_output",
  "self_attn.q_norm": "attn_q_norm",
  "self_attn.k_norm": "attn_k_norm",
  "mlp.gate_proj": "ffn_gate",
  "mlp.up_proj": "ffn_up",
  "mlp.down_proj": "ffn_down",
};

const DECODER_OUTER: Record<string, string> = {
  "model.embed_tokens.weight": "token_embd.weight",
  "model.norm.weight": "output_norm.weight",
  "lm_head.weight": "output.weight",
};

const GPT2: Record<string, string> = {
  ln_1: "attn_norm",
  ln_2: "ffn_norm",
  "attn.c_attn": "attn_qkv",
  "attn.c_proj": "attn_output",
  "mlp.c_fc": "ffn_up",
  "mlp.c_proj": "ffn_down",
};

const GPT2_OUTER: Record<string, string> = {
  "transformer.wte.weight": "token_embd.weight",
  "transformer.wpe.weight": "position_embd.weight",
  "transformer.ln_f.weight": "output_norm.weight",
  "transformer.ln_f.bias": "output_norm.bias",
  "lm_head.weight": "output.weight",
};

/** @param config the result of `ggufConfig`. @returns undefined for a parameter that such files lack. */
export function ggufSource(parameter: string, config: Readonly<Record<string, unknown>>): GgufSource | undefined {
  return config.model_type === "gpt2" ? gpt2Source(parameter) : decoderSource(parameter, config);
}

function gpt2Source(parameter: string): GgufSource | undefined {
  if (Object.hasOwn(GPT2_OUTER, parameter)) return { name: GPT2_OUTER[parameter] };
  const [, layer, module, kind] = /^transformer\.h\.(\d+)\.(.+)\.(weight|bias)$/.exec(parameter) ?? [];
  if (!module || !Object.hasOwn(GPT2, module)) return undefined;
  return { name: `blk.${layer}.${GPT2[module]}.${kind}`, transposed: module.includes(".c_") && kind === "weight" };
}

function decoderSource(parameter: string, config: Readonly<Record<string, unknown>>): GgufSource | undefined {
  if (Object.hasOwn(DECODER_OUTER, parameter)) return { name: DECODER_OUTER[parameter] };
  const [, layer, module, kind] = /^model\.layers\.(\d+)\.(.+)\.(weight|bias)$/.exec(parameter) ?? [];
  if (!module || !Object.hasOwn(DECODER, module)) return undefined;
  const name = `blk.${layer}.${DECODER[module]}.${kind}`;
  // llama.cpp's converter reorders the rows only for these families
  if (config.model_type !== "llama" && config.model_type !== "mistral") return { name };
  if (module === "self_attn.q_proj") return { name, interleavedHeads: Number(config.num_attention_heads) };
  if (module === "self_attn.k_proj") return { name, interleavedHeads: Number(config.num_key_value_heads) };
  return { name };
}
