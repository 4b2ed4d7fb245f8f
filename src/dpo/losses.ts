/**
 * @file Preference losses as pure functions of log-ratios, keyed by TRL's loss_type.
 * B pairs; logps are sums over completion tokens.
 */
import { logSigmoid, mul, neg, sub, type Tensor } from "../engine/graph/index.ts";

export interface LossInputs {
  /** [B] log pi(chosen) - log pi_ref(chosen). */
  chosenLogratios: Tensor;
  /** [B] log pi(rejected) - log pi_ref(rejected). */
  rejectedLogratios: Tensor;
}

export interface LossOptions {
  beta: number;
}

/** [B] loss of each pair. */
export type PairLoss = (inputs: LossInputs, options: LossOptions) => Tensor;

export const losses = {
  /** -log sigmoid(beta (log-ratio of chosen - log-ratio of rejected)): DPO, arXiv 2305.18290, Eq. 7. */
  sigmoid: ({ chosenLogratios, rejectedLogratios }, { beta }) =>
    neg(logSigmoid(mul(sub(chosenLogratios, rejectedLogratios), beta))),
} satisfies Record<string, PairLoss>;

export type LossType = keyof typeof losses;
