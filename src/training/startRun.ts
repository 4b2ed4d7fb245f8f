/** @file Creates a run at its first step. */

import { newTrainerState } from "../checkpoints/trainerState.ts";
import type { DPOConfig } from "../config/DPOConfig.ts";
import { epochOrder, type SamplingStrategy } from "../data/preferences/sampling.ts";
import { createAdaptiveSchedule } from "../optim/adaptiveSchedules.ts";
import { createSchedule } from "../optim/schedules.ts";
import { counted } from "../phrases.ts";
import { Callbacks } from "./callbacks/callbacks.ts";
import { continueRate } from "./evaluation/adaptiveRate.ts";
import { writeLearner } from "./learnerState.ts";
import { assignLoopState, newLoopState } from "./loopState.ts";
import { countBatches, intervalSteps, planTraining } from "./plan.ts";
import type { Platform } from "./platform.ts";
import { createReferenceLogps } from "./reference/referenceLogps.ts";
import { type EvaluationSet, evaluationSetName, type PairSource, type Run, type RunParts, type Split } from "./run.ts";

/** A run before its first step; also the state that a trainer shows before it trains. */
export function createRun(parts: RunParts, platform: Platform): Run {
  const { args, learner } = parts;
  const ranks = parts.ranks?.world.size ?? 1;
  const plan = planTraining(parts.train.length, { ...args, ranks });
  const state = newTrainerState();
  state.max_steps = plan.maxSteps;
  state.num_train_epochs = plan.epochs;
  state.train_batch_size = args.per_device_train_batch_size;
  state.logging_steps = intervalSteps(args.logging_steps, plan.maxSteps);
  state.save_steps = intervalSteps(args.save_steps, plan.maxSteps);
  if (args.eval_steps !== null) state.eval_steps = intervalSteps(args.eval_steps, plan.maxSteps);
  const split = (pairs: PairSource): Split => ({ pairs, referenceLogps: createReferenceLogps(learner, pairs.length) });
  const evals = [...parts.evals].map(([prefix, pairs]): EvaluationSet => ({ prefix, ...split(pairs) }));
  const adaptive = createAdaptiveSchedule(args);
  const loop = newLoopState();
  continueRate({ adaptive, loop });
  return {
    ...parts,
    fingerprint: ranks > 1 ? { ...parts.fingerprint, ranks } : parts.fingerprint,
    platform,
    output: platform.storage.folder(args.output_dir),
    plan,
    adaptive,
    schedule: adaptive
      ? () => loop.adaptive.state?.rate ?? args.learning_rate
      : createSchedule({ ...args, trainingSteps: plan.maxSteps }),
    order: orders(parts.train, args),
    train: split(parts.train),
    evals,
    callbacks: parts.callbacks ?? new Callbacks(),
    state,
    loop,
    signal: undefined,
    lock: undefined,
    marginsFile: undefined,
    ownsOutput: false,
    isUntouched: true,
    isUpdating: false,
  };
}

/** TRL's order, cached for the current epoch. */
function orders(pairs: PairSource, args: DPOConfig): Run["order"] {
  if (pairs.length === Number.POSITIVE_INFINITY) return () => null;
  const { seed, data_seed, train_sampling_strategy } = args;
  const strategy = train_sampling_strategy as SamplingStrategy; // the config refuses all others
  const rowsPerStep = args.per_device_train_batch_size * args.gradient_accumulation_steps;
  const isGrouped = strategy === "group_by_length";
  const lengths = isGrouped ? lengthsOf(pairs) : new Int32Array(0);
  let current: { epoch: number; order: Int32Array } | undefined;
  return (epoch) => {
    if (current?.epoch === epoch) return current.order;
    const groups = { lengths, rowsPerStep };
    const order = epochOrder({ n: pairs.length, epoch, seed: data_seed ?? seed, strategy, groups });
    current = { epoch, order };
    return order;
  };
}

function lengthsOf({ lengths }: PairSource): Int32Array {
  if (!lengths) throw new Error("internal: group_by_length needs the lengths of all pairs");
  return lengths;
}

/**
 * Warns about pairs that the run never uses; transformers does not. In a random order other pairs are dropped in every
 * epoch, which needs no warning.
 * @throws PrefineError("data") for an evaluation set that is smaller than a batch.
 */
export function checkDropped({ args, train, evals, plan, observer }: Run): void {
  if (!args.dataloader_drop_last) return;
  const batchSize = args.per_device_eval_batch_size;
  for (const { prefix, pairs } of evals) {
    const set = evaluationSetName(prefix);
    const batches = countBatches(pairs.length, { batchSize, dropLast: true, ranks: plan.ranks, set });
    const dropped = pairs.length - batchSize * plan.ranks * batches;
    if (dropped > 0) observer.warn(unseen(dropped, `${counted(pairs.length, "pair")} of ${set} are never evaluated`));
  }
  const left = train.pairs.length - plan.batchSize * plan.ranks * plan.batchesPerEpoch;
  if (left > 0 && args.train_sampling_strategy === "sequential")
    observer.warn(unseen(left, `${counted(train.pairs.length, "pair")} of train_dataset are never trained on`));
}

const unseen = (count: number, rest: string) => `dataloader_drop_last: the last ${count} of ${rest}`;

/** Resets log and state to those before the first step; keeps weights and reference log-probabilities. */
export function resetState(run: Run): void {
  const evals = new Map(run.evals.map(({ prefix, pairs }) => [prefix, pairs]));
  const { state, loop } = createRun({ ...run, train: run.train.pairs, evals }, run.platform);
  Object.assign(run.state, state);
  assignLoopState(run.loop, loop);
}

/** Resets the optimizer to its state before the first step, without gradients, for a second `train`. */
export async function resetOptimizer({ learner }: Run): Promise<void> {
  const zeros = learner.optimizerState.map(({ name, shape, dtype }) => {
    const size = shape.reduce((product, length) => product * length, 1);
    const read = async () => (dtype === "uint8" ? new Uint8Array(size) : new Float32Array(size));
    return [name, { shape, dtype: dtype === "uint8" ? "U8" : "F32", read }] as const;
  });
  await writeLearner(learner, { weights: new Map(), optimizer: new Map(zeros), optimizerStep: 0 });
}
