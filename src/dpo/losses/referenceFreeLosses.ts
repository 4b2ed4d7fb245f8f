/** @file Losses of the policy's own log-probabilities, without a reference model. */
import { add, div, exp, log, logSigmoid, mul, neg, sub, type Tensor } from "../../engine/graph/index.ts";
import type { LossInputs, PairLoss } from "./inputs.ts";

/**
 * Negative log-likelihood of the chosen answers. Its mean over B is the mean over all chosen tokens of the batch, not
 * the mean of the pairs' means.
 */
const chosenNll = ({ plainChosenLogps, meanChosenTokens }: LossInputs) => neg(div(plainChosenLogps, meanChosenTokens));

/** Log-probabilities per token. */
const averaged = ({ chosenLogps, rejectedLogps, chosenLength, rejectedLength }: LossInputs): [Tensor, Tensor] => [
  div(chosenLogps, chosenLength),
  div(rejectedLogps, rejectedLength),
];

/** Supervised fine-tuning on the chosen answers, as MPO's third term (arXiv 2411.10442). */
export const sftLoss: PairLoss = (pairs) => chosenNll(pairs);

/** -log sigmoid(beta margin of log-probabilities per token - gamma): SimPO, arXiv 2405.14734, Eq. 6. */
export const simpoLoss: PairLoss = (pairs, { beta, simpoGamma }) => {
  const [chosen, rejected] = averaged(pairs);
  return neg(logSigmoid(add(mul(sub(chosen, rejected), beta), -simpoGamma)));
};

/** Log-odds of an answer whose tokens have the mean log-probability x: x - log(1 - exp(x)). */
const logOdds = (x: Tensor) => sub(x, log(add(neg(exp(x)), 1)));

/** Likelihood plus odds ratio, weighted by beta (the paper's lambda): ORPO, arXiv 2403.07691, Eq. 6 and 7. */
export const orpoLoss: PairLoss = (pairs, { beta }) => {
  const [chosen, rejected] = averaged(pairs);
  return sub(chosenNll(pairs), mul(logSigmoid(sub(logOdds(chosen), logOdds(rejected))), beta));
};

/** DPO with a uniform reference, plus the chosen answers' likelihood: CPO, arXiv 2401.08417; alpha as in TRL. */
export const cpoLoss: PairLoss = (pairs, { beta, cpoAlpha }) => {
  const margin = mul(sub(pairs.chosenLogps, pairs.rejectedLogps), beta);
  return sub(mul(chosenNll(pairs), cpoAlpha), logSigmoid(margin));
};
