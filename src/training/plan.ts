/**
 * @file Divides rows into micro-batches, optimizer steps and epochs, with the arithmetic of transformers' Trainer, and
 * micro-batches among the ranks of a job, with accelerate's.
 */

import { PrefineError } from "../errors.ts";
import { counted } from "../phrases.ts";

export interface PlanOptions {
  num_train_epochs: number;
  /** Above 0: overrides num_train_epochs. */
  max_steps: number;
  per_device_train_batch_size: number;
  gradient_accumulation_steps: number;
  /** Drops the smaller batch at the end of an epoch. Default: false. */
  dataloader_drop_last?: boolean;
  /** Processes that train together, each on batches of its own. Default: 1. */
  ranks?: number;
}

export interface Plan {
  /** Training pairs. */
  rows: number;
  batchSize: number;
  accumulation: number;
  /** Processes that train together. */
  ranks: number;
  /** Micro-batches per epoch of each rank; one process's last one may be smaller, unless it is dropped. */
  batchesPerEpoch: number;
  /** Optimizer steps per epoch; the last one may have fewer micro-batches. */
  stepsPerEpoch: number;
  /** Optimizer steps of the run. */
  maxSteps: number;
  /** Epochs started by the end of the run. */
  epochs: number;
  /** Pairs of the run, for train_samples_per_second; counted as transformers counts them. */
  samples: number;
}

/** A position in the run: the next optimizer step. */
export interface Position {
  epoch: number;
  /** Optimizer step within the epoch. */
  step: number;
}

interface Batches {
  batchSize: number;
  dropLast?: boolean;
  /** Default: 1. */
  ranks?: number;
  /** Name of the rows for messages: `train_dataset`. */
  set: string;
}

/**
 * Number of batches in a pass over the rows, per rank: all ranks have equally many.
 * @throws PrefineError("data") when dropLast leaves none; transformers then trains nothing, or evaluates nothing.
 */
export function countBatches(rows: number, { batchSize, dropLast = false, ranks = 1, set }: Batches): number {
  if (!dropLast) return Math.ceil(Math.ceil(rows / batchSize) / ranks);
  const whole = Math.floor(Math.floor(rows / batchSize) / ranks);
  if (whole > 0) return whole;
  const each = ranks > 1 ? ` for each of ${ranks} ranks` : "";
  const expected = `expected at least one batch of ${counted(batchSize, "pair")}${each} with dataloader_drop_last`;
  throw new PrefineError(
    "data",
    `${set}: ${expected}, found ${rows}`,
    "Lower the batch size, or set dataloader_drop_last to false.",
  );
}

/** @throws PrefineError("data") when there are no rows, or all are dropped. */
export function planTraining(rows: number, options: PlanOptions): Plan {
  if (rows === 0) {
    const hint = "Are all prompts longer than max_length? Those rows are dropped.";
    throw new PrefineError("data", "train_dataset: expected at least one pair, found none", hint);
  }
  const { per_device_train_batch_size: batchSize, gradient_accumulation_steps: accumulation } = options;
  const { dataloader_drop_last: dropLast = false, ranks = 1 } = options;
  if (rows === Number.POSITIVE_INFINITY) return planStream(options.max_steps, { batchSize, accumulation, ranks });
  const batchesPerEpoch = countBatches(rows, { batchSize, dropLast, ranks, set: "train_dataset" });
  const stepsPerEpoch = Math.ceil(batchesPerEpoch / accumulation);
  const bySteps = options.max_steps > 0;
  const maxSteps = bySteps ? options.max_steps : Math.ceil(options.num_train_epochs * stepsPerEpoch);
  return {
    rows,
    batchSize,
    accumulation,
    ranks,
    batchesPerEpoch,
    stepsPerEpoch,
    maxSteps,
    epochs: bySteps ? Math.ceil(maxSteps / stepsPerEpoch) : Math.ceil(options.num_train_epochs),
    samples: bySteps ? maxSteps * batchSize * accumulation * ranks : rows * options.num_train_epochs,
  };
}

/**
 * Of a stream, whose rows have no number: transformers takes max_steps for an epoch. Where the rows end before, the run
 * goes on with the next epoch: see progress.ts.
 */
function planStream(maxSteps: number, sizes: Pick<Plan, "batchSize" | "accumulation" | "ranks">): Plan {
  const { batchSize, accumulation, ranks } = sizes;
  return {
    ...sizes,
    rows: Number.POSITIVE_INFINITY,
    batchesPerEpoch: maxSteps * accumulation,
    stepsPerEpoch: maxSteps,
    maxSteps,
    epochs: Number.MAX_SAFE_INTEGER, // transformers: sys.maxsize
    samples: maxSteps * batchSize * accumulation * ranks,
  };
}

/** The position after `globalStep` optimizer steps: all that resuming needs to know about the order of the rows. */
export function positionAfter(plan: Plan, globalStep: number): Position {
  return { epoch: Math.floor(globalStep / plan.stepsPerEpoch), step: globalStep % plan.stepsPerEpoch };
}

/** Whether the step at `position` is the last of its epoch. */
export function endsEpoch(plan: Plan, { step }: Position): boolean {
  return step === plan.stepsPerEpoch - 1;
}

/** Micro-batches of the step at `position`, as numbers within the epoch; fewer at the end of an epoch. */
export function batchesOf(plan: Plan, { step }: Position): number[] {
  const first = step * plan.accumulation;
  const count = Math.min(plan.accumulation, plan.batchesPerEpoch - first);
  return Array.from({ length: count }, (_, i) => first + i);
}

/** Row numbers of a rank's micro-batch `batch`, given the order of its epoch; null: that of the rows. */
export function rowsOf(plan: Plan, batch: number, order: ArrayLike<number> | null, rank = 0): number[] {
  const places = placesOf(plan, batch, rank);
  return order ? places.map((place) => order[place]) : places;
}

/** A pass over rows in batches. */
export type Pass = Pick<Plan, "rows" | "batchSize" | "ranks">;

/**
 * The places in a pass's order of the rows of a rank's batch. Batches go to the ranks in turn: accelerate's
 * BatchSamplerShard with even_batches. Where several ranks have too few rows for a whole batch each, those of the
 * pass's first round fill up, again and again; the last batch of one process is smaller instead.
 */
export function placesOf({ rows, batchSize, ranks }: Pass, batch: number, rank: number): number[] {
  const first = (batch * ranks + rank) * batchSize;
  const count = ranks > 1 ? batchSize : Math.min(batchSize, rows - first);
  const round = Math.min(rows, ranks * batchSize);
  return Array.from({ length: count }, (_, i) => {
    const slot = first + i;
    return slot < rows ? slot : (slot - rows) % round;
  });
}

/** Epochs done after the step at `position`, with a fraction: `state.epoch`. */
export function epochAfter(plan: Plan, position: Position): number {
  return position.epoch + (batchesOf(plan, position).at(-1)! + 1) / plan.batchesPerEpoch;
}

/** logging_steps, eval_steps or save_steps as a number of steps: a value below 1 is a share of the run, rounded up. */
export function intervalSteps(steps: number, maxSteps: number): number {
  return steps < 1 ? Math.ceil(maxSteps * steps) : steps;
}
