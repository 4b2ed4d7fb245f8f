/** @file Random pairs of short token rows, for the toy learner. */
import { packPair } from "../../src/data/preferences/packPair.ts";
import type { PackedPair } from "../../src/data/preferences/types.ts";
import { Mt19937 } from "../../src/random.ts";
import { VOCABULARY } from "./toyLearner.ts";

/** `rows` pairs of prompts of 1-4 and completions of 1-6 tokens, sequences truncated to 8. */
export function toyPairs(rows: number, seed = 1): PackedPair[] {
  const random = new Mt19937(seed);
  const ids = (most: number) =>
    Array.from({ length: 1 + Math.floor(random.random() * most) }, () => Math.floor(random.random() * VOCABULARY));
  return Array.from({ length: rows }, (_, index) => {
    const pair = { prompt_ids: ids(4), chosen_ids: ids(6), rejected_ids: ids(6) };
    return packPair(pair, { index, max_length: 8, truncation_mode: "keep_start" })!;
  });
}
