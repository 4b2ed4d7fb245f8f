/** @file Gradients of a micro-batch, pair by pair, added to what has accumulated since the last step. */
import type { PackedPair, PairLogps } from "../data/preferences/types.ts";
import type { Session } from "../engine/runtime/device.ts";
import type { BatchResult, PairScores } from "./learner.ts";
import { dropoutSeed, float32, pairFeeds, readScores } from "./pairFeeds.ts";
import type { TrainedTensors } from "./trainedTensors.ts";

export interface MicroBatch {
  pairs: readonly PackedPair[];
  reference: readonly PairLogps[];
  /** 1 / number of micro-batches in an optimizer step. */
  scale: number;
  /** Different for every micro-batch of the run. */
  dropoutStep: number;
}

export interface StepParts {
  trained: TrainedTensors;
  step: Session;
  /** The stored tensors of all weights, by the names that the graphs know. */
  weightFeeds: Record<string, string>;
  seed: number;
}

/** Loss and scores of the batch; its gradients are added to the accumulated ones. */
export async function accumulateBatch(
  { trained, step, weightFeeds, seed }: StepParts,
  { pairs, reference, scale, dropoutStep }: MicroBatch,
): Promise<BatchResult> {
  const scores: PairScores[] = [];
  let lossSum = 0;
  // one pair at a time: batch 8 costs eight times the time and once the memory of batch 1
  for (const [i, pair] of pairs.entries()) {
    const { chosen, rejected } = reference[i];
    const feeds = {
      ...weightFeeds,
      ...pairFeeds(pair),
      referenceChosen: float32({ shape: [1], data: Float32Array.of(chosen) }),
      referenceRejected: float32({ shape: [1], data: Float32Array.of(rejected) }),
      dropoutSeed: dropoutSeed(seed, dropoutStep, i),
    };
    const outputs = await trained.addGradients(scale / pairs.length, (gradients) => step.run(feeds, gradients));
    lossSum += Number(outputs.get("loss")?.data[0]);
    scores.push(readScores(outputs.get("scores")?.data as Float32Array, pair));
  }
  return { loss: lossSum / pairs.length, scores };
}
