/** @file A small soak test: one training is killed at random, and resumed to the same result. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dice } from "../../scripts/fuzz/dice.ts";
import { furnishSoak, trainingOf } from "../../scripts/soak/kinds.ts";
import { memoryGrowth } from "../../scripts/soak/memoryGrowth.ts";
import { soakRound } from "../../scripts/soak/round.ts";

const folder = mkdtempSync(join(tmpdir(), "prefine-soak-"));
beforeAll(() => furnishSoak(folder));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a training that is killed repeatedly", () => {
  test("ends like the uninterrupted one: log, margins, weights", { timeout: 120_000 }, async () => {
    const training = trainingOf("moving reference", { folder, steps: 100 });
    const { kills, differences, memory } = await soakRound(training, { dice: dice(14), most: 1, rivalry: 1 });
    expect(differences).toEqual([]);
    expect(kills).toBeGreaterThanOrEqual(1); // a rival that is killed while it loads counts as well
    expect(memory.map(({ step }) => step)).toEqual([100]);
  });

  test("measures growth from its last reports, ignoring a single outlier", () => {
    const rss = [100, 101, 100, 102, 300, 103, 104, 104, 104, 103, 103, 102, 104, 300, 104];
    const reports = rss.map((bytes, i) => ({ step: 100 * (i + 1), rss: bytes }));
    expect(memoryGrowth(reports)).toBeCloseTo(0.04);
    expect(memoryGrowth(reports.slice(0, 1))).toBe(0);
  });
});
