/**
 * @file Llama and its relatives (transformers' LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM,
 * Qwen3ForCausalLM): rotary positions, RMS norms, grouped queries, a gated MLP.
 */
import {
  cast,
  constant,
  cos,
  mul,
  type Rotation,
  reshape,
  rmsNorm,
  rotary,
  sin,
  type Tensor,
} from "../../engine/graph/index.ts";
import { sha256 } from "../../formats/sha256.ts";
import type { Architecture, LinearLayer, Network } from "../network.ts";
import { nameOfActivation } from "./activations.ts";
import { type LlamaConfig, type LlamaType, readLlamaConfig } from "./llamaConfig.ts";
import { type Block, preNormForward } from "./preNormDecoder.ts";

const EMBEDDING = "model.embed_tokens.weight";
const HEAD = "lm_head.weight";

interface BlockLayers {
  name: string;
  q: LinearLayer;
  k: LinearLayer;
  v: LinearLayer;
  attentionOut: LinearLayer;
  gate: LinearLayer;
  up: LinearLayer;
  down: LinearLayer;
}

function blockLayers({ width, inner, heads, kvHeads, headSize, bias }: LlamaConfig, index: number): BlockLayers {
  const name = `model.layers.${index}`;
  const linear = (suffix: string, [inFeatures, outFeatures]: [number, number], bias: boolean): LinearLayer => {
    return { name: `${name}.${suffix}`, inFeatures, outFeatures, layout: "out,in", bias };
  };
  return {
    name,
    q: linear("self_attn.q_proj", [width, heads * headSize], bias.qkv),
    k: linear("self_attn.k_proj", [width, kvHeads * headSize], bias.qkv),
    v: linear("self_attn.v_proj", [width, kvHeads * headSize], bias.qkv),
    attentionOut: linear("self_attn.o_proj", [heads * headSize, width], bias.attentionOut),
    gate: linear("mlp.gate_proj", [width, inner], bias.mlp),
    up: linear("mlp.up_proj", [width, inner], bias.mlp),
    down: linear("mlp.down_proj", [inner, width], bias.mlp),
  };
}

function parametersOf(config: LlamaConfig, blocks: readonly BlockLayers[]): Map<string, number[]> {
  const { width, vocabSize } = config;
  const parameters = new Map<string, number[]>();
  const linear = ({ name, inFeatures, outFeatures, bias }: LinearLayer) => {
    parameters.set(`${name}.weight`, [outFeatures, inFeatures]);
    if (bias) parameters.set(`${name}.bias`, [outFeatures]);
  };
  parameters.set(EMBEDDING, [vocabSize, width]);
  for (const { name, q, k, v, attentionOut, gate, up, down } of blocks) {
    for (const layer of [q, k, v, attentionOut]) linear(layer);
    for (const norm of config.hasHeadNorm ? ["q_norm", "k_norm"] : [])
      parameters.set(`${name}.self_attn.${norm}.weight`, [config.headSize]);
    for (const layer of [gate, up, down]) linear(layer);
    parameters.set(`${name}.input_layernorm.weight`, [width]);
    parameters.set(`${name}.post_attention_layernorm.weight`, [width]);
  }
  parameters.set("model.norm.weight", [width]);
  if (!config.isTied) parameters.set(HEAD, [vocabSize, width]);
  return parameters;
}

/** Cosines and sines of all tokens' angles, [M, D / 2] each, computed once for all layers and heads. */
function rotationOf(positions: Tensor, { frequencies, scale }: LlamaConfig["rope"]): Rotation {
  const column = reshape(cast(positions, "float32"), [positions.shape[0], 1]);
  const angles = mul(column, constant(frequencies, "float32", [1, frequencies.length]));
  const scaled = (x: Tensor) => (scale === 1 ? x : mul(x, scale));
  return { cos: scaled(cos(angles)), sin: scaled(sin(angles)) };
}

/**
 * One block. Kept for the backward pass, per token: the stream twice, queries, keys, values, the attention's output,
 * gate and up; for Qwen3 also queries and keys before their norm. Norms and act(gate) * up are recomputed.
 */
function block(config: LlamaConfig, layers: BlockLayers, window: number | null): Block<Rotation> {
  const { heads, kvHeads, headSize, epsilon } = config;
  const { name, q, k, v, attentionOut, gate, up, down } = layers;
  const norm = (net: Network, suffix: string, x: Tensor) => rmsNorm(x, net.weight(`${name}.${suffix}.weight`), epsilon);
  const headNorm = (net: Network, suffix: string, x: Tensor, count: number) => {
    const perHead = reshape(x, [x.shape[0], count, headSize]);
    return reshape(norm(net, `self_attn.${suffix}`, perHead), x.shape);
  };
  const place = (net: Network, x: Tensor, rotation: Rotation, [suffix, count]: [string, number]) => {
    if (!config.hasHeadNorm) return rotary(x, rotation);
    return rotary(net.recompute([x], ([again]) => [headNorm(net, suffix, again, count)])[0], rotation);
  };
  return {
    name,
    attention: { heads, kvHeads, scale: 1 / Math.sqrt(headSize), dropout: config.attentionDropout, window },
    project: (net, x, rotation) => {
      const [queries, keys, values] = net.recompute([x], ([input]) => {
        const normed = norm(net, "input_layernorm", input);
        return [q, k, v].map((layer) => net.linear(normed, layer));
      });
      return [
        place(net, queries, rotation, ["q_norm", heads]),
        place(net, keys, rotation, ["k_norm", kvHeads]),
        values,
      ];
    },
    attentionOut,
    mlp: (net, middle) => {
      const inner = net.recompute([middle], ([input]) => {
        const normed = norm(net, "post_attention_layernorm", input);
        return [net.linear(normed, gate), net.linear(normed, up)];
      });
      return net.recompute(inner, ([g, u]) => [net.linear(mul(config.activation(g), u), down)])[0];
    },
    residualDropout: 0,
  };
}

/** See the comment of `block`. */
function keptFloats({ width, inner, heads, kvHeads, headSize, hasHeadNorm, layers }: LlamaConfig): number {
  const [queries, keys] = [heads * headSize, kvHeads * headSize];
  const again = hasHeadNorm ? queries + keys : 0;
  return layers * (2 * width + 2 * queries + 2 * keys + again + 2 * inner);
}

function settingsOf(config: LlamaConfig) {
  return {
    num_attention_heads: config.heads,
    num_key_value_heads: config.kvHeads,
    rms_norm_eps: config.epsilon,
    tie_word_embeddings: config.isTied,
    hidden_act: nameOfActivation(config.activation),
    rope: { frequencies: sha256(JSON.stringify(config.rope.frequencies)).slice(0, 16), scale: config.rope.scale },
    windows: config.windows.some((window) => window !== null) ? config.windows : null,
    dropout: { attention_dropout: config.attentionDropout },
  };
}

/** @throws PrefineError for an invalid config, or a model that prefine does not run. */
export function llama(type: LlamaType, json: Record<string, unknown>, where: string): Architecture {
  const config = readLlamaConfig(type, json, where);
  const layers = Array.from({ length: config.layers }, (_, index) => blockLayers(config, index));
  return {
    modelType: type,
    vocabSize: config.vocabSize,
    maxPositions: config.positions,
    hiddenSize: config.width,
    layers: config.layers,
    heads: config.heads,
    kvHeads: config.kvHeads,
    headSize: config.headSize,
    windows: config.windows,
    settings: settingsOf(config),
    keptFloats: keptFloats(config),
    parameters: parametersOf(config, layers),
    linears: layers.flatMap(({ name: _, ...linears }) => Object.values(linears)),
    head: config.isTied ? EMBEDDING : HEAD,
    fileNames: (name) => [name, name.replace(/^model\./, "")],
    forward: preNormForward({
      embed: (net, { tokens, positions }) => {
        return { x: net.words(EMBEDDING, tokens), places: rotationOf(positions, config.rope) };
      },
      blocks: layers.map((each, index) => block(config, each, config.windows[index])),
      lastNorm: (net, x) => rmsNorm(x, net.weight("model.norm.weight"), config.epsilon),
    }),
  };
}
