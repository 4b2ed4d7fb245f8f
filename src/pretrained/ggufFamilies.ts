/**
 * @file Architectures of GGUF files: keys and numbers -> config.json of the family. What llama.cpp assumes of an
 * architecture is said here, where no key says it.
 */
import { PrefineError, show } from "../errors.ts";
import { refuseGgufKeys } from "./ggufKeys.ts";
import type { GgufReader } from "./ggufReader.ts";
import { partialScaling, type RotaryFactors, ropeScaling } from "./ggufRope.ts";

export interface GgufFamily {
  /** transformers' model_type. */
  type: string;
  /** transformers' class. */
  architecture: string;
  /** Keys that only some architectures have. */
  keys: readonly string[];
  /** Its config.json, without these. */
  fields(read: GgufReader, sizes: Sizes, factors: RotaryFactors): Record<string, unknown>;
}

/** Numbers that all architectures have. */
interface Sizes {
  hidden: number;
  inner: number;
  layers: number;
  heads: number;
  kvHeads: number;
  headDim: number;
  positions: number;
  theta: number;
}

/** How a family's files differ from Llama's. */
interface Differences {
  keys?: readonly string[];
  /** Default: that of root mean square norms. */
  epsilon?: Record<string, string>;
  /** Default: silu. */
  activation?: Record<string, string>;
  /** Biases that a file may have. Default: those that every model of the family has. */
  biases?: (read: GgufReader) => Record<string, boolean>;
  /** A part of each head may rotate. */
  rotatesPart?: boolean;
  fields?(read: GgufReader, sizes: Sizes): Record<string, unknown>;
}

const WINDOW = "attention.sliding_window";
const PATTERN = "attention.sliding_window_pattern";
const ATTENTION_CAP = "attn_logit_softcapping";
const LOGITS_CAP = "final_logit_softcapping";
const ROTATES = "rope.scaling.finetuned";

/** Whether the first layer has a bias of one of these: llama.cpp reads each where a file has it. */
const hasBias = (read: GgufReader, ...modules: string[]) =>
  modules.some((module) => read.hasTensor(`blk.0.${module}.bias`));
const attentionBias = (read: GgufReader) => ({
  attention_bias: hasBias(read, "attn_q", "attn_k", "attn_v", "attn_qkv", "attn_output"),
});
const hasMlpBias = (read: GgufReader) => hasBias(read, "ffn_gate", "ffn_up", "ffn_down");
const bothBiases = (read: GgufReader) => ({
  ...attentionBias(read),
  ...(hasMlpBias(read) ? { mlp_bias: true } : {}),
});

const TANH = "gelu_pytorch_tanh";

/** By general.architecture. */
export const GGUF_FAMILIES: Readonly<Record<string, GgufFamily>> = {
  llama: decoder("llama", "Llama", { biases: bothBiases }),
  mistral: decoder("mistral", "Mistral", {
    keys: [WINDOW],
    biases: () => ({ attention_bias: false }),
    fields: (read) => ({ sliding_window: windowOf(read) }),
  }),
  qwen2: decoder("qwen2", "Qwen2", { biases: () => ({ attention_bias: false }) }),
  qwen3: decoder("qwen3", "Qwen3", { biases: attentionBias }),
  gpt2: { type: "gpt2", architecture: "GPT2LMHeadModel", keys: [], fields: gpt2Fields },
  gemma: decoder("gemma", "Gemma", { activation: { hidden_act: TANH }, biases: attentionBias }),
  gemma2: decoder("gemma2", "Gemma2", {
    keys: [WINDOW, PATTERN, ATTENTION_CAP, LOGITS_CAP],
    activation: { hidden_activation: TANH },
    biases: attentionBias,
    fields: (read, sizes) => ({
      ...windowPattern(read, sizes, { window: 4096, every: 2 }),
      query_pre_attn_scalar: queryScalar(sizes, 46),
      attn_logit_softcapping: float32(read.number(ATTENTION_CAP, 50)) || null,
      final_logit_softcapping: float32(read.number(LOGITS_CAP, 30)) || null,
    }),
  }),
  gemma3: decoder("gemma3_text", "Gemma3", {
    keys: [WINDOW, PATTERN, LOGITS_CAP, "rope.freq_base_swa"],
    activation: { hidden_activation: TANH },
    biases: attentionBias,
    fields: (read, sizes) => ({
      ...windowPattern(read, sizes, { window: 0, every: 6 }),
      query_pre_attn_scalar: queryScalar(sizes, 62),
      final_logit_softcapping: float32(read.number(LOGITS_CAP, 0)) || null,
      ...localRope(read),
    }),
  }),
  phi3: decoder("phi3", "Phi3", {
    keys: [WINDOW],
    rotatesPart: true,
    fields: (read, { layers, positions }) => ({
      original_max_position_embeddings: positions,
      // files of early converters have no key: Phi-3 mini and medium for 4k tokens have this window
      sliding_window: windowOf(read, positions === 4096 && [32, 40].includes(layers) ? 2047 : 0),
    }),
  }),
  smollm3: decoder("smollm3", "SmolLM3", {
    biases: bothBiases,
    fields: () => ({ no_rope_layer_interval: 4, use_sliding_window: false }), // llama.cpp knows no other interval
  }),
  olmo2: decoder("olmo2", "Olmo2", { biases: attentionBias }),
  granite: decoder("granite", "Granite", {
    keys: ["attention.scale", "embedding_scale", "residual_scale", "logit_scale", ROTATES],
    biases: bothBiases,
    fields: graniteFields,
  }),
  gptneox: {
    type: "gpt_neox",
    architecture: "GPTNeoXForCausalLM",
    keys: ["use_parallel_residual"],
    fields: neoxFields,
  },
  starcoder2: decoder("starcoder2", "Starcoder2", {
    keys: [WINDOW],
    epsilon: { norm_epsilon: "attention.layer_norm_epsilon" },
    activation: { hidden_act: TANH },
    biases: (read) => ({ use_bias: hasBias(read, "attn_q", "attn_qkv", "attn_output") || hasMlpBias(read) }),
    fields: (read, { layers, positions }) => ({
      // the converter writes no key: StarCoder2 of 3, 7 and 15 billion parameters have this window
      sliding_window: windowOf(read, positions === 16_384 && [30, 32, 40].includes(layers) ? 4096 : 0),
    }),
  }),
};

/** @throws PrefineError("not-yet") for a key that would change results; ("model") for missing or wrong numbers. */
export function familyFields(read: GgufReader, family: GgufFamily, factors: RotaryFactors): Record<string, unknown> {
  const sizes = sizesOf(read);
  const { headDim, positions, hidden } = sizes;
  refuseGgufKeys(read, { headDim, positions, width: hidden }, family.keys);
  const isTied = !read.hasTensor("output.weight");
  return { ...family.fields(read, sizes, factors), tie_word_embeddings: isTied };
}

function sizesOf(read: GgufReader): Sizes {
  const [heads, hidden] = [read.number("attention.head_count"), read.number("embedding_length")];
  return {
    hidden,
    heads,
    inner: read.number("feed_forward_length"),
    layers: read.number("block_count"),
    kvHeads: read.number("attention.head_count_kv", heads),
    headDim: read.number("attention.key_length", hidden / heads),
    positions: read.number("context_length"),
    theta: read.number("rope.freq_base", 10_000),
  };
}

function decoder(type: string, name: string, { keys = [], ...differs }: Differences): GgufFamily {
  const { epsilon = { rms_norm_eps: "attention.layer_norm_rms_epsilon" } } = differs;
  const [[epsilonField, epsilonKey]] = Object.entries(epsilon);
  return {
    type,
    architecture: `${name}ForCausalLM`,
    keys,
    fields: (read, sizes, factors) => ({
      hidden_size: sizes.hidden,
      intermediate_size: sizes.inner,
      num_hidden_layers: sizes.layers,
      num_attention_heads: sizes.heads,
      num_key_value_heads: sizes.kvHeads,
      head_dim: sizes.headDim,
      max_position_embeddings: sizes.positions,
      [epsilonField]: float32(read.number(epsilonKey)),
      rope_theta: sizes.theta,
      ...differs.fields?.(read, sizes),
      ...(differs.rotatesPart ? partialScaling : ropeScaling)(read, { ...sizes, factors }),
      ...(differs.activation ?? { hidden_act: "silu" }),
      ...differs.biases?.(read),
      attention_dropout: 0,
    }),
  };
}

const windowOf = (read: GgufReader, otherwise = 0) => read.number(WINDOW, otherwise) || null;

/** Windows on all layers but each `every`-th, or as the pattern says: such a number, or a list. */
function windowPattern(read: GgufReader, { layers }: Sizes, usual: { window: number; every: number }) {
  const window = windowOf(read, usual.window);
  const pattern = read.value(PATTERN);
  const every = Array.isArray(pattern) ? 0 : read.number(PATTERN, usual.every);
  const list = Array.isArray(pattern)
    ? pattern
    : Array.from({ length: layers }, (_, i) => every === 0 || (i + 1) % every !== 0);
  const isFlag = (value: unknown) => [0, 1, true, false].includes(value as number);
  if (list.length < layers || !list.every(isFlag)) {
    const message = `${read.where}: ${read.architecture}.${PATTERN}: expected a flag for each of ${layers} layers`;
    throw new PrefineError(
      "model",
      `${message}, found ${show(pattern)}`,
      "Download the file again: it may be damaged.",
    );
  }
  const types = list
    .slice(0, layers)
    .map((slides) => (slides && window !== null ? "sliding_attention" : "full_attention"));
  return { sliding_window: window, layer_types: types };
}

/** No key: llama.cpp takes the width of a head, but in the one model of this many layers that of its stream's part. */
const queryScalar = ({ layers, headDim, hidden, heads }: Sizes, largest: number) =>
  layers === largest ? hidden / heads : headDim;

/** Only layers without a window are scaled, and only linearly in any model. */
function localRope(read: GgufReader): Record<string, unknown> {
  const type = read.value("rope.scaling.type") ?? "linear";
  const attention = read.number("rope.scaling.attn_factor", 1);
  if (attention === 1 && (type === "linear" || type === "none")) {
    return { rope_local_base_freq: read.number("rope.freq_base_swa", 10_000) };
  }
  const message = `gemma3.rope.scaling: type ${show(type)} with attn_factor ${attention} is not supported`;
  throw new PrefineError("not-yet", `${read.where}: ${message}`, "Use the model's safetensors.");
}

/** Factors of 0 are not used. */
function graniteFields(read: GgufReader, { headDim }: Sizes): Record<string, unknown> {
  if (read.value(ROTATES) === false) {
    const message = `${read.where}: granite.${ROTATES} false (no rotary positions) is not supported`;
    throw new PrefineError("not-yet", message, "Use a model whose layers rotate.");
  }
  return {
    attention_multiplier: float32(read.number("attention.scale", 0)) || 1 / Math.sqrt(headDim),
    embedding_multiplier: float32(read.number("embedding_scale", 0)) || 1,
    residual_multiplier: float32(read.number("residual_scale", 0)) || 1,
    logits_scaling: float32(read.number("logit_scale")),
  };
}

/** The shortest decimal of a float32: 9.999999747378752e-6 -> 1e-5, as in the original config. */
function float32(value: number): number {
  const rounded = Math.fround(value);
  const precision = [6, 7, 8, 9].find((digits) => Math.fround(Number(rounded.toPrecision(digits))) === rounded);
  return Number(rounded.toPrecision(precision));
}

/** Families whose heads all have keys of their own, of a fixed size. */
function refuseGroups({ where, architecture }: GgufReader, { hidden, heads, kvHeads, headDim }: Sizes): void {
  if (kvHeads === heads && headDim === hidden / heads) return;
  const message = `${where}: ${architecture}.attention: ${kvHeads} key heads of ${headDim} channels are not supported`;
  throw new PrefineError("not-yet", message, `Such models have ${heads} of ${hidden / heads}.`);
}

function gpt2Fields(read: GgufReader, sizes: Sizes): Record<string, unknown> {
  refuseGroups(read, sizes);
  return {
    n_positions: sizes.positions,
    n_embd: sizes.hidden,
    n_layer: sizes.layers,
    n_head: sizes.heads,
    n_inner: sizes.inner,
    layer_norm_epsilon: float32(read.number("attention.layer_norm_epsilon")),
    activation_function: "gelu_new",
  };
}

function neoxFields(read: GgufReader, sizes: Sizes, factors: RotaryFactors): Record<string, unknown> {
  refuseGroups(read, sizes);
  const isParallel = read.value("use_parallel_residual");
  if (typeof isParallel !== "boolean") {
    const message = `${read.where}: gptneox.use_parallel_residual: expected true or false, found ${show(isParallel)}`;
    throw new PrefineError("model", message, "Download the file again: it may be damaged.");
  }
  const { partial_rotary_factor, ...scaling } = partialScaling(read, { ...sizes, factors });
  return {
    hidden_size: sizes.hidden,
    intermediate_size: sizes.inner,
    num_hidden_layers: sizes.layers,
    num_attention_heads: sizes.heads,
    max_position_embeddings: sizes.positions,
    layer_norm_eps: float32(read.number("attention.layer_norm_epsilon")),
    rotary_emb_base: sizes.theta,
    rotary_pct: partial_rotary_factor,
    ...scaling,
    // no key: GPT-NeoX 20B has an approximation, which llama.cpp takes for all; Pythia and its kin have the exact one
    hidden_act: sizes.layers === 44 && sizes.hidden === 6144 ? "gelu_fast" : "gelu",
    use_parallel_residual: isParallel,
    ...attentionBias(read),
    attention_dropout: 0,
    hidden_dropout: 0,
  };
}
