/** @file A small soak test: one training is killed twice at random, and resumed to the same result. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dice } from "../../scripts/fuzz/dice.ts";
import { furnishSoak, trainingOf } from "../../scripts/soak/kinds.ts";
import { memoryGrowth } from "../../scripts/soak/memoryGrowth.ts";
import { killedJob } from "../../scripts/soak/ranks.ts";
import { soakRound } from "../../scripts/soak/round.ts";
import { furnishRanks } from "../support/rankTrainings.ts";
import { hasLauncher, needsMpirun } from "../support/startRanks.ts";

const folder = mkdtempSync(join(tmpdir(), "prefine-soak-"));
beforeAll(() => furnishSoak(folder));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a training that is killed repeatedly", () => {
  test("ends like the uninterrupted one: log, margins, weights", { timeout: 120_000 }, async () => {
    const training = trainingOf("moving reference", { folder, steps: 300 });
    const { kills, differences, memory } = await soakRound(training, {
      dice: dice(14),
      longestLife: 4_000,
      most: 2,
      rivalry: 1,
    });
    expect(differences).toEqual([]);
    expect(kills).toBeGreaterThanOrEqual(2); // a rival that is killed while it loads counts as well
    expect(memory.map(({ step }) => step)).toEqual([100, 200, 300]);
  });

  test("measures growth from its last reports, ignoring a single outlier", () => {
    const rss = [100, 101, 100, 102, 300, 103, 104, 104, 104, 103, 103, 102, 104, 300, 104];
    const reports = rss.map((bytes, i) => ({ step: 100 * (i + 1), rss: bytes }));
    expect(memoryGrowth(reports)).toBeCloseTo(0.04);
    expect(memoryGrowth(reports.slice(0, 1))).toBe(0);
  });
});

test.skipIf(!hasLauncher("mpirun"))(
  `two ranks with files of their own, one killed at random, end like uninterrupted ones${needsMpirun}`,
  { timeout: 120_000 },
  async () => {
    const place = join(folder, "ranks");
    await furnishRanks(place);
    const job = { folder: place, job: "a stream of several files", size: 2, by: "mpirun", steps: 20 } as const;
    const { differences, kills } = await killedJob(job, { random: dice(3), most: 1 });
    expect(differences).toEqual([]);
    expect(kills).toBe(1);
  },
);
