/** @file Inputs of the losses. B pairs; log-probabilities are sums over completion tokens, in nats. */
import { sub, type Tensor } from "../../engine/graph/index.ts";
import { type Divergence, divergenceScore } from "./divergence.ts";

/** Options of the losses; each loss names those it reads. */
export interface LossOptions {
  beta: number;
  labelSmoothing: number;
  /** Temperature of discopop. */
  discopopTau: number;
  /** Penalty weight of dpop on chosen answers whose likelihood drops. */
  dpopLambda: number;
  /** Target margin of simpo. */
  simpoGamma: number;
  /** Weight of cpo's likelihood term. */
  cpoAlpha: number;
}

/** Scores of B pairs under model and reference. Tensors are [B] unless noted. */
export interface ScoredPairs {
  /** log pi(completion), weighted by ld_alpha if set. */
  chosenLogps: Tensor;
  rejectedLogps: Tensor;
  /** log pi_ref(completion); null for losses without a reference. */
  referenceLogps: { chosen: Tensor; rejected: Tensor } | null;
  /** How often each answer wins against the policy's, from 0 to 1; null for losses that don't read it. */
  winRates: { chosen: Tensor; rejected: Tensor } | null;
  /** log pi(chosen) with all tokens weighted 1. */
  plainChosenLogps: Tensor;
  /** Completion tokens, at least 1. */
  chosenLength: Tensor;
  rejectedLength: Tensor;
  /** [] predicted chosen tokens of the whole batch / number of its pairs. */
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
