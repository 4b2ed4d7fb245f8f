/** @file A training as a user starts it, optionally stopped at a step, and its results. */

import { readRunState } from "../../src/checkpoints/trainerState.ts";
import type { DPOConfigInput } from "../../src/config/DPOConfig.ts";
import { folderAt } from "../../src/disk/nodeStorage.ts";
import { DPOTrainer } from "../../src/dpoTrainer.ts";
import type { DPOTrainerOptions, TrainOptions } from "../../src/training/trainerOptions.ts";
import { savedWeights } from "./savedState.ts";
import { keepingLogger, withoutTimings } from "./toyTrainer.ts";

/** Four large steps, each logged, without checkpoints. @param args override these. */
export const shortRun = (output_dir: string, args: DPOTrainerOptions["args"] = {}): DPOConfigInput => ({
  bf16: false,
  max_steps: 4,
  learning_rate: 1e-2,
  logging_steps: 1,
  save_strategy: "no",
  report_to: "none",
  output_dir,
  ...args,
});

export interface Stoppable extends TrainOptions {
  /** Aborts when this step is done. */
  stopAt?: number;
}

/** @returns the logged lines. */
export async function trainUntil(options: DPOTrainerOptions, { stopAt, ...how }: Stoppable = {}): Promise<string[]> {
  const controller = new AbortController();
  const { logger, lines } = keepingLogger();
  logger.step = ({ step }) => step === stopAt && controller.abort();
  const trainer = new DPOTrainer({ logger, ...options });
  try {
    await trainer.train({ signal: controller.signal, ...how });
    return lines;
  } finally {
    await trainer.dispose();
  }
}

/** The log without timings, and the weights. */
export async function outcomeOf(output_dir: string, kind: "adapter" | "full" = "adapter") {
  const { log_history } = await readRunState(folderAt(output_dir));
  return { log: withoutTimings(log_history), weights: await savedWeights(output_dir, kind) };
}
