/** @file A run in progress: what is fixed, what changes with every step, and who is told about it. */

import type { Fingerprint } from "../checkpoints/fingerprint.ts";
import type { EvaluatedPair } from "../checkpoints/marginsTable.ts";
import type { SavedModel } from "../checkpoints/modelFiles.ts";
import type { LogEntry, TrainerState } from "../checkpoints/trainerState.ts";
import type { DPOConfig } from "../config/DPOConfig.ts";
import type { PackedPair, PairLogps } from "../data/preferences/types.ts";
import type { FolderLock, RunFolder } from "../disk/storage.ts";
import type { Learner } from "../dpo/learner.ts";
import type { Content } from "../formats/content.ts";
import type { AdaptiveSchedule } from "../optim/adaptiveSchedules.ts";
import type { Schedule } from "../optim/schedules.ts";
import type { StepReport } from "../terminal/logging.ts";
import type { Callbacks } from "./callbacks/callbacks.ts";
import type { LoopState } from "./loopState.ts";
import { type Plan, positionAfter } from "./plan.ts";
import type { Platform } from "./platform.ts";

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

/** Log-probabilities under the reference model: computed on first sight of a pair, kept for all later epochs. */
export interface ReferenceLogps {
  /** Two numbers a pair (chosen, rejected) at [2 * index], NaN where not computed yet; goes into checkpoints. */
  readonly values: Float64Array;
  /** Of these pairs, in their order; computes what is missing. Cost of a missing one: a forward pass. */
  of(pairs: readonly PackedPair[]): Promise<PairLogps[]>;
  /** Nothing is known any more: the reference has changed. */
  forget(): void;
}

/** A split with the reference's scores of its pairs. */
export interface Split {
  pairs: PairSource;
  referenceLogps: ReferenceLogps;
}

/** A split that is evaluated. */
export interface EvaluationSet extends Split {
  /** What the names of its metrics begin with: `eval`, or `eval_NAME` where there are several. */
  prefix: string;
}

/** What an evaluation set is called in messages: `eval` -> eval_dataset, `eval_easy` -> eval_dataset.easy. */
export function evaluationSetName(prefix: string): string {
  return prefix === "eval" ? "eval_dataset" : `eval_dataset.${prefix.slice("eval_".length)}`;
}

/** What a run knows of its reference. */
export interface ReferenceFacts {
  /** `the base model with the adapter off`. */
  description: string;
  /** Whether policy and reference are the same function before the first step. */
  tiesAtStart: boolean;
}

/** How much a run trains on, and how much of the model. */
export interface RunSize {
  /** Rows of train_dataset, before any is dropped. */
  rows: number;
  /** Reason -> rows of train_dataset that were dropped for it. */
  dropped: ReadonlyMap<string, number>;
  /** Parameters: those in training, and all of them, an adapter's included, as PEFT counts. */
  trained: number;
  all: number;
}

/** Where reference log-probabilities are kept, and what they depend on besides the pairs. */
export interface ReferenceCache {
  folder: RunFolder;
  /** Weights, lengths, template, runtime: whatever changes the numbers. */
  identity: Record<string, unknown>;
}

/** The token ids of a pair's two texts, prompt included and truncated as in training: what TRL has as input_ids. */
export interface PairIds {
  chosen: number[];
  rejected: number[];
}

/**
 * transformers' EvalPrediction, one entry a pair in the order of the data set. TRL 1.16 passes the logits of every
 * token as `predictions` (deprecated there, gone in TRL 2): for GPT-2 200 MB a pair. Here they are what DPO makes of
 * them: log-probabilities and rewards.
 */
export interface EvalPrediction {
  predictions: readonly EvaluatedPair[];
  label_ids: readonly PairIds[];
  /** The loss of each pair's batch; with "loss" in include_for_metrics. */
  losses?: readonly number[];
  /** With "inputs" in include_for_metrics; equal to label_ids, as in TRL. */
  inputs?: readonly PairIds[];
}

/**
 * @param options.compute_result with batch_eval_metrics, which calls it for each batch: whether this is the last one,
 *   whose result counts. Always true otherwise.
 */
export type ComputeMetrics = (
  evaluation: EvalPrediction,
  options: { compute_result: boolean },
) => Record<string, number> | Promise<Record<string, number>>;

/** Whom a run tells how it goes on: in the end a list of listeners. */
export interface RunObserver {
  info(line: string): void;
  warn(line: string): void;
  /** A training starts, or goes on from `startStep`. */
  start(run: { totalSteps: number; startStep: number; epochs: number }): void;
  step(report: StepReport): void;
  /** What happens between steps (`evaluating 3/30`); undefined: back to training. */
  status(text: string | undefined): void;
  metrics(entry: LogEntry): void;
  /** No further step follows; lines may. */
  end(): void;
  /** It is over, well or not; may be called more than once. */
  close(): void;
}

/** Follows a run, and hears of what it has a function for: the terminal's logger, TensorBoard's log. */
export interface RunListener extends Partial<RunObserver> {
  /** For messages; what a caller gives as `logger` need not have one. */
  readonly name?: string;
}

/** What a run is made of, once model and data are prepared. */
export interface RunParts {
  readonly args: DPOConfig;
  readonly learner: Learner;
  readonly train: PairSource;
  /** Evaluation sets by the prefix of their metrics; none: no evaluation. */
  readonly evals: ReadonlyMap<string, PairSource>;
  /** How the weights are saved, and what goes into every folder beside them. */
  readonly savedAs: SavedModel;
  readonly files: readonly (readonly [string, Content])[];
  readonly fingerprint: Fingerprint;
  /** Parameters that are no embeddings, for total_flos. */
  readonly parameters: number;
  readonly observer: RunObserver;
  /** Absent: not known. */
  readonly size?: RunSize;
  /** Absent: no reference is used, or nothing is known of it. */
  readonly referenceFacts?: ReferenceFacts;
  /** Absent: nothing is kept of what is precomputed. */
  readonly referenceCache?: ReferenceCache | undefined;
  readonly callbacks?: Callbacks;
  readonly compute_metrics?: ComputeMetrics | null;
}

export interface Run extends Omit<RunParts, "train" | "evals" | "callbacks"> {
  readonly platform: Platform;
  /** output_dir. */
  readonly output: RunFolder;
  readonly plan: Plan;
  /** Learning rate after so many steps. */
  readonly schedule: Schedule;
  /** Of a learning rate that follows evaluations: their results move `loop.adaptive`. */
  readonly adaptive: AdaptiveSchedule | undefined;
  /** Row numbers of an epoch, in the order of training. */
  readonly order: (epoch: number) => ArrayLike<number>;
  readonly train: Split;
  readonly evals: readonly EvaluationSet[];
  readonly callbacks: Callbacks;
  readonly state: TrainerState;
  readonly loop: LoopState;
  signal: AbortSignal | undefined;
  /** While the run trains: output_dir is its own. */
  lock: FolderLock | undefined;
  /** Whether output_dir is this run's: evaluations then leave their margins there. */
  ownsOutput: boolean;
  /** Whether the weights are what they were at the start. */
  isUntouched: boolean;
}

/** All splits with reference scores, by the name that checkpoints keep them under. */
export function splitsOf(run: Run): [name: string, split: Split][] {
  return [["train", run.train], ...run.evals.map((set): [string, Split] => [set.prefix, set])];
}

/** Optimizer steps that were taken or left out: where in the data the run stands. */
export function stepsPassed({ state, loop }: Run): number {
  return state.global_step + loop.progress.skippedSteps;
}

/** Whether no further step is to be taken. */
export function isOver(run: Run): boolean {
  const { plan, state, loop } = run;
  if (state.global_step >= plan.maxSteps || loop.control.should_training_stop) return true;
  return positionAfter(plan, stepsPassed(run)).epoch >= plan.epochs;
}

/** Thrown between two micro-batches when the signal asks to stop; never leaves the trainer. */
export class Stopped extends Error {}

export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new Stopped("stopped");
}
