/** @file Complete states of a learner, and of a folder of saved weights. Runs read them tensor by tensor. */
import { ADAPTER_WEIGHTS } from "../../src/checkpoints/adapter.ts";
import { MODEL_WEIGHTS, readTensorFile, type SavedModel } from "../../src/checkpoints/modelFiles.ts";
import { dataOf, type SavedTensors, type StateTensor } from "../../src/checkpoints/tensors.ts";
import { folderAt } from "../../src/disk/nodeStorage.ts";
import type { Learner } from "../../src/dpo/learner.ts";
import type { LearnerState } from "../../src/learner/learnerState.ts";

/** Copies of the trained weights and of the optimizer's state. */
export async function readState(learner: Learner): Promise<LearnerState> {
  const read = async (tensors: readonly { name: string; shape: readonly number[] }[]) => {
    const copies = new Map<string, StateTensor>();
    for (const { name, shape } of tensors)
      copies.set(name, { shape: [...shape], data: await learner.readTensor(name) });
    return copies;
  };
  const weights = (await read(learner.trainable)) as LearnerState["weights"];
  return { weights, optimizer: await read(learner.optimizerState), optimizerStep: learner.optimizerStep };
}

/** The tensors' values. */
export async function readAll(tensors: SavedTensors): Promise<Map<string, { shape: number[]; data: Float32Array }>> {
  const all = new Map<string, { shape: number[]; data: Float32Array }>();
  for (const [name, tensor] of tensors) {
    all.set(name, { shape: [...tensor.shape], data: (await dataOf(tensor)) as Float32Array });
  }
  return all;
}

/** All tensors saved by a run in a folder. */
export async function savedWeights(dir: string, kind: SavedModel["kind"]) {
  return readAll(await readTensorFile(folderAt(dir), kind === "adapter" ? ADAPTER_WEIGHTS : MODEL_WEIGHTS));
}
