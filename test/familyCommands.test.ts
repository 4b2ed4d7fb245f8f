/** @file New families from the command line: train, generate, merge. `scripts/soakFamilies.ts` runs all of them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { runFamily } from "./support/familyRun.ts";
import { runCommand } from "./support/runCommand.ts";

const folder = mkdtempSync(join(tmpdir(), "prefine-commands-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(["gemma3_text", "phi3"])("%s", { timeout: 60_000 }, async (family) => {
  const { faults, losses, answers } = await runFamily(join(folder, family), family, runCommand);
  expect(faults).toEqual([]);
  expect(losses[0]).toBeCloseTo(Math.LN2, 5);
  expect(losses[1]).not.toBeCloseTo(Math.LN2, 5);
  expect(answers[1]).toBe(answers[0]);
  expect(answers[0]).not.toBe("");
});
