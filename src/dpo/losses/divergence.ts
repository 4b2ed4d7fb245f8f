/**
 * @file f-DPO (arXiv 2309.16240): the reward is beta f'(pi / pi_ref), up to a term of the prompt that cancels in the
 * difference of two answers. This file computes f'(t) from log t.
 */
import { add, exp, logSigmoid, maximum, mul, neg, type Tensor } from "../../engine/graph/index.ts";

/** The f of an f-DPO regularizer (arXiv 2309.16240), by TRL's f_divergence_type. */
export type DivergenceType = "reverse_kl" | "forward_kl" | "js_divergence" | "alpha_divergence";

export interface Divergence {
  type: DivergenceType;
  /** f_alpha_divergence_coef, for alpha_divergence only. */
  alpha: number;
}

/** Exponents are clamped to this, as in TRL: exp of it is representable in float32. */
const LARGEST_EXPONENT = 80;

/** f'(t) for a log-ratio log t, elementwise. */
export function divergenceScore(logratios: Tensor, { type, alpha }: Divergence): Tensor {
  switch (type) {
    case "reverse_kl":
      return logratios; // f'(t) = log t, without its constant
    case "forward_kl":
      return add(neg(exp(neg(logratios))), 1); // 1 - 1 / t
    case "js_divergence":
      return add(logSigmoid(logratios), Math.LN2); // log(2 t / (t + 1))
    case "alpha_divergence":
      return alphaScore(logratios, alpha);
  }
}

/** (t^(alpha - 1) - 1) / (alpha - 1), whose limit at alpha = 1 is log t. */
function alphaScore(logratios: Tensor, alpha: number): Tensor {
  const power = alpha - 1;
  if (Math.abs(power) < 1e-6) return logratios;
  const exponent = neg(maximum(neg(mul(logratios, power)), -LARGEST_EXPONENT));
  return mul(add(exp(exponent), -1), 1 / power);
}
