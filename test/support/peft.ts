/** @file Python's PEFT for comparison, if installed: in PREFINE_PYTHON, else python3. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import type { PairLogps, PairTokens } from "../../src/data/preferences/types.ts";

const python = process.env.PREFINE_PYTHON ?? "python3";
const find = "import importlib.util as u, sys; sys.exit(not all(u.find_spec(n) for n in ('peft', 'transformers')))";
export const hasPeft = spawnSync(python, ["-c", find], { stdio: "ignore" }).status === 0;
/** For the names of tests that are skipped without it. */
export const needsPeft = hasPeft ? "" : " (SKIPPED: no Python with peft; PREFINE_PYTHON names one)";

export interface PeftJob {
  /** Folders. */
  base: string;
  adapter?: string;
  resave?: string;
  merged?: string;
}

/** PEFT's result for each job: log-probabilities, alternating chosen and rejected, or a largest difference. */
export function askPeft(jobs: readonly PeftJob[], pairs: readonly PairTokens[]): (number[] | number)[] {
  const sequences = pairs.flatMap(({ prompt_ids, chosen_ids, rejected_ids }) => [
    [prompt_ids, chosen_ids],
    [prompt_ids, rejected_ids],
  ]);
  const input = JSON.stringify(jobs.map((job) => ({ ...job, sequences })));
  const script = fileURLToPath(new URL("./peft_logps.py", import.meta.url));
  const { status, stdout, stderr } = spawnSync(python, [script], { input, encoding: "utf8" });
  expect(status, stderr).toBe(0);
  const answers = JSON.parse(stdout) as (number[] | number)[];
  expect(answers).toHaveLength(jobs.length);
  return answers;
}

/** Compares both programs' log-probabilities of the same pairs, with the tolerance of the reference values. */
export function expectSameLogps(found: number[] | number, scores: readonly PairLogps[], name = ""): void {
  const expected = scores.flatMap(({ chosen, rejected }) => [chosen, rejected]);
  const all = [found].flat();
  expect(all).toHaveLength(expected.length);
  for (const [i, logp] of all.entries()) {
    expect(Math.abs(logp - expected[i]), name).toBeLessThan(Math.max(2e-4, 2e-4 * Math.abs(logp)));
  }
}
