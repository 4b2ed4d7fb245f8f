/** @file The compiled graphs of a run. */
import type { Device, Session } from "../engine/runtime/device.ts";
import type { LoraAdapter } from "../models/lora.ts";
import { HEAD_MODULE } from "../models/network.ts";
import { batchLossGraph } from "./batchGraph.ts";
import type { LearnerOptions } from "./learnerOptions.ts";
import { needsReference, needsWholeBatch } from "./losses/losses.ts";
import {
  headMeanGraph,
  logpsGraph,
  type PairGraphOptions,
  pullbackGraph,
  scoreGraph,
  stepGraph,
} from "./pairGraphs.ts";
import { trainableOf } from "./trainable.ts";

export interface Graphs {
  /** How a micro-batch is trained on: in one pass a pair, or, for losses of the whole batch, in two. */
  training: { step: Session } | { score: Session; pullback: Session };
  score: Session;
  /** Null: no loss uses a reference. */
  reference: Session | null;
  loss: Session;
}

/** Compiles them; needs the weights in the device. */
export async function openGraphs(device: Device, options: LearnerOptions): Promise<Graphs> {
  const { model, adapter, referenceModel, referenceAdapter, objective } = options;
  const { architecture } = model;
  const { ldAlpha, useWeighting } = objective;
  const noise = options.noiseAlpha !== undefined;
  const graph = { ldAlpha, useWeighting, noise, checkpointing: options.gradientCheckpointing ?? false };
  const policy: PairGraphOptions = { architecture, adapter, frozenHead: isHeadFrozen(adapter), ...graph };
  if (policy.frozenHead) {
    const mean = await device.open(headMeanGraph(architecture));
    await mean.run({ [architecture.head]: architecture.head }, { headMean: { store: "headMean" } });
    await mean.release();
  }
  const types = objective.losses.map(({ type }) => type);
  const other = referenceModel && {
    ...policy,
    architecture: referenceModel.architecture,
    adapter: referenceAdapter?.shape ?? null,
    frozenHead: true,
  };
  const score = await device.open(scoreGraph(policy));
  return {
    training: await openTraining(device, options, { policy, score }),
    score,
    reference: needsReference(types) ? await device.open(logpsGraph(other ?? policy)) : null,
    loss: await device.open(batchLossGraph(objective)),
  };
}

async function openTraining(
  device: Device,
  options: LearnerOptions,
  { policy, score }: { policy: PairGraphOptions; score: Session },
): Promise<Graphs["training"]> {
  const { objective, dropout } = options;
  const trainable = trainableOf(options).map(({ name }) => name);
  const step = { ...policy, dropout, trainable };
  if (!needsWholeBatch(objective.losses.map(({ type }) => type))) {
    return { step: await device.open(stepGraph(step, objective)) };
  }
  return {
    score: dropout || policy.noise ? await device.open(scoreGraph(policy, { dropout })) : score,
    pullback: await device.open(pullbackGraph(step)),
  };
}

/** Not with all weights in training, nor with modules_to_save: [lm_head] or an untied head's own layer. */
function isHeadFrozen(adapter: LoraAdapter | null): boolean {
  return adapter !== null && !adapter.saved.has(`${HEAD_MODULE}.weight`);
}
