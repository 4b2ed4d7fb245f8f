/**
 * @file Losses of the margin: how much more the policy gained on the chosen answer than on the rejected one. All but
 * dpop are functions of the difference of scores, so they work with the scores of any f-divergence.
 */
import { add, div, exp, logSigmoid, mul, neg, relu, sigmoid, sub, type Tensor } from "../../engine/graph/index.ts";
import type { LossInputs, PairLoss } from "./inputs.ts";

const margin = ({ chosenScores, rejectedScores }: LossInputs) => sub(chosenScores, rejectedScores);

/** Margin of the scores per token. */
const averagedMargin = ({ chosenScores, rejectedScores, chosenLength, rejectedLength }: LossInputs) =>
  sub(div(chosenScores, chosenLength), div(rejectedScores, rejectedLength));

const square = (x: Tensor) => mul(x, x);

/** -(1 - e) log sigmoid(x) - e log sigmoid(-x): a label is flipped with probability e. */
export function smoothed(x: Tensor, labelSmoothing: number): Tensor {
  const right = mul(logSigmoid(x), labelSmoothing - 1);
  return labelSmoothing === 0 ? right : sub(right, mul(logSigmoid(neg(x)), labelSmoothing));
}

/** -log sigmoid(beta margin): DPO, arXiv 2305.18290, Eq. 7. Ignores label_smoothing, as in TRL; cdpo reads it. */
export const sigmoidLoss: PairLoss = (pairs, { beta }) => neg(logSigmoid(mul(margin(pairs), beta)));

/** DPO for labels flipped at a known rate: conservative DPO, ericmitchell.ai/cdpo.pdf. */
export const cdpoLoss: PairLoss = (pairs, { beta, labelSmoothing }) =>
  smoothed(mul(margin(pairs), beta), labelSmoothing);

/** max(0, 1 - beta margin): SLiC-HF's hinge on DPO's margin, arXiv 2305.10425 and 2309.06657. */
export const hingeLoss: PairLoss = (pairs, { beta }) => relu(add(neg(mul(margin(pairs), beta)), 1));

/** (margin per token - 1 / (2 beta))^2: IPO, arXiv 2310.12036, Eq. 17, with TRL's mean over tokens. */
export const ipoLoss: PairLoss = (pairs, { beta }) => square(add(averagedMargin(pairs), -1 / (2 * beta)));

/** -log sigmoid(beta margin per token): length-normalized DPO, Tulu 3, arXiv 2411.15124. */
export const sigmoidNormLoss: PairLoss = (pairs, { beta }) => neg(logSigmoid(mul(averagedMargin(pairs), beta)));

/** KL(softmax(beta scores) || [1 - e, e]) over the two answers: EXO, arXiv 2402.00856, Eq. 16. */
export const exoPairLoss: PairLoss = (pairs, { beta, labelSmoothing }) => {
  const x = mul(margin(pairs), beta);
  const chosen = mul(sigmoid(x), add(logSigmoid(x), -Math.log1p(-labelSmoothing)));
  const rejected = mul(sigmoid(neg(x)), add(logSigmoid(neg(x)), -Math.log(labelSmoothing)));
  return add(chosen, rejected);
};

/** DPO's loss, unbiased for labels flipped at a known rate: robust DPO, arXiv 2403.00409. */
export const robustLoss: PairLoss = (pairs, { beta, labelSmoothing: e }) => {
  const x = mul(margin(pairs), beta);
  return div(sub(mul(logSigmoid(neg(x)), e), mul(logSigmoid(x), 1 - e)), 1 - 2 * e);
};

/** A blend of logistic and exponential loss, found by search: DiscoPOP, arXiv 2406.08414, Eq. 5. */
export const discopopLoss: PairLoss = (pairs, { beta, discopopTau }) => {
  const x = mul(margin(pairs), beta);
  const blend = sigmoid(div(x, discopopTau));
  return add(mul(neg(logSigmoid(x)), add(neg(blend), 1)), mul(exp(neg(x)), blend));
};

/**
 * DPO whose margin shrinks by lambda per nat that the chosen answer lost: DPO-Positive (Smaug), arXiv 2402.13228.
 */
export const dpopLoss: PairLoss = ({ chosenLogratios, rejectedLogratios }, { beta, dpopLambda }) => {
  const penalty = mul(relu(neg(chosenLogratios)), dpopLambda);
  return neg(logSigmoid(mul(sub(sub(chosenLogratios, rejectedLogratios), penalty), beta)));
};
