/** @file Runs mutants in a process that may hang or die; each time is a finding, and a new process continues. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface Batch {
  targets: readonly string[];
  /** Number of the first mutant of each. */
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
  target?: string;
  start?: number;
  end?: number;
  refused?: boolean;
  finding?: string;
}

/** Runs all mutants of a batch, with as many processes as needed. */
export async function runBatch({ targets, first, count, seed }: Batch): Promise<BatchResult> {
  const result: BatchResult = { mutants: 0, refused: 0, findings: [] };
  for (let left = targets; left.length > 0; ) {
    const { target, number, died } = await runProcess({ targets: left, first, count, seed }, result);
    if (died === undefined) break;
    result.findings.push({ target, number, what: died });
    result.mutants++;
    const after = number + 1;
    const rest = after < first + count ? [target] : [];
    const more = await runBatch({ targets: rest, first: after, count: first + count - after, seed });
    result.mutants += more.mutants;
    result.refused += more.refused;
    result.findings.push(...more.findings);
    left = left.slice(left.indexOf(target) + 1);
  }
  return result;
}

interface Ended {
  /** The last mutant that was read. */
  target: string;
  number: number;
  /** How the process died, if it did not finish. */
  died: string | undefined;
}

async function runProcess({ targets, first, count, seed }: Batch, result: BatchResult): Promise<Ended> {
  const folder = mkdtempSync(join(tmpdir(), "prefine-fuzz-"));
  const args = [targets.join(","), `${first}`, `${count}`, `${seed}`];
  const words = [`--max-old-space-size=${HEAP}`, "--import", TSX, RUNNER, ...args];
  const child = spawn(process.execPath, words, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  const at = { target: targets[0], number: first };
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
    const { target = at.target, start, end, refused, finding } = JSON.parse(text) as Line;
    Object.assign(at, { target, number: start ?? end ?? at.number });
    if (finding !== undefined) result.findings.push({ ...at, what: finding });
    if (end !== undefined) result.mutants++;
    if (refused) result.refused++;
    isDone = end === first + count - 1 && target === targets.at(-1);
    expectLine(HANG_MS);
  });
  await new Promise((resolve) => child.once("close", resolve));
  clearTimeout(timer);
  rmSync(folder, { recursive: true, force: true });
  return { ...at, died: died ?? (isDone ? undefined : `the process died: ${stderr.trim()}`) };
}
