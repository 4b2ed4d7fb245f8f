/**
 * @file config.json of Llama's family -> one description. One table has the differences between members: defaults (of
 * transformers' config classes, which older files rely on), biases, norms of queries and keys, sliding windows.
 */
import { show } from "../../errors.ts";
import { type Activation, readActivation } from "./activations.ts";
import { type ConfigFields, readConfigFields } from "./configFields.ts";
import { type RopeFrequencies, ropeFrequencies } from "./ropeFrequencies.ts";

export type LlamaType = "llama" | "mistral" | "qwen2" | "qwen3";

export interface LlamaConfig {
  vocabSize: number;
  positions: number;
  width: number;
  inner: number;
  layers: number;
  heads: number;
  kvHeads: number;
  headSize: number;
  epsilon: number;
  isTied: boolean;
  bias: { qkv: boolean; attentionOut: boolean; mlp: boolean };
  /** Queries and keys are normalized per head before the rotation. */
  hasHeadNorm: boolean;
  activation: Activation;
  attentionDropout: number;
  rope: RopeFrequencies;
  /** The sliding window of each layer, in positions; null: none. */
  windows: readonly (number | null)[];
}

interface Member {
  defaults: { vocab_size: number; intermediate_size: number; max_position_embeddings: number };
  /** Default; null: as many as there are heads. */
  kvHeads: number | null;
  /** Default; null: hidden_size / num_attention_heads. */
  headSize: number | null;
  bias(fields: ConfigFields): LlamaConfig["bias"];
  hasHeadNorm: boolean;
  windows(fields: ConfigFields, layers: number): LlamaConfig["windows"];
}

const allLayers = <T>(layers: number, value: T) => Array<T>(layers).fill(value);
const NO_BIAS = () => ({ qkv: false, attentionOut: false, mlp: false });
const QWEN = {
  defaults: { vocab_size: 151_936, intermediate_size: 22_016, max_position_embeddings: 32_768 },
  kvHeads: 32,
  windows: qwenWindows,
};

const FAMILY: Record<LlamaType, Member> = {
  llama: {
    defaults: { vocab_size: 32_000, intermediate_size: 11_008, max_position_embeddings: 2048 },
    kvHeads: null,
    headSize: null,
    bias: (fields) => {
      const attention = fields.boolean("attention_bias", false);
      return { qkv: attention, attentionOut: attention, mlp: fields.boolean("mlp_bias", false) };
    },
    hasHeadNorm: false,
    windows: (_, layers) => allLayers(layers, null),
  },
  mistral: {
    defaults: { vocab_size: 32_000, intermediate_size: 14_336, max_position_embeddings: 131_072 },
    kvHeads: 8,
    headSize: null,
    bias: NO_BIAS,
    hasHeadNorm: false,
    windows: mistralWindows,
  },
  qwen2: { ...QWEN, headSize: null, bias: () => ({ ...NO_BIAS(), qkv: true }), hasHeadNorm: false },
  qwen3: {
    ...QWEN,
    headSize: 128,
    bias: (fields) => {
      const attention = fields.boolean("attention_bias", false);
      return { qkv: attention, attentionOut: attention, mlp: false };
    },
    hasHeadNorm: true,
  },
};

/** `sliding_window`: 4096 if absent, none if null. */
function windowOf(fields: ConfigFields): number | null {
  return fields.json.sliding_window === null ? null : fields.integer("sliding_window", 4096);
}

/** Mistral's windows: on all layers, or as layer_types says (Ministral: AutoConfig reads such a config as that). */
function mistralWindows(fields: ConfigFields, layers: number): (number | null)[] {
  return typedWindows(fields, layers, windowOf(fields)) ?? allLayers(layers, windowOf(fields));
}

/** Qwen's windows: off unless use_sliding_window; then from layer max_window_layers on, or as layer_types says. */
function qwenWindows(fields: ConfigFields, layers: number): (number | null)[] {
  const window = fields.boolean("use_sliding_window", false) ? windowOf(fields) : null;
  const typed = typedWindows(fields, layers, window);
  if (typed) return typed;
  const first = fields.number("max_window_layers", 28);
  return Array.from({ length: layers }, (_, layer) => (layer >= first ? window : null));
}

/** transformers' layer types, and their old names that it still reads, that have a mask here. */
const HAS_WINDOW: ReadonlyMap<unknown, boolean> = new Map([
  ["full_attention", false],
  ["attention", false],
  ["sliding_attention", true],
]);

/** The windows by layer_types; null if there are none. */
function typedWindows(fields: ConfigFields, layers: number, window: number | null): (number | null)[] | null {
  const types = fields.json.layer_types ?? null;
  if (types === null) return null;
  if (!Array.isArray(types) || types.length !== layers || !types.every((type) => HAS_WINDOW.has(type))) {
    const expected = `${layers} times "full_attention" or "sliding_attention"`;
    throw fields.fault(`layer_types: expected ${expected}, found ${show(types)}`);
  }
  if (window === null && types.includes("sliding_attention")) {
    const needs = fields.json.model_type === "mistral" ? "a" : "use_sliding_window: true and a";
    throw fields.fault(`layer_types: sliding_attention needs ${needs} sliding_window`);
  }
  return types.map((type) => (HAS_WINDOW.get(type) ? window : null));
}

/** Far beyond any model of the family (126): layers take memory before the weights are read. */
const MOST_LAYERS = 1000;

function readHeads(fields: ConfigFields, member: Member, width: number) {
  const heads = fields.integer("num_attention_heads", 32);
  const kvHeads =
    fields.json.num_key_value_heads === null ? heads : fields.integer("num_key_value_heads", member.kvHeads ?? heads);
  const isGiven = fields.json.head_dim != null || member.headSize !== null;
  if (!isGiven && width % heads !== 0) {
    throw fields.fault(`hidden_size ${width} is not a multiple of num_attention_heads ${heads}`);
  }
  if (heads % kvHeads !== 0) {
    throw fields.fault(`num_attention_heads ${heads} is not a multiple of num_key_value_heads ${kvHeads}`);
  }
  const headSize = fields.integer("head_dim", member.headSize ?? Math.floor(width / heads));
  if (headSize % 2 !== 0) throw fields.fault(`head_dim ${headSize}: a rotary embedding needs an even number`);
  return { heads, kvHeads, headSize };
}

/** @throws PrefineError for an invalid config, or a model that prefine does not run. */
export function readLlamaConfig(type: LlamaType, json: Record<string, unknown>, where: string): LlamaConfig {
  const fields = readConfigFields(json, where);
  const member = FAMILY[type];
  const width = fields.integer("hidden_size", 4096);
  const layers = fields.integer("num_hidden_layers", 32, MOST_LAYERS);
  const sizes = readHeads(fields, member, width);
  const positions = fields.integer("max_position_embeddings", member.defaults.max_position_embeddings);
  return {
    ...sizes,
    vocabSize: fields.integer("vocab_size", member.defaults.vocab_size),
    positions,
    width,
    inner: fields.integer("intermediate_size", member.defaults.intermediate_size),
    layers,
    epsilon: fields.number("rms_norm_eps", 1e-6),
    isTied: fields.boolean("tie_word_embeddings", false),
    bias: member.bias(fields),
    hasHeadNorm: member.hasHeadNorm,
    activation: readActivation(fields, "hidden_act", "silu"),
    attentionDropout: fields.rate("attention_dropout", 0),
    rope: ropeFrequencies(fields, { headSize: sizes.headSize, maxPositions: positions }),
    windows: member.windows(fields, layers),
  };
}
