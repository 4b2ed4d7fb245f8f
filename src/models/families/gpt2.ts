/** @file GPT-2 (transformers' GPT2LMHeadModel): learned positions, pre-norm blocks, Conv1D layers, tied head. */
import { add, chunk, layerNorm, type Tensor } from "../../engine/graph/index.ts";
import { PrefineError } from "../../errors.ts";
import type { Architecture, LinearLayer, Network } from "../network.ts";
import { type Activation, nameOfActivation, readActivation } from "./activations.ts";
import { type ConfigFields, readConfigFields } from "./configFields.ts";
import { type Block, preNormForward } from "./preNormDecoder.ts";

interface Gpt2 {
  vocabSize: number;
  positions: number;
  width: number;
  layers: number;
  heads: number;
  inner: number;
  epsilon: number;
  /** Whether the unembedding is the embedding: true for every published GPT-2; false if trained separately. */
  isTied: boolean;
  activation: Activation;
  /** Factor of the attention scores of a layer. */
  scaleOf(layer: number): number;
  dropout: { embedding: number; residual: number; attention: number };
}

/** transformers' attribute_map of GPT2Config: where a config has both names, the common one counts, as there. */
export const GPT2_COMMON_NAMES = {
  n_embd: "hidden_size",
  n_positions: "max_position_embeddings",
  n_head: "num_attention_heads",
  n_layer: "num_hidden_layers",
} as const;

/** Far beyond any GPT-2 (48): layers take memory before the weights are read. */
const MOST_LAYERS = 1000;

function readConfig(fields: ConfigFields): Gpt2 {
  if (fields.boolean("add_cross_attention", false)) {
    const message = `${fields.where}: add_cross_attention: prefine runs only decoders, the config says true`;
    throw new PrefineError("not-yet", message, "Use a model without an encoder.");
  }
  const width = fields.integer("n_embd", 768);
  const heads = fields.integer("n_head", 12);
  if (width % heads !== 0) throw fields.fault(`n_embd ${width} is not a multiple of n_head ${heads}`);
  return {
    vocabSize: fields.integer("vocab_size", 50257),
    positions: fields.integer("n_positions", 1024),
    width,
    layers: fields.integer("n_layer", 12, MOST_LAYERS),
    heads,
    inner: fields.integer("n_inner", 4 * width),
    epsilon: fields.number("layer_norm_epsilon", 1e-5),
    isTied: fields.boolean("tie_word_embeddings", true),
    activation: readActivation(fields, "activation_function", "gelu_new"),
    scaleOf: readScale(fields, width / heads),
    dropout: {
      embedding: fields.rate("embd_pdrop", 0.1),
      residual: fields.rate("resid_pdrop", 0.1),
      attention: fields.rate("attn_pdrop", 0.1),
    },
  };
}

/** reorder_and_upcast_attn only matters for narrow floats: attention is float32 here. */
function readScale(fields: ConfigFields, headSize: number): Gpt2["scaleOf"] {
  fields.boolean("reorder_and_upcast_attn", false);
  const scale = fields.boolean("scale_attn_weights", true) ? 1 / Math.sqrt(headSize) : 1;
  const byLayer = fields.boolean("scale_attn_by_inverse_layer_idx", false);
  return (layer) => (byLayer ? scale / (layer + 1) : scale);
}

function settingsOf({ heads, epsilon, isTied, activation, scaleOf, dropout }: Gpt2) {
  return {
    n_head: heads,
    layer_norm_epsilon: epsilon,
    tie_word_embeddings: isTied,
    activation_function: nameOfActivation(activation),
    "scale of attention": [scaleOf(0), scaleOf(1)],
    dropout: { embd_pdrop: dropout.embedding, resid_pdrop: dropout.residual, attn_pdrop: dropout.attention },
  };
}

interface BlockLayers {
  name: string;
  qkv: LinearLayer;
  attentionOut: LinearLayer;
  up: LinearLayer;
  down: LinearLayer;
}

function blockLayers(config: Gpt2, index: number): BlockLayers {
  const name = `transformer.h.${index}`;
  const conv1d = (suffix: string, inFeatures: number, outFeatures: number): LinearLayer => {
    return { name: `${name}.${suffix}`, inFeatures, outFeatures, layout: "in,out", bias: true };
  };
  const { width, inner } = config;
  return {
    name,
    qkv: conv1d("attn.c_attn", width, 3 * width),
    attentionOut: conv1d("attn.c_proj", width, width),
    up: conv1d("mlp.c_fc", width, inner),
    down: conv1d("mlp.c_proj", inner, width),
  };
}

function parametersOf(config: Gpt2, blocks: readonly BlockLayers[]): Map<string, number[]> {
  const { width } = config;
  const parameters = new Map<string, number[]>();
  const norm = (name: string) => {
    parameters.set(`${name}.weight`, [width]);
    parameters.set(`${name}.bias`, [width]);
  };
  const linear = ({ name, inFeatures, outFeatures }: LinearLayer) => {
    parameters.set(`${name}.weight`, [inFeatures, outFeatures]);
    parameters.set(`${name}.bias`, [outFeatures]);
  };
  parameters.set("transformer.wte.weight", [config.vocabSize, width]);
  parameters.set("transformer.wpe.weight", [config.positions, width]);
  for (const { name, qkv, attentionOut, up, down } of blocks) {
    norm(`${name}.ln_1`);
    linear(qkv);
    linear(attentionOut);
    norm(`${name}.ln_2`);
    linear(up);
    linear(down);
  }
  norm("transformer.ln_f");
  if (!config.isTied) parameters.set("lm_head.weight", [config.vocabSize, width]);
  return parameters;
}

/**
 * One block. Kept for the backward pass, per token: x, qkv, the attention's output, the residual stream and the MLP's
 * inner row, 10 C floats; the norms and the activation are recomputed (together 2 % of a step for 6 C floats less).
 * With gradient checkpointing only x, C floats.
 */
function block(config: Gpt2, { name, qkv, attentionOut, up, down }: BlockLayers, layer: number): Block<null> {
  const norm = (net: Network, suffix: string, input: Tensor) =>
    layerNorm(input, net.weight(`${name}.${suffix}.weight`), net.weight(`${name}.${suffix}.bias`), config.epsilon);
  const { width, heads, dropout } = config;
  return {
    name,
    attention: {
      heads,
      kvHeads: heads,
      scale: config.scaleOf(layer),
      dropout: dropout.attention,
      window: null,
    },
    project: (net, x) => {
      const [fused] = net.recompute([x], ([input]) => [net.linear(norm(net, "ln_1", input), qkv)]);
      return chunk(fused, [width, width, width]) as [Tensor, Tensor, Tensor];
    },
    attentionOut,
    mlp: (net, middle) => {
      const inner = net.recompute([middle], ([input]) => [net.linear(norm(net, "ln_2", input), up)]);
      return net.recompute(inner, ([input]) => [net.linear(config.activation(input), down)])[0];
    },
    residualDropout: dropout.residual,
  };
}

/** @throws PrefineError for options that no published GPT-2 uses. */
export function gpt2(json: Record<string, unknown>, where: string): Architecture {
  const config = readConfig(readConfigFields(json, where, GPT2_COMMON_NAMES));
  const layers = Array.from({ length: config.layers }, (_, index) => blockLayers(config, index));
  return {
    modelType: "gpt2",
    vocabSize: config.vocabSize,
    maxPositions: config.positions,
    hiddenSize: config.width,
    layers: config.layers,
    heads: config.heads,
    kvHeads: config.heads,
    headSize: config.width / config.heads,
    windows: layers.map(() => null),
    settings: settingsOf(config),
    keptFloats: config.layers * (6 * config.width + config.inner),
    parameters: parametersOf(config, layers),
    linears: layers.flatMap(({ qkv, attentionOut, up, down }) => [qkv, attentionOut, up, down]),
    head: config.isTied ? "transformer.wte.weight" : "lm_head.weight",
    fileNames: (name) => [name, name.replace(/^transformer\./, "")],
    forward: preNormForward({
      embed: (net, { tokens, positions }) => {
        const words = net.words("transformer.wte.weight", tokens);
        const places = net.embedding("transformer.wpe.weight", positions);
        return { x: net.dropout(add(words, places), config.dropout.embedding, "embedding"), places: null };
      },
      blocks: layers.map((each, index) => block(config, each, index)),
      lastNorm: (net, x) => {
        const [weight, bias] = ["weight", "bias"].map((name) => net.weight(`transformer.ln_f.${name}`));
        return layerNorm(x, weight, bias, config.epsilon);
      },
    }),
  };
}
