/** @file What goes into the graphs of a pair, and the scores that come out of them. */
import type { PackedPair } from "../data/preferences/types.ts";
import type { HostTensor } from "../engine/runtime/device.ts";
import type { PairScores } from "./learner.ts";
import { SCORES } from "./pairGraphs.ts";

export const float32 = ({ shape, data }: { shape: readonly number[]; data: Float32Array }): HostTensor => ({
  dtype: "float32",
  shape,
  data,
});
const int32 = (data: Int32Array): HostTensor => ({ dtype: "int32", shape: [data.length], data });
const int64 = (...values: number[]): HostTensor => {
  return { dtype: "int64", shape: [values.length], data: BigInt64Array.from(values, BigInt) };
};

/** The feeds of a packed pair. */
export function pairFeeds(pair: PackedPair): Record<string, HostTensor> {
  return {
    tokens: int32(pair.tokens),
    positions: int32(pair.positions),
    sizes: int64(pair.sharedLength, pair.chosenLength, pair.rejectedLength),
    predictFrom: int32(pair.predictFrom),
    labels: int32(pair.labels),
    targets: int64(pair.chosenTargets, pair.labels.length - pair.chosenTargets),
  };
}

/** The output `scores`, which is in the order of SCORES. */
export function readScores(values: Float32Array, pair: PackedPair): PairScores {
  const [chosen, rejected, entropySum, chosenLogits, rejectedLogits, chosenCorrect] = SCORES.map((_, i) => values[i]);
  return {
    logps: { chosen, rejected },
    entropySum,
    logitsSum: { chosen: chosenLogits, rejected: rejectedLogits },
    chosenCorrect,
    tokens: { chosen: pair.chosenTargets, rejected: pair.labels.length - pair.chosenTargets },
  };
}

/** 32 bits that differ for every (seed, micro-batch, pair). */
export function dropoutSeed(seed: number, dropoutStep: number, position: number): HostTensor {
  let bits = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b);
  for (const part of [dropoutStep, position]) bits = Math.imul(bits ^ (part + 0x7f4a7c15), 0xc2b2ae35) ^ (bits >>> 15);
  return { dtype: "uint32", shape: [], data: Uint32Array.of(bits >>> 0) };
}
