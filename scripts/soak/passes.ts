/** @file Tests with more cases than `npm test` takes. */
import { spawnSync } from "node:child_process";

/** @returns whether they passed. */
export function passes(files: readonly string[], env: Record<string, string> = {}): boolean {
  const words = ["vitest", "run", ...files];
  const all = { ...process.env, PREFINE_CASES: "all", ...env };
  return spawnSync("npx", words, { stdio: "inherit", env: all }).status === 0;
}
