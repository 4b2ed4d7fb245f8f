/** @file The compiled graphs of a run. */
import type { Device, Session } from "../engine/runtime/device.ts";
import type { LoraAdapter } from "../models/lora.ts";
import { HEAD_MODULE } from "../models/network.ts";
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
  const policy: PairGraphOptions = { architecture, adapter, frozenHead: isHeadFrozen(adapter) };
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

/** Not with all weights in training, nor with modules_to_save: [lm_head] or an untied head's own layer. */
function isHeadFrozen(adapter: LoraAdapter | null): boolean {
  return adapter !== null && !adapter.saved.has(`${HEAD_MODULE}.weight`);
}
