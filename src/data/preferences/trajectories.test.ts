/** @file Tokens, kept rows and the order of epochs equal those of TRL's own training runs. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { hasReference, isElsewhere, needsReference, referenceFolder } from "../../../test/support/shared.ts";
import { AutoTokenizer } from "../tokenizers/loadTokenizer.ts";
import { packPair } from "./packPair.ts";
import { epochOrder } from "./sampling.ts";
import { tokenizePairs } from "./tokenizePairs.ts";
import type { PairTokens } from "./types.ts";

interface Case {
  model: string;
  data: "standard" | "conversational" | "implicit";
  dpo_config: { max_length: number };
  rows_kept: number;
  order?: number[];
}

const folder = join(referenceFolder, "trajectories");
const readLines = <T>(file: string): T[] => {
  const lines = readFileSync(join(folder, file), "utf8").trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as T);
};
const readCase = (name: string) => JSON.parse(readFileSync(join(folder, name, "case.json"), "utf8")) as Case;
const vocabularyOf = (model: string): number =>
  JSON.parse(readFileSync(join(referenceFolder, "models", model, "config.json"), "utf8")).vocab_size;
/** Runs that must be among those compared. */
const REQUIRED = [
  "accumulation",
  "beta-0.5",
  "full",
  "loss-sigmoid",
  "note",
  "note-shuffled",
  "precompute-reference",
  "trained-adapter",
  "truncation",
  "uneven",
  "tiny-llama-conversational",
  "tiny-llama-implicit-prompt",
  "tiny-mistral-conversational",
  "tiny-qwen2-conversational",
  "tiny-qwen3-conversational",
];
const names = hasReference ? readdirSync(folder).sort() : [];

describe.skipIf(!hasReference)(`TRL's training runs${needsReference}`, () => {
  test("tokens of every run", async () => {
    let rows = 0;
    let truncated = 0;
    for (const name of names) {
      const { model, dpo_config, rows_kept } = readCase(name);
      const tokenizer = await AutoTokenizer.from_pretrained(join(referenceFolder, "models", model));
      const { max_length } = dpo_config;
      const prepared = await tokenizePairs(readLines<Record<string, unknown>>(`${name}/train.jsonl`), tokenizer, {
        max_length,
        modelVocabSize: vocabularyOf(model),
      });
      const wanted = readLines<PairTokens>(`${name}/tokens.jsonl`);
      const found = prepared.pairs.map(({ prompt_ids, chosen_ids, rejected_ids }) => ({
        prompt_ids,
        chosen_ids,
        rejected_ids,
      }));
      expect(found, name).toEqual(wanted);
      expect(found.length, name).toBe(rows_kept);
      for (const [index, pair] of prepared.pairs.entries()) {
        const packed = packPair(pair, { index, max_length, truncation_mode: "keep_start" })!;
        const { sharedLength, chosenLength, rejectedLength } = packed;
        const { prompt_ids, chosen_ids, rejected_ids } = wanted[index];
        expect(sharedLength).toBe(prompt_ids.length);
        expect(chosenLength).toBe(Math.min(chosen_ids.length, max_length - sharedLength));
        expect(rejectedLength).toBe(Math.min(rejected_ids.length, max_length - sharedLength));
        if (chosenLength < chosen_ids.length || rejectedLength < rejected_ids.length) truncated++;
      }
      rows += found.length;
    }
    expect(rows).toBeGreaterThanOrEqual(names.length);
    if (isElsewhere) return;
    expect(names).toEqual(expect.arrayContaining(REQUIRED));
    expect(truncated).toBeGreaterThan(0);
  });

  test.skipIf(!names.includes("note-shuffled"))("the order of a shuffled run's epochs", () => {
    const { order, rows_kept } = readCase("note-shuffled");
    const epochs = [0, 1].flatMap((epoch) => [...epochOrder({ n: rows_kept, epoch, seed: 42, strategy: "random" })]);
    expect(epochs).toEqual(order);
  });
});

test("sequential epochs are all the same", () => {
  const options = { n: 4, seed: 1, strategy: "sequential" } as const;
  expect(epochOrder({ ...options, epoch: 0 })).toEqual(Int32Array.of(0, 1, 2, 3));
  expect(epochOrder({ ...options, epoch: 5 })).toEqual(Int32Array.of(0, 1, 2, 3));
});

test("group_by_length is transformers' grouping of the permutation", () => {
  // get_length_grouped_indices(lengths, 2 or 40, generator=torch.Generator().manual_seed(45)), transformers 5.23.0
  const lengths = Array.from({ length: 23 }, (_, i) => ((i * 37) % 19) + 3);
  const options = { n: 23, epoch: 3, seed: 42, strategy: "group_by_length" } as const;
  const order = (rowsPerStep: number) => [...epochOrder({ ...options, groups: { lengths, rowsPerStep } })];
  expect(order(2)).toEqual([1, 11, 17, 18, 4, 6, 12, 19, 9, 3, 15, 16, 20, 21, 22, 8, 10, 13, 14, 0, 2, 5, 7]);
  expect(order(40)).toEqual([1, 20, 21, 2, 3, 22, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 0]);
});
