/**
 * @file The loop's memory between two steps that no file of transformers holds, in parts with one owner each: the file
 * that is named beside a part is the only one that writes to it, through its functions; all others read.
 * Checkpoints keep it as it is, and know nothing of it.
 */
import { PrefineError } from "../errors.ts";
import { isObject } from "../formats/parseJson.ts";
import type { AdaptiveState } from "../optim/adaptiveSchedules.ts";

/**
 * What has happened since the last optimizer step, so that a resumed run does the rest of it. A step goes through the
 * first three stages, the last step of an epoch through "epochEnded" and "idle", too:
 * "stepTaken": nothing yet; "stepEnded": callbacks were told of the step's end; "stepEvaluated": it was logged,
 * evaluated and saved; "epochEnded": callbacks were told of the epoch's end; "idle": that was logged, evaluated and
 * saved. A run before its first step is idle.
 */
const STAGES = ["stepTaken", "stepEnded", "stepEvaluated", "epochEnded", "idle"] as const;
export type Stage = (typeof STAGES)[number];

/** Where the loop stands. Owner: progress.ts. */
export interface Progress {
  stage: Stage;
  /** Steps that were left out because a callback ended their epoch. */
  skippedSteps: number;
}

/**
 * transformers' TrainerControl, field for field: the flags by which the flow of a training is steered.
 * Owner: callbacks/control.ts; callbacks set them, too.
 */
export interface TrainerControl {
  /** The training ends after this step (and what is due with it). */
  should_training_stop: boolean;
  /** The rest of this epoch is left out. */
  should_epoch_stop: boolean;
  should_save: boolean;
  should_evaluate: boolean;
  should_log: boolean;
}

/** What the log will say of the steps since its last entry, and of the whole run. Owner: evaluation/trainingLog.ts. */
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
  /** Whether an evaluation was the last thing that the model did: TRL then logs no training metrics at the end. */
  evaluatedLast: boolean;
}

/** The evaluation that goes on, and the table of the pairs' margins. Owner: evaluation/logEntries.ts. */
export interface EvaluationProgress {
  /** Evaluation sets that are done. */
  done: number;
  /** Their metrics. */
  metrics: Record<string, number>;
  /** Bytes of the table that belong to the log so far. */
  marginsBytes: number;
}

/** The learning rate, where it follows evaluations. Owner: evaluation/adaptiveRate.ts. */
export interface AdaptiveRate {
  /** Null: it follows none. */
  state: AdaptiveState | null;
}

/** Read-only to all but the owners, who take their part as what it is. */
export interface LoopState {
  readonly progress: Readonly<Progress>;
  readonly control: Readonly<TrainerControl>;
  readonly log: Readonly<TrainingLog>;
  readonly evaluation: Readonly<EvaluationProgress>;
  readonly adaptive: Readonly<AdaptiveRate>;
}

/** Of a run before its first step. */
export function newLoopState(): LoopState {
  return {
    progress: { stage: "idle", skippedSteps: 0 },
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
    evaluation: { done: 0, metrics: {}, marginsBytes: 0 },
    adaptive: { state: null },
  };
}

/** Puts the values of `from` into the parts of `loop`, which stay the same objects: the schedule reads them. */
export function assignLoopState(loop: LoopState, from: LoopState): void {
  for (const part of Object.keys(loop) as (keyof LoopState)[]) Object.assign(loop[part], from[part]);
}

/**
 * What a checkpoint kept, in today's form or in that of checkpoints of format 1.
 * @param where the checkpoint's path, for messages.
 * @throws PrefineError("io") when it is something else.
 */
export function readLoopState(saved: unknown, where: string): LoopState {
  const loop = fromFormat1(saved);
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

/** Format 1 had all values of the parts side by side, and other names of the stages. Anything else is left alone. */
function fromFormat1(saved: unknown): unknown {
  if (!isObject(saved) || typeof saved.stage !== "string") return saved;
  const { stage, skippedSteps = 0, control, evaluation, marginsBytes = 0, adaptive = null, ...log } = saved;
  const start = newLoopState();
  return {
    progress: { stage: STAGES_OF_FORMAT_1[stage], skippedSteps },
    control: control ?? start.control, // the first checkpoints had neither of the two
    log,
    evaluation: isObject(evaluation) ? { ...evaluation, marginsBytes } : start.evaluation,
    adaptive: { state: adaptive },
  };
}

/** Every value of every part is there and of its type; what is beside them does no harm. */
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

/** Whether `value` may stand where `model` stands. Null stands for a state that is optional. */
function isAlike(value: unknown, model: unknown): boolean {
  if (model === null) return value === null || isObject(value);
  if (typeof model === "number") return Number.isFinite(value);
  return typeof value === typeof model && isObject(value) === isObject(model);
}
