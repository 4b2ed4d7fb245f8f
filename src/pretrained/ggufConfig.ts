/** @file GGUF metadata -> the contents of config.json and generation_config.json. */
import { PrefineError, show } from "../errors.ts";
import type { GgufFile } from "../formats/gguf.ts";
import { refuseGgufKeys } from "./ggufKeys.ts";
import { createReader, type GgufReader } from "./ggufReader.ts";
import { ropeScaling } from "./ggufRope.ts";

export interface GgufConfig {
  config: Record<string, unknown>;
  generationConfig: Record<string, unknown>;
}

/** Divisors of rotary frequencies in the file (rope_freqs.weight), if any. */
type RotaryFactors = ArrayLike<number> | undefined;

type ReadFamily = (read: GgufReader, factors: RotaryFactors) => Record<string, unknown>;

const decoder =
  (model_type: string, name: string): ReadFamily =>
  (read, factors) => ({ model_type, architectures: [`${name}ForCausalLM`], ...decoderFields(read, factors) });

/** Supported families, by general.architecture. */
const FAMILIES: Record<string, ReadFamily> = {
  llama: decoder("llama", "Llama"),
  mistral: decoder("mistral", "Mistral"),
  qwen2: decoder("qwen2", "Qwen2"),
  qwen3: decoder("qwen3", "Qwen3"),
  gpt2: (read) => ({ model_type: "gpt2", architectures: ["GPT2LMHeadModel"], ...gpt2Fields(read) }),
};

/**
 * @param factors the contents of rope_freqs.weight, if the file has it.
 * @throws PrefineError("not-yet") for an unsupported family, or a key that would change results; ("model") for missing
 *   or wrong metadata.
 */
export function ggufConfig(file: GgufFile, where: string, factors?: RotaryFactors): GgufConfig {
  const read = createReader(file, where);
  const fields = Object.hasOwn(FAMILIES, read.architecture) ? FAMILIES[read.architecture] : undefined;
  if (!fields) {
    const message = `${where}: GGUF files of the family ${show(read.architecture)} are not supported`;
    throw new PrefineError("not-yet", message, `Supported families: ${Object.keys(FAMILIES).join(", ")}.`);
  }
  const special = specialTokens(read);
  return {
    config: { ...fields(read, factors), ...special, vocab_size: vocabularySize(file, where), dtype: "float32" },
    generationConfig: special,
  };
}

/** Rows of the embedding: the metadata's vocab_size is missing in many files. */
function vocabularySize({ tensors }: GgufFile, where: string): number {
  const embedding = tensors.get("token_embd.weight");
  if (embedding?.shape.length === 2) return embedding.shape[0];
  throw new PrefineError("model", `${where}: expected the matrix token_embd.weight, found ${show(embedding?.shape)}`);
}

function specialTokens(read: GgufReader): Record<string, number> {
  const names = { bos_token_id: "bos", eos_token_id: "eos", pad_token_id: "padding" };
  const entries = Object.entries(names).map(([key, name]) => [key, read.general(`tokenizer.ggml.${name}_token_id`)]);
  return Object.fromEntries(entries.filter(([, id]) => typeof id === "number"));
}

/** Fields common to Llama and its relatives. */
function decoderFields(read: GgufReader, factors: RotaryFactors): Record<string, unknown> {
  const heads = read.number("attention.head_count");
  const hidden = read.number("embedding_length");
  const headDim = read.number("attention.key_length", hidden / heads);
  const positions = read.number("context_length");
  const theta = read.number("rope.freq_base", 10_000);
  refuseGgufKeys(read, { headDim, positions });
  return {
    hidden_size: hidden,
    intermediate_size: read.number("feed_forward_length"),
    num_hidden_layers: read.number("block_count"),
    num_attention_heads: heads,
    num_key_value_heads: read.number("attention.head_count_kv", heads),
    head_dim: headDim,
    max_position_embeddings: positions,
    rms_norm_eps: single(read.number("attention.layer_norm_rms_epsilon")),
    rope_theta: theta,
    ...ropeScaling(read, { headDim, positions, theta, factors }),
    ...(read.architecture === "mistral" ? { sliding_window: read.number("attention.sliding_window", 0) || null } : {}),
    hidden_act: "silu",
    ...biases(read),
    tie_word_embeddings: !read.hasTensor("output.weight"),
    attention_dropout: 0,
  };
}

/** Biases that the first layer has; llama.cpp reads each where a file has it. */
function biases(read: GgufReader): Record<string, boolean> {
  const hasOne = (...modules: string[]) => modules.some((module) => read.hasTensor(`blk.0.${module}.bias`));
  const hasOptional = read.architecture === "llama" || read.architecture === "qwen3";
  const attention_bias = hasOptional && hasOne("attn_q", "attn_k", "attn_v", "attn_output");
  const mlp_bias = hasOne("ffn_gate", "ffn_up", "ffn_down");
  return { attention_bias, ...(read.architecture === "llama" && mlp_bias ? { mlp_bias } : {}) };
}

/** 9.999999747378752e-6, a float32 in the file, -> 1e-5, as in the original config. */
const single = (value: number) => Number(value.toPrecision(7));

function gpt2Fields(read: GgufReader): Record<string, unknown> {
  const [width, heads, positions] = [
    read.number("embedding_length"),
    read.number("attention.head_count"),
    read.number("context_length"),
  ];
  refuseGgufKeys(read, { headDim: width / heads, positions });
  const keyHeads = read.number("attention.head_count_kv", heads);
  const keySize = read.number("attention.key_length", width / heads);
  if (keyHeads !== heads || keySize !== width / heads) {
    const message = `${read.where}: gpt2.attention: ${keyHeads} key heads of ${keySize} channels are not supported`;
    throw new PrefineError("not-yet", message, `GPT-2 has ${heads} of ${width / heads}.`);
  }
  return {
    n_positions: positions,
    n_embd: width,
    n_layer: read.number("block_count"),
    n_head: heads,
    n_inner: read.number("feed_forward_length"),
    layer_norm_epsilon: single(read.number("attention.layer_norm_epsilon")),
    activation_function: "gelu_new",
    tie_word_embeddings: !read.hasTensor("output.weight"),
  };
}
