/** @file The objective that a config asks for. */
import type { DPOConfig } from "../config/DPOConfig.ts";
import { needsReference } from "../dpo/losses/losses.ts";
import type { Objective } from "../dpo/losses/objective.ts";

export function objectiveOf(args: DPOConfig): Objective {
  return {
    losses: args.loss_type.map((type, i) => ({ type, weight: args.loss_weights?.[i] ?? 1 })),
    beta: args.beta,
    labelSmoothing: args.label_smoothing,
    divergence: { type: args.f_divergence_type, alpha: args.f_alpha_divergence_coef },
    ldAlpha: args.ld_alpha,
    useWeighting: args.use_weighting,
    discopopTau: args.discopop_tau,
    dpopLambda: args.dpop_lambda,
    simpoGamma: args.simpo_gamma,
    cpoAlpha: args.cpo_alpha,
  };
}

/** False where every loss is one of the policy alone. */
export const usesReference = ({ loss_type }: DPOConfig): boolean => needsReference(loss_type);
