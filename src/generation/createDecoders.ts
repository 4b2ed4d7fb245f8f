/** @file Decoders on a device: weights that models have in common are loaded once, equal graphs share a session. */
import type { Device, Session } from "../engine/runtime/device.ts";
import { PrefineError } from "../errors.ts";
import { adapterTensors, type LoraAdapter } from "../models/adapters/lora.ts";
import { findNonFinite } from "../models/findNonFinite.ts";
import type { Architecture } from "../models/network.ts";
import { areCodes } from "../models/precision/quantize.ts";
import { CachedDecoder, type DecoderCore, decoderGraph, pickingGraph } from "./cachedDecoder.ts";
import type { Decoder, ForkingDecoder } from "./decoder.ts";
import { type DecodedModel, loadWeights, type SharedWeights } from "./decoderWeights.ts";
import { rereadingDecoder } from "./rereadingDecoder.ts";

/** A weight that is not finite in a model with integers: rounding would turn NaN into numbers. */
export class NonFiniteWeight extends PrefineError {
  constructor(weight: string) {
    super("model", weight);
  }
}

/** @param device holds the weights, and is disposed with the decoder. */
export async function createDecoder(model: DecodedModel, device: Device): Promise<Decoder> {
  const [decoder] = await createDecoders([model], device);
  return withLimit(decoder, model.architecture);
}

/** The decoder, which reads again where rotary frequencies change. */
export const withLimit = (decoder: ForkingDecoder, { cacheLimit }: Architecture): Decoder =>
  cacheLimit === undefined ? decoder : rereadingDecoder(decoder, cacheLimit);

/**
 * Decoders of a base model with several adapters, or without one: weights that they have in common are in the device
 * once. They know no `cacheLimit`.
 * @throws NonFiniteWeight if a model with integers has one; others let it reach their logits.
 * @param device holds the weights, and is disposed with any of the decoders.
 */
export async function createDecoders(models: readonly DecodedModel[], device: Device): Promise<ForkingDecoder[]> {
  try {
    const decoders: CachedDecoder[] = [];
    const loading: Loading = { device, shared: { places: new Map(), integers: new Map(), models: 0 }, opened: [] };
    for (const model of withZeros(models)) {
      const core = await loadCore(model, loading);
      const weight = model.integers && (await core.findNonFinite());
      if (weight !== undefined) throw new NonFiniteWeight(weight);
      decoders.push(new CachedDecoder(core));
    }
    const held = new Set(loading.opened.flatMap((graph) => graph.held));
    await device.free([...held].filter(areCodes)); // each session has its own
    const { notice } = await device.runtime();
    decoders[0].notice = notice;
    return decoders;
  } catch (error) {
    await device.dispose();
    throw error;
  }
}

/** Whether the adapter only adds a product to layers, which zeros turn off. */
const isAdded = ({ layers, saved, tokens, init }: LoraAdapter): boolean =>
  saved.size + tokens.length === 0 && init !== "pissa" && [...layers.values()].every(({ magnitude }) => !magnitude);

/**
 * The base model as its adapter's model with zeros for the adapter, which change no bit: both share a session then,
 * and their integers are in memory once.
 */
export function withZeros(models: readonly DecodedModel[]): DecodedModel[] {
  const other = models.find(({ integers, adapter }) => integers && adapter && isAdded(adapter.lora));
  return models.map((model) => {
    const isAlike = model.architecture.vocabSize === other?.architecture.vocabSize;
    if (!model.integers || model.adapter || !other?.adapter || !isAlike) return model;
    const { lora } = other.adapter;
    const zeros = adapterTensors(lora).map(({ name, shape }): [string, { shape: number[]; data: Float32Array }] => {
      const size = shape.reduce((product, one) => product * one, 1);
      return [name, { shape: [...shape], data: new Float32Array(size) }];
    });
    return { ...model, adapter: { lora, weights: new Map(zeros) } };
  });
}

/** A graph with its session. */
interface OpenedGraph extends Pick<DecoderCore, "session" | "openPicking"> {
  bytes: Uint8Array;
  /** Names of what it holds. */
  held: readonly string[];
  /** Where that is from. */
  origin: string;
}

interface Loading {
  device: Device;
  shared: SharedWeights;
  opened: OpenedGraph[];
}

async function loadCore(model: DecodedModel, loading: Loading): Promise<DecoderCore> {
  const { architecture, weights } = model;
  const { device, shared } = loading;
  const stored = await loadWeights(model, device, shared);
  const { session, openPicking, held } = await openGraph(model, loading);
  const steps = held.filter((name) => !areCodes(name)); // of integers: to be searched for NaN
  return {
    architecture,
    device,
    weights: Object.fromEntries(stored),
    session,
    openPicking,
    findNonFinite: () =>
      findNonFinite(device, [...stored.keys(), ...steps], weights, (name) => stored.get(name) ?? name),
  };
}

/** Opens the model's graph, if none that is equal and holds the same is open. */
async function openGraph(
  { architecture, adapter, integers }: DecodedModel,
  { device, opened }: Loading,
): Promise<OpenedGraph> {
  const graph = decoderGraph(architecture, adapter?.lora ?? null);
  const { bytes, held } = graph;
  const origin = JSON.stringify([...(integers ?? [])]);
  const equal = opened.find((other) => other.origin === origin && isEqual(other.bytes, bytes));
  if (equal) return equal;
  const session = await device.open(graph, "decode");
  let picking: Promise<Session> | undefined;
  const openPicking = () => {
    picking ??= device.open(pickingGraph(architecture), "decode-picking");
    return picking;
  };
  const found = { bytes, held, origin, session, openPicking };
  opened.push(found);
  return found;
}

const isEqual = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, index) => byte === b[index]);
