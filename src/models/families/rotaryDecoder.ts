/**
 * @file The forward pass of decoders with rotary positions and grouped queries: Llama and the families that a
 * {@link DecoderFamily} describes.
 */
import { add, chunk, layerNorm, mul, type Rotation, reshape, rmsNorm, type Tensor } from "../../engine/graph/index.ts";
import { sha256 } from "../../formats/sha256.ts";
import type { Architecture, LinearLayer, Network } from "../network.ts";
import { nameOfActivation } from "./activations.ts";
import { type BlockNorms, type DecoderConfig, type DecoderFamily, readDecoderConfig } from "./decoderConfig.ts";
import { type Block, preNormForward } from "./preNormDecoder.ts";
import { rotateHeads, rotationOf } from "./rotation.ts";

const HEAD = "lm_head.weight";

const LLAMA_NORMS: BlockNorms = {
  beforeAttention: "input_layernorm",
  afterAttention: null,
  beforeMlp: "post_attention_layernorm",
  afterMlp: null,
};

/** A family with its config. */
interface Decoder extends DecoderConfig {
  type: string;
  /** Its module in transformers' model. */
  path: string;
  norm: NonNullable<DecoderFamily["norm"]>;
  blockNorms: BlockNorms;
  headNorm: DecoderFamily["headNorm"] | null;
  hasFusedQkv: boolean;
  mlp: NonNullable<DecoderFamily["mlp"]>;
}

interface BlockLayers {
  name: string;
  /** Three layers, or one for all. */
  qkv: readonly LinearLayer[];
  attentionOut: LinearLayer;
  /** What enters the MLP: gate and up, both in one layer, or one that has no gate. */
  mlpIn: readonly LinearLayer[];
  down: LinearLayer;
}

function blockLayers(decoder: Decoder, index: number): BlockLayers {
  const { width, inner, heads, kvHeads, headSize, bias, hasFusedQkv, mlp } = decoder;
  const name = `${decoder.path}.layers.${index}`;
  const linear = (suffix: string, [inFeatures, outFeatures]: [number, number], bias: boolean): LinearLayer => {
    return { name: `${name}.${suffix}`, inFeatures, outFeatures, layout: "out,in", bias };
  };
  const [queries, keys] = [heads * headSize, kvHeads * headSize];
  const qkv = hasFusedQkv
    ? [linear("self_attn.qkv_proj", [width, queries + 2 * keys], bias.qkv)]
    : [
        linear("self_attn.q_proj", [width, queries], bias.qkv),
        linear("self_attn.k_proj", [width, keys], bias.qkv),
        linear("self_attn.v_proj", [width, keys], bias.qkv),
      ];
  const mlpIn: Record<Decoder["mlp"], [suffix: string, size: number][]> = {
    gated: [
      ["mlp.gate_proj", inner],
      ["mlp.up_proj", inner],
    ],
    "fused gate": [["mlp.gate_up_proj", 2 * inner]],
    plain: [["mlp.c_fc", inner]],
  };
  return {
    name,
    qkv,
    attentionOut: linear("self_attn.o_proj", [queries, width], bias.attentionOut),
    mlpIn: mlpIn[mlp].map(([suffix, size]) => linear(suffix, [width, size], bias.mlp)),
    down: linear(mlp === "plain" ? "mlp.c_proj" : "mlp.down_proj", [inner, width], bias.mlp),
  };
}

const embeddingOf = ({ path }: Decoder) => `${path}.embed_tokens.weight`;
const lastNormOf = ({ path }: Decoder) => `${path}.norm`;

const linearsOf = ({ qkv, attentionOut, mlpIn, down }: BlockLayers) => [...qkv, attentionOut, ...mlpIn, down];

function parametersOf(decoder: Decoder, blocks: readonly BlockLayers[]): Map<string, number[]> {
  const { width, vocabSize, heads, kvHeads, headSize, headNorm } = decoder;
  const parameters = new Map<string, number[]>();
  const linear = ({ name, inFeatures, outFeatures, bias }: LinearLayer) => {
    parameters.set(`${name}.weight`, [outFeatures, inFeatures]);
    if (bias) parameters.set(`${name}.bias`, [outFeatures]);
  };
  const norm = (name: string, size = width) => {
    parameters.set(`${name}.weight`, [size]);
    if (decoder.norm === "layer") parameters.set(`${name}.bias`, [size]);
  };
  const ofHeads = (count: number) => (headNorm === "all heads" ? count * headSize : headSize);
  parameters.set(embeddingOf(decoder), [vocabSize, width]);
  for (const { name, qkv, attentionOut, mlpIn, down } of blocks) {
    for (const layer of [...qkv, attentionOut]) linear(layer);
    if (headNorm) {
      norm(`${name}.self_attn.q_norm`, ofHeads(heads));
      norm(`${name}.self_attn.k_norm`, ofHeads(kvHeads));
    }
    for (const layer of [...mlpIn, down]) linear(layer);
    for (const suffix of normNames(decoder)) norm(`${name}.${suffix}`);
  }
  norm(lastNormOf(decoder));
  if (!decoder.isTied) parameters.set(HEAD, [vocabSize, width]);
  return parameters;
}

/** In the order in which a block uses them, which is the order of transformers' modules. */
function normNames({ blockNorms }: Pick<Decoder, "blockNorms">): string[] {
  const { beforeAttention, afterAttention, beforeMlp, afterMlp } = blockNorms;
  return [beforeAttention, afterAttention, beforeMlp, afterMlp].filter((name) => name !== null);
}

type NormOf = (net: Network, name: string, x: Tensor) => Tensor;

function normsOf({ norm, epsilon }: Decoder): NormOf {
  if (norm === "layer")
    return (net, name, x) => layerNorm(x, net.weight(`${name}.weight`), net.weight(`${name}.bias`), epsilon);
  if (norm === "rms") return (net, name, x) => rmsNorm(x, net.weight(`${name}.weight`), epsilon);
  return (net, name, x) => rmsNorm(x, add(net.weight(`${name}.weight`), 1), epsilon); // the weight is trained around 0
}

/** Queries, keys and values of a block's input. */
function projection(decoder: Decoder, { name, qkv }: BlockLayers, layer: number): Block<Rotation[]>["project"] {
  const { heads, kvHeads, headSize, headNorm, blockNorms } = decoder;
  const norm = normsOf(decoder);
  const rope = decoder.ropeOf[layer];
  const [queries, keys] = [heads * headSize, kvHeads * headSize];
  const headNormed = (net: Network, suffix: string, x: Tensor, count: number) => {
    if (headNorm === "all heads") return norm(net, `${name}.self_attn.${suffix}`, x);
    const perHead = reshape(x, [x.shape[0], count, headSize]);
    return reshape(norm(net, `${name}.self_attn.${suffix}`, perHead), x.shape);
  };
  const place = (net: Network, x: Tensor, rotations: readonly Rotation[], [suffix, count]: [string, number]) => {
    const normed = headNorm ? net.recompute([x], ([again]) => [headNormed(net, suffix, again, count)])[0] : x;
    return rope === null ? normed : rotateHeads(normed, rotations[rope], headSize);
  };
  return (net, x, rotations) => {
    const projected = net.recompute([x], ([input]) => {
      const normed = blockNorms.beforeAttention ? norm(net, `${name}.${blockNorms.beforeAttention}`, input) : input;
      return qkv.map((linear) => net.linear(normed, linear));
    });
    const [q, k, v] = qkv.length === 1 ? chunk(projected[0], [queries, keys, keys]) : projected;
    return [place(net, q, rotations, ["q_norm", heads]), place(net, k, rotations, ["k_norm", kvHeads]), v];
  };
}

/** The MLP with the norms around it. */
function feedForward(decoder: Decoder, { name, mlpIn, down }: BlockLayers): Block<Rotation[]>["mlp"] {
  const { inner, activation, mlp, blockNorms } = decoder;
  const norm = normsOf(decoder);
  const added = addedTerm(decoder, name, blockNorms.afterMlp);
  const act = (inputs: readonly Tensor[]) => {
    if (mlp === "plain") return activation(inputs[0]);
    const [gate, up] = mlp === "gated" ? inputs : chunk(inputs[0], [inner, inner]);
    return mul(activation(gate), up);
  };
  return (net, middle) => {
    const inputs = net.recompute([middle], ([input]) => {
      const normed = blockNorms.beforeMlp ? norm(net, `${name}.${blockNorms.beforeMlp}`, input) : input;
      return mlpIn.map((linear) => net.linear(normed, linear));
    });
    return added(net, net.recompute(inputs, (again) => [net.linear(act(again), down)])[0]);
  };
}

/** What attention or MLP add to the stream: their result, normalized or times a factor in some families. */
function addedTerm(decoder: Decoder, block: string, normName: string | null): (net: Network, x: Tensor) => Tensor {
  const { residual } = decoder.factors;
  const norm = normsOf(decoder);
  return (net, x) => {
    const normed =
      normName === null ? x : net.recompute([x], ([again]) => [norm(net, `${block}.${normName}`, again)])[0];
    return residual === 1 ? normed : mul(normed, residual);
  };
}

/**
 * One block. Kept for the backward pass, per token: the stream twice, queries, keys, values, the attention's output,
 * gate and up; with norms of heads also queries and keys before them, with norms after attention and MLP what enters
 * those. Norms and act(gate) * up are recomputed.
 */
function block(decoder: Decoder, layers: BlockLayers, index: number): Block<Rotation[]> {
  const { heads, kvHeads, dropout, factors, caps, blockNorms } = decoder;
  const cap = caps.attention === null ? {} : { cap: caps.attention };
  const isPlain = blockNorms.afterAttention === null && factors.residual === 1;
  return {
    name: layers.name,
    attention: {
      heads,
      kvHeads,
      scale: factors.attention,
      ...cap,
      dropout: dropout.attention,
      window: decoder.windows[index],
    },
    project: projection(decoder, layers, index),
    attentionOut: layers.attentionOut,
    ...(isPlain ? {} : { attended: addedTerm(decoder, layers.name, blockNorms.afterAttention) }),
    mlp: feedForward(decoder, layers),
    residualDropout: dropout.residual,
  };
}

/** See the comment of `block`. */
function keptFloats(decoder: Decoder): number {
  const { width, inner, heads, kvHeads, headSize, headNorm, layers, mlp, blockNorms } = decoder;
  const [queries, keys] = [heads * headSize, kvHeads * headSize];
  const again = headNorm ? queries + keys : 0;
  const after = [blockNorms.afterAttention, blockNorms.afterMlp].filter((name) => name !== null).length * width;
  const mlpIn = mlp === "plain" ? inner : 2 * inner;
  return layers * (2 * width + 2 * queries + 2 * keys + again + after + mlpIn);
}

function settingsOf(decoder: Decoder) {
  const { heads, kvHeads, epsilon, isTied, activation, ropes, ropeOf, windows, dropout, factors, caps } = decoder;
  const { headSize, type } = decoder;
  const usual = { embedding: 1, attention: 1 / Math.sqrt(headSize), residual: 1, logits: 1 };
  const digest = (value: unknown) => sha256(JSON.stringify(value)).slice(0, 16);
  const [rope] = ropes.map(({ frequencies, scale, long }) => {
    return { frequencies: digest(frequencies), scale, ...(long ? { long: digest(long) } : {}) };
  });
  const isOneRope = ropes.length === 1 && ropeOf.every((index) => index === 0);
  const { embedding, residual, attention: attention_dropout } = dropout;
  return {
    num_attention_heads: heads,
    num_key_value_heads: kvHeads,
    rms_norm_eps: epsilon,
    tie_word_embeddings: isTied,
    hidden_act: nameOfActivation(activation),
    rope: isOneRope ? rope : { ropes: digest(ropes), layers: ropeOf },
    windows: windows.some((window) => window !== null) ? windows : null,
    dropout: { attention_dropout, ...(embedding > 0 || residual > 0 ? { embedding, residual } : {}) },
    ...(JSON.stringify(factors) === JSON.stringify(usual) ? {} : { factors }),
    ...(caps.attention === null && caps.logits === null ? {} : { caps }),
    ...(["llama", "mistral", "qwen2", "qwen3"].includes(type) ? {} : { model_type: type }),
  };
}

/** The reader of a family's config.json. */
export function rotaryDecoder(family: DecoderFamily) {
  const { type, norm = "rms", blockNorms = LLAMA_NORMS, headNorm = null, hasFusedQkv = false, mlp = "gated" } = family;
  const { path = "model" } = family;
  return (json: Record<string, unknown>, where: string): Architecture => {
    const config = readDecoderConfig(family, json, where);
    return architecture({ ...config, type, path, norm, blockNorms, headNorm, hasFusedQkv, mlp });
  };
}

function architecture(decoder: Decoder): Architecture {
  const { type, dropout, factors, caps } = decoder;
  const long = decoder.ropes.find((rope) => rope.long)?.long;
  const layers = Array.from({ length: decoder.layers }, (_, index) => blockLayers(decoder, index));
  const norm = normsOf(decoder);
  return {
    modelType: type,
    vocabSize: decoder.vocabSize,
    maxPositions: decoder.positions,
    hiddenSize: decoder.width,
    layers: decoder.layers,
    heads: decoder.heads,
    kvHeads: decoder.kvHeads,
    headSize: decoder.headSize,
    windows: decoder.windows,
    settings: settingsOf(decoder),
    keptFloats: keptFloats(decoder),
    parameters: parametersOf(decoder, layers),
    linears: layers.flatMap(linearsOf),
    head: decoder.isTied ? embeddingOf(decoder) : HEAD,
    ...(caps.logits === null ? {} : { logitsCap: caps.logits }),
    ...(long ? { cacheLimit: long.above } : {}),
    fileNames: (name) => [name, name.replace(/^model\./, "")],
    forward: preNormForward({
      embed: (net, { tokens, positions }) => {
        const words = net.words(embeddingOf(decoder), tokens);
        const scaled = factors.embedding === 1 ? words : mul(words, factors.embedding);
        const x = net.dropout(scaled, dropout.embedding, "embedding");
        return { x, places: decoder.ropes.map((rope) => rotationOf(positions, rope)) };
      },
      blocks: layers.map((each, index) => block(decoder, each, index)),
      // logits are linear in the last hidden state
      lastNorm: (net, x) => {
        const normed = norm(net, lastNormOf(decoder), x);
        return factors.logits === 1 ? normed : mul(normed, factors.logits);
      },
    }),
  };
}
