/** @file Losses that judge the chosen and the rejected answer separately, by their log-ratios. */
import { add, logSigmoid, mul, neg, sigmoid, sub, type Tensor } from "../../engine/graph/index.ts";
import type { LossInputs, PairLoss } from "./inputs.ts";

const rewards = ({ chosenLogratios, rejectedLogratios }: LossInputs, beta: number): [Tensor, Tensor] => [
  mul(chosenLogratios, beta),
  mul(rejectedLogratios, beta),
];
const square = (x: Tensor) => mul(x, x);

/** Noise contrastive alignment of pairs, arXiv 2402.05369, for a better and a worse answer. */
export const ncaPairLoss: PairLoss = (pairs, { beta }) => {
  const [chosen, rejected] = rewards(pairs, beta);
  const unwanted = add(logSigmoid(neg(chosen)), logSigmoid(neg(rejected)));
  return sub(mul(unwanted, -0.5), logSigmoid(chosen));
};

/** Binary classifier optimization on pairs, arXiv 2404.04656, without the reward shift, as in TRL. */
export const bcoPairLoss: PairLoss = (pairs, { beta }) => {
  const [chosen, rejected] = rewards(pairs, beta);
  return neg(add(logSigmoid(chosen), logSigmoid(neg(rejected))));
};

/** Self-play preference optimization with certain winners, arXiv 2405.00675, Eq. 4.7 with P = 1 and 0. */
export const sppoHardLoss: PairLoss = ({ chosenLogratios, rejectedLogratios }, { beta }) =>
  add(square(add(chosenLogratios, -0.5 / beta)), square(add(rejectedLogratios, 0.5 / beta)));

/**
 * Self-play preference optimization, arXiv 2405.00675, Eq. 4.7, with the mean of both answers as its authors' trainer
 * has it: log-ratio against (P(answer wins) - 1/2) / beta. With 1 and 0 it is half of sppo_hard.
 */
export const sppoLoss: PairLoss = ({ chosenLogratios, rejectedLogratios, winRates }, { beta }) => {
  if (!winRates) throw new Error("internal: sppo without win rates");
  const error = (logratios: Tensor, rate: Tensor) => square(sub(logratios, mul(add(rate, -0.5), 1 / beta)));
  return mul(add(error(chosenLogratios, winRates.chosen), error(rejectedLogratios, winRates.rejected)), 0.5);
};

/** For chosen answers better than the model: chosen more likely, rejected less. APO-zero, arXiv 2408.06266, Eq. 7. */
export const apoZeroLoss: PairLoss = (pairs, { beta }) => {
  const [chosen, rejected] = rewards(pairs, beta);
  return add(sigmoid(neg(chosen)), sigmoid(rejected));
};

/** For chosen answers worse than the model: both less likely, the rejected one more so. APO-down, Eq. 8. */
export const apoDownLoss: PairLoss = (pairs, { beta }) => {
  const [chosen, rejected] = rewards(pairs, beta);
  return add(sigmoid(chosen), sigmoid(sub(rejected, chosen)));
};
