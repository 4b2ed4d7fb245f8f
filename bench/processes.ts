/** @file Runs a measuring process: one per figure, so that none has the memory or the caches of another. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { PrefineError } from "../src/errors.ts";

/**
 * @param name of a file measureNAME next to this one, which prints a JSON object in its last line.
 * @param options.launcher a command that starts it: its program, and the words before Node's.
 * @returns that object, and the start of the process in milliseconds since the epoch.
 */
export function measure<T>(
  name: string,
  args: readonly (string | number)[],
  { env = {}, launcher = [] }: { env?: Readonly<Record<string, string>>; launcher?: readonly string[] } = {},
): { report: T; startedAt: number } {
  const file = fileURLToPath(new URL(`./measure${name}.js`, import.meta.url));
  const startedAt = Date.now();
  const [program, ...words] = [...launcher, process.execPath, file, ...args.map(String)];
  const { status, signal, stdout, stderr } = spawnSync(program, words, {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  if (signal === "SIGINT" || status === 130) throw new PrefineError("interrupted", "bench: stopped");
  if (status !== 0) throw new Error(`internal: measure${name} failed (${status})\n${stderr.slice(-4000)}`);
  return { report: JSON.parse(stdout.trim().split("\n").at(-1) as string) as T, startedAt };
}
