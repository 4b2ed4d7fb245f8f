/** @file The engine's decoder: one graph for prompt and continuation; keys and values stay in its thread. */
import type { SavedAdapter } from "../checkpoints/adapter.ts";
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
import type { Device, Fetch, HostTensor, Session } from "../engine/runtime/device.ts";
import { float32 } from "../engine/runtime/hostTensor.ts";
import { pickRows } from "../engine/runtime/pickRows.ts";
import { adapterTensors, type LoraAdapter } from "../models/adapters/lora.ts";
import { takePrincipal } from "../models/adapters/pissa.ts";
import { buildNetwork } from "../models/buildNetwork.ts";
import { findNonFinite } from "../models/findNonFinite.ts";
import type { LoadedModel } from "../models/loadedModel.ts";
import type { Architecture } from "../models/network.ts";
import { storedWeights } from "../models/precision/quantize.ts";
import type { Decoder, DecoderStepOptions } from "./decoder.ts";
import { causalMasks, maskName } from "./decoderMasks.ts";
import { rereadingDecoder } from "./rereadingDecoder.ts";

const pastName = (layer: number, what: "keys" | "values") => `past.${layer}.${what}`;
const presentName = (layer: number, what: "keys" | "values") => `present.${layer}.${what}`;

/**
 * B sequences, S new tokens each, P cached ones: `logits` [B, V] after the last tokens, and the extended cache.
 * @param options.picks adds an input `rows` [B]: the cached sequence (of C) that each row continues
 */
function decoderGraph(architecture: Architecture, adapter: LoraAdapter | null, options: { picks?: boolean } = {}) {
  const outputs: Record<string, Tensor> = {};
  const { kvHeads, headSize } = architecture;
  const net = buildNetwork(architecture, {
    adapter,
    attend: (q, k, v, { layer, heads, scale, cap, window }) => {
      const mask = input(maskName(window), ["B", 1, "S", "P+S"]);
      const cache = (what: "keys" | "values") => {
        const past = (rows: "B" | "C") => input(pastName(layer, what), [rows, kvHeads, "P", headSize]);
        return options.picks ? gatherRows(past("C"), input("rows", ["B"], "int32")) : past("B");
      };
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

/** logits [B, V], with those of replaced unembedding rows recomputed from the hidden states [B, C]. */
function patchLogits(logits: Tensor, hidden: Tensor, { ids, rows }: RowPatch): Tensor {
  return replace(logits, constant([...ids], "int32"), matmul(hidden, rows, { transB: true }), 1);
}

/** Both use the same weights by name. */
interface DecoderSessions {
  plain: Session;
  /** Opens the graph that picks rows into a cache of another size; called at most once, when needed. */
  openPicking: () => Promise<Session>;
}

class CachedDecoder implements Decoder {
  readonly vocabSize: number;
  readonly maxPositions: number;
  notice: string | null = null;
  private readonly architecture: Architecture;
  private readonly weights: LoadedModel["weights"];
  private readonly device: Device;
  private readonly weightNames: readonly string[];
  private readonly session: Session;
  private readonly openPicking: () => Promise<Session>;
  private picking: Promise<Session> | undefined;
  private readonly feeds: Record<string, string>;
  private readonly fetches: Record<string, Fetch> = {};
  private cached = 0;
  private padding: Int32Array = new Int32Array(0);

  constructor(model: BaseModel, device: Device, weightNames: string[], sessions: DecoderSessions) {
    const { architecture, weights } = model;
    this.architecture = architecture;
    this.weights = weights;
    this.vocabSize = architecture.vocabSize;
    this.maxPositions = architecture.maxPositions;
    this.device = device;
    this.session = sessions.plain;
    this.openPicking = sessions.openPicking;
    this.weightNames = weightNames;
    this.feeds = Object.fromEntries(weightNames.map((name) => [name, name]));
    for (const [layer, what] of this.cacheParts()) {
      this.feeds[pastName(layer, what)] = pastName(layer, what);
      this.fetches[presentName(layer, what)] = { store: pastName(layer, what) };
    }
  }

  private cacheParts(): [number, "keys" | "values"][] {
    return Array.from({ length: this.architecture.layers }, (_, layer) => layer).flatMap((layer) => [
      [layer, "keys"],
      [layer, "values"],
    ]);
  }

  private async begin({ batch, padding }: DecoderStepOptions): Promise<void> {
    const { kvHeads, headSize } = this.architecture;
    const empty: HostTensor = { dtype: "float32", shape: [batch, kvHeads, 0, headSize], data: new Float32Array(0) };
    await this.device.put(this.cacheParts().map(([layer, what]) => [pastName(layer, what), empty]));
    this.padding = padding ?? new Int32Array(batch);
  }

  async step(tokens: Int32Array, positions: Int32Array, options: DecoderStepOptions): Promise<Float32Array> {
    if (this.cached === 0) await this.begin(options);
    const { batch, length } = options;
    const last = Int32Array.from({ length: batch }, (_, b) => (b + 1) * length - 1);
    const session = await this.pick(options.rows);
    const outputs = await session.run(
      {
        ...this.feeds,
        ...(options.rows ? { rows: { dtype: "int32", shape: [batch], data: options.rows } } : {}),
        tokens: { dtype: "int32", shape: [tokens.length], data: tokens },
        positions: { dtype: "int32", shape: [positions.length], data: positions },
        last: { dtype: "int32", shape: [batch], data: last },
        ...causalMasks(options, { cached: this.cached, padding: this.padding }, this.architecture.windows),
      },
      this.fetches,
    );
    this.cached += length;
    return outputs.get("logits")?.data as Float32Array;
  }

  /** Reorders the cache and `padding` to the picked rows; returns the graph to run. */
  private async pick(rows: Int32Array | undefined): Promise<Session> {
    const { length } = this.padding;
    if (!rows || (rows.length === length && rows.every((row, b) => row === b))) return this.session;
    this.padding = rows.map((row) => this.padding[row]);
    if (rows.length !== length) {
      this.picking ??= this.openPicking();
      return this.picking;
    }
    const caches = this.cacheParts().map(([layer, what]) => pastName(layer, what));
    await this.device.apply(pickRows, { caches }, { rows: [...rows] });
    return this.session;
  }

  async reset(): Promise<void> {
    this.cached = 0;
  }

  findNonFinite(): Promise<string | undefined> {
    return findNonFinite(this.device, this.weightNames, this.weights);
  }

  dispose(): Promise<void> {
    return this.device.dispose();
  }
}

type BaseModel = Pick<LoadedModel, "architecture" | "weights">;

export interface DecodedModel extends BaseModel {
  /** LoRA weights to run on top; not merged into the base model, so that the ops equal those of training. */
  adapter: { lora: LoraAdapter; weights: SavedAdapter["weights"] } | null;
}

/** @param device holds the weights, and is disposed with the decoder. */
export async function createDecoder(
  { architecture, weights, adapter }: DecodedModel,
  device: Device,
): Promise<Decoder> {
  const lora = adapter?.lora ?? null;
  try {
    await device.load([...weights]);
    if (lora) await takePrincipal(device, lora);
    for (const [name, tensor] of adapter?.weights ?? []) await device.put([[name, float32(tensor)]]);
    const adapterNames = lora ? adapterTensors(lora).map(({ name }) => name) : [];
    const names = [...storedWeights({ architecture, weights }), ...adapterNames];
    const decoder = new CachedDecoder({ architecture, weights }, device, names, {
      plain: await device.open(decoderGraph(architecture, lora), "decode"),
      openPicking: () => device.open(decoderGraph(architecture, lora, { picks: true }), "decode-picking"),
    });
    decoder.notice = (await device.runtime()).notice;
    const { cacheLimit } = architecture;
    return cacheLimit === undefined ? decoder : rereadingDecoder(decoder, cacheLimit);
  } catch (error) {
    await device.dispose();
    throw error;
  }
}
