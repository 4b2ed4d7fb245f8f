/** @file Runs mutants through the whole command, in a process each: exit code 0 or 1, a clear error, no stack trace. */
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtPackage } from "../../test/support/builtPackage.ts";
import { mutantOf } from "./mutants.ts";
import { furnishTargets, TARGETS, type Target } from "./targets.ts";
import type { Batch, BatchResult } from "./watch.ts";

const COMMAND = join(await builtPackage(), "bin/prefine.js");
/** A mutant that takes longer counts as hanging: 10 s, and 10 s for starting on a busy machine. */
const HANG_MS = 20_000;

/** Runs all mutants of a batch, one after another; about a second each. */
export async function runCommands({ targets, first, count, seed }: Batch): Promise<BatchResult> {
  const template = mkdtempSync(join(tmpdir(), "prefine-sample-"));
  const result: BatchResult = { mutants: 0, refused: 0, findings: [] };
  try {
    await furnishTargetsIn(template);
    for (const target of TARGETS.filter(({ name }) => targets.includes(name))) {
      for (let number = first; number < first + count; number++) {
        const outcome = await runMutant(template, target, { seed, number });
        const what = judge(outcome);
        result.mutants++;
        if (outcome.code === 1) result.refused++;
        if (what !== undefined) result.findings.push({ target: target.name, number, what });
      }
    }
    return result;
  } finally {
    rmSync(template, { recursive: true, force: true });
  }
}

async function furnishTargetsIn(folder: string): Promise<void> {
  const before = process.cwd();
  process.chdir(folder);
  await furnishTargets().finally(() => process.chdir(before));
}

interface Outcome {
  code: number | null;
  signal: NodeJS.Signals | null;
  stderr: string;
}

/** Runs in a copy of the prepared folder, because training writes into it. */
async function runMutant(template: string, target: Target, id: { seed: number; number: number }): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), "prefine-sample-"));
  try {
    cpSync(template, folder, { recursive: true });
    const path = join(folder, target.file);
    writeFileSync(path, mutantOf(target, readFileSync(path), id));
    return await run(folder, target.command);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(folder: string, words: string[]): Promise<Outcome> {
  const { PATH, HOME } = process.env;
  // offline: a damaged name of a base model would be looked up on the hub
  const env = { PATH, HOME, NO_COLOR: "1", HF_HUB_OFFLINE: "1", HF_HOME: join(folder, "hf"), PREFINE_NUM_THREADS: "1" };
  const child = spawn(process.execPath, [COMMAND, ...words], { cwd: folder, env, stdio: ["ignore", "ignore", "pipe"] });
  const timer = setTimeout(() => child.kill("SIGKILL"), HANG_MS);
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve) => {
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, stderr });
    });
  });
}

/** The fault of an outcome, if any. */
function judge({ code, signal, stderr }: Outcome): string | undefined {
  const said = stderr.slice(-1500);
  if (signal) return `hangs or dies (${signal}): ${said}`;
  if (/^ +at /m.test(stderr) || /internal:|bug in prefine/.test(stderr)) return `exit code ${code}: ${said}`;
  if (code === 0) return undefined;
  return code === 1 && /^error: .+\n(.+\n)+/m.test(stderr) ? undefined : `exit code ${code}: ${said}`;
}
