/** @file Builds the network of a forward pass: weights as graph inputs, adapters on layers, dropout. */
import {
  add,
  cast,
  checkpoint,
  checkpointAll,
  constant,
  dropoutKeep,
  equal,
  gatherRows,
  input,
  matmul,
  mul,
  type RowPatch,
  reshape,
  sub,
  sumKeepDims,
  type Tensor,
  unembed,
  uniformNoise,
} from "../engine/graph/index.ts";
import type { LoraAdapter, LoraLayer } from "./adapters/lora.ts";
import { adaptedNorm, adaptRows, addDora, addLora, mergedWeight } from "./adapters/loraForward.ts";
import { type Architecture, HEAD_MODULE, type LinearLayer, type Network } from "./network.ts";
import { frozenMatrix, type NamedInput } from "./precision/frozenMatrix.ts";
import { integerHead } from "./precision/integerMatrix.ts";

export interface NetworkOptions {
  adapter: LoraAdapter | null;
  attend: Network["attend"];
  /** uint32 [] seed of the dropout masks; absent: no dropout. */
  dropoutSeed?: Tensor;
  /** NEFTune (arXiv 2310.05914): uniform noise of size [] on the embeddings, drawn from a uint32 [] seed. */
  noise?: { seed: Tensor; size: Tensor };
  /** Gradient checkpointing: layers keep only their input for the backward pass. */
  checkpointing?: boolean;
}

/** The network, and every trainable or frozen tensor that it has read, by name. */
export interface BuiltNetwork extends Network {
  /** All logits of hidden states [N, W] -> [N, V], with the unembedding's adapter. No gradient. */
  logits(hidden: Tensor): Tensor;
  readonly weights: ReadonlyMap<string, Tensor>;
}

/** Graph inputs by name: the base model's parameters and the adapter's tensors, some of which replace them. */
function weightInputs(architecture: Architecture, adapter: LoraAdapter | null) {
  const weights = new Map<string, Tensor>();
  const named: NamedInput = (name, shape, dtype = "float32") => {
    const tensor = weights.get(name) ?? input(name, shape, dtype, architecture.stored?.get(name));
    weights.set(name, tensor);
    return tensor;
  };
  const base = (name: string) => {
    const shape = architecture.parameters.get(name);
    if (!shape) throw new Error(`internal: the model has no parameter ${name}`);
    return named(name, shape);
  };
  /** The trained copy, if there is one. */
  const weight = (name: string, otherwise = name) => {
    const saved = adapter?.saved.get(name);
    return saved ? named(saved.name, saved.shape) : base(otherwise);
  };
  return { weights, named, weight, head: () => weight(`${HEAD_MODULE}.weight`, architecture.head) };
}

/** rows [M, C] of ids [M], with patched rows in place of the base's: row * 1 + zeros is that row, bit for bit. */
function patchRows(rows: Tensor, ids: Tensor, patch: RowPatch): Tensor {
  const hits = cast(equal(reshape(ids, [ids.shape[0], 1]), constant([...patch.ids], "int32")), "float32"); // [M, K]
  const others = sub(constant(1), sumKeepDims(hits, [1]));
  return add(mul(rows, others), matmul(hits, patch.rows));
}

/** Everything except dropout sites. */
const NOISE_SITE = 2_000_000;

function noisy(x: Tensor, noise: NetworkOptions["noise"]): Tensor {
  return noise ? add(x, mul(uniformNoise(x, noise.seed, NOISE_SITE), noise.size)) : x;
}

/** Dropout if there is a seed. Masks are numbered by site, so a recomputed region draws the same mask again. */
function dropper(dropoutSeed: Tensor | undefined): Network["dropout"] {
  const sites = new Map<string, number>();
  return (x, rate, place) => {
    if (!dropoutSeed || rate === 0) return x;
    const site = sites.get(place) ?? sites.size;
    sites.set(place, site);
    return mul(x, dropoutKeep(x, dropoutSeed, site, rate));
  };
}

interface HeadParts {
  head: () => Tensor;
  /** The product with the head's integers, if it has some. */
  product: (hidden: Tensor) => Tensor | null;
  named: NamedInput;
  normOf: (lora: LoraLayer, matrix: Tensor) => Tensor;
}

/** The unembedding with its adapter, if it has one. */
function unembedding(lora: LoraLayer | undefined, { head, product, named, normOf }: HeadParts) {
  let merged: Tensor | undefined;
  return {
    /** With its adapter as one matrix: training needs its mean row, and its product block by block. */
    head: () => {
      if (!lora) return head();
      merged ??= mergedWeight(lora, head(), named, true);
      return merged;
    },
    /** For a few rows, adding the adapter's term costs far less than that matrix. */
    logits: (hidden: Tensor) => {
      const y = product(hidden) ?? unembed(hidden, head());
      if (!lora) return y;
      if (lora.magnitude === null) return addLora(y, hidden, lora, named);
      return addDora({ y, product: y, x: hidden, norm: normOf(lora, head()) }, lora, named);
    },
  };
}

export function buildNetwork(architecture: Architecture, options: NetworkOptions): BuiltNetwork {
  const { adapter, dropoutSeed, checkpointing = false } = options;
  const { weights, named, weight, head } = weightInputs(architecture, adapter);
  const drop = dropper(dropoutSeed);
  const norms = new Map<string, Tensor>();
  /** One tensor per layer, even for recomputed regions: the norm is small and costs a pass over the weight. */
  const normOf = (lora: LoraLayer, matrix: Tensor) => {
    const norm = norms.get(lora.nameA) ?? adaptedNorm(lora, matrix, named);
    norms.set(lora.nameA, norm);
    return norm;
  };
  const linear = (x: Tensor, layer: LinearLayer) => {
    const bias = layer.bias ? weight(`${layer.name}.bias`) : null;
    const matrix = frozenMatrix(architecture, layer, { named, weight });
    const y = matrix.product(x, bias);
    const lora = adapter?.layers.get(layer.name);
    if (!adapter || !lora) return y;
    const dropped = drop(x, adapter.dropout, `lora ${layer.name}`);
    if (lora.magnitude === null) return addLora(y, dropped, lora, named);
    const undropped = bias ? sub(y, bias) : y;
    const product = dropped === x ? undropped : matrix.product(dropped, null);
    return addDora({ y, product, x: dropped, norm: normOf(lora, matrix.dense()) }, lora, named);
  };
  const patch = (place: string): RowPatch | null => {
    const tokens = adapter?.tokens.find(({ places }) => places.includes(place));
    return tokens ? { ids: tokens.ids, rows: named(tokens.name, tokens.shape) } : null;
  };
  const embedding = (name: string, ids: Tensor) => {
    const table = weight(name);
    const rows = gatherRows(table, ids);
    const trained = patch(name);
    if (trained) return patchRows(rows, ids, trained);
    const lora = adapter?.layers.get(name.replace(/\.weight$/, ""));
    if (!lora) return rows; // lora_dropout applies only to inputs of linear layers, as in PEFT
    return adaptRows({ rows, ids, norm: lora.magnitude === null ? null : normOf(lora, table) }, lora, named);
  };
  return {
    weights,
    weight,
    ...unembedding(adapter?.layers.get(HEAD_MODULE), { head, product: integerHead(architecture), named, normOf }),
    headPatch: () => patch(`${HEAD_MODULE}.weight`),
    embedding,
    words: (name, tokens) => noisy(embedding(name, tokens), options.noise),
    linear,
    attend: options.attend,
    dropout: drop,
    // a layer that is recomputed as a whole needs no second recomputation inside
    recompute: (inputs, f) => (checkpointing ? [...f(inputs)] : checkpointAll(inputs, f)),
    layer: (x, f) => (checkpointing ? checkpoint([x], ([again]) => f(again)) : f(x)),
  };
}
