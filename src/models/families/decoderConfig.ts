/**
 * @file config.json of a decoder with rotary positions and grouped queries -> one description. Each family has a file
 * that says how it differs from Llama, in the terms of its config.json.
 */
import { show } from "../../errors.ts";
import { type Activation, readActivation } from "./activations.ts";
import { type ConfigFields, readConfigFields } from "./configFields.ts";
import { type RopeFrequencies, ropeFrequencies } from "./ropeFrequencies.ts";

/** Names of a block's norms, those that follow attention and MLP included; null: it has none there. */
export interface BlockNorms {
  beforeAttention: string | null;
  afterAttention: string | null;
  beforeMlp: string | null;
  afterMlp: string | null;
}

export interface DecoderConfig {
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
  activation: Activation;
  dropout: { embedding: number; attention: number; residual: number };
  /** Rotary embeddings, and for each layer the number of its own; null: none. */
  ropes: readonly RopeFrequencies[];
  ropeOf: readonly (number | null)[];
  /** The sliding window of each layer, in positions; null: none. */
  windows: readonly (number | null)[];
  factors: Factors;
  caps: Caps;
}

/** Factors of the embedding, the attention scores, what a block adds to the stream, and the logits. */
export interface Factors {
  embedding: number;
  attention: number;
  residual: number;
  logits: number;
}

/** Bounds z -> cap tanh(z / cap) of attention scores and logits (Gemma 2); null: none. */
export interface Caps {
  attention: number | null;
  logits: number | null;
}

/** Sizes that the other readers need. */
export interface DecoderSizes {
  width: number;
  layers: number;
  headSize: number;
  positions: number;
}

type Ropes = Pick<DecoderConfig, "ropes" | "ropeOf">;

/** How a family differs from Llama: defaults are those of transformers' config class, which older files rely on. */
export interface DecoderFamily {
  /** transformers' model_type. */
  type: string;
  /** The decoder's module in transformers' model. Default: model. */
  path?: string;
  defaults: {
    vocab_size: number;
    hidden_size?: number;
    intermediate_size: number;
    num_hidden_layers?: number;
    num_attention_heads?: number;
    max_position_embeddings: number;
    /** Absent or null: as many as there are heads. */
    num_key_value_heads?: number | null;
    /** Absent or null: hidden_size / num_attention_heads. */
    head_dim?: number | null;
    tie_word_embeddings?: boolean;
    rope_theta?: number;
  };
  /** Field and default of the norms' epsilon. Default: rms_norm_eps, 1e-6. */
  epsilon?: readonly [field: string, value: number];
  /** Default: hidden_act, silu. */
  activation?: (fields: ConfigFields) => Activation;
  /** Default: none. */
  bias?: (fields: ConfigFields) => DecoderConfig["bias"];
  /** Default: attention_dropout alone. */
  dropout?: (fields: ConfigFields) => DecoderConfig["dropout"];
  /** Default: none. */
  windows?: (fields: ConfigFields, layers: number) => DecoderConfig["windows"];
  /** Default: one for all layers. */
  ropes?: (fields: ConfigFields, sizes: DecoderSizes, theta: number) => Ropes;
  /** Default: 1, but 1 / sqrt(head size) for the scores. */
  factors?: (fields: ConfigFields, sizes: DecoderSizes) => Partial<Factors>;
  /** Default: none. */
  caps?: (fields: ConfigFields) => Caps;
  /** Root mean square norms times weight, or 1 + weight; or layer norms with a bias. Default: rms. */
  norm?: "rms" | "rms plus one" | "layer";
  /** Default: Llama's, before attention and MLP. */
  blockNorms?: BlockNorms;
  /** Norm of queries and keys before the rotation: of each head, or of all heads together. Default: none. */
  headNorm?: "each head" | "all heads";
  /** Queries, keys and values of one layer, qkv_proj. Default: false. */
  hasFusedQkv?: boolean;
  /** down(act(gate) * up) in three layers; in two, gate and up in one; or c_proj(act(c_fc)). Default: gated. */
  mlp?: "gated" | "fused gate" | "plain";
}

/** Far beyond any model here (126): layers take memory before the weights are read. */
const MOST_LAYERS = 1000;

const NO_BIAS = { qkv: false, attentionOut: false, mlp: false };

function readHeads(fields: ConfigFields, { defaults }: DecoderFamily, width: number) {
  const heads = fields.integer("num_attention_heads", defaults.num_attention_heads ?? 32);
  const kvHeads =
    fields.json.num_key_value_heads === null
      ? heads
      : fields.integer("num_key_value_heads", defaults.num_key_value_heads ?? heads);
  const isGiven = fields.json.head_dim != null || defaults.head_dim != null;
  if (!isGiven && width % heads !== 0) {
    throw fields.fault(`hidden_size ${width} is not a multiple of num_attention_heads ${heads}`);
  }
  if (heads % kvHeads !== 0) {
    throw fields.fault(`num_attention_heads ${heads} is not a multiple of num_key_value_heads ${kvHeads}`);
  }
  const headSize = fields.integer("head_dim", defaults.head_dim ?? Math.floor(width / heads));
  if (headSize % 2 !== 0) throw fields.fault(`head_dim ${headSize}: a rotary embedding needs an even number`);
  return { heads, kvHeads, headSize };
}

/** One rotary embedding for all layers. */
export function oneRope(fields: ConfigFields, { layers, headSize, positions }: DecoderSizes, theta: number): Ropes {
  const rope = ropeFrequencies(fields, { headSize, maxPositions: positions, theta });
  return { ropes: [rope], ropeOf: Array<number>(layers).fill(0) };
}

/** @throws PrefineError for an invalid config, or a model that prefine does not run. */
export function readDecoderConfig(family: DecoderFamily, json: Record<string, unknown>, where: string): DecoderConfig {
  const fields = readConfigFields(json, where);
  const { defaults } = family;
  const width = fields.integer("hidden_size", defaults.hidden_size ?? 4096);
  const layers = fields.integer("num_hidden_layers", defaults.num_hidden_layers ?? 32, MOST_LAYERS);
  const heads = readHeads(fields, family, width);
  const positions = fields.integer("max_position_embeddings", defaults.max_position_embeddings);
  const sizes = { width, layers, headSize: heads.headSize, positions };
  const [epsilonField, epsilon] = family.epsilon ?? ["rms_norm_eps", 1e-6];
  return {
    ...heads,
    vocabSize: fields.integer("vocab_size", defaults.vocab_size),
    positions,
    width,
    inner: fields.integer("intermediate_size", defaults.intermediate_size),
    layers,
    epsilon: fields.number(epsilonField, epsilon),
    isTied: fields.boolean("tie_word_embeddings", defaults.tie_word_embeddings ?? false),
    bias: family.bias?.(fields) ?? NO_BIAS,
    activation: family.activation?.(fields) ?? readActivation(fields, "hidden_act", "silu"),
    dropout: family.dropout?.(fields) ?? {
      embedding: 0,
      attention: fields.rate("attention_dropout", 0),
      residual: 0,
    },
    ...(family.ropes ?? oneRope)(fields, sizes, defaults.rope_theta ?? 10_000),
    windows: family.windows?.(fields, layers) ?? allLayers(layers, null),
    factors: {
      embedding: 1,
      attention: 1 / Math.sqrt(heads.headSize),
      residual: 1,
      logits: 1,
      ...family.factors?.(fields, sizes),
    },
    caps: family.caps?.(fields) ?? { attention: null, logits: null },
  };
}

/** The same value for all layers. */
export const allLayers = <T>(layers: number, value: T): T[] => Array<T>(layers).fill(value);

/** `sliding_window`: the default if absent, none if null. */
export function windowOf(fields: ConfigFields, fallback: number | null): number | null {
  const { sliding_window } = fields.json;
  if (sliding_window === null || (sliding_window === undefined && fallback === null)) return null;
  return fields.integer("sliding_window", fallback ?? Number.NaN);
}

/** transformers' layer types, and their old names that it still reads, that have a mask here. */
const HAS_WINDOW: ReadonlyMap<unknown, boolean> = new Map([
  ["full_attention", false],
  ["attention", false],
  ["sliding_attention", true],
]);

/** Whether each layer has a window, by layer_types; null if there are none. */
export function slidingLayers(fields: ConfigFields, layers: number): boolean[] | null {
  const types = fields.json.layer_types ?? null;
  if (types === null) return null;
  if (!Array.isArray(types) || types.length !== layers || !types.every((type) => HAS_WINDOW.has(type))) {
    const expected = `${layers} times "full_attention" or "sliding_attention"`;
    throw fields.fault(`layer_types: expected ${expected}, found ${show(types)}`);
  }
  return types.map((type) => HAS_WINDOW.get(type) === true);
}

/** The windows by layer_types; null if there are none. @param needs what a window is set by, for the message. */
export function typedWindows(
  fields: ConfigFields,
  { layers, window, needs }: { layers: number; window: number | null; needs: string },
): (number | null)[] | null {
  const sliding = slidingLayers(fields, layers);
  if (sliding === null) return null;
  if (window === null && sliding.includes(true)) {
    throw fields.fault(`layer_types: sliding_attention needs ${needs} sliding_window`);
  }
  return sliding.map((hasWindow) => (hasWindow ? window : null));
}
