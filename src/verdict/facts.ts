/** @file What a verdict knows of a run besides its log. */
import { LOSS_NAMES, type LossName } from "../config/options/lossTypes.ts";

export interface RunFacts {
  beta: number;
  loss_type: readonly LossName[];
  learning_rate: number;
  optim: string;
  /** Whether an adapter is trained; else all weights are. */
  isAdapter: boolean;
  /**
   * "start": the model as it was before the first step, and it stays that: rewards then say how far the model has
   * moved. "other": another model, or one that moves. "none": the losses have none.
   */
  reference: "start" | "other" | "none";
  /** Optimizer steps done, and of the whole run. */
  step: number;
  max_steps: number;
  /** How it ended: at its last step (or where a callback ended it), by a signal, by a loss that was not finite. */
  end: "finished" | "interrupted" | "not finite";
  /** The step whose checkpoint was loaded at the end, as the best. */
  best_step: number | null;
}

/** The losses of a config that are known; its checks have refused all others. */
export const knownLosses = (names: readonly string[]): LossName[] => LOSS_NAMES.filter((name) => names.includes(name));
