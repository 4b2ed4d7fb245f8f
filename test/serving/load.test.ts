/** @file A short sample of `npm run soak -- --serve`: many clients, half of which hang up. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadServer } from "../../scripts/soak/serve.ts";
import { writeServedModels } from "../support/servedModels.ts";

test("50 clients, half of them hanging up: no mixed answers, no row left", { timeout: 120_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "prefine-load-"));
  const { run } = writeServedModels(folder);
  const { answers, hungUp, faults, leftRows } = await loadServer(run, {
    clients: 50,
    seconds: 2,
    leastAnswers: 20,
    seed: 1,
  });
  rmSync(folder, { recursive: true });
  expect(faults).toEqual([]);
  expect(leftRows).toBe(0);
  expect(answers).toBeGreaterThanOrEqual(20);
  expect(hungUp).toBeGreaterThan(10);
});
