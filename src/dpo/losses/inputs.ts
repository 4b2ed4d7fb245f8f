/** @file What the losses are functions of. B pairs; log-probabilities are sums over completion tokens, in nats. */
import { sub, type Tensor } from "../../engine/graph/index.ts";
import { type Divergence, divergenceScore } from "./divergence.ts";

/** Numbers that the losses read; each says which of them it does. */
export interface LossOptions {
  beta: number;
  labelSmoothing: number;
  /** Temperature of discopop. */
  discopopTau: number;
  /** How much dpop holds against a chosen answer that becomes less likely. */
  dpopLambda: number;
  /** Margin that simpo asks for. */
  simpoGamma: number;
  /** Weight of cpo's likelihood term. */
  cpoAlpha: number;
}

/** What the model and the reference say of B pairs. Tensors are [B] unless said otherwise. */
export interface ScoredPairs {
  /** log pi(completion), with ld_alpha's weights where it is set. */
  chosenLogps: Tensor;
  rejectedLogps: Tensor;
  /** log pi_ref(completion); null for losses without a reference. */
  referenceLogps: { chosen: Tensor; rejected: Tensor } | null;
  /** log pi(chosen) with every token counted 1. */
  plainChosenLogps: Tensor;
  /** Completion tokens, at least 1. */
  chosenLength: Tensor;
  rejectedLength: Tensor;
  /** [] predicted chosen tokens of the whole batch / its number of pairs. */
  meanChosenTokens: Tensor;
}

export interface LossInputs extends ScoredPairs {
  /** log pi - log pi_ref; without a reference, log pi. */
  chosenLogratios: Tensor;
  rejectedLogratios: Tensor;
  /** f'(pi / pi_ref) of the divergence: for reverse_kl the log-ratios. */
  chosenScores: Tensor;
  rejectedScores: Tensor;
}

/** B pairs -> [B], whose mean is the loss. */
export type PairLoss = (pairs: LossInputs, options: LossOptions) => Tensor;

export function lossInputs(pairs: ScoredPairs, divergence: Divergence): LossInputs {
  const { chosenLogps, rejectedLogps, referenceLogps } = pairs;
  const chosenLogratios = referenceLogps ? sub(chosenLogps, referenceLogps.chosen) : chosenLogps;
  const rejectedLogratios = referenceLogps ? sub(rejectedLogps, referenceLogps.rejected) : rejectedLogps;
  return {
    ...pairs,
    chosenLogratios,
    rejectedLogratios,
    chosenScores: divergenceScore(chosenLogratios, divergence),
    rejectedScores: divergenceScore(rejectedLogratios, divergence),
  };
}
