/**
 * @file The loop's state between two steps that is in none of transformers' files, in parts with one owner each: only
 * the file named as a part's owner writes to it, through its functions; all others read.
 * Checkpoints store it as opaque data.
 */
import { PrefineError } from "../errors.ts";
import { isObject } from "../formats/parseJson.ts";
import type { AdaptiveState } from "../optim/adaptiveSchedules.ts";

/**
 * Work done since the last optimizer step, so that a resumed run does only the rest. A step goes through the first
 * three stages, the last step of an epoch also through "epochEnded" and "idle":
 * "stepTaken": nothing yet; "stepEnded": on_step_end was called; "stepEvaluated": the step was logged, evaluated and
 * saved; "epochEnded": on_epoch_end was called; "idle": the epoch was logged, evaluated and saved. A run before its
 * first step is idle.
 */
const STAGES = ["stepTaken", "stepEnded", "stepEvaluated", "epochEnded", "idle"] as const;
export type Stage = (typeof STAGES)[number];

/** The loop's position. Owner: progress.ts. */
export interface Progress {
  stage: Stage;
  /** Steps skipped because a callback ended their epoch. */
  skippedSteps: number;
  /** The stream's rows have ended with the last step, so that the next one begins an epoch. */
  hasEnded: boolean;
  /**
   * Hash of the pairs that have been trained on: of a stream, in this epoch (of ranks with files of their own, JSON);
   * of a dataset, in the first one.
   */
  givenHash: string;
  /** Step at which optimizer and learning rate schedule began: above 0 after a resume without an optimizer. */
  freshSince: number;
}

/**
 * transformers' TrainerControl, field by field: flags that control a training.
 * Owner: callbacks/control.ts; callbacks also set them.
 */
export interface TrainerControl {
  /** The training ends after this step (and the work due after it). */
  should_training_stop: boolean;
  /** The rest of this epoch is skipped. */
  should_epoch_stop: boolean;
  should_save: boolean;
  should_evaluate: boolean;
  should_log: boolean;
}

/** Losses and metrics since the last log entry and of the whole run. Owner: evaluation/trainingLog.ts. */
export interface TrainingLog {
  /** Sum of the losses since the last entry, as float32. */
  pendingLoss: number;
  /** Sum of the losses that have been logged. */
  loggedLoss: number;
  /** global_step of the last entry. */
  lastLoggedStep: number;
  lastGradNorm: number;
  lastLearningRate: number;
  /** Sum over the micro-batches since the last entry and their number, by metric: TRL's `_metrics["train"]`. */
  pendingMetrics: Record<string, [sum: number, count: number]>;
  /** Tokens of the training micro-batches so far: TRL's `_total_train_tokens`. */
  totalTrainTokens: number;
  /** Whether the model's last work was an evaluation: TRL then logs no training metrics at the end. */
  evaluatedLast: boolean;
}

/** The evaluation in progress, and the table of margins. Owner: evaluation/logEntries.ts. */
export interface EvaluationProgress {
  /** Number of finished evaluation sets. */
  done: number;
  /** Their metrics. */
  metrics: Record<string, number>;
  /** Bytes of the table that belong to the log so far, and their SHA-256. */
  marginsBytes: number;
  marginsSha256: string;
}

/** A learning rate that depends on evaluations. Owner: evaluation/adaptiveRate.ts. */
export interface AdaptiveRate {
  /** Null: the schedule does not depend on evaluations. */
  state: AdaptiveState | null;
}

/** Read-only to all but the owners, which use their part's mutable type. */
export interface LoopState {
  readonly progress: Readonly<Progress>;
  readonly control: Readonly<TrainerControl>;
  readonly log: Readonly<TrainingLog>;
  readonly evaluation: Readonly<EvaluationProgress>;
  readonly adaptive: Readonly<AdaptiveRate>;
}

/** State of a run before its first step. */
export function newLoopState(): LoopState {
  return {
    progress: { stage: "idle", skippedSteps: 0, hasEnded: false, givenHash: "", freshSince: 0 },
    control: {
      should_training_stop: false,
      should_epoch_stop: false,
      should_save: false,
      should_evaluate: false,
      should_log: false,
    },
    log: {
      pendingLoss: 0,
      loggedLoss: 0,
      lastLoggedStep: 0,
      lastGradNorm: 0,
      lastLearningRate: 0,
      pendingMetrics: {},
      totalTrainTokens: 0,
      evaluatedLast: false,
    },
    evaluation: { done: 0, metrics: {}, marginsBytes: 0, marginsSha256: "" },
    adaptive: { state: null },
  };
}

/** Copies the values of `from` into the parts of `loop`; these stay the same objects, as the schedule reads them. */
export function assignLoopState(loop: LoopState, from: LoopState): void {
  for (const part of Object.keys(loop) as (keyof LoopState)[]) Object.assign(loop[part], from[part]);
}

/**
 * Reads a checkpoint's loop state, in the current form or in that of format 1.
 * @param where the checkpoint's path, for messages.
 * @throws PrefineError("io") for anything else.
 */
export function readLoopState(saved: unknown, where: string): LoopState {
  const loop = fromFormat2(fromFormat1(saved));
  if (isLoopState(loop)) return structuredClone(loop);
  const message = `${where}: expected the state of a training loop, found something else`;
  throw new PrefineError("io", message, "Is the checkpoint damaged? Resume from another one.");
}

const STAGES_OF_FORMAT_1: Readonly<Record<string, Stage>> = {
  step: "stepTaken",
  "step ended": "stepEnded",
  evaluated: "stepEvaluated",
  "epoch ended": "epochEnded",
  epoch: "idle",
};

/** Format 1 had the values of all parts in one object, and other stage names. Anything else is returned unchanged. */
function fromFormat1(saved: unknown): unknown {
  if (!isObject(saved) || typeof saved.stage !== "string") return saved;
  const { stage, skippedSteps = 0, control, evaluation, marginsBytes = 0, adaptive = null, ...log } = saved;
  const start = newLoopState();
  return {
    progress: { stage: STAGES_OF_FORMAT_1[stage], skippedSteps },
    control: control ?? start.control, // the first checkpoints had no control and no evaluation
    log,
    evaluation: isObject(evaluation) ? { ...evaluation, marginsBytes } : start.evaluation,
    adaptive: { state: adaptive },
  };
}

/** Formats 1 and 2 had no hash of the table, and only optimizers of the whole run. */
function fromFormat2(saved: unknown): unknown {
  if (!isObject(saved)) return saved;
  const { progress, evaluation } = saved;
  return {
    ...saved,
    progress: isObject(progress) ? { freshSince: 0, hasEnded: false, givenHash: "", ...progress } : progress,
    evaluation: isObject(evaluation) ? { marginsSha256: "", ...evaluation } : evaluation,
  };
}

/** Whether every value of every part is present and of the right type; additional values are allowed. */
function isLoopState(saved: unknown): saved is LoopState {
  if (!isObject(saved)) return false;
  const isWhole = Object.entries(newLoopState()).every(([part, values]) => {
    const own = saved[part];
    return isObject(own) && Object.entries(values).every(([name, value]) => isAlike(own[name], value));
  });
  if (!isWhole) return false;
  const { progress, log, evaluation, adaptive } = saved as unknown as LoopState;
  const isNumber = (value: unknown) => value === null || typeof value === "number"; // JSON's null: not finite
  const isSum = (value: unknown) => Array.isArray(value) && value.length === 2 && value.every(isNumber);
  return (
    STAGES.includes(progress.stage) &&
    Object.values(log.pendingMetrics).every(isSum) &&
    Object.values(evaluation.metrics).every(isNumber) &&
    (adaptive.state === null || Number.isFinite(adaptive.state.rate))
  );
}

/** Whether `value` has the type of `model`. A null in `model` means an optional object. */
function isAlike(value: unknown, model: unknown): boolean {
  if (model === null) return value === null || isObject(value);
  if (typeof model === "number") return Number.isFinite(value);
  return typeof value === typeof model && isObject(value) === isObject(model);
}
