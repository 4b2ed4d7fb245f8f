/** @file GGUF metadata -> the contents of config.json and generation_config.json. */
import { PrefineError, show } from "../errors.ts";
import type { GgufFile } from "../formats/gguf.ts";

export interface GgufConfig {
  config: Record<string, unknown>;
  generationConfig: Record<string, unknown>;
}

/** Reads metadata of one file; errors name the file and key. */
export interface GgufReader {
  where: string;
  /** general.architecture. */
  architecture: string;
  /** The number under `ARCHITECTURE.key`; if absent, the default, or an error without one. */
  number(key: string, fallback?: number): number;
  /** Any value by its full key. */
  value(key: string): unknown;
  hasTensor(name: string): boolean;
}

function createReader({ metadata, tensors }: GgufFile, where: string): GgufReader {
  const architecture = metadata.get("general.architecture");
  if (typeof architecture !== "string") {
    const message = `${where}: expected general.architecture, found ${show(architecture)}`;
    throw new PrefineError("model", message, "Is it a language model?");
  }
  return {
    where,
    architecture,
    value: (key) => metadata.get(key),
    hasTensor: (name) => tensors.has(name),
    number: (key, fallback) => {
      const value = metadata.get(`${architecture}.${key}`) ?? fallback;
      if (typeof value === "number" && Number.isFinite(value)) return value;
      const message = `${where}: ${architecture}.${key}: expected a number, found ${show(value)}`;
      throw new PrefineError("model", message, "Download the file again: it may be truncated or damaged.");
    },
  };
}

/** Supported families, by general.architecture. */
const FAMILIES: Record<string, (read: GgufReader) => Record<string, unknown>> = {
  llama: (read) => ({ model_type: "llama", architectures: ["LlamaForCausalLM"], ...decoderFields(read) }),
  mistral: (read) => ({ model_type: "mistral", architectures: ["MistralForCausalLM"], ...decoderFields(read) }),
  qwen2: (read) => ({ model_type: "qwen2", architectures: ["Qwen2ForCausalLM"], ...decoderFields(read) }),
  qwen3: (read) => ({ model_type: "qwen3", architectures: ["Qwen3ForCausalLM"], ...decoderFields(read) }),
  gpt2: (read) => ({ model_type: "gpt2", architectures: ["GPT2LMHeadModel"], ...gpt2Fields(read) }),
};

/** @throws PrefineError("not-yet") for an unsupported family; ("model") for missing or wrong metadata. */
export function ggufConfig(file: GgufFile, where: string): GgufConfig {
  const read = createReader(file, where);
  const fields = Object.hasOwn(FAMILIES, read.architecture) ? FAMILIES[read.architecture] : undefined;
  if (!fields) {
    const message = `${where}: GGUF files of the family ${show(read.architecture)} are not supported`;
    throw new PrefineError("not-yet", message, `Supported families: ${Object.keys(FAMILIES).join(", ")}.`);
  }
  const special = specialTokens(read);
  return {
    config: { ...fields(read), ...special, vocab_size: vocabularySize(file, where), dtype: "float32" },
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
  const entries = Object.entries(names).map(([key, name]) => [key, read.value(`tokenizer.ggml.${name}_token_id`)]);
  return Object.fromEntries(entries.filter(([, id]) => typeof id === "number"));
}

/** Fields common to Llama and its relatives. */
function decoderFields(read: GgufReader): Record<string, unknown> {
  const heads = read.number("attention.head_count");
  const hidden = read.number("embedding_length");
  const headDim = read.number("attention.key_length", read.number("rope.dimension_count", hidden / heads));
  const window = read.value(`${read.architecture}.attention.sliding_window`);
  return {
    hidden_size: hidden,
    intermediate_size: read.number("feed_forward_length"),
    num_hidden_layers: read.number("block_count"),
    num_attention_heads: heads,
    num_key_value_heads: read.number("attention.head_count_kv", heads),
    head_dim: headDim,
    max_position_embeddings: read.number("context_length"),
    rms_norm_eps: single(read.number("attention.layer_norm_rms_epsilon")),
    rope_theta: read.number("rope.freq_base", 10_000),
    ...ropeScaling(read),
    ...(typeof window === "number" && read.architecture === "mistral" ? { sliding_window: window } : {}),
    hidden_act: "silu",
    attention_bias: read.architecture === "llama" && read.hasTensor("blk.0.attn_q.bias"),
    tie_word_embeddings: !read.hasTensor("output.weight"),
    attention_dropout: 0,
  };
}

/** 9.999999747378752e-6, a float32 in the file, -> 1e-5, as in the original config. */
const single = (value: number) => Number(value.toPrecision(7));

function ropeScaling(read: GgufReader): Record<string, unknown> {
  const type = read.value(`${read.architecture}.rope.scaling.type`);
  if (type === undefined || type === "none") return {};
  const factor = read.number("rope.scaling.factor");
  if (type === "linear") return { rope_scaling: { rope_type: "linear", factor } };
  if (type === "yarn") {
    const original = read.number("rope.scaling.original_context_length");
    return { rope_scaling: { rope_type: "yarn", factor, original_max_position_embeddings: original } };
  }
  const message = `${read.where}: rotary scaling of type ${show(type)} is not supported in GGUF files`;
  throw new PrefineError("not-yet", message, "Use the model's safetensors.");
}

function gpt2Fields(read: GgufReader): Record<string, unknown> {
  return {
    n_positions: read.number("context_length"),
    n_embd: read.number("embedding_length"),
    n_layer: read.number("block_count"),
    n_head: read.number("attention.head_count"),
    n_inner: read.number("feed_forward_length"),
    layer_norm_epsilon: single(read.number("attention.layer_norm_epsilon")),
    activation_function: "gelu_new",
  };
}
