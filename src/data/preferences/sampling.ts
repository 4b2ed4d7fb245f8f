/** @file The order of the pairs in an epoch. */
import { Mt19937 } from "../../random.ts";

export type SamplingStrategy = "random" | "sequential" | "group_by_length";

export interface OrderOptions {
  n: number;
  /** Counted from 0. */
  epoch: number;
  seed: number;
  strategy: SamplingStrategy;
  /** For group_by_length: tokens per row, and rows per optimizer step. */
  groups?: { lengths: ArrayLike<number>; rowsPerStep: number };
}

/**
 * The order of one epoch: a permutation of 0..n-1.
 * random: torch.randperm seeded with seed + epoch, as in transformers' Trainer on the CPU.
 * group_by_length: transformers' LengthGroupedSampler over that permutation. transformers draws it from torch's global
 * generator, whose state depends on all earlier draws; here it is a function of seed and epoch.
 */
export function epochOrder({ n, epoch, seed, strategy, groups }: OrderOptions): Int32Array {
  if (strategy === "sequential") return Int32Array.from({ length: n }, (_, i) => i);
  const order = new Mt19937(seed + epoch).randperm(n);
  if (strategy === "random") return order;
  if (!groups) throw new Error("internal: group_by_length without lengths");
  return groupByLength(order, groups);
}

/** Rows sorted by length, longest first, within each megabatch of up to 50 steps; the longest of all comes first. */
function groupByLength(order: Int32Array, { lengths, rowsPerStep }: NonNullable<OrderOptions["groups"]>): Int32Array {
  const steps = Math.max(1, Math.min(50, Math.floor(order.length / (4 * rowsPerStep))));
  const size = steps * rowsPerStep;
  const grouped = new Int32Array(order.length);
  let longest = 0;
  for (let start = 0; start < order.length; start += size) {
    grouped.set(
      Array.from(order.subarray(start, start + size)).sort((a, b) => lengths[b] - lengths[a]),
      start,
    );
    if (lengths[grouped[start]] > lengths[grouped[longest]]) longest = start;
  }
  [grouped[0], grouped[longest]] = [grouped[longest], grouped[0]];
  return grouped;
}
