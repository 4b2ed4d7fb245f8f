/**
 * @file Memory of a training, foreseen from shapes. Letters: P parameters, T packed tokens, M tokens of a block of
 * attention, N predicted tokens, C channels, L layers, V vocabulary.
 *
 * Measured on GPT-2 124M, peak resident memory in MiB, foreseen in brackets: LoRA with a longest pair of 300 tokens 948
 * (921), 1000 tokens 1477 (1498), 1980 tokens 2282 (2344); all weights 6018 (6047).
 */
import type { PackedSize } from "../data/preferences/packPair.ts";
import { availableMemory, refuseBeyondMemory } from "../engine/runtime/memory.ts";
import type { LoadedModel } from "../models/loadModel.ts";
import { adapterTensors, type LoraAdapter } from "../models/lora.ts";
import { storedBytes } from "../models/quantize.ts";
import { type OptimizerSettings, stateOf } from "../optim/optimizers.ts";

/** Node, the runtime, the graphs, the tokenizer. */
const PROCESS = 200 * 2 ** 20;
const FLOAT = 4;
/** The runtime's arena holds twice what the backward pass needs at once. */
const ARENA = 2;
const VOCABULARY_BLOCK = 8192;
/** The unembedding's gradient is made in pieces, which are then put together. */
const HEAD_GRADIENTS = 2;

export interface TrainedShapes {
  model: Pick<LoadedModel, "architecture">;
  /** Null: all parameters are trained. */
  adapter: LoraAdapter | null;
  referenceModel?: Pick<LoadedModel, "architecture">;
  optimizer: { settings: OptimizerSettings };
  gradientCheckpointing?: boolean;
  /** Pairs of an optimizer step; from the second on, a gradient is added to another. */
  pairsPerStep?: number;
}

export interface MemoryNeed {
  /** Frozen weights: the base model's under an adapter, the reference model's. */
  weights: number;
  /** Trained tensors, gradients, optimizer, the copies that a checkpoint is written from. */
  trained: number;
  /** The largest pair on its way forward and back. */
  pair: number;
  /** Bytes of the whole process at its peak. */
  total: number;
}

const sizeOf = (shape: readonly (number | string)[]) => shape.reduce<number>((size, dim) => size * Number(dim), 1);

/** @param largest the longest pair of the data, packed. */
export function memoryNeed(shapes: TrainedShapes, largest: PackedSize): MemoryNeed {
  const { model, adapter, referenceModel } = shapes;
  const base = storedBytes(model.architecture);
  const weights = (adapter ? base : 0) + (referenceModel ? storedBytes(referenceModel.architecture) : 0);
  const trained = trainedBytes(shapes);
  const pair = pairBytes(shapes, largest);
  return { weights, trained, pair, total: PROCESS + weights + trained + pair };
}

/** Values, their start where that is the reference, gradients, the optimizer's state; values and state once more. */
function trainedBytes({ model, adapter, referenceModel, optimizer, pairsPerStep = 1 }: TrainedShapes): number {
  const named = [...model.architecture.parameters].map(([name, shape]) => ({ name, shape: shape as number[] }));
  const tensors = adapter ? adapterTensors(adapter) : named;
  const values = FLOAT * tensors.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const states = tensors.flatMap((tensor) => Object.values(stateOf(tensor, optimizer.settings)));
  const state = states.reduce((sum, { dtype, shape }) => sum + (dtype === "uint8" ? 1 : FLOAT) * sizeOf(shape), 0);
  const gradients = values * Math.min(2, pairsPerStep);
  return values + (referenceModel ? 0 : values) + gradients + state + (values + state);
}

/**
 * What the backward pass keeps a token (10 C floats a layer in GPT-2; with DoRA the adapted layers' products too), or
 * with gradient checkpointing C floats a layer and all of one layer; one block of attention, one of logits.
 */
function pairBytes({ model, adapter, gradientCheckpointing }: TrainedShapes, largest: PackedSize): number {
  const { shared, chosen, rejected } = largest;
  const { heads, hiddenSize, keptFloats, layers, vocabSize } = model.architecture;
  const products = [...(adapter?.layers.values() ?? [])].filter(({ magnitude }) => magnitude !== null);
  const all = keptFloats + products.reduce((sum, { layer }) => sum + layer.outFeatures, 0);
  const kept = gradientCheckpointing ? hiddenSize * layers + (2 * all) / layers : all;
  const block = shared + Math.max(chosen, rejected);
  const scores = 3 * heads * block ** 2;
  const logits = 2 * (chosen + rejected) * Math.min(vocabSize, VOCABULARY_BLOCK);
  const head = adapter ? 0 : HEAD_GRADIENTS * hiddenSize * vocabSize;
  return FLOAT * (ARENA * kept * (shared + chosen + rejected) + scores + logits + head);
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

/** Whether the training fits only with gradient checkpointing. */
export function needsCheckpointing(shapes: TrainedShapes, largest: PackedSize, available = availableMemory()): boolean {
  return memoryNeed({ ...shapes, gradientCheckpointing: false }, largest).total > available;
}

function adviceFor({ weights, trained, pair }: MemoryNeed, shapes: TrainedShapes): string {
  const { adapter, referenceModel, gradientCheckpointing } = shapes;
  if (pair > weights && pair > trained) {
    return gradientCheckpointing
      ? "Lower max_length, or free memory."
      : "Set gradient_checkpointing: true, or lower max_length.";
  }
  if (!adapter && trained > weights) return "Train an adapter (use_peft: true, or a peft_config), or a smaller model.";
  return referenceModel ? "Leave ref_model out, or take a smaller model." : "Take a smaller model, or free memory.";
}
