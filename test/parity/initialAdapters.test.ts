/**
 * @file Fresh adapters, made from their config alone, against PEFT's: every fresh trajectories/CASE/initial_adapter of
 * the reference values. PREFINE_REFERENCE names another folder of the same layout.
 */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadAdapter } from "../../src/checkpoints/adapter.ts";
import { LoraConfig } from "../../src/config/LoraConfig.ts";
import { openDevice } from "../../src/device/openDevice.ts";
import { folderAt } from "../../src/disk/nodeStorage.ts";
import { createLearner } from "../../src/dpo/engineLearner.ts";
import { loraAdapter } from "../../src/models/adapters/lora.ts";
import { loadModel } from "../../src/pretrained/loadModel.ts";
import { objective } from "../support/objective.ts";
import { ADAMW } from "../support/randomGpt2.ts";
import { readState } from "../support/savedState.ts";
import {
  hasReference,
  isElsewhere,
  largestDifference,
  needsReference,
  readTensors,
  referenceFolder,
  referenceNames,
} from "../support/shared.ts";

/** The adapters were made right after torch.manual_seed(11). */
const SEED = 11;

/** One case per model and settings, without those of trained adapters: B is 0 in a fresh one. */
function freshAdapters(): string[] {
  const seen = new Set<string>();
  return referenceNames("trajectories").filter((name) => {
    const folder = join(referenceFolder, "trajectories", name);
    const file = join(folder, "initial_adapter", "adapter_model.safetensors");
    if (!existsSync(file)) return false;
    const { model, lora_config } = JSON.parse(readFileSync(join(folder, "case.json"), "utf8"));
    const key = JSON.stringify([model, lora_config]);
    const factors = [...readTensors(file)].filter(([tensor]) => tensor.includes("lora_B"));
    const isFresh = factors.every(([, { data }]) => (data as Float32Array).every((value) => value === 0));
    return isFresh && !seen.has(key) && seen.add(key);
  });
}

const cases = freshAdapters();

describe.skipIf(!hasReference)(`adapters made by PEFT${needsReference}`, () => {
  test.skipIf(isElsewhere)("of eleven kinds", () => expect(cases).toHaveLength(11));
  test.each(cases)("%s: the same tensors and settings", async (name) => {
    const folder = join(referenceFolder, "trajectories", name);
    const { model: modelName, lora_config } = JSON.parse(readFileSync(join(folder, "case.json"), "utf8"));
    const expected = await loadAdapter(folderAt(join(folder, "initial_adapter")));
    const model = await loadModel(join(referenceFolder, "models", modelName));
    const adapter = loraAdapter(model.architecture, LoraConfig(lora_config));
    const learner = await createLearner(
      {
        model,
        adapter,
        objective: objective(),
        dropout: false,
        seed: SEED,
        optimizer: { settings: ADAMW, weightDecay: () => 0 },
      },
      await openDevice(),
    );
    const { weights } = await readState(learner);
    await learner.dispose();
    expect([...weights.keys()].sort()).toEqual([...expected.weights.keys()].sort());
    for (const [key, { shape, data }] of expected.weights) {
      expect(weights.get(key)!.shape, key).toEqual(shape);
      // drawn or copied values bit for bit; norms of rows up to the last digits
      const allowed = key.endsWith("lora_magnitude_vector") ? 1e-6 : 0;
      expect(largestDifference(weights.get(key)!.data, data).difference, key).toBeLessThanOrEqual(allowed);
    }
    expect([adapter.targetModules].flat().sort()).toEqual([expected.config.target_modules].flat().sort());
  });
});
