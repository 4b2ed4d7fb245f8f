/** @file Inputs and outputs of a pair's graphs: its feeds, and its scores. */
import type { PackedPair, PairLogps } from "../data/preferences/types.ts";
import type { HostTensor } from "../engine/runtime/device.ts";
import { float32 } from "../engine/runtime/hostTensor.ts";
import { largest } from "../lists.ts";
import type { PairScores } from "./learner.ts";
import { SCORES } from "./pairGraphs.ts";

const int32 = (data: Int32Array): HostTensor => ({ dtype: "int32", shape: [data.length], data });
const int64 = (...values: number[]): HostTensor => {
  return { dtype: "int64", shape: [values.length], data: BigInt64Array.from(values, BigInt) };
};

/**
 * The feeds of a packed pair.
 * @param ldAlpha weight of a completion's tokens beyond the length of the shorter one (LD-DPO).
 */
export function pairFeeds(pair: PackedPair, ldAlpha: number | null = null): Record<string, HostTensor> {
  const targets = targetsOf(pair);
  const shared = Math.min(...targets);
  const perTarget = (value: (index: number, count: number) => number): HostTensor => {
    const data = targets.flatMap((count) => Array.from({ length: count }, (_, i) => value(i, count)));
    return float32({ shape: [data.length], data: Float32Array.from(data) });
  };
  return {
    tokens: int32(pair.tokens),
    positions: int32(pair.positions),
    sizes: int64(...[pair.sharedLength, pair.chosenLength, pair.rejectedLength].flatMap(halves)),
    predictFrom: int32(pair.predictFrom),
    labels: int32(pair.labels),
    targets: int64(...targets),
    ...(ldAlpha === null ? {} : { tokenWeights: perTarget((i) => (i < shared ? 1 : ldAlpha)) }),
    tokenShares: perTarget((_, count) => 1 / count),
  };
}

const halves = (length: number) => [Math.ceil(length / 2), Math.floor(length / 2)];

const targetsOf = ({ chosenTargets, labels }: PackedPair) => [chosenTargets, labels.length - chosenTargets];

/**
 * The feeds of a loss besides the policy's log-probabilities.
 * @param meanChosenTokens predicted chosen tokens per pair, over the whole batch.
 */
export function lossFeeds(
  pairs: readonly Pick<PackedPair, "completionLengths" | "winRates">[],
  referenceLogps: readonly PairLogps[] | null,
  meanChosenTokens: number,
): Record<string, HostTensor> {
  const column = (values: number[]) => float32({ shape: [values.length], data: Float32Array.from(values) });
  const length = (side: "chosen" | "rejected") =>
    column(pairs.map(({ completionLengths }) => Math.max(1, completionLengths[side])));
  return {
    chosenLength: length("chosen"),
    rejectedLength: length("rejected"),
    ...winFeeds(pairs, column),
    meanChosenTokens: float32({ shape: [], data: Float32Array.of(meanChosenTokens) }),
    ...(referenceLogps && {
      referenceChosen: column(referenceLogps.map(({ chosen }) => chosen)),
      referenceRejected: column(referenceLogps.map(({ rejected }) => rejected)),
    }),
  };
}

/** How often each answer wins, where the rows say so. */
function winFeeds(
  pairs: readonly Pick<PackedPair, "winRates">[],
  column: (values: number[]) => HostTensor,
): Record<string, HostTensor> {
  const rates = pairs.flatMap(({ winRates }) => winRates ?? []);
  if (rates.length < pairs.length) return {};
  const of = (side: "chosen" | "rejected") => column(rates.map((pair) => pair[side]));
  return { chosenWins: of("chosen"), rejectedWins: of("rejected") };
}

/** Parses the output `scores`, which is in the order of SCORES. */
export function readScores(values: Float32Array, pair: PackedPair): PairScores {
  const named = Object.fromEntries(SCORES.map((name, i) => [name, values[i]])) as Record<
    (typeof SCORES)[number],
    number
  >;
  const [chosen, rejected] = targetsOf(pair);
  return {
    logps: { chosen: named.chosenLogps, rejected: named.rejectedLogps },
    plainChosenLogps: named.plainChosenLogps,
    weight: named.weight,
    entropySum: named.entropy,
    logitsSum: { chosen: named.chosenLogits, rejected: named.rejectedLogits },
    chosenCorrect: named.chosenCorrect,
    tokens: { chosen, rejected },
    completionLengths: pair.completionLengths,
    winRates: pair.winRates,
  };
}

/** Length to which TRL pads a batch of pairs, each of which is two rows. */
export function paddedLength(pairs: readonly PackedPair[]): number {
  return largest(
    pairs.map(
      ({ sharedLength, chosenLength, rejectedLength }) => sharedLength + Math.max(chosenLength, rejectedLength),
    ),
  );
}

/** 32 bits that differ for every (seed, micro-batch, pair). */
export function dropoutSeed(seed: number, dropoutStep: number, position: number): HostTensor {
  let bits = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b);
  for (const part of [dropoutStep, position]) bits = Math.imul(bits ^ (part + 0x7f4a7c15), 0xc2b2ae35) ^ (bits >>> 15);
  return { dtype: "uint32", shape: [], data: Uint32Array.of(bits >>> 0) };
}
