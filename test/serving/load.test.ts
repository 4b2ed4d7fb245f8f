/** @file A short sample of `npm run soak -- --serve`: many clients, half of which hang up. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadServer } from "../../scripts/soak/serve.ts";
import { writeServedModels } from "../support/servedModels.ts";

test("many clients, half of them hanging up: no mixed answers, no row and no socket left", {
  timeout: 120_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "prefine-load-"));
  const { run } = writeServedModels(folder);
  const load = { clients: 24, questions: 3, seconds: 1, leastAnswers: 12, seed: 1 };
  const { answers, hungUp, faults, leftRows, leftSockets } = await loadServer(run, load);
  rmSync(folder, { recursive: true });
  expect(faults).toEqual([]);
  expect([leftRows, leftSockets]).toEqual([0, 0]);
  expect(answers).toBeGreaterThanOrEqual(12);
  expect(hungUp).toBeGreaterThan(10);
});
