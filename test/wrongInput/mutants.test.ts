/**
 * @file Hundreds of damaged files, the same in every run: each must give a clear error or a value; no other exception,
 * crash or hang. `npm run fuzz` reads as many as you like.
 */
import { afterAll, describe, expect, it } from "vitest";
import { runCommands } from "../../scripts/fuzz/commandSample.ts";
import { repeating } from "../../scripts/fuzz/mutants.ts";
import { TARGETS } from "../../scripts/fuzz/targets.ts";
import { type BatchResult, runBatch } from "../../scripts/fuzz/watch.ts";

const SEED = 1;
/** Mutants of each type of file. */
const COUNT = 20;
/** A log that is still valid becomes a plot, a tenth of a second each. */
const SLOW = ["trainer-state", "training-args"];
const FEW = 5;
/** Types of files that one process reads. */
const GROUP = 9;
/** The command is started for one in so many types of files. */
const EVERY = 4;

const seen = { groups: 0, mutants: 0, refused: 0 };

/** The findings, each with the command to repeat it. */
function findingsOf({ mutants, refused, findings }: BatchResult, through: "library" | "command"): string[] {
  seen.groups++;
  seen.mutants += mutants;
  seen.refused += refused;
  return findings.map(({ what, ...id }) => `${repeating({ ...id, seed: SEED }, through)}\n${what}`);
}

const names = TARGETS.map(({ name }) => name);
const slow = names.filter((name) => SLOW.includes(name));
const quick = names.filter((name) => !SLOW.includes(name));
const groups: { targets: string[]; count: number }[] = [{ targets: slow, count: FEW }];
for (let at = 0; at < quick.length; at += GROUP) groups.push({ targets: quick.slice(at, at + GROUP), count: COUNT });

describe("damaged files", { timeout: 180_000 }, () => {
  it.each(groups)("$targets, as the library reads them", async ({ targets, count }) => {
    const result = await runBatch({ targets, first: 0, count, seed: SEED });
    expect(findingsOf(result, "library")).toEqual([]);
    expect(result.mutants).toBe(count * targets.length);
  });

  it("a sample of them, as the command reads it", async () => {
    const targets = names.filter((_, index) => index % EVERY === 0);
    const result = await runCommands({ targets, first: COUNT, count: 1, seed: SEED });
    expect(findingsOf(result, "command")).toEqual([]);
    expect(result.mutants).toBe(targets.length);
  });

  afterAll(() => {
    if (seen.groups < groups.length + 1) return; // only selected tests ran
    expect(seen.refused).toBeGreaterThan(seen.mutants / 3);
    expect(seen.refused).toBeLessThan(seen.mutants * 0.9);
  });
});
