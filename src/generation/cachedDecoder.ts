/** @file The engine's decoder: one graph for prompt and continuation; keys and values stay in its thread. */
import {
  cachedAttention,
  constant,
  div,
  gatherRows,
  input,
  matmul,
  mul,
  type RowPatch,
  replace,
  type Tensor,
  tanh,
} from "../engine/graph/index.ts";
import { lowerGraph } from "../engine/onnx/lower.ts";
import { composeRows } from "../engine/runtime/composeRows.ts";
import type { Device, Fetch, HostTensor, Session } from "../engine/runtime/device.ts";
import { pickRows } from "../engine/runtime/pickRows.ts";
import { largest } from "../lists.ts";
import type { LoraAdapter } from "../models/adapters/lora.ts";
import { buildNetwork } from "../models/buildNetwork.ts";
import type { Architecture } from "../models/network.ts";
import type { CachedRow, DecoderStepOptions, ForkingDecoder } from "./decoder.ts";
import { causalMasks, maskName } from "./decoderMasks.ts";

const pastName = (layer: number, what: "keys" | "values") => `past.${layer}.${what}`;
const presentName = (layer: number, what: "keys" | "values") => `present.${layer}.${what}`;

/** B sequences, S new tokens each, P cached ones: `logits` [B, V] after the last tokens, and the extended cache. */
export function decoderGraph(architecture: Architecture, adapter: LoraAdapter | null) {
  const outputs: Record<string, Tensor> = {};
  const { kvHeads, headSize } = architecture;
  const net = buildNetwork(architecture, {
    adapter,
    attend: (q, k, v, { layer, heads, scale, cap, window }) => {
      const mask = input(maskName(window), ["B", 1, "S", "P+S"]);
      const cache = (what: "keys" | "values") => input(pastName(layer, what), ["B", kvHeads, "P", headSize]);
      const past = { keys: cache("keys"), values: cache("values") };
      const { out, keys, values } = cachedAttention([q, k, v], past, mask, { heads, kvHeads, scale, cap });
      outputs[presentName(layer, "keys")] = keys;
      outputs[presentName(layer, "values")] = values;
      return out;
    },
  });
  const last = architecture.forward(net, {
    tokens: input("tokens", ["B*S"], "int32"),
    positions: input("positions", ["B*S"], "int32"),
    rows: input("last", ["B"], "int32"),
  });
  const plain = net.logits(last);
  const patch = net.headPatch();
  const logits = patch ? patchLogits(plain, last, patch) : plain;
  const { logitsCap: cap } = architecture;
  return lowerGraph({ logits: cap === undefined ? logits : mul(tanh(div(logits, cap)), cap), ...outputs });
}

type CacheParts = readonly (readonly [layer: number, what: "keys" | "values"])[];

const cacheParts = ({ layers }: Architecture): CacheParts =>
  Array.from({ length: layers }, (_, layer) => layer).flatMap((layer) => [
    [layer, "keys"] as const,
    [layer, "values"] as const,
  ]);

/** Picks the cached sequence (of C) that each of B rows continues: a cache of another size. */
export function pickingGraph(architecture: Architecture) {
  const { kvHeads, headSize } = architecture;
  const rows = input("rows", ["B"], "int32");
  const picked = cacheParts(architecture).map(([layer, what]) => {
    const past = input(pastName(layer, what), ["C", kvHeads, "P", headSize]);
    return [presentName(layer, what), gatherRows(past, rows)] as const;
  });
  return lowerGraph(Object.fromEntries(picked));
}

/** logits [B, V], with those of replaced unembedding rows recomputed from the hidden states [B, C]. */
function patchLogits(logits: Tensor, hidden: Tensor, { ids, rows }: RowPatch): Tensor {
  return replace(logits, constant([...ids], "int32"), matmul(hidden, rows, { transB: true }), 1);
}

/** What the caches of one model have in common: its graphs and the names of its weights in the device. */
export interface DecoderCore {
  architecture: Architecture;
  device: Device;
  /** Stored tensors by input name, but for the cache. */
  weights: Readonly<Record<string, string>>;
  session: Session;
  /** The graph that picks rows into a cache of another size; opened when first needed. */
  openPicking: () => Promise<Session>;
  findNonFinite: () => Promise<string | undefined>;
}

/** Numbers of caches: names of their tensors in a device. */
let lastCache = 0;

export class CachedDecoder implements ForkingDecoder {
  readonly vocabSize: number;
  readonly maxPositions: number;
  notice: string | null = null;
  private readonly core: DecoderCore;
  /** Begins the names of the cache's tensors; another one after each `compose`. */
  private cacheName = "";
  private feeds: Record<string, string> = {};
  private fetches: Record<string, Fetch> = {};
  private cached = 0;
  private padding: Int32Array = new Int32Array(0);

  constructor(core: DecoderCore) {
    this.core = core;
    this.vocabSize = core.architecture.vocabSize;
    this.maxPositions = core.architecture.maxPositions;
    this.rename();
  }

  private rename(): void {
    this.cacheName = `cache ${++lastCache}: `;
    this.feeds = { ...this.core.weights };
    this.fetches = {};
    for (const [layer, what] of cacheParts(this.core.architecture)) {
      this.feeds[pastName(layer, what)] = this.cacheName + pastName(layer, what);
      this.fetches[presentName(layer, what)] = { store: this.cacheName + pastName(layer, what) };
    }
  }

  private cacheNames(): string[] {
    return cacheParts(this.core.architecture).map(([layer, what]) => this.cacheName + pastName(layer, what));
  }

  private async begin({ batch, padding }: DecoderStepOptions): Promise<void> {
    const { kvHeads, headSize } = this.core.architecture;
    const empty: HostTensor = { dtype: "float32", shape: [batch, kvHeads, 0, headSize], data: new Float32Array(0) };
    await this.core.device.put(this.cacheNames().map((name) => [name, empty]));
    this.padding = padding ?? new Int32Array(batch);
  }

  async step(tokens: Int32Array, positions: Int32Array, options: DecoderStepOptions): Promise<Float32Array> {
    if (this.cached === 0) await this.begin(options);
    const { batch, length } = options;
    const last = Int32Array.from({ length: batch }, (_, b) => (b + 1) * length - 1);
    await this.pick(options.rows);
    const { architecture, session } = this.core;
    const outputs = await session.run(
      {
        ...this.feeds,
        tokens: { dtype: "int32", shape: [tokens.length], data: tokens },
        positions: { dtype: "int32", shape: [positions.length], data: positions },
        last: { dtype: "int32", shape: [batch], data: last },
        ...causalMasks(options, { cached: this.cached, padding: this.padding }, architecture.windows),
      },
      this.fetches,
    );
    this.cached += length;
    return outputs.get("logits")?.data as Float32Array;
  }

  /** Reorders the cache and `padding` to the picked rows. */
  private async pick(rows: Int32Array | undefined): Promise<void> {
    const { length } = this.padding;
    if (!rows || (rows.length === length && rows.every((row, b) => row === b))) return;
    this.padding = rows.map((row) => this.padding[row]);
    if (rows.length === length) {
      await this.core.device.apply(pickRows, { caches: this.cacheNames() }, { rows: [...rows] });
      return;
    }
    const picking = await this.core.openPicking();
    const caches = Object.fromEntries(this.cacheNames().map((name) => [name.slice(this.cacheName.length), name]));
    await picking.run({ ...caches, rows: { dtype: "int32", shape: [rows.length], data: rows } }, this.fetches);
  }

  fork(): ForkingDecoder {
    return new CachedDecoder(this.core);
  }

  async compose(rows: readonly CachedRow[]): Promise<void> {
    const { kvHeads, headSize } = this.core.architecture;
    const decoders = [...new Set(rows.map(({ of }) => of as CachedDecoder))];
    const length = largest(rows.map((row) => row.length));
    const sources = decoders.flatMap((decoder) => decoder.cacheNames());
    const old = this.cached > 0 ? this.cacheNames() : [];
    const composed = rows.map(({ of, row, length: count }) => {
      const source = decoders.indexOf(of as CachedDecoder);
      return { source, row, padding: decoders[source].padding[row], count };
    });
    const batches = decoders.map(({ padding, cached }) => ({ rows: padding.length, length: cached }));
    this.rename();
    const targets = this.cacheNames();
    const shape = [rows.length, kvHeads, length, headSize];
    await this.core.device.zeros(targets.map((name) => ({ name, dtype: "float32", shape })));
    const args = { batches, rows: composed, heads: kvHeads, size: headSize, length };
    await this.core.device.apply(composeRows, { targets, sources }, args);
    this.cached = length;
    this.padding = Int32Array.from(rows, (row) => length - row.length);
    await this.core.device.free(old);
  }

  async clear(): Promise<void> {
    if (this.cached > 0) await this.core.device.free(this.cacheNames());
    this.cached = 0;
  }

  async reset(): Promise<void> {
    this.cached = 0;
  }

  findNonFinite(): Promise<string | undefined> {
    return this.core.findNonFinite();
  }

  dispose(): Promise<void> {
    return this.core.device.dispose();
  }
}
