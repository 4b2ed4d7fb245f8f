/** @file TRL's default objective, with a test's changes. */
import type { LossName } from "../../src/config/options/lossTypes.ts";
import type { Objective } from "../../src/dpo/losses/objective.ts";

/** The sigmoid loss at beta 0.1, or another one, with TRL's defaults (and the papers', if TRL lacks the loss). */
export function objective(type: LossName = "sigmoid", changes: Partial<Objective> = {}): Objective {
  return {
    losses: [{ type, weight: 1 }],
    beta: 0.1,
    labelSmoothing: 0,
    divergence: { type: "reverse_kl", alpha: 0.5 },
    ldAlpha: null,
    useWeighting: false,
    discopopTau: 0.05,
    dpopLambda: 50,
    simpoGamma: 0.5,
    cpoAlpha: 1,
    ...changes,
  };
}
