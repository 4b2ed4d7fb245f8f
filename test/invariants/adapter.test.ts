/**
 * @file Invariants of an adapter on the engine: a fresh one equals the base model bit for bit, a saved one loads with
 * the same log-probabilities, in prefine and in Python's PEFT; and of a pair: neither side sees the other.
 */

import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { loadAdapter, saveAdapter } from "../../src/checkpoints/adapter.ts";
import type { PairLogps, PairTokens } from "../../src/data/preferences/types.ts";
import { folderAt } from "../../src/disk/nodeStorage.ts";
import type { LearnerOptions } from "../../src/dpo/learnerOptions.ts";
import { loraAdapter } from "../../src/models/adapters/lora.ts";
import { pairs, scoresOf, trainSteps as train, useLearners } from "../support/learnerBench.ts";
import { askPeft, expectSameLogps, hasPeft, needsPeft } from "../support/peft.ts";
import { packed } from "../support/randomGpt2.ts";
import { readState } from "../support/savedState.ts";

const LORA = { r: 4, lora_alpha: 8, lora_dropout: 0.1, target_modules: ["c_attn", "c_proj", "c_fc"] };
const bench = useLearners();
const learner = (options: Partial<LearnerOptions> = {}) =>
  bench.learner({ adapter: loraAdapter(bench.model.architecture, LORA), ...options });

test("with the adapter off the model equals the base model bit for bit, before and after training", async () => {
  const [adapted, plain] = [await learner(), await learner({ adapter: null })];
  const base = await scoresOf(plain);
  expect(await scoresOf(adapted)).toEqual(base); // lora_B is zero
  await train(adapted, 4);
  expect(await scoresOf(adapted)).not.toEqual(base);
  for (const [i, pair] of pairs.entries()) expect(await adapted.referenceLogps(packed(pair))).toEqual(base[i]);
});

test("policy and reference tie at the start: the loss is ln 2 to the last bit", async () => {
  const fresh = await learner();
  const batch = pairs.map((pair) => packed(pair));
  const reference = await Promise.all(batch.map((pair) => fresh.referenceLogps(pair)));
  const { loss, scores } = await fresh.accumulate(batch, reference, { scale: 1, dropoutStep: 0 });
  expect(scores.map(({ logps }) => logps)).toEqual(reference);
  expect(loss).toBe(Math.fround(Math.LN2));
  expect(await fresh.lossOf(scores, reference)).toBe(Math.fround(Math.LN2));
});

test("neither completion of a pair sees the other", async () => {
  const scored = await learner();
  await train(scored, 3);
  const [first, second] = pairs;
  const { prompt_ids, chosen_ids, rejected_ids } = first;
  const logpsOf = async (pair: PairTokens) => (await scored.score(packed(pair))).logps;
  const original = await logpsOf(first);
  const swapped = await logpsOf({ prompt_ids, chosen_ids: rejected_ids, rejected_ids: chosen_ids });
  const other = await logpsOf({ prompt_ids, chosen_ids, rejected_ids: second.rejected_ids });
  expect(swapped.chosen).toBeCloseTo(original.rejected, 3);
  expect(swapped.rejected).toBeCloseTo(original.chosen, 3);
  expect(other.chosen).toBeCloseTo(original.chosen, 3);
  expect(Math.abs(other.rejected - original.rejected)).toBeGreaterThan(1);
});

describe("a saved adapter", () => {
  const saved = join(bench.folder, "adapter");
  let scores: PairLogps[];
  beforeAll(async () => {
    const trained = await learner();
    await train(trained, 5);
    scores = await scoresOf(trained);
    const { weights } = await readState(trained);
    const config = { ...LORA, base_model_name_or_path: bench.base, fan_in_fan_out: true, revision: null };
    await saveAdapter(folderAt(saved), { config: { ...config, task_type: "CAUSAL_LM" }, weights });
  });

  test("loads with the same log-probabilities, bit for bit", async () => {
    const { weights } = await loadAdapter(folderAt(saved));
    expect(weights.size).toBe(2 * 8); // two layers of c_attn, two c_proj and c_fc
    const again = await learner({ adapterWeights: weights, seed: 99 });
    expect(await scoresOf(again)).toEqual(scores);
  });

  test.skipIf(!hasPeft)(`has the same log-probabilities in Python's PEFT${needsPeft}`, { timeout: 180_000 }, () => {
    const [found] = askPeft([{ base: bench.base, adapter: saved }], pairs);
    expectSameLogps(found, scores);
  });
});
