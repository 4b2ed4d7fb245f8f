/** @file The contract between the method and the trainer: score a pair, accumulate gradients, take a step. */
import type { PackedPair, PairLogps, WinRates } from "../data/preferences/types.ts";
import type { LearnerState, PlainTensor } from "../learner/learnerState.ts";
import type { FrozenTensor } from "../learner/trainable.ts";

/** One pair under one model; sums run over the predicted completion tokens. */
export interface PairScores {
  /** Sum of token log-probabilities, nats; weighted by ld_alpha if set. */
  logps: PairLogps;
  /** The chosen sum with all tokens weighted 1. */
  plainChosenLogps: number;
  /** Weight of the pair in the loss (use_weighting); 1 if all weigh the same. */
  weight: number;
  /** Sum of the entropies of the next-token distributions of both completions, nats. */
  entropySum: number;
  /** Sum over tokens of the mean logit over the vocabulary. */
  logitsSum: PairLogps;
  /** Number of chosen tokens that are the model's most likely next token. */
  chosenCorrect: number;
  /** Predicted tokens. */
  tokens: { chosen: number; rejected: number };
  /** Completion tokens, predicted or not. */
  completionLengths: { chosen: number; rejected: number };
  /** Of the pair's row, for losses that read them. */
  winRates?: WinRates | undefined;
}

export interface MicroBatch {
  pairs: readonly PackedPair[];
  /** One entry per pair; null: no loss uses it. */
  referenceLogps: readonly PairLogps[] | null;
  /** 1 / number of micro-batches in an optimizer step. */
  scale: number;
  /** Different for every micro-batch of the run, and the same after resuming. */
  dropoutStep: number;
}

export interface BatchResult {
  /** Loss of the batch (mean over its pairs, unscaled). */
  loss: number;
  /** One entry per pair, in the batch's order. */
  scores: PairScores[];
}

/**
 * The quantity that beta multiplies in the logged rewards: log-ratios to the reference, or, for losses without one, the
 * log-probabilities that the loss compares: sums (cpo) or means per token (simpo, orpo).
 */
export type RewardKind = "logratios" | "logps" | "averaged logps";

/** The model to use: the one in training, or the frozen reference. */
export type Role = "policy" | "reference";

/** The model in training: its weights, gradients and optimizer state, off the main thread. */
export interface Learner {
  readonly trainable: ReadonlyArray<{ name: string; shape: number[] }>;
  /** Frozen tensors that are saved too: the embedding under an adapter, as stored in memory. */
  readonly frozen: readonly FrozenTensor[];
  /** The optimizer's tensors: `exp_avg.NAME` and so on. */
  readonly optimizerState: ReadonlyArray<{ name: string; shape: readonly number[]; dtype: "float32" | "uint8" }>;
  /** Optimizer steps taken. */
  readonly optimizerStep: number;
  /** Kind of the logged rewards; unless they are log-ratios, the reference's log-probabilities are not needed. */
  readonly rewards: RewardKind;
  /** The model in training: forward pass only, no dropout. */
  score(pair: PackedPair): Promise<PairScores>;
  /** The frozen reference: the same ops as the policy, so equal weights give equal bits. */
  referenceLogps(pair: PackedPair): Promise<PairLogps>;
  /** The configured loss over a batch of scored pairs (evaluation), without gradients. */
  lossOf(scores: PairScores[], referenceLogps: PairLogps[] | null): Promise<number>;
  /**
   * Forward and backward over a micro-batch, whose pairs a loss may combine; adds `scale * d loss / d weight` to the
   * accumulated gradients.
   * @param referenceLogps one entry per pair; null if no reference is used.
   * @param options.scale 1 / number of micro-batches in this optimizer step.
   * @param options.dropoutStep a number unique to every micro-batch of the run; masks are a function of seed and this
   *   number. No effect if dropout is disabled.
   */
  accumulate(
    batch: PackedPair[],
    referenceLogps: PairLogps[] | null,
    options: { scale: number; dropoutStep: number },
  ): Promise<BatchResult>;
  /** Clips the accumulated gradients to `maxGradNorm` (0: no clipping), updates the weights, clears the gradients. */
  step(options: { learningRate: number; maxGradNorm: number }): Promise<{ gradNorm: number }>;
  /**
   * A copy of a tensor of `trainable`, `frozen` (bytes if stored narrow) or `optimizerState`, for checkpoints. One per
   * call: together they are up to three times the model.
   * @param role "reference": the trained tensor's counterpart there, which `mixReference` changes.
   */
  readTensor(name: string, role?: Role): Promise<PlainTensor["data"]>;
  /** Tensors that are not in `state` do not change. */
  writeState(state: LearnerState): Promise<void>;
  /** Reference = (1 - alpha) reference + alpha policy, over the trained tensors: TR-DPO. */
  mixReference(alpha: number): Promise<void>;
  /** Restores a tensor of the reference. @param name of the trained tensor. */
  writeReference(name: string, tensor: { shape: number[]; data: Float32Array }): Promise<void>;
  /** The first frozen weight (before the first step any) with a NaN or infinite value: `the model's tensor ...`. */
  findNonFinite?(): Promise<string | undefined>;
  /** Frees the runtime's memory and its thread; the learner can't be used afterward. */
  dispose(): Promise<void>;
}
