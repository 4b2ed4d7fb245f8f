/**
 * @file Gemma (transformers' GemmaForCausalLM), Gemma 2 (Gemma2ForCausalLM) and Gemma 3's text models
 * (Gemma3ForCausalLM): an embedding times the root of its width, norms times 1 + weight, a gated MLP with GELU. Gemma 2
 * and 3 normalize behind attention and MLP as well, and alternate windows with full attention.
 */
import { show } from "../../errors.ts";
import { isObject } from "../../formats/parseJson.ts";
import { readActivation } from "./activations.ts";
import type { ConfigFields } from "./configFields.ts";
import {
  allLayers,
  type BlockNorms,
  type Caps,
  type DecoderFamily,
  type DecoderSizes,
  slidingLayers,
  windowOf,
} from "./decoderConfig.ts";
import { refuseBidirectional } from "./refusedFields.ts";
import { ropeObject, ropeReader, scaledFrequencies } from "./ropeFrequencies.ts";

const bias = (fields: ConfigFields) => {
  const attention = fields.boolean("attention_bias", false);
  return { qkv: attention, attentionOut: attention, mlp: false };
};

const embedding = ({ width }: DecoderSizes) => Math.fround(Math.sqrt(width));

export const GEMMA: DecoderFamily = {
  type: "gemma",
  defaults: {
    vocab_size: 256_000,
    hidden_size: 3072,
    intermediate_size: 24_576,
    num_hidden_layers: 28,
    num_attention_heads: 16,
    num_key_value_heads: 16,
    head_dim: 256,
    max_position_embeddings: 8192,
    tie_word_embeddings: true,
  },
  norm: "rms plus one",
  bias,
  activation: (fields) => {
    refuseBidirectional(fields);
    // older files say gelu and mean its approximation by tanh, as transformers reads them
    const { json } = fields;
    const name = json.hidden_act === "gelu" ? "gelu_pytorch_tanh" : json.hidden_act;
    return readActivation({ ...fields, json: { ...json, hidden_act: name } }, "hidden_act", "gelu_pytorch_tanh");
  },
  factors: (_, sizes) => ({ embedding: embedding(sizes) }),
};

const AROUND: BlockNorms = {
  beforeAttention: "input_layernorm",
  afterAttention: "post_attention_layernorm",
  beforeMlp: "pre_feedforward_layernorm",
  afterMlp: "post_feedforward_layernorm",
};

const DEFAULTS = {
  hidden_size: 2304,
  intermediate_size: 9216,
  num_hidden_layers: 26,
  num_attention_heads: 8,
  num_key_value_heads: 4,
  head_dim: 256,
  tie_word_embeddings: true,
};

/** What Gemma 2 and 3 share. */
const LATER: Omit<DecoderFamily, "type" | "defaults" | "windows"> = {
  norm: "rms plus one",
  blockNorms: AROUND,
  bias,
  activation: (fields) => {
    refuseBidirectional(fields);
    return readActivation(fields, "hidden_activation", "gelu_pytorch_tanh");
  },
  factors: (fields, sizes) => ({
    embedding: embedding(sizes),
    attention: 1 / Math.sqrt(fields.positive("query_pre_attn_scalar", 256)),
  }),
};

/** Windows by layer_types, else on all layers but each `pattern`-th. */
function windows(fields: ConfigFields, layers: number, pattern: number): (number | null)[] {
  const window = windowOf(fields, 4096);
  const sliding = slidingOf(fields, layers, pattern);
  if (window === null && sliding.includes(true))
    throw fields.fault("sliding_window: expected the window of its layers of sliding_attention, found null");
  return sliding.map((isSliding) => (isSliding ? window : null));
}

const slidingOf = (fields: ConfigFields, layers: number, pattern: number): boolean[] =>
  slidingLayers(fields, layers) ?? allLayers(layers, false).map((_, layer) => (layer + 1) % pattern !== 0);

function readCap(fields: ConfigFields, name: string, fallback: number | null): number | null {
  const value = fields.json[name];
  if (value === null || (value === undefined && fallback === null)) return null;
  return fields.positive(name, fallback ?? Number.NaN);
}

export const GEMMA2: DecoderFamily = {
  ...LATER,
  type: "gemma2",
  defaults: { ...DEFAULTS, vocab_size: 256_000, max_position_embeddings: 8192 },
  windows: (fields, layers) => windows(fields, layers, 2),
  caps: (fields): Caps => ({
    attention: readCap(fields, "attn_logit_softcapping", 50),
    logits: readCap(fields, "final_logit_softcapping", 30),
  }),
};

/** Each sixth layer sees all positions; older files may say otherwise. */
const patternOf = (fields: ConfigFields) => fields.integer("sliding_window_pattern", 6);

export const GEMMA3_TEXT: DecoderFamily = {
  ...LATER,
  type: "gemma3_text",
  defaults: { ...DEFAULTS, vocab_size: 262_208, max_position_embeddings: 131_072 },
  headNorm: "each head",
  windows: (fields, layers) => windows(fields, layers, patternOf(fields)),
  ropes: localAndGlobal,
  // transformers' attention leaves attn_logit_softcapping of Gemma 3 unread
  caps: (fields): Caps => ({ attention: null, logits: readCap(fields, "final_logit_softcapping", null) }),
};

/** One rotary embedding for layers with a window, another, which may be scaled, for those without. */
function localAndGlobal(fields: ConfigFields, { layers, headSize, positions }: DecoderSizes) {
  const shape = { headSize, maxPositions: positions };
  const [name, value] = ropeObject(fields);
  const isNested = name === "rope_parameters";
  const read = (type: string, own: Record<string, unknown>, theta: [field: string, value: number]) => {
    const rope = ropeReader(fields, isNested ? `${name}.${type}` : name, own);
    const base = rope.positive("rope_theta", fields.positive(...theta));
    return scaledFrequencies({ name, rope, fields }, { ...shape, theta: base });
  };
  const ofType = (type: string): Record<string, unknown> => {
    const own = isNested ? (value[type] ?? {}) : {};
    if (isObject(own)) return own;
    throw fields.fault(`${name}.${type}: expected an object with rope_type, found ${show(own)}`);
  };
  const global = read("full_attention", isNested ? ofType("full_attention") : value, ["rope_theta", 1_000_000]);
  const local = read("sliding_attention", ofType("sliding_attention"), ["rope_local_base_freq", 10_000]);
  const sliding = slidingOf(fields, layers, patternOf(fields));
  return { ropes: [global, local], ropeOf: sliding.map((isSliding) => (isSliding ? 1 : 0)) };
}
