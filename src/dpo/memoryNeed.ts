/**
 * @file Memory of a training run, predicted from shapes. Letters: P parameters, T packed tokens, M tokens per attention
 * block, N predicted tokens, C channels, L layers, V vocabulary.
 *
 * Peak resident memory measured by the benchmark (GPT-2 124M, pairs of up to 946 tokens), predictions in brackets: LoRA
 * 1.49 GB (1.46), with gradient checkpointing 1.03 (1.05), all weights with gradient checkpointing 3.34 (3.49).
 */

import type { PackedSize } from "../data/preferences/packPair.ts";
import { wordsPerBlock } from "../engine/graph/index.ts";
import { largest } from "../lists.ts";
import { adapterTensors, type LoraAdapter } from "../models/adapters/lora.ts";
import type { LoadedModel } from "../models/loadedModel.ts";
import { HEAD_MODULE } from "../models/network.ts";
import { storedBytes } from "../models/precision/quantize.ts";
import { type OptimizerSettings, stateOf } from "../optim/optimizers.ts";
import { counted } from "../phrases.ts";
import type { LearnerOptions } from "./learnerOptions.ts";

/** Node, the runtime, the graphs, the tokenizer, the rows. */
const PROCESS = 280 * 2 ** 20;
const FLOAT = 4;
/** Activations kept for the backward pass, temporary values, and freed memory not yet returned to the system. */
const IN_PIECES = 1.6;
/** The unembedding's gradient is built in pieces, which are then joined. */
const HEAD_GRADIENTS = 2;

export interface TrainedShapes {
  model: Pick<LoadedModel, "architecture">;
  /** Null: all parameters are trained. */
  adapter: LoraAdapter | null;
  referenceModel?: Pick<LoadedModel, "architecture">;
  optimizer: { settings: OptimizerSettings };
  gradientCheckpointing?: boolean;
  /** Pairs per optimizer step; from the second on, a gradient is added to another. */
  pairsPerStep?: number;
}

export interface MemoryNeed {
  /** Frozen weights: the base model's under an adapter, the reference model's. */
  weights: number;
  /** Trained tensors, gradients, optimizer, and the copy of one tensor that a checkpoint is written from. */
  trained: number;
  /** The forward and backward pass of the largest pair. */
  pair: number;
  /** Peak bytes of the whole process. */
  total: number;
}

const sizeOf = (shape: readonly (number | string)[]) => shape.reduce<number>((size, dim) => size * Number(dim), 1);

/** @param largest the longest packed pair of the data. */
export function memoryNeed(shapes: TrainedShapes, largest: PackedSize): MemoryNeed {
  const { model, adapter, referenceModel } = shapes;
  const base = storedBytes(model.architecture);
  const weights = (adapter ? base : 0) + (referenceModel ? storedBytes(referenceModel.architecture) : 0);
  const trained = trainedBytes(shapes);
  const pair = pairBytes(shapes, largest);
  return { weights, trained, pair, total: PROCESS + weights + trained + pair };
}

/** Values, their initial copies if the reference needs them, gradients, optimizer state; the largest value's copy. */
function trainedBytes({ model, adapter, referenceModel, optimizer, pairsPerStep = 1 }: TrainedShapes): number {
  const named = [...model.architecture.parameters].map(([name, shape]) => ({ name, shape: shape as number[] }));
  const tensors = adapter ? adapterTensors(adapter) : named;
  const values = FLOAT * tensors.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const states = tensors.flatMap((tensor) => Object.values(stateOf(tensor, optimizer.settings)));
  const state = states.reduce((sum, { dtype, shape }) => sum + (dtype === "uint8" ? 1 : FLOAT) * sizeOf(shape), 0);
  const gradients = values * Math.min(2, pairsPerStep);
  const frozen = [...(adapter?.frozen.values() ?? [])].map((name) => model.architecture.parameters.get(name) ?? []);
  const saved = FLOAT * largest([...tensors.map(({ shape }) => shape), ...frozen].map(sizeOf));
  return values + (referenceModel ? 0 : values) + gradients + state + saved;
}

/**
 * Activations kept for the backward pass per token (10 C floats per layer in GPT-2; with DoRA also the adapted layers'
 * products), or with gradient checkpointing C floats per layer and all of one layer; one attention block, one block of
 * logits.
 */
function pairBytes({ model, adapter, gradientCheckpointing }: TrainedShapes, largest: PackedSize): number {
  const { shared, chosen, rejected } = largest;
  const { head: unembedding, heads, hiddenSize, keptFloats, layers, stored, vocabSize } = model.architecture;
  const products = [...(adapter?.layers.values() ?? [])].filter(({ magnitude }) => magnitude !== null);
  const all = keptFloats + products.reduce((sum, { layer }) => sum + layer.outFeatures, 0);
  const perToken = gradientCheckpointing ? hiddenSize * layers + (2 * all) / layers : all;
  const block = shared + Math.max(chosen, rejected);
  const scores = 3 * heads * block ** 2;
  const words = Math.min(vocabSize, wordsPerBlock(vocabSize));
  const widened = stored?.has(unembedding) ? hiddenSize * words : 0;
  const logits = 2 * (chosen + rejected) * words + widened;
  // an adapter on the unembedding: the two as one matrix, and its gradient
  const matrices = adapter ? (adapter.layers.has(HEAD_MODULE) ? 1 + HEAD_GRADIENTS : 0) : HEAD_GRADIENTS;
  const head = matrices * hiddenSize * vocabSize;
  return FLOAT * (IN_PIECES * perToken * (shared + chosen + rejected) + scores + logits + head);
}

export interface MemoryDemand {
  /** Names the work: "this training". */
  what: string;
  /** Bytes by purpose. */
  parts: Record<string, number>;
  total: number;
  /** What to lower. */
  advice: string;
}

/** The available memory, and the error if it is too little. */
export interface Memory {
  /** Bytes that this process may still take. */
  available(): number;
  /** @throws PrefineError if more is needed than available. */
  refuseBeyond(demand: MemoryDemand): void;
}

export interface Fitting {
  pairsPerStep: number;
  /** The requested setting; null: only if memory is too short without it. */
  gradientCheckpointing: boolean | null;
  memory: Memory;
  onWarning: (line: string) => void;
}

/**
 * @returns `options`, with gradient checkpointing as requested, or if memory requires it.
 * @throws PrefineError("training") if the run does not fit even then.
 */
export function withinMemory(
  options: LearnerOptions,
  largest: PackedSize,
  { pairsPerStep, gradientCheckpointing: requested, memory, onWarning }: Fitting,
): LearnerOptions {
  const usual = memoryNeed({ ...options, pairsPerStep, gradientCheckpointing: false }, largest);
  const isShort = requested === null && usual.total > memory.available();
  if (isShort) onWarning("gradient_checkpointing: memory is short, so the backward pass recomputes layers");
  const fitted = { ...options, gradientCheckpointing: requested ?? isShort };
  memory.refuseBeyond(demandOf({ ...fitted, pairsPerStep }, largest));
  return fitted;
}

function demandOf(shapes: TrainedShapes, largest: PackedSize): MemoryDemand {
  const need = memoryNeed(shapes, largest);
  const tokens = largest.shared + largest.chosen + largest.rejected;
  const parts = {
    "frozen weights": need.weights,
    [shapes.adapter ? "adapter and its optimizer" : "trained weights, gradients and optimizer"]: need.trained,
    [`the longest pair (${counted(tokens, "token")})`]: need.pair,
  };
  return { what: "this training", parts, total: need.total, advice: adviceFor(need, shapes) };
}

function adviceFor({ weights, trained, pair }: MemoryNeed, shapes: TrainedShapes): string {
  const { adapter, referenceModel, gradientCheckpointing } = shapes;
  if (pair > weights && pair > trained) {
    return gradientCheckpointing
      ? "Lower max_length, or free memory."
      : "Set gradient_checkpointing: true, or lower max_length.";
  }
  if (!adapter && trained > weights) return "Train an adapter (use_peft: true, or a peft_config), or a smaller model.";
  return referenceModel ? "Remove ref_model, or take a smaller model." : "Take a smaller model, or free memory.";
}
