/** @file The contract between the method and the trainer: score a pair, accumulate gradients, take a step. */
import type { PackedPair, PairLogps } from "../data/preferences/types.ts";
import type { LearnerState, PlainTensor } from "../learner/learnerState.ts";
import type { FrozenTensor } from "../learner/trainable.ts";

/** One pair under one model; sums run over the predicted completion tokens. */
export interface PairScores {
  /** Sum of token log-probabilities, nats; with ld_alpha's weights where it is set. */
  logps: PairLogps;
  /** The chosen sum with every token counted 1. */
  plainChosenLogps: number;
  /** What the pair counts in the loss (use_weighting); 1 where all count the same. */
  weight: number;
  /** Sum of the entropies of the next-token distributions of both completions, nats. */
  entropySum: number;
  /** Sum over tokens of the mean logit over the vocabulary. */
  logitsSum: PairLogps;
  /** How many chosen tokens are the model's most likely next token. */
  chosenCorrect: number;
  /** Predicted tokens. */
  tokens: { chosen: number; rejected: number };
  /** Completion tokens, predicted or not. */
  completionLengths: { chosen: number; rejected: number };
}

export interface MicroBatch {
  pairs: readonly PackedPair[];
  /** One entry per pair; null: no loss uses it. */
  referenceLogps: readonly PairLogps[] | null;
  /** 1 / number of micro-batches in an optimizer step. */
  scale: number;
  /** Different for every micro-batch of the run, the same when it is resumed. */
  dropoutStep: number;
}

export interface BatchResult {
  /** Loss of the batch (mean over its pairs, unscaled). */
  loss: number;
  /** One entry a pair, in the batch's order. */
  scores: PairScores[];
}

/**
 * What beta is multiplied by in the logged rewards: log-ratios to the reference, or, for losses without one, the
 * log-probabilities that the loss compares: sums (cpo) or means a token (simpo, orpo).
 */
export type RewardKind = "logratios" | "logps" | "averaged logps";

/** Which model answers: the one in training, or the frozen reference. */
export type Role = "policy" | "reference";

/** The model in training: weights, gradients and optimizer state live behind it, off the main thread. */
export interface Learner {
  readonly trainable: ReadonlyArray<{ name: string; shape: number[] }>;
  /** What is saved with them though it is not trained: the embedding under an adapter, as it lies in memory. */
  readonly frozen: readonly FrozenTensor[];
  /** The optimizer's tensors: `exp_avg.NAME` and so on. */
  readonly optimizerState: ReadonlyArray<{ name: string; shape: readonly number[]; dtype: "float32" | "uint8" }>;
  /** Optimizer steps taken. */
  readonly optimizerStep: number;
  /** What the logged rewards are; where they are no log-ratios, nobody asks for the reference's log-probabilities. */
  readonly rewards: RewardKind;
  /** The model in training: forward pass only, no dropout. */
  score(pair: PackedPair): Promise<PairScores>;
  /** The frozen reference: the same ops as the policy, so equal weights give equal bits. */
  referenceLogps(pair: PackedPair): Promise<PairLogps>;
  /** The configured loss over a batch of scored pairs (evaluation), without gradients. */
  lossOf(scores: PairScores[], referenceLogps: PairLogps[] | null): Promise<number>;
  /**
   * Forward and backward over a micro-batch, whose pairs a loss may look at together; adds
   * `scale * d loss / d weight` to the accumulated gradients.
   * @param referenceLogps one entry a pair; null where no reference is used.
   * @param options.scale 1 / number of micro-batches in this optimizer step.
   * @param options.dropoutStep a number that is different for every micro-batch of the run; masks are a function of
   *   seed and this number. Without effect where dropout is disabled.
   */
  accumulate(
    batch: PackedPair[],
    referenceLogps: PairLogps[] | null,
    options: { scale: number; dropoutStep: number },
  ): Promise<BatchResult>;
  /** Clips the accumulated gradients to `maxGradNorm` (0: no clipping), updates the weights, clears the gradients. */
  step(options: { learningRate: number; maxGradNorm: number }): Promise<{ gradNorm: number }>;
  /**
   * A copy of a tensor of `trainable`, `frozen` (bytes where it is narrow) or `optimizerState`, for checkpoints. One at
   * a time: all of them are up to three times the model.
   * @param role "reference": of a trained tensor's counterpart there, which `mixReference` changes.
   */
  readTensor(name: string, role?: Role): Promise<PlainTensor["data"]>;
  /** Tensors that `state` leaves out stay as they are. */
  writeState(state: LearnerState): Promise<void>;
  /** Reference = (1 - alpha) reference + alpha policy, over the trained tensors: TR-DPO. */
  mixReference(alpha: number): Promise<void>;
  /** Puts back a tensor of the reference. @param name of the trained one. */
  writeReference(name: string, tensor: { shape: number[]; data: Float32Array }): Promise<void>;
  /** Frees the runtime's memory and its thread; the learner can't be used afterwards. */
  dispose(): Promise<void>;
}
