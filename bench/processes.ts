/** @file Runs a measuring process: one per figure, so that none has the memory or the caches of another. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { PrefineError } from "../src/errors.ts";

/**
 * @param name of a file measureNAME next to this one, which prints a JSON object in its last line.
 * @returns that object, and the start of the process in milliseconds since the epoch.
 */
export function measure<T>(
  name: string,
  args: readonly (string | number)[],
  env: Readonly<Record<string, string>> = {},
): { report: T; startedAt: number } {
  const file = fileURLToPath(new URL(`./measure${name}.js`, import.meta.url));
  const startedAt = Date.now();
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [file, ...args.map(String)], {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  if (signal === "SIGINT" || status === 130) throw new PrefineError("interrupted", "bench: stopped");
  if (status !== 0) throw new Error(`internal: measure${name} failed (${status})\n${stderr.slice(-4000)}`);
  return { report: JSON.parse(stdout.trim().split("\n").at(-1) as string) as T, startedAt };
}
