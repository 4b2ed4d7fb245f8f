/** @file A small random model, learners on it, and a few large steps, for invariants of adapters. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll } from "vitest";
import type { PairLogps } from "../../src/data/preferences/types.ts";
import { openDevice } from "../../src/device/openDevice.ts";
import { createLearner } from "../../src/dpo/engineLearner.ts";
import type { Learner } from "../../src/dpo/learner.ts";
import type { LearnerOptions } from "../../src/dpo/learnerOptions.ts";
import type { LoadedModel } from "../../src/models/loadedModel.ts";
import { objective } from "./objective.ts";
import { ADAMW, packed, randomGpt2, randomPairTokens } from "./randomGpt2.ts";

export const pairs = randomPairTokens(6);

/**
 * Folder and model exist while tests run; learners are disposed after each test, the folder is deleted after all.
 * @param makeModel writes the model into a folder; its vocabulary is that of the pairs.
 */
export function useLearners(makeModel: (folder: string) => Promise<LoadedModel> = randomGpt2) {
  const folder = mkdtempSync(join(tmpdir(), "prefine-adapter-"));
  const learners: Learner[] = [];
  const bench = { folder, base: join(folder, "base"), model: undefined as unknown as LoadedModel };
  beforeAll(async () => {
    bench.model = await makeModel(bench.base);
  });
  afterEach(async () => {
    await Promise.all(learners.splice(0).map((made) => made.dispose()));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const learner = async (options: Partial<LearnerOptions> & Pick<LearnerOptions, "adapter">): Promise<Learner> => {
    const made = await createLearner(
      {
        model: bench.model,
        objective: objective(),
        dropout: false,
        seed: 3,
        optimizer: { settings: ADAMW, weightDecay: () => 0 },
        ...options,
      },
      await openDevice(),
    );
    learners.push(made);
    return made;
  };
  return Object.assign(bench, { learner });
}

/** Takes large steps, so that the adapter is far from neutral. @param from the first step's number. */
export async function trainSteps(trained: Learner, steps: number, from = 0): Promise<void> {
  for (let step = from; step < from + steps; step++) {
    const pair = packed(pairs[step % pairs.length]);
    const reference = [await trained.referenceLogps(pair)];
    await trained.accumulate([pair], reference, { scale: 1, dropoutStep: step });
    await trained.step({ learningRate: 0.02, maxGradNorm: 0 });
  }
}

export async function scoresOf(scored: Learner): Promise<PairLogps[]> {
  const all: PairLogps[] = [];
  for (const pair of pairs) all.push((await scored.score(packed(pair))).logps);
  return all;
}

export async function referenceOf(learner: Learner): Promise<PairLogps[]> {
  const all: PairLogps[] = [];
  for (const pair of pairs) all.push(await learner.referenceLogps(packed(pair)));
  return all;
}
