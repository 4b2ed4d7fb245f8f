/** @file Compiles the graphs of a run. */
import { compute } from "../engine/runtime/compute.ts";
import type { Device, Session } from "../engine/runtime/device.ts";
import type { GradientGraph } from "../learner/gradientOutputs.ts";
import { trainableOf } from "../learner/trainable.ts";
import type { GradientPass } from "../learner/trainedTensors.ts";
import type { LoraAdapter } from "../models/adapters/lora.ts";
import { HEAD_MODULE } from "../models/network.ts";
import { batchLossGraph } from "./batchGraph.ts";
import type { LearnerOptions } from "./learnerOptions.ts";
import { needsReference, needsWholeBatch } from "./losses/losses.ts";
import { headMean, logpsGraph, type PairGraphOptions, pullbackGraph, scoreGraph, stepGraph } from "./pairGraphs.ts";

export interface Graphs {
  /** Training on a micro-batch: in one pass per pair, or, for losses of the whole batch, in two. */
  training: { step: GradientPass } | { score: Session; pullback: GradientPass };
  score: Session;
  /** Null: no loss uses a reference. */
  referenceSession: Session | null;
  loss: Session;
}

/** Compiles them; the weights must be in the device. */
export async function openGraphs(device: Device, options: LearnerOptions): Promise<Graphs> {
  const { referenceModel, referenceAdapter, objective } = options;
  const lowered = lowerPolicy(options);
  const { policy } = lowered;
  if (policy.frozenHead) await storeHeadMean(device, policy);
  const types = objective.losses.map(({ type }) => type);
  const other = referenceModel && {
    ...policy,
    architecture: referenceModel.architecture,
    adapter: referenceAdapter?.adapter ?? null,
    frozenHead: true,
  };
  const score = await device.open(scoreGraph(policy), "score");
  return {
    training: await openTraining(device, lowered, { dropout: options.dropout, score }),
    score,
    referenceSession: needsReference(types) ? await device.open(logpsGraph(other ?? policy), "reference") : null,
    loss: await device.open(batchLossGraph(objective), "loss"),
  };
}

interface LoweredPolicy {
  policy: PairGraphOptions;
  /** The graph that computes the gradients. */
  pass: GradientGraph;
  /** Whether it is the second of two passes: a loss depends on the whole batch. */
  isWholeBatch: boolean;
}

/**
 * The common part of the policy's graphs, and the training pass, which decides whether all of them keep memory tight.
 * They do not if all weights are trained: gaps between gradients of 150 MB cost more than the tight shapes save (3.6 GB
 * instead of 3.4).
 */
function lowerPolicy(options: LearnerOptions): LoweredPolicy {
  const { model, adapter, objective, dropout, noiseAlpha, gradientCheckpointing: checkpointing = false } = options;
  const { losses, ldAlpha, useWeighting } = objective;
  const policy: PairGraphOptions = {
    architecture: model.architecture,
    adapter,
    frozenHead: isHeadFrozen(adapter),
    ldAlpha,
    useWeighting,
    noise: noiseAlpha !== undefined,
    checkpointing,
    tightMemory: checkpointing && adapter !== null,
  };
  const step = { ...policy, dropout, trainable: trainableOf(options).map(({ name }) => name) };
  const isWholeBatch = needsWholeBatch(losses.map(({ type }) => type));
  const pass = isWholeBatch ? pullbackGraph(step) : stepGraph(step, objective);
  return { policy: { ...policy, tightMemory: pass.tightMemory }, pass, isWholeBatch };
}

async function storeHeadMean(device: Device, { architecture }: PairGraphOptions): Promise<void> {
  const mean = headMean(architecture);
  await compute(device, "head-mean", { headMean: mean }, { fetches: { headMean: { store: "headMean" } } });
}

async function openTraining(
  device: Device,
  { policy, pass, isWholeBatch }: LoweredPolicy,
  { dropout, score }: { dropout: boolean; score: Session },
): Promise<Graphs["training"]> {
  const opened = async (name: string) => ({ session: await device.open(pass, name), gradients: pass.gradients });
  if (!isWholeBatch) return { step: await opened("step") };
  return {
    score: dropout || policy.noise ? await device.open(scoreGraph(policy, { dropout }), "score-dropout") : score,
    pullback: await opened("pullback"),
  };
}

/** Not if all weights are trained, nor with modules_to_save: [lm_head] or an adapter on the head. */
function isHeadFrozen(adapter: LoraAdapter | null): boolean {
  return adapter !== null && !adapter.saved.has(`${HEAD_MODULE}.weight`) && !adapter.layers.has(HEAD_MODULE);
}
