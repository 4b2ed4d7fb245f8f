/** @file A run in progress: what is fixed, what changes with every step, and who is told about it. */

import type { LoopState } from "../checkpoints/checkpoint.ts";
import type { Content } from "../checkpoints/files.ts";
import type { Fingerprint } from "../checkpoints/fingerprint.ts";
import type { SavedModel } from "../checkpoints/modelFiles.ts";
import type { LogEntry, TrainerState } from "../checkpoints/trainerState.ts";
import type { DPOConfig } from "../config/DPOConfig.ts";
import type { PackedPair } from "../data/preferences/types.ts";
import type { Learner } from "../dpo/learner.ts";
import type { Schedule } from "../optim/schedules.ts";
import type { Plan } from "./plan.ts";
import type { StepReport } from "./progressBar.ts";
import type { ReferenceLogps } from "./referenceLogps.ts";

/** Prepared pairs in the order of the data set; an array is one. `at(i).index` is i. */
export interface PairSource {
  readonly length: number;
  at(index: number): PackedPair | undefined;
  /** Where the pairs come from, for messages: the split, and for every pair the number of its row there. */
  readonly origin?: { split: string; rows: ArrayLike<number> };
}

const NAMED_ROWS = 8; // more are only counted

/** `train_prefs row 17`, `train_prefs rows 3, 17`: pairs as a person finds them in the data set. */
export function nameRows({ origin }: PairSource, pairs: readonly PackedPair[]): string {
  const rows = pairs.map(({ index }) => origin?.rows[index] ?? index);
  const more = rows.length > NAMED_ROWS ? ` and ${rows.length - NAMED_ROWS} more` : "";
  return `${origin?.split ?? "train"} row${rows.length > 1 ? "s" : ""} ${rows.slice(0, NAMED_ROWS).join(", ")}${more}`;
}

/** A split with the reference's scores of its pairs. */
export interface Split {
  pairs: PairSource;
  reference: ReferenceLogps;
}

/** Who sees the run go on: the progress bar and its lines, TensorBoard. */
export interface RunObserver {
  info(line: string): void;
  warn(line: string): void;
  step(report: StepReport): void;
  /** What happens between steps (`evaluating 3/30`); undefined: back to training. */
  status(text: string | undefined): void;
  metrics(entry: LogEntry): void;
}

/** What a run is made of, once model and data are prepared. */
export interface RunParts {
  readonly args: DPOConfig;
  readonly learner: Learner;
  readonly train: PairSource;
  readonly eval: PairSource | null;
  /** How the weights are saved, and what goes into every folder beside them. */
  readonly model: SavedModel;
  readonly files: readonly (readonly [string, Content])[];
  readonly fingerprint: Fingerprint;
  /** Parameters that are no embeddings, for total_flos. */
  readonly parameters: number;
  readonly observer: RunObserver;
}

export interface Run extends Omit<RunParts, "train" | "eval"> {
  readonly plan: Plan;
  /** Learning rate after so many steps. */
  readonly schedule: Schedule;
  /** Row numbers of an epoch, in the order of training. */
  readonly order: (epoch: number) => ArrayLike<number>;
  readonly train: Split;
  readonly eval: Split | null;
  readonly state: TrainerState;
  readonly loop: LoopState;
  signal: AbortSignal | undefined;
}

/** Thrown between two micro-batches when the signal asks to stop; never leaves the trainer. */
export class Stopped extends Error {}

export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new Stopped("stopped");
}

export function newLoopState(): LoopState {
  return {
    stage: "epoch",
    evaluatedLast: false,
    pendingLoss: 0,
    loggedLoss: 0,
    lastLoggedStep: 0,
    lastGradNorm: 0,
    lastLearningRate: 0,
    pendingMetrics: {},
    totalTrainTokens: 0,
  };
}
