/** @file In which order an epoch goes through the pairs. */
import { Mt19937 } from "../../random.ts";

export type SamplingStrategy = "random" | "sequential";

/**
 * The order of one epoch: a permutation of 0..n-1.
 * random: torch.randperm under seed + epoch, which is what transformers' Trainer goes through on the CPU.
 * @param options.epoch counted from 0.
 */
export function epochOrder(options: {
  n: number;
  epoch: number;
  seed: number;
  strategy: SamplingStrategy;
}): Int32Array {
  const { n, epoch, seed, strategy } = options;
  return strategy === "random" ? new Mt19937(seed + epoch).randperm(n) : Int32Array.from({ length: n }, (_, i) => i);
}
