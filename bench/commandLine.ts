/** @file The command line of a benchmark: --help, --json, a table for people; an end by ctrl-C is clean. */
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { PrefineError } from "../src/errors.ts";
import { checkMaterials } from "./materials.ts";

export interface Benchmark<T, Flag extends string, Name extends string = never> {
  help: string;
  /** Flags besides --help and --json. */
  flags: readonly Flag[];
  /** Options with a value. */
  values?: readonly Name[];
  /** @param place.say tells people what is measured; @param place.folder is deleted in the end. */
  run(place: { say: (line: string) => void; folder: string }, given: Given<Flag, Name>): Promise<T>;
  table(measured: T): string;
}

type Given<Flag extends string, Name extends string> = Readonly<
  Record<Flag, boolean> & Record<Name, string | undefined>
>;

/** Runs a benchmark as the command line says; sets the exit code. */
export async function runBenchmark<T, Flag extends string, Name extends string = never>(
  benchmark: Benchmark<T, Flag, Name>,
): Promise<void> {
  try {
    const { values: names = [] } = benchmark;
    const options = [
      ...["json", "help", ...benchmark.flags].map((name) => [name, { type: "boolean" }] as const),
      ...names.map((name) => [name, { type: "string" }] as const),
    ];
    const parsed = parseArgs({ options: Object.fromEntries(options) });
    const values: Record<string, unknown> = parsed.values;
    if (values.help) {
      process.stdout.write(`${benchmark.help}\n`);
      return;
    }
    checkMaterials();
    const say = (line: string) => process.stderr.write(values.json ? "" : `${line}\n`);
    say(`${cpus().length} x ${cpus()[0]?.model ?? "unknown processor"}, Node ${process.version}`);
    const given = Object.fromEntries([
      ...benchmark.flags.map((name) => [name, values[name] === true]),
      ...names.map((name) => [name, values[name]]),
    ]) as Given<Flag, Name>;
    const measured = await withFolder((folder) => benchmark.run({ say, folder }, given));
    process.stdout.write(values.json ? `${JSON.stringify(measured)}\n` : `${benchmark.table(measured)}\n`);
  } catch (error) {
    process.exitCode = error instanceof PrefineError && error.code === "interrupted" ? 130 : 1;
    const hint = error instanceof PrefineError && error.hint ? `\n${error.hint}` : "";
    process.stderr.write(`${error instanceof Error ? error.message : error}${hint}\n`);
  }
}

async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "prefine-bench-"));
  process.on("SIGINT", () => {}); // the measuring process ends, and its failure ends this one cleanly
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
