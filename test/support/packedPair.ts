/** @file A packed pair of given ids. */
import type { PackedPair } from "../../src/data/preferences/types.ts";

export function packedPair(prompt: number[], chosen: number[], rejected: number[]): PackedPair {
  const [p, c, r] = [prompt.length, chosen.length, rejected.length];
  const range = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);
  return {
    index: 0,
    tokens: Int32Array.from([...prompt, ...chosen, ...rejected]),
    positions: Int32Array.from([...range(0, p + c), ...range(p, r)]),
    sharedLength: p,
    chosenLength: c,
    rejectedLength: r,
    predictFrom: Int32Array.from([...range(p - 1, c), p - 1, ...range(p + c, r - 1)]),
    labels: Int32Array.from([...chosen, ...rejected]),
    chosenTargets: c,
    completionLengths: { chosen: c, rejected: r },
  };
}
