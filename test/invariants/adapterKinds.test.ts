/**
 * @file Invariants of every kind of adapter: when fresh or off, the model equals the base model bit for bit; a batch
 * equals its pairs one by one; resumed = uninterrupted; saved and loaded it is the same, in prefine and Python's PEFT.
 */

import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadAdapter, saveAdapter } from "../../src/checkpoints/adapter.ts";
import type { AdapterConfig } from "../../src/checkpoints/adapterConfig.ts";
import type { PairLogps } from "../../src/data/preferences/types.ts";
import { folderAt } from "../../src/disk/nodeStorage.ts";
import { loraAdapter } from "../../src/models/adapters/lora.ts";
import { ADAPTER_KINDS, type AdapterKind, PISSA_KINDS } from "../support/adapterKinds.ts";
import { pairs, referenceOf, scoresOf, trainSteps, useLearners } from "../support/learnerBench.ts";
import { askPeft, expectSameLogps, hasPeft, needsPeft } from "../support/peft.ts";
import { packed } from "../support/randomGpt2.ts";
import { readState } from "../support/savedState.ts";

const bench = useLearners();

const kinds = Object.entries(ADAPTER_KINDS);
const savedKinds = [...kinds, ...Object.entries(PISSA_KINDS)];

function settingsOf(settings: AdapterKind): AdapterConfig {
  return {
    r: 4,
    lora_alpha: 8,
    lora_dropout: 0,
    target_modules: ["c_attn", "c_proj"],
    fan_in_fan_out: true,
    base_model_name_or_path: bench.base,
    task_type: "CAUSAL_LM",
    revision: null,
    ...settings,
  };
}
const adapterOf = (settings: AdapterKind) => loraAdapter(bench.model.architecture, settingsOf(settings));
const savedFolder = (name: string) => join(bench.folder, name.replaceAll(/\W+/g, "-"));

describe.each(kinds)("an adapter with %s", (_, settings) => {
  test("equals the base model bit for bit when it is fresh, and when it is off", async () => {
    const plain = await bench.learner({ adapter: null });
    const adapted = await bench.learner({ adapter: adapterOf(settings) });
    const base = await scoresOf(plain);
    expect(await scoresOf(adapted)).toEqual(base);
    expect(await referenceOf(adapted)).toEqual(base);
    await trainSteps(adapted, 3);
    expect(await scoresOf(adapted)).not.toEqual(base);
    expect(await referenceOf(adapted)).toEqual(base);
  });

  test("takes a batch like its pairs one by one, and continues where it stopped", async () => {
    const [whole, parts, later] = await Promise.all(
      [0, 1, 2].map(() => bench.learner({ adapter: adapterOf(settings) })),
    );
    const batch = pairs.slice(0, 2).map((pair) => packed(pair));
    const reference = await Promise.all(batch.map((pair) => whole.referenceLogps(pair)));
    await whole.accumulate(batch, reference, { scale: 1, dropoutStep: 0 });
    for (const [i, pair] of batch.entries()) {
      await parts.accumulate([pair], [reference[i]], { scale: 1 / 2, dropoutStep: i });
    }
    for (const each of [whole, parts]) await each.step({ learningRate: 0.02, maxGradNorm: 1 });
    const state = await readState(whole);
    expect(await readState(parts)).toEqual(state);
    await later.writeState(state);
    for (const each of [parts, later]) await trainSteps(each, 2, 2);
    expect(await readState(later)).toEqual(await readState(parts));
  });
});

test("PiSSA starts at the base model, up to rounding, which is also its reference", async () => {
  const base = await scoresOf(await bench.learner({ adapter: null }));
  const started = await bench.learner({ adapter: adapterOf({ init_lora_weights: "pissa" }) });
  const scores = await scoresOf(started);
  for (const [i, { chosen }] of scores.entries()) expect(chosen).toBeCloseTo(base[i].chosen, 3);
  expect(await referenceOf(started)).toEqual(scores);
  await trainSteps(started, 3);
  expect(await referenceOf(started)).toEqual(scores);
  const state = await readState(started);
  const resumed = await bench.learner({ adapter: adapterOf({ init_lora_weights: "pissa" }) });
  await resumed.writeState(state);
  expect(await scoresOf(resumed)).toEqual(await scoresOf(started));
  expect(await referenceOf(resumed)).toEqual(scores);
});

test("an adapter that starts from random values has the base model as its reference", async () => {
  const base = await scoresOf(await bench.learner({ adapter: null }));
  for (const use_dora of [false, true]) {
    const started = await bench.learner({ adapter: adapterOf({ init_lora_weights: false, use_dora }) });
    expect(await scoresOf(started)).not.toEqual(base);
    expect(await referenceOf(started)).toEqual(base);
  }
});

describe("a saved adapter of every kind", { timeout: 240_000 }, () => {
  const scores = new Map<string, PairLogps[]>();

  test.each(savedKinds)("%s: loads bit for bit", async (name, settings) => {
    const trained = await bench.learner({ adapter: adapterOf(settings) });
    await trainSteps(trained, 4);
    scores.set(name, await scoresOf(trained));
    const { weights } = await readState(trained);
    const { targetModules } = adapterOf(settings);
    await saveAdapter(folderAt(savedFolder(name)), {
      config: { ...settingsOf(settings), target_modules: targetModules },
      weights,
    });
    const again = await loadAdapter(folderAt(savedFolder(name)));
    const adapter = loraAdapter(bench.model.architecture, again.config);
    const loaded = await bench.learner({ adapter, adapterWeights: again.weights, seed: 99 });
    expect(await scoresOf(loaded)).toEqual(scores.get(name));
    expect(await referenceOf(loaded)).toEqual(scores.get(name)); // the reference of a trained adapter is its copy
  });

  test.skipIf(!hasPeft)(`is the same in Python's PEFT, and when PEFT has saved it${needsPeft}`, async () => {
    const jobs = savedKinds.map(([name]) => {
      return { base: bench.base, adapter: savedFolder(name), resave: `${savedFolder(name)}-by-peft` };
    });
    const answers = askPeft(jobs, pairs);
    for (const [i, [name]] of savedKinds.entries()) {
      expectSameLogps(answers[i], scores.get(name)!, name);
      const again = await loadAdapter(folderAt(jobs[i].resave));
      const adapter = loraAdapter(bench.model.architecture, again.config);
      const loaded = await bench.learner({ adapter, adapterWeights: again.weights });
      expect(await scoresOf(loaded), name).toEqual(scores.get(name));
    }
    expect(answers.length).toBe(18);
  });
});
