/**
 * @file Memory of a training, foreseen from shapes. Letters: P parameters, T packed tokens, M tokens of a block of
 * attention, N predicted tokens, C channels, L layers, V vocabulary.
 *
 * Measured on GPT-2 124M, peak resident memory in MiB, foreseen in brackets: LoRA with a longest pair of 300 tokens 948
 * (921), 1000 tokens 1477 (1498), 1980 tokens 2282 (2344); all weights 6018 (6047).
 */
import type { PackedSize } from "../data/preferences/packPair.ts";
import { refuseBeyondMemory } from "../engine/runtime/memory.ts";
import type { LoadedModel } from "../models/loadModel.ts";
import { adapterTensors, type LoraAdapter } from "../models/lora.ts";
import type { Architecture } from "../models/network.ts";

/** Node, the runtime, the graphs, the tokenizer. */
const PROCESS = 200 * 2 ** 20;
const FLOAT = 4;
/** Copies of a trained tensor: itself, its start, two gradients, two moments, and zeros on their way to the thread. */
const COPIES = 8;
/** While a checkpoint is written: tensor and moments are copied out of the compute thread. */
const COPIES_SAVING = 12.3;
/** The runtime's arena holds twice what the backward pass needs at once. */
const ARENA = 2;
const VOCABULARY_BLOCK = 8192;

export interface TrainedShapes {
  model: Pick<LoadedModel, "architecture">;
  /** Null: all parameters are trained. */
  adapter: LoraAdapter | null;
  referenceModel?: Pick<LoadedModel, "architecture">;
}

export interface MemoryNeed {
  /** Frozen weights: the base model's under an adapter, the reference model's. */
  weights: number;
  /** Trained tensors, gradients, optimizer, copies while saving. */
  trained: number;
  /** The largest pair on its way forward and back. */
  pair: number;
  /** Bytes of the whole process at its peak. */
  total: number;
}

const sizeOf = (shape: readonly (number | string)[]) => shape.reduce<number>((size, dim) => size * Number(dim), 1);

function parameterBytes({ parameters }: Architecture): number {
  return FLOAT * [...parameters.values()].reduce((sum, shape) => sum + sizeOf(shape), 0);
}

/** @param largest the longest pair of the data, packed. */
export function memoryNeed({ model, adapter, referenceModel }: TrainedShapes, largest: PackedSize): MemoryNeed {
  const base = parameterBytes(model.architecture);
  const tensors = adapter ? adapterTensors(adapter).reduce((sum, { shape }) => sum + FLOAT * sizeOf(shape), 0) : base;
  const weights = (adapter ? base : 0) + (referenceModel ? parameterBytes(referenceModel.architecture) : 0);
  const pair = pairBytes(model.architecture, adapter, largest);
  const peak = Math.max(COPIES * tensors + pair, COPIES_SAVING * tensors);
  return { weights, trained: COPIES_SAVING * tensors, pair, total: PROCESS + weights + peak };
}

/**
 * What the backward pass keeps a token (10 C floats a layer in GPT-2; with DoRA the adapted layers' products too), one
 * block of attention, one of logits.
 */
function pairBytes(architecture: Architecture, adapter: LoraAdapter | null, largest: PackedSize): number {
  const { shared, chosen, rejected } = largest;
  const { heads, keptFloats, vocabSize } = architecture;
  const products = [...(adapter?.layers.values() ?? [])].filter(({ magnitude }) => magnitude !== null);
  const kept = keptFloats + products.reduce((sum, { layer }) => sum + layer.outFeatures, 0);
  const block = shared + Math.max(chosen, rejected);
  const scores = 3 * heads * block ** 2;
  const logits = 2 * (chosen + rejected) * Math.min(vocabSize, VOCABULARY_BLOCK);
  return FLOAT * (ARENA * kept * (shared + chosen + rejected) + scores + logits);
}

/**
 * @throws PrefineError("training") when the training would need more memory than there is; it says what for, and what
 *   to lower.
 */
export function checkMemory(shapes: TrainedShapes, largest: PackedSize, available?: number): void {
  const need = memoryNeed(shapes, largest);
  const tokens = largest.shared + largest.chosen + largest.rejected;
  const parts = {
    "frozen weights": need.weights,
    [shapes.adapter ? "adapter and its optimizer" : "trained weights, gradients and optimizer"]: need.trained,
    [`the longest pair (${tokens} tokens)`]: need.pair,
  };
  refuseBeyondMemory({ what: "this training", parts, total: need.total, advice: adviceFor(need, shapes) }, available);
}

function adviceFor({ weights, trained, pair }: MemoryNeed, { adapter, referenceModel }: TrainedShapes): string {
  if (pair > weights && pair > trained) return "Lower max_length, or free memory.";
  if (!adapter && trained > weights) return "Train an adapter (use_peft: true, or a peft_config), or a smaller model.";
  return referenceModel ? "Leave ref_model out, or take a smaller model." : "Take a smaller model, or free memory.";
}
