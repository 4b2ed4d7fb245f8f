/** @file The compiled graphs of a run. */
import type { Device, Session } from "../engine/runtime/device.ts";
import type { LearnerOptions } from "./learnerOptions.ts";
import { headMeanGraph, logpsGraph, lossGraph, type PairGraphOptions, scoreGraph, stepGraph } from "./pairGraphs.ts";
import { trainableOf } from "./trainable.ts";

export interface Graphs {
  step: Session;
  score: Session;
  reference: Session;
  loss: Session;
}

/** Compiles them; needs the weights in the device. */
export async function openGraphs(device: Device, options: LearnerOptions): Promise<Graphs> {
  const { model, adapter, referenceModel, lossType, beta, dropout } = options;
  const { architecture } = model;
  const policy: PairGraphOptions = { architecture, adapter, frozenHead: adapter !== null };
  const trainable = trainableOf(options).map(({ name }) => name);
  const other = referenceModel && { architecture: referenceModel.architecture, adapter: null, frozenHead: true };
  if (policy.frozenHead) {
    const mean = await device.open(headMeanGraph(architecture));
    await mean.run({ [architecture.head]: architecture.head }, { headMean: { store: "headMean" } });
    await mean.release();
  }
  return {
    step: await device.open(stepGraph({ ...policy, lossType, beta, dropout, trainable })),
    score: await device.open(scoreGraph(policy)),
    reference: await device.open(logpsGraph(other ?? policy)),
    loss: await device.open(lossGraph({ lossType, beta })),
  };
}
