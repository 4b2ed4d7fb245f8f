/**
 * @file Thousands of damaged files, the same in every run: each must give a clear error or a value; no other exception,
 * crash or hang. `npm run fuzz` reads more of them.
 */
import { afterAll, describe, expect, it } from "vitest";
import { runCommands } from "../../scripts/fuzz/commandSample.ts";
import { repeating } from "../../scripts/fuzz/mutants.ts";
import { TARGETS } from "../../scripts/fuzz/targets.ts";
import { type BatchResult, runBatch } from "../../scripts/fuzz/watch.ts";

const SEED = 1;
/** Mutants per type of file; a log that is still valid becomes a plot, a tenth of a second each. */
const COUNTS: Record<string, number> = { "trainer-state": 25, "training-args": 25 };
const COUNT = 100;
const THROUGH_COMMAND = 1;

const seen = { batches: 0, mutants: 0, refused: 0 };

/** The findings, each with the command to repeat it. */
function findingsOf({ mutants, refused, findings }: BatchResult, through: "library" | "command"): string[] {
  seen.batches++;
  seen.mutants += mutants;
  seen.refused += refused;
  return findings.map(({ what, ...id }) => `${repeating({ ...id, seed: SEED }, through)}\n${what}`);
}

const names = TARGETS.map(({ name }) => name);

describe("damaged files", { timeout: 180_000 }, () => {
  it.each(names)("%s, as the library reads it", async (target) => {
    const count = COUNTS[target] ?? COUNT;
    const result = await runBatch({ target, first: 0, count, seed: SEED });
    expect(findingsOf(result, "library")).toEqual([]);
    expect(result.mutants).toBe(count);
  });

  it.each(names)("%s, as the command reads it", async (target) => {
    const result = await runCommands({ target, first: COUNT, count: THROUGH_COMMAND, seed: SEED });
    expect(findingsOf(result, "command")).toEqual([]);
  });

  afterAll(() => {
    if (seen.batches < 2 * names.length) return; // only selected tests ran
    expect(seen.mutants).toBeGreaterThanOrEqual(2000);
    expect(seen.refused).toBeGreaterThan(seen.mutants / 3);
    expect(seen.refused).toBeLessThan(seen.mutants * 0.9);
  });
});
