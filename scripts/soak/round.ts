/**
 * @file One round of the soak: an undisturbed training, and the same one killed repeatedly. Rivals start in its folder
 * meanwhile: while it lives they are refused, and once it is killed one of them may take the folder over.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type LogEntry, readRunState } from "../../src/checkpoints/trainerState.ts";
import { folderAt } from "../../src/disk/nodeStorage.ts";
import { builtPackage } from "../../test/support/builtPackage.ts";
import type { Dice } from "../fuzz/dice.ts";
import type { Training } from "./kinds.ts";

export interface RoundOptions {
  dice: Dice;
  /** Maximum milliseconds until a kill, uniformly distributed from 0. Default: those of the undisturbed training. */
  longestLife?: number;
  /** Maximum number of kills. Default: unlimited. */
  most?: number;
  /** One of this many lives has a rival. Default: 3. */
  rivalry?: number;
}

export interface RoundResult {
  /** Seconds of the undisturbed training. */
  seconds: number;
  kills: number;
  /** Processes that were refused because another one owned the folder, and those that took over from a killed one. */
  refusals: number;
  takeovers: number;
  /** Memory in bytes at every hundredth step of the undisturbed training. */
  memory: readonly { step: number; rss: number }[];
  /** Names of files that differ at the end; empty: none. */
  differences: string[];
}

/** Runs both. `training.args.output_dir` is for the undisturbed one; the other folder is next to it. */
export async function soakRound(
  training: Training,
  { dice, longestLife: longest, most = Number.POSITIVE_INFINITY, rivalry = 3 }: RoundOptions,
): Promise<RoundResult> {
  const started = performance.now();
  const calm = await runChild(training);
  if (calm.signal !== null || calm.code !== 0) throw new Error(`the undisturbed training failed:\n${calm.stderr}`);
  const seconds = (performance.now() - started) / 1000;
  const longestLife = longest ?? Math.round(1000 * seconds);
  const output_dir = `${training.args.output_dir}-killed`;
  const killed = { ...training, args: { ...training.args, output_dir, resume_from_checkpoint: true } };
  const count = { kills: 0, refusals: 0, takeovers: 0 };
  for (let isDone = false; !isDone; ) {
    const isLast = count.kills >= most;
    const lives = [runChild(killed, isLast ? undefined : 1 + dice.below(longestLife))];
    if (!isLast && dice.below(rivalry) === 0) lives.push(rival(killed, dice, longestLife));
    for (const end of await Promise.all(lives)) isDone = tally(end, count) || isDone;
  }
  const memory = calm.stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  return { seconds, ...count, memory, differences: await differencesOf(String(training.args.output_dir), output_dir) };
}

/** A second process in the same folder, started while the first one loads or trains. */
async function rival(training: Training, dice: Dice, longestLife: number): Promise<End> {
  await new Promise((resolve) => setTimeout(resolve, dice.below(longestLife)));
  return runChild(training, 1 + dice.below(longestLife));
}

const REFUSED = /expected no other training there, found one by process/;
const TAKEN_OVER = /taken over from process \d+/;

/** @returns whether the training has reached its end. @throws Error if a process ended in any other way. */
function tally(end: End, count: Pick<RoundResult, "kills" | "refusals" | "takeovers">): boolean {
  if (TAKEN_OVER.test(end.stderr)) count.takeovers++;
  if (end.signal === "SIGKILL") count.kills++;
  else if (end.code === 1 && REFUSED.test(end.stderr)) count.refusals++;
  else if (end.code === 0) return true;
  else throw new Error(`a resumed training failed after ${count.kills} kills:\n${end.stderr}`);
  return false;
}

interface End {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/**
 * In the first thousand steps, V8's young generation grows to its full size, and glibc fills an arena per thread: 25 MB
 * in total. Both are kept small, so that a leak of a few bytes per step is visible.
 */
const STEADY = { flags: ["--expose-gc", "--max-semi-space-size=1"], env: { MALLOC_ARENA_MAX: "1" } };

/** @param life milliseconds before it is killed. */
async function runChild(training: Training, life?: number): Promise<End> {
  const child = fileURLToPath(new URL("./child.mjs", import.meta.url));
  const words = [...STEADY.flags, child, await builtPackage(), JSON.stringify(training)];
  const env = { ...process.env, ...STEADY.env, NO_COLOR: "1", PREFINE_NUM_THREADS: "1" };
  const running = spawn(process.execPath, words, { env, stdio: ["ignore", "pipe", "pipe"] });
  const timer = life === undefined ? undefined : setTimeout(() => running.kill("SIGKILL"), life);
  const text = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    running[name].setEncoding("utf8").on("data", (chunk: string) => {
      text[name] += chunk;
    });
  }
  return new Promise((resolve) => {
    running.once("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, ...text });
    });
  });
}

/** Compares log and state without timings and the folder's name; weights and margins byte for byte. */
async function differencesOf(calm: string, killed: string): Promise<string[]> {
  const differences: string[] = [];
  const [a, b] = [await stateOf(calm), await stateOf(killed)];
  for (const name of Object.keys(a)) if (a[name] !== b[name]) differences.push(`trainer_state.json: ${name}`);
  for (const name of ["adapter_model.safetensors", "model.safetensors", "eval_margins.csv"]) {
    if (bytesOf(join(calm, name)) !== bytesOf(join(killed, name))) differences.push(name);
  }
  return differences;
}

async function stateOf(folder: string): Promise<Record<string, string>> {
  const state = await readRunState(folderAt(folder));
  const log_history = state.log_history.map(withoutTimings);
  const values = Object.entries({ ...state, log_history });
  return Object.fromEntries(values.map(([name, value]) => [name, JSON.stringify(value)?.replaceAll(folder, "RUN")]));
}

function withoutTimings(entry: LogEntry): LogEntry {
  return Object.fromEntries(Object.entries(entry).filter(([name]) => !/runtime|per_second/.test(name)));
}

function bytesOf(path: string): string {
  try {
    return readFileSync(path).toString("latin1");
  } catch {
    return ""; // a file of the other kind of training
  }
}
