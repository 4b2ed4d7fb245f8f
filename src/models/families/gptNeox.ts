/**
 * @file GPT-NeoX (transformers' GPTNeoXForCausalLM; Pythia, the DPO paper's own): layer norms, one layer for queries,
 * keys and values of each head, rotation of a part of it; attention and MLP may read the same stream.
 */
import { layerNorm, type Rotation, reshape, slice, type Tensor } from "../../engine/graph/index.ts";
import type { Architecture, LinearLayer, Network } from "../network.ts";
import { type Activation, nameOfActivation, readActivation } from "./activations.ts";
import { type ConfigFields, readConfigFields } from "./configFields.ts";
import { type Block, preNormForward } from "./preNormDecoder.ts";
import { type RopeFrequencies, ropeFrequencies } from "./ropeFrequencies.ts";
import { rotateHeads, rotationOf } from "./rotation.ts";

interface Neox {
  vocabSize: number;
  positions: number;
  width: number;
  inner: number;
  layers: number;
  heads: number;
  epsilon: number;
  isTied: boolean;
  /** Attention and MLP read the block's input, and both are added to it; else one after the other. */
  isParallel: boolean;
  hasAttentionBias: boolean;
  activation: Activation;
  rope: RopeFrequencies;
  dropout: { attention: number; hidden: number };
}

const EMBEDDING = "gpt_neox.embed_in.weight";
const LAST_NORM = "gpt_neox.final_layer_norm";
const HEAD = "lm_head.weight";

/** Far beyond any GPT-NeoX (44): layers take memory before the weights are read. */
const MOST_LAYERS = 1000;

function readConfig(fields: ConfigFields): Neox {
  const width = fields.integer("hidden_size", 6144);
  const heads = fields.integer("num_attention_heads", 64);
  if (width % heads !== 0) throw fields.fault(`hidden_size ${width} is not a multiple of num_attention_heads ${heads}`);
  const positions = fields.integer("max_position_embeddings", 2048);
  return {
    vocabSize: fields.integer("vocab_size", 50_432),
    positions,
    width,
    inner: fields.integer("intermediate_size", 24_576),
    layers: fields.integer("num_hidden_layers", 44, MOST_LAYERS),
    heads,
    epsilon: fields.number("layer_norm_eps", 1e-5),
    isTied: fields.boolean("tie_word_embeddings", false),
    isParallel: fields.boolean("use_parallel_residual", true),
    hasAttentionBias: fields.boolean("attention_bias", true),
    activation: readActivation(fields, "hidden_act", "gelu"),
    rope: neoxRope(fields, width / heads, positions),
    dropout: { attention: fields.rate("attention_dropout", 0), hidden: fields.rate("hidden_dropout", 0) },
  };
}

/** As in transformers: rope_theta and partial_rotary_factor count in rope_parameters alone, head_dim for it alone. */
function neoxRope(fields: ConfigFields, headSize: number, maxPositions: number): RopeFrequencies {
  const json = { ...fields.json, rope_theta: null, partial_rotary_factor: null };
  const rope = ropeFrequencies(readConfigFields(json, fields.where), {
    headSize: fields.integer("head_dim", headSize),
    maxPositions,
    theta: fields.positive("rotary_emb_base", 10_000),
    partial: fields.positive("rotary_pct", 0.25),
  });
  const rotated = 2 * rope.frequencies.length;
  if (rotated > headSize) throw fields.fault(`head_dim: ${rotated} channels would rotate of the ${headSize} of a head`);
  return rope;
}

interface BlockLayers {
  name: string;
  qkv: LinearLayer;
  attentionOut: LinearLayer;
  up: LinearLayer;
  down: LinearLayer;
}

function blockLayers({ width, inner, hasAttentionBias }: Neox, index: number): BlockLayers {
  const name = `gpt_neox.layers.${index}`;
  const linear = (suffix: string, [inFeatures, outFeatures]: [number, number], bias = true): LinearLayer => {
    return { name: `${name}.${suffix}`, inFeatures, outFeatures, layout: "out,in", bias };
  };
  return {
    name,
    qkv: linear("attention.query_key_value", [width, 3 * width], hasAttentionBias),
    attentionOut: linear("attention.dense", [width, width], hasAttentionBias),
    up: linear("mlp.dense_h_to_4h", [width, inner]),
    down: linear("mlp.dense_4h_to_h", [inner, width]),
  };
}

const linearsOf = ({ qkv, attentionOut, up, down }: BlockLayers) => [qkv, attentionOut, up, down];

function parametersOf(config: Neox, blocks: readonly BlockLayers[]): Map<string, number[]> {
  const { width, vocabSize } = config;
  const parameters = new Map<string, number[]>();
  const norm = (name: string) => {
    parameters.set(`${name}.weight`, [width]);
    parameters.set(`${name}.bias`, [width]);
  };
  parameters.set(EMBEDDING, [vocabSize, width]);
  for (const layers of blocks) {
    norm(`${layers.name}.input_layernorm`);
    norm(`${layers.name}.post_attention_layernorm`);
    for (const { name, inFeatures, outFeatures, bias } of linearsOf(layers)) {
      parameters.set(`${name}.weight`, [outFeatures, inFeatures]);
      if (bias) parameters.set(`${name}.bias`, [outFeatures]);
    }
  }
  norm(LAST_NORM);
  if (!config.isTied) parameters.set(HEAD, [vocabSize, width]);
  return parameters;
}

const normOf =
  ({ epsilon }: Neox) =>
  (net: Network, name: string, x: Tensor) =>
    layerNorm(x, net.weight(`${name}.weight`), net.weight(`${name}.bias`), epsilon);

/** The rows of query_key_value are each head's queries, keys and values: [M, H 3 D] -> three times [M, H D]. */
function splitHeads(fused: Tensor, heads: number, width: number): [Tensor, Tensor, Tensor] {
  const [tokens] = fused.shape;
  const size = width / heads;
  const perHead = reshape(fused, [tokens, heads, 3 * size]);
  const part = (index: number) => reshape(slice(perHead, 2, index * size, (index + 1) * size), [tokens, width]);
  return [part(0), part(1), part(2)];
}

/**
 * One block. Kept for the backward pass, per token: x, qkv, the attention's output, the stream after it unless MLP and
 * attention read the same, and the MLP's inner row; norms and the activation are recomputed.
 */
function block(config: Neox, { name, qkv, attentionOut, up, down }: BlockLayers): Block<Rotation> {
  const { width, heads, dropout } = config;
  const headSize = width / heads;
  const norm = normOf(config);
  return {
    name,
    attention: { heads, kvHeads: heads, scale: 1 / Math.sqrt(headSize), dropout: dropout.attention, window: null },
    project: (net, x, rotation) => {
      const [fused] = net.recompute([x], ([input]) => [net.linear(norm(net, `${name}.input_layernorm`, input), qkv)]);
      const [q, k, v] = splitHeads(fused, heads, width);
      return [rotateHeads(q, rotation, headSize), rotateHeads(k, rotation, headSize), v];
    },
    attentionOut,
    mlpReads: config.isParallel ? "block's input" : "stream after attention",
    mlp: (net, stream) => {
      const inner = net.recompute([stream], ([input]) => [
        net.linear(norm(net, `${name}.post_attention_layernorm`, input), up),
      ]);
      return net.recompute(inner, ([input]) => [net.linear(config.activation(input), down)])[0];
    },
    residualDropout: dropout.hidden,
  };
}

function settingsOf({ heads, epsilon, isTied, isParallel, activation, rope, dropout }: Neox) {
  return {
    num_attention_heads: heads,
    layer_norm_eps: epsilon,
    tie_word_embeddings: isTied,
    use_parallel_residual: isParallel,
    hidden_act: nameOfActivation(activation),
    rope,
    dropout: { attention_dropout: dropout.attention, hidden_dropout: dropout.hidden },
  };
}

/** @throws PrefineError for an invalid config, or a model that prefine does not run. */
export function gptNeox(json: Record<string, unknown>, where: string): Architecture {
  const config = readConfig(readConfigFields(json, where));
  const { width, layers: count, heads, dropout } = config;
  const layers = Array.from({ length: count }, (_, index) => blockLayers(config, index));
  return {
    modelType: "gpt_neox",
    vocabSize: config.vocabSize,
    maxPositions: config.positions,
    hiddenSize: width,
    layers: count,
    heads,
    kvHeads: heads,
    headSize: width / heads,
    windows: layers.map(() => null),
    settings: settingsOf(config),
    keptFloats: count * ((config.isParallel ? 5 : 6) * width + config.inner),
    parameters: parametersOf(config, layers),
    linears: layers.flatMap(linearsOf),
    head: config.isTied ? EMBEDDING : HEAD,
    // the head is embed_out in files of transformers 4
    fileNames: (name) => [name, name === HEAD ? "embed_out.weight" : name.replace(/^gpt_neox\./, "")],
    forward: preNormForward({
      embed: (net, { tokens, positions }) => {
        const x = net.dropout(net.words(EMBEDDING, tokens), dropout.hidden, "embedding");
        return { x, places: rotationOf(positions, config.rope) };
      },
      blocks: layers.map((each) => block(config, each)),
      lastNorm: (net, x) => normOf(config)(net, LAST_NORM, x),
    }),
  };
}
