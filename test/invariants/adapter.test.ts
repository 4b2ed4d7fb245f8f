/**
 * @file What must hold for an adapter on the engine: a fresh one is the base model bit for bit, a saved one comes back
 * with the same log-probabilities, in prefine and in Python's PEFT; and for a pair: neither side sees the other.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadAdapter, saveAdapter } from "../../src/checkpoints/adapter.ts";
import type { PairLogps, PairTokens } from "../../src/data/preferences/types.ts";
import { createLearner } from "../../src/dpo/createLearner.ts";
import type { Learner } from "../../src/dpo/learner.ts";
import type { LearnerOptions } from "../../src/dpo/learnerOptions.ts";
import type { LoadedModel } from "../../src/models/loadModel.ts";
import { loraAdapter } from "../../src/models/lora.ts";
import { objective } from "../support/objective.ts";
import { ADAMW, packed, randomGpt2, randomPairTokens } from "../support/randomGpt2.ts";

const folder = mkdtempSync(join(tmpdir(), "prefine-adapter-"));
const LORA = { r: 4, lora_alpha: 8, lora_dropout: 0.1, target_modules: ["c_attn", "c_proj", "c_fc"] };
const pairs = randomPairTokens(6);

/** PREFINE_PYTHON, else python3, where peft and transformers can be imported. */
const python = process.env.PREFINE_PYTHON ?? "python3";
const find = "import importlib.util as u, sys; sys.exit(not all(u.find_spec(n) for n in ('peft', 'transformers')))";
const hasPeft = spawnSync(python, ["-c", find], { stdio: "ignore" }).status === 0;
const needsPeft = hasPeft ? "" : " (SKIPPED: no Python with peft; PREFINE_PYTHON names one)";

let model: LoadedModel;
const learners: Learner[] = [];

async function learner(options: Partial<LearnerOptions> = {}): Promise<Learner> {
  const made = await createLearner({
    model,
    adapter: loraAdapter(model.architecture, LORA),
    objective: objective(),
    optimizer: { settings: ADAMW, weightDecay: () => 0 },
    dropout: false,
    seed: 3,
    ...options,
  });
  learners.push(made);
  return made;
}

/** Takes large steps, so that the adapter is far from neutral. */
async function train(trained: Learner, steps: number): Promise<void> {
  for (let step = 0; step < steps; step++) {
    const pair = packed(pairs[step % pairs.length]);
    const reference = [await trained.referenceLogps(pair)];
    await trained.accumulate([pair], reference, { scale: 1, dropoutStep: step });
    await trained.step({ learningRate: 0.02, maxGradNorm: 0 });
  }
}

async function scoresOf(scored: Learner): Promise<PairLogps[]> {
  const all: PairLogps[] = [];
  for (const pair of pairs) all.push((await scored.score(packed(pair))).logps);
  return all;
}

beforeAll(async () => {
  model = await randomGpt2(join(folder, "base"));
});
afterAll(async () => {
  await Promise.all(learners.map((made) => made.dispose()));
  rmSync(folder, { recursive: true, force: true });
});

test("an adapter that is off is the base model bit for bit, before and after training", async () => {
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
  const saved = join(folder, "adapter");
  let scores: PairLogps[];
  beforeAll(async () => {
    const trained = await learner();
    await train(trained, 5);
    scores = await scoresOf(trained);
    const { weights } = await trained.readState();
    const config = { ...LORA, base_model_name_or_path: join(folder, "base"), fan_in_fan_out: true, revision: null };
    await saveAdapter(saved, { config: { ...config, task_type: "CAUSAL_LM" }, weights });
  });

  test("comes back with the same log-probabilities, bit for bit", async () => {
    const { weights } = await loadAdapter(saved);
    expect(weights.size).toBe(2 * 8); // two layers of c_attn, two c_proj and c_fc
    const again = await learner({ adapterWeights: weights, seed: 99 });
    expect(await scoresOf(again)).toEqual(scores);
  });

  test.skipIf(!hasPeft)(`has the same log-probabilities in Python's PEFT${needsPeft}`, { timeout: 180_000 }, () => {
    const sequences = pairs.flatMap(({ prompt_ids, chosen_ids, rejected_ids }) => [
      [prompt_ids, chosen_ids],
      [prompt_ids, rejected_ids],
    ]);
    const input = JSON.stringify({ base: join(folder, "base"), adapter: saved, sequences });
    const script = fileURLToPath(new URL("../support/peft_logps.py", import.meta.url));
    const { status, stdout, stderr } = spawnSync(python, [script], { input, encoding: "utf8" });
    expect(status, stderr).toBe(0);
    const found = JSON.parse(stdout) as number[];
    const expected = scores.flatMap(({ chosen, rejected }) => [chosen, rejected]);
    expect(found).toHaveLength(12);
    for (const [i, logp] of found.entries()) {
      expect(Math.abs(logp - expected[i])).toBeLessThan(Math.max(2e-4, 2e-4 * Math.abs(logp)));
    }
  });
});
