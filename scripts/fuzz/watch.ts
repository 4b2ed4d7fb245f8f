/** @file Runs mutants in a process that may hang or die; each time is a finding, and a new process continues. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface Batch {
  target: string;
  /** Number of the first mutant. */
  first: number;
  count: number;
  seed: number;
}

export interface Finding {
  target: string;
  number: number;
  what: string;
}

export interface BatchResult {
  mutants: number;
  /** Mutants refused with a PrefineError; the others were read. */
  refused: number;
  findings: Finding[];
}

const RUNNER = fileURLToPath(new URL("./runner.ts", import.meta.url));
const TSX = new URL("../../node_modules/tsx/dist/loader.mjs", import.meta.url).href;
/** A mutant that takes longer counts as hanging. */
const HANG_MS = 10_000;
/** Starting and writing the seed files. */
const START_MS = 60_000;
/** MiB of heap: a mutant that needs more trusts a false length. */
const HEAP = 768;

interface Line {
  start?: number;
  end?: number;
  refused?: boolean;
  finding?: string;
}

/** Runs all mutants of a batch, with as many processes as needed. */
export async function runBatch({ target, first, count, seed }: Batch): Promise<BatchResult> {
  const result: BatchResult = { mutants: 0, refused: 0, findings: [] };
  for (let next = first; next < first + count; ) {
    const { reached, died } = await runProcess({ target, first: next, count: first + count - next, seed }, result);
    if (died === undefined) break;
    result.findings.push({ target, number: reached, what: died });
    result.mutants++;
    next = reached + 1;
  }
  return result;
}

/** @returns the last mutant read, and how the process died, if it did not finish. */
async function runProcess(batch: Batch, result: BatchResult): Promise<{ reached: number; died: string | undefined }> {
  const folder = mkdtempSync(join(tmpdir(), "prefine-fuzz-"));
  const { target, first, count, seed } = batch;
  const words = [`--max-old-space-size=${HEAP}`, "--import", TSX, RUNNER, target, `${first}`, `${count}`, `${seed}`];
  const child = spawn(process.execPath, words, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let reached = first;
  let isDone = false;
  let died: string | undefined;
  let timer = setTimeout(() => {}, 0);
  const expectLine = (ms: number) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      died = `hangs: nothing for ${ms / 1000} s`;
      child.kill("SIGKILL");
    }, ms);
  };
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr = (stderr + chunk).slice(-3000);
  });
  expectLine(START_MS);
  createInterface({ input: child.stdout }).on("line", (text) => {
    const line = JSON.parse(text) as Line;
    if (line.start !== undefined) reached = line.start;
    if (line.finding !== undefined) result.findings.push({ target, number: line.end ?? reached, what: line.finding });
    if (line.end !== undefined) result.mutants++;
    if (line.refused) result.refused++;
    isDone = line.end === first + count - 1;
    expectLine(HANG_MS);
  });
  await new Promise((resolve) => child.once("close", resolve));
  clearTimeout(timer);
  rmSync(folder, { recursive: true, force: true });
  return { reached, died: died ?? (isDone ? undefined : `the process died: ${stderr.trim()}`) };
}
