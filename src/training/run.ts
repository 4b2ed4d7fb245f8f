/** @file A run in progress: its fixed parts, the state that changes with every step, and its observer. */

import type { Fingerprint } from "../checkpoints/fingerprint.ts";
import type { EvaluatedPair } from "../checkpoints/marginsTable.ts";
import type { SavedModel } from "../checkpoints/modelFiles.ts";
import type { LogEntry, TrainerState } from "../checkpoints/trainerState.ts";
import type { DPOConfig } from "../config/DPOConfig.ts";
import type { PackedPair, PairLogps } from "../data/preferences/types.ts";
import type { FolderLock, RunFolder } from "../disk/storage.ts";
import type { Learner } from "../dpo/learner.ts";
import type { DeviceRanks } from "../engine/runtime/device.ts";
import { PrefineError } from "../errors.ts";
import type { Content } from "../formats/content.ts";
import type { AdaptiveSchedule } from "../optim/adaptiveSchedules.ts";
import type { Schedule } from "../optim/schedules.ts";
import type { StepReport } from "../terminal/logging.ts";
import type { Callbacks } from "./callbacks/callbacks.ts";
import type { LoopState, TrainerControl } from "./loopState.ts";
import { type Plan, positionAfter } from "./plan.ts";
import type { Platform } from "./platform.ts";

/** Prepared pairs in the dataset's order; some may still have to be read and tokenized. */
export interface PairSource {
  /** Infinity: a stream, whose number of pairs is unknown. */
  readonly length: number;
  /** The pairs with these numbers, in this order; `index` of each is its number. Of a stream fewer at its end. */
  pairs(indices: readonly number[], epoch?: number): Promise<PackedPair[]>;
  /** Of a stream: whether the epoch has another batch. */
  hasMore?(): Promise<boolean>;
  /** Of a stream: a hash of the pairs of this epoch that have been given, of all ranks. */
  readonly givenHash?: string;
  /** Of a stream: what that hash was in the run that is resumed. */
  resumeAfter?(hash: string): void;
  /** Says which pairs the next step needs. */
  expect?(indices: readonly number[]): void;
  /** Makes all pairs as fast as possible: for what needs them all. */
  complete?(): Promise<void>;
  /** No more pairs are needed. */
  end?(): Promise<void>;
  /** Packed tokens of each pair; only where train_sampling_strategy needs them. */
  readonly lengths?: Int32Array | undefined;
  /** Where the pairs come from, for messages: the split's name, and each pair's row number in it. */
  readonly origin?: { split: string; rows: ArrayLike<number>; splitOf?: (rank: number) => string };
}

const NAMED_ROWS = 8; // more are only counted

/** A source of pairs in memory. */
export const pairsInMemory = (pairs: readonly PackedPair[]): PairSource => ({
  length: pairs.length,
  pairs: async (indices) => indices.map((index) => pairs[index]),
  lengths: Int32Array.from(pairs, ({ tokens }) => tokens.length),
});

/**
 * `train_prefs row 17`, `train_prefs rows 3, 17`: the pairs' rows in the dataset.
 * @param rank whose pairs they are, where each has rows of its own.
 */
export function nameRows({ origin }: PairSource, pairs: readonly { index: number; row?: number }[], rank = 0): string {
  const rows = pairs.map(({ index, row }) => row ?? origin?.rows[index] ?? index);
  const more = rows.length > NAMED_ROWS ? ` and ${rows.length - NAMED_ROWS} more` : "";
  const split = origin?.splitOf?.(rank) ?? origin?.split ?? "train";
  return `${split} row${rows.length > 1 ? "s" : ""} ${rows.slice(0, NAMED_ROWS).join(", ")}${more}`;
}

/** Log-probabilities under the reference model: computed when a pair is first used, kept for later epochs. */
export interface ReferenceLogps {
  /** Two numbers per pair (chosen, rejected) at [2 * index], NaN if not yet computed; saved in checkpoints. */
  readonly values: Float64Array;
  /** Log-probabilities of these pairs, in order. Cost: a forward pass per pair that is not yet computed. */
  of(pairs: readonly PackedPair[]): Promise<PairLogps[]>;
  /** Discards all values: the reference has changed. */
  forget(): void;
}

/** A split with the reference's log-probabilities of its pairs. */
export interface Split {
  pairs: PairSource;
  referenceLogps: ReferenceLogps;
}

/** A split that is evaluated. */
export interface EvaluationSet extends Split {
  /** Prefix of its metrics: `eval`, or `eval_NAME` if there are several sets. */
  prefix: string;
}

/** Name of an evaluation set in messages: `eval` -> eval_dataset, `eval_easy` -> eval_dataset.easy. */
export function evaluationSetName(prefix: string): string {
  return prefix === "eval" ? "eval_dataset" : `eval_dataset.${prefix.slice("eval_".length)}`;
}

/** Facts about a run's reference. */
export interface ReferenceFacts {
  /** `the base model with the adapter off`. */
  description: string;
  /** Whether policy and reference are the same function before the first step. */
  tiesAtStart: boolean;
}

/** Numbers of rows and parameters that a run trains. */
export interface RunSize {
  /** Rows of train_dataset, before any is dropped. */
  rows: number;
  /** Training pairs that lost tokens to max_length or max_prompt_length; null: not known yet. */
  cut: number | null;
  /** Reason -> number of rows of train_dataset dropped for it. */
  dropped: ReadonlyMap<string, number>;
  /** Trained parameters, and all parameters, an adapter's included, as PEFT counts. */
  trained: number;
  all: number;
}

/** Where reference log-probabilities are cached, and what they depend on besides the pairs. */
export interface ReferenceCache {
  folder: RunFolder;
  /** Weights, lengths, template, runtime: everything that changes the values. */
  identity: Record<string, unknown>;
}

/** The token ids of a pair's two texts, prompt included, truncated as in training: TRL's input_ids. */
export interface PairIds {
  chosen: number[];
  rejected: number[];
}

/**
 * transformers' EvalPrediction, one entry per pair in the dataset's order. TRL 1.16 passes the logits of every token as
 * `predictions` (deprecated there, gone in TRL 2): for GPT-2 200 MB per pair. Here they are log-probabilities and
 * rewards.
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
 * @param options.compute_result with batch_eval_metrics, which calls it for each batch: whether this is the last batch,
 *   whose result is used. Always true otherwise.
 */
export type ComputeMetrics = (
  evaluation: EvalPrediction,
  options: { compute_result: boolean },
) => Record<string, number> | Promise<Record<string, number>>;

/** Receives the events of a run; notifies a list of listeners. */
export interface RunObserver {
  info(line: string): void;
  warn(line: string): void;
  /** A training starts, or resumes from `startStep`. */
  start(run: { totalSteps: number; startStep: number; epochs: number }): void;
  step(report: StepReport): void;
  /** Work between steps (`evaluating 3/30`); undefined: back to training. */
  status(text: string | undefined): void;
  metrics(entry: LogEntry): void;
  /** No more steps follow; lines may. */
  end(): void;
  /** The training has ended or failed; may be called more than once. */
  close(): void;
}

/** Receives those events of a run that it has a function for: the terminal's logger, TensorBoard's log. */
export interface RunListener extends Partial<RunObserver> {
  /** For messages; the caller's `logger` need not have one. */
  readonly name?: string;
}

/** The parts of a run, once model and data are prepared. */
export interface RunParts {
  readonly args: DPOConfig;
  readonly learner: Learner;
  readonly train: PairSource;
  /** Evaluation sets by the prefix of their metrics; none: no evaluation. */
  readonly evals: ReadonlyMap<string, PairSource>;
  /** How the weights are saved, and the other files of every saved folder. */
  readonly savedAs: SavedModel;
  readonly files: readonly (readonly [string, Content])[];
  readonly fingerprint: Fingerprint;
  /**
   * Hashes of the weights that the run begins with, which belong to the fingerprint. Read when a checkpoint needs them:
   * a second per 1.5 GB, only once. Absent: unknown.
   */
  readonly weights?: (() => Promise<NonNullable<Fingerprint["weights"]>>) | undefined;
  /** Number of parameters without the embeddings, for total_flos. */
  readonly parameters: number;
  readonly observer: RunObserver;
  /** Absent: unknown. */
  readonly size?: RunSize;
  /** Absent: no reference is used, or it is unknown. */
  readonly referenceFacts?: ReferenceFacts;
  /** Absent: precomputed values are not cached. */
  readonly referenceCache?: ReferenceCache | undefined;
  readonly callbacks?: Callbacks;
  readonly compute_metrics?: ComputeMetrics | null;
  /** The job that trains the run; absent: this process alone. */
  readonly ranks?: DeviceRanks | undefined;
}

export interface Run extends Omit<RunParts, "train" | "evals" | "callbacks"> {
  readonly platform: Platform;
  /** output_dir. */
  readonly output: RunFolder;
  readonly plan: Plan;
  /** Learning rate by the number of steps taken. */
  readonly schedule: Schedule;
  /** Schedule of a learning rate that depends on evaluations; its state is `loop.adaptive`. */
  readonly adaptive: AdaptiveSchedule | undefined;
  /** Row numbers of an epoch, in training order. */
  readonly order: (epoch: number) => ArrayLike<number> | null;
  readonly train: Split;
  readonly evals: readonly EvaluationSet[];
  readonly callbacks: Callbacks;
  readonly state: TrainerState;
  readonly loop: LoopState;
  signal: AbortSignal | undefined;
  /** See EventSource; set when the run trains, if a rank of its job has callbacks. */
  agree?: ((control: TrainerControl) => Promise<void>) | undefined;
  /** Lock on output_dir while the run trains. */
  lock: FolderLock | undefined;
  /** The file in output_dir with the margins of evaluations; undefined: none yet, or none that may be written. */
  marginsFile: string | undefined;
  /** Whether output_dir is this run's: evaluations then write their margins there. */
  ownsOutput: boolean;
  /** Whether the weights are still those of the start. */
  isUntouched: boolean;
  /** Whether the weights may be those of a step that is not counted yet. */
  isUpdating: boolean;
}

/** All splits with reference log-probabilities, by their names in checkpoints. */
export function splitsOf(run: Run): [name: string, split: Split][] {
  return [["train", run.train], ...run.evals.map((set): [string, Split] => [set.prefix, set])];
}

/** Optimizer steps taken or skipped: the run's position in the data. */
export function stepsPassed({ state, loop }: Run): number {
  return state.global_step + loop.progress.skippedSteps;
}

/** Whether the run takes no more steps. */
export function isOver(run: Run): boolean {
  const { plan, state, loop } = run;
  if (state.global_step >= plan.maxSteps || loop.control.should_training_stop) return true;
  return positionAfter(plan, stepsPassed(run)).epoch >= plan.epochs;
}

/** Thrown between two micro-batches when the signal aborts; never leaves the trainer. */
export class Stopped extends Error {}

/** A loss or a gradient norm that is not finite: the run ends there. */
export class NotFinite extends PrefineError {
  constructor(message: string, hint: string) {
    super("training", message, hint);
  }
}

/** This process's number in its job. */
export function rankOf({ ranks }: Pick<Run, "ranks">): number {
  return ranks?.world.rank ?? 0;
}

/** The signal to check between two pieces of work; ranks stop together, when they next exchange their results. */
export function ownSignal({ signal, ranks }: Pick<Run, "signal" | "ranks">): AbortSignal | undefined {
  return ranks ? undefined : signal;
}

export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new Stopped("stopped");
}
