/** @file Gradients of a micro-batch, pair by pair, added to those accumulated since the last step. */
import type { PairLogps } from "../data/preferences/types.ts";
import type { HostTensor, Session } from "../engine/runtime/device.ts";
import { float32 } from "../engine/runtime/hostTensor.ts";
import type { GradientPass, TrainedTensors } from "../learner/trainedTensors.ts";
import { LOGPS } from "./batchGraph.ts";
import type { BatchResult, MicroBatch, PairScores } from "./learner.ts";
import type { Graphs } from "./openGraphs.ts";
import { dropoutSeed, lossFeeds, paddedLength, pairFeeds, readScores } from "./pairFeeds.ts";

export interface StepParts {
  trained: TrainedTensors;
  graphs: Pick<Graphs, "training" | "loss">;
  /** The stored tensors of all weights, by their names in the graphs. */
  weightFeeds: Record<string, string>;
  seed: number;
  ldAlpha: number | null;
  /** NEFTune's alpha, and the width of the embeddings that get the noise; null: none do. */
  noise: { alpha: number; channels: number } | null;
}

/** Loss and scores of the batch; adds its gradients to the accumulated ones. */
export function accumulateBatch(parts: StepParts, batch: MicroBatch): Promise<BatchResult> {
  const { training } = parts.graphs;
  return "step" in training ? inOnePass(parts, batch, training) : inTwoPasses(parts, batch, training);
}

/**
 * For losses that are means over pairs: forward and backward in one graph.
 * One pair at a time: batch 8 takes eight times as long as batch 1 in the same memory.
 */
async function inOnePass(parts: StepParts, batch: MicroBatch, { step }: { step: GradientPass }): Promise<BatchResult> {
  const { pairs, referenceLogps, scale } = batch;
  const meanChosenTokens = mean(pairs.map(({ chosenTargets }) => chosenTargets));
  const scores: PairScores[] = [];
  const losses: number[] = [];
  for (const [i, pair] of pairs.entries()) {
    const given = lossFeeds([pair], referenceLogps && [referenceLogps[i]], meanChosenTokens);
    const feeds = { ...feedsOf(parts, batch, i), ...given };
    const outputs = await parts.trained.addGradients(step, feeds, scale / pairs.length);
    losses.push(Number(outputs.get("loss")?.data[0]));
    scores.push(readScores(outputs.get("scores")?.data as Float32Array, pair));
  }
  return { loss: mean(losses), scores };
}

/**
 * For losses that depend on all pairs: scores them, differentiates the loss by their log-probabilities, and pulls that
 * back to the weights pair by pair, with the same dropout masks. Costs one more forward pass per pair.
 */
async function inTwoPasses(
  parts: StepParts,
  batch: MicroBatch,
  { score, pullback }: { score: Session; pullback: GradientPass },
): Promise<BatchResult> {
  const { pairs, referenceLogps, scale } = batch;
  const scores: PairScores[] = [];
  for (const [i, pair] of pairs.entries()) {
    const outputs = await score.run(feedsOf(parts, batch, i));
    scores.push(readScores(outputs.get("scores")?.data as Float32Array, pair));
  }
  const { loss, by } = await batchLoss(parts.graphs.loss, scores, referenceLogps);
  for (const i of pairs.keys()) {
    const slopes = by.map(([name, values]) => [name, float32({ shape: [1], data: values.slice(i, i + 1) })]);
    const feeds = { ...feedsOf(parts, batch, i), ...Object.fromEntries(slopes) };
    await parts.trained.addGradients(pullback, feeds, scale);
  }
  return { loss, scores };
}

/** The loss of scored pairs, and its derivative by each of their log-probabilities. */
export async function batchLoss(
  session: Session,
  scores: readonly PairScores[],
  referenceLogps: readonly PairLogps[] | null,
): Promise<{ loss: number; by: [name: string, values: Float32Array][] }> {
  const column = (value: (pair: PairScores) => number) =>
    float32({ shape: [scores.length], data: Float32Array.from(scores, value) });
  const outputs = await session.run({
    chosenLogps: column(({ logps }) => logps.chosen),
    rejectedLogps: column(({ logps }) => logps.rejected),
    plainChosenLogps: column(({ plainChosenLogps }) => plainChosenLogps),
    weight: column(({ weight }) => weight),
    ...lossFeeds(scores, referenceLogps, mean(scores.map(({ tokens }) => tokens.chosen))),
  });
  const by = LOGPS.map((name): [string, Float32Array] => {
    return [`by.${name}`, outputs.get(`by.${name}`)?.data as Float32Array];
  });
  return { loss: Number(outputs.get("loss")?.data[0]), by };
}

function feedsOf(
  { weightFeeds, seed, ldAlpha, noise }: StepParts,
  { pairs, dropoutStep }: MicroBatch,
  i: number,
): Record<string, string | HostTensor> {
  // transformers scales NEFTune's noise by the padded length of the whole batch
  const noiseSize = noise && noise.alpha / Math.sqrt(paddedLength(pairs) * noise.channels);
  return {
    ...weightFeeds,
    ...pairFeeds(pairs[i], ldAlpha),
    dropoutSeed: dropoutSeed(seed, dropoutStep, i),
    ...(noiseSize === null ? {} : { noiseSize: float32({ shape: [], data: Float32Array.of(noiseSize) }) }),
  };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
