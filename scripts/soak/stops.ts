/**
 * @file npm run soak -- --stops: `prefine train` on a few thousand rows, stopped (ctrl-C, SIGTERM, SIGKILL) at random
 * while its data is read, mapped, counted and tokenized, while tokens are written, and in its first steps, then resumed
 * or started again: it must end with the log, the weights and the files of an undisturbed run.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LogEntry } from "../../src/checkpoints/trainerState.ts";
import { isPartial } from "../../src/disk/wholeFiles.ts";
import { furnish, jsonLines } from "../../test/support/furnish.ts";
import { withoutTimings } from "../../test/support/toyTrainer.ts";
import type { Dice } from "../fuzz/dice.ts";

/** What the rows go through before the first step. */
export const STOPPED_JOBS = {
  "tokenized ahead": [],
  "tokenized ahead, mapped": ["--process", "long.mjs"],
  "tokenized first": ["--drop_degenerate"],
  "tokenized first, mapped": ["--drop_degenerate", "--process", "long.mjs"],
  "a stream": ["--dataset_streaming", "--process", "long.mjs"],
  "a precomputed reference": ["--precompute_ref_log_probs", "--data_files.train", "few.jsonl"],
} as const satisfies Record<string, readonly string[]>;
export type StoppedJob = keyof typeof STOPPED_JOBS;

/** Where a run is when it is stopped. */
export const MOMENTS = ["before the first step", "while tokens are written", "in the first steps"] as const;
export type Moment = (typeof MOMENTS)[number];

export const SIGNALS = ["SIGINT", "SIGKILL", "SIGTERM"] as const;

const STEPS = ["--max_steps", "40", "--save_strategy", "steps", "--save_steps", "5", "--learning_rate", "1e-2"];

/** Writes model, tokenizer and data into a folder. @param rows from 4,096 on, tokens are kept. */
export async function furnishStops(folder: string, rows: number): Promise<void> {
  await furnish(folder);
  const lines = Array.from({ length: rows }, (_, i) => ({
    prompt: `Is ${i} a number?`,
    chosen: ` yes, ${"a number ".repeat(i % 9)}`,
    rejected: i % 50 === 7 ? "" : " no",
  }));
  writeFileSync(join(folder, "train.jsonl"), jsonLines(lines));
  writeFileSync(join(folder, "few.jsonl"), jsonLines(lines.slice(0, 60)));
  // more than results of map may take in memory
  writeFileSync(join(folder, "long.mjs"), 'export default (row) => ({ ...row, note: "x".repeat(2000) });');
}

interface End {
  code: number | null;
  signal: NodeJS.Signals | null;
  stderr: string;
  /** Milliseconds from the start to the first line of the log, and to the end. */
  firstStep: number;
  total: number;
}

interface Running {
  child: ChildProcess;
  end: Promise<End>;
  /** Resolves with the first line of the log; never without one. */
  firstStep: Promise<void>;
}

/** A line of the log: `step 1  loss ...`. */
const LOGGED = /\bloss\b/;

export interface StopsOptions {
  /** Folder furnished with `furnishStops`. */
  template: string;
  /** Words of the command, such as the built `bin/prefine.js`. */
  command: readonly string[];
  job: StoppedJob;
}

function start(place: string, { command, job }: StopsOptions, ...flags: string[]): Running {
  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, NO_COLOR: "1", PREFINE_NUM_THREADS: "1", PREFINE_CACHE: join(place, "cache") };
  const words = [...command, "train", "--config", "run.yaml", ...STEPS, ...STOPPED_JOBS[job], ...flags];
  const started = performance.now();
  const child = spawn(process.execPath, words, { cwd: place, env, stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  let firstStep = Number.NaN;
  let logged = () => {};
  const first = new Promise<void>((resolve) => {
    logged = resolve;
  });
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    stderr += chunk;
    if (!Number.isNaN(firstStep) || !LOGGED.test(stderr)) return;
    firstStep = performance.now() - started;
    logged();
  });
  const end = new Promise<End>((resolve) => {
    child.once("close", (code, signal) => {
      const total = performance.now() - started;
      resolve({ code, signal, stderr, firstStep: Number.isNaN(firstStep) ? total : firstStep, total });
    });
  });
  return { child, end, firstStep: first };
}

/** A stopped process ends within a second; others may take the processor. */
const SOON_MS = 20_000;

const pause = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/** Resolves while a file of tokens is written; never where none is. */
function tokensAreWritten(place: string): { promise: Promise<void>; forget: () => void } {
  const folder = join(place, "cache/tokens");
  mkdirSync(folder, { recursive: true });
  let watcher: ReturnType<typeof watch> | undefined;
  const promise = new Promise<void>((resolve) => {
    watcher = watch(folder, (_, name) => {
      if (name && isPartial(name)) resolve();
    });
  });
  return { promise, forget: () => watcher?.close() };
}

/** One stop. @returns how the process ended. */
async function stopOnce(
  place: string,
  options: StopsOptions,
  { moment, signal, calm, random }: { moment: Moment; signal: NodeJS.Signals; calm: End; random: Dice },
): Promise<End> {
  const tokens = tokensAreWritten(place);
  const { child, end, firstStep } = start(place, options, "--resume_from_checkpoint");
  const later = (most: number) => pause(random.below(Math.max(1, Math.round(most))));
  const reached = {
    "before the first step": later(calm.firstStep),
    "while tokens are written": tokens.promise.then(() => later(20)),
    "in the first steps": firstStep.then(() => later(calm.total - calm.firstStep)),
  }[moment];
  await Promise.race([reached, end]);
  child.kill(signal);
  tokens.forget();
  const slow = setTimeout(() => child.kill("SIGKILL"), SOON_MS).unref();
  return end.finally(() => clearTimeout(slow));
}

export interface StopsResult {
  /** What each stop came to: the message of a process that ended itself, or the signal. */
  stops: string[];
  /** What is wrong; empty: nothing. */
  faults: string[];
}

/** An undisturbed run. @param place folder for it. */
export async function calmRun(place: string, options: StopsOptions): Promise<End> {
  cpSync(options.template, place, { recursive: true });
  const end = await start(place, options).end;
  if (end.code !== 0) throw new Error(`the undisturbed training failed:\n${end.stderr}`);
  return end;
}

/** A run that is stopped some times, in a new folder, compared with an undisturbed one in another. */
export async function stoppedRun(
  place: string,
  options: StopsOptions,
  {
    calmPlace,
    calm,
    stops,
    random,
  }: { calmPlace: string; calm: End; stops: readonly (readonly [Moment, NodeJS.Signals])[]; random: Dice },
): Promise<StopsResult> {
  cpSync(options.template, place, { recursive: true });
  const result: StopsResult = { stops: [], faults: [] };
  for (const [moment, signal] of stops) {
    const end = await stopOnce(place, options, { moment, signal, calm, random });
    const [message] = /^(?:stopped|error)[^\n]*/m.exec(end.stderr) ?? [];
    const isOver = end.code === 0 || end.signal === signal || (end.code === 130 && message?.startsWith("stopped"));
    result.stops.push(end.code === 0 ? "ended before" : (message?.replaceAll(/\d+/g, "N") ?? signal));
    if (!isOver) result.faults.push(`${moment}, ${signal}: ended with ${end.code}: ${end.stderr}`);
    const left = end.signal === "SIGKILL" ? [] : halves(place);
    if (left.length > 0) result.faults.push(`${moment}, ${signal}: left ${left.join(", ")}`);
  }
  const last = await start(place, options, "--resume_from_checkpoint").end;
  if (last.code !== 0) result.faults.push(`the last run ended with ${last.code}: ${last.stderr}`);
  else for (const fault of differences(calmPlace, place)) result.faults.push(fault);
  return result;
}

const namesIn = (folder: string) =>
  existsSync(folder) ? readdirSync(folder, { recursive: true }).map(String).toSorted() : [];

/** Unfinished and temporary files of a run and its cache. */
function halves(place: string): string[] {
  const names = [...namesIn(join(place, "dpo")), ...namesIn(join(place, "cache"))];
  return names.filter((name) => name.split("/").some((part) => isPartial(part) || part.includes("scratch")));
}

function differences(calm: string, stopped: string): string[] {
  const left = halves(stopped).map((name) => `left ${name}`);
  const folders = ["dpo", "cache/tokens"].filter(
    (folder) => namesIn(join(calm, folder)).join() !== namesIn(join(stopped, folder)).join(),
  );
  const others = folders.map((folder) => {
    const [expected, found] = [calm, stopped].map((place) => new Set(namesIn(join(place, folder))));
    const more = [...found].filter((name) => !expected.has(name));
    return `${folder}: more: ${more.join(", ")}; fewer: ${[...expected].filter((name) => !found.has(name)).join(", ")}`;
  });
  const log = (place: string) => {
    const state = JSON.parse(readFileSync(join(place, "dpo/trainer_state.json"), "utf8"));
    return JSON.stringify(withoutTimings(state.log_history as LogEntry[]));
  };
  const adapter = (place: string) => readFileSync(join(place, "dpo/adapter_model.safetensors")).toString("latin1");
  const unequal = [
    ...(log(calm) === log(stopped) ? [] : ["another log"]),
    ...(adapter(calm) === adapter(stopped) ? [] : ["another adapter"]),
  ];
  return [...left, ...others, ...unequal];
}

/** Rounds until the time is up. @returns the number of rounds with faults. */
export async function soakStops(
  folder: string,
  { command, end, random }: { command: readonly string[]; end: number; random: Dice },
): Promise<number> {
  const template = join(folder, "template");
  await furnishStops(template, 8000);
  const tally = new Map<string, number>();
  const calms = new Map<StoppedJob, { place: string; end: End }>();
  const jobs = Object.keys(STOPPED_JOBS) as StoppedJob[];
  let bad = 0;
  for (let round = 0; round < jobs.length || Date.now() < end; round++) {
    const job = jobs[round % jobs.length];
    const options = { template, command, job };
    const calm = calms.get(job) ?? { place: join(folder, `calm-${round}`), end: undefined as never };
    if (!calms.has(job)) {
      calm.end = await calmRun(calm.place, options);
      calms.set(job, calm);
    }
    const stops = Array.from(
      { length: 1 + random.below(3) },
      () => [MOMENTS[random.below(MOMENTS.length)], SIGNALS[random.below(SIGNALS.length)]] as const,
    );
    const place = join(folder, `stopped-${round}`);
    const result = await stoppedRun(place, options, { calmPlace: calm.place, calm: calm.end, stops, random });
    for (const one of result.stops) tally.set(one, (tally.get(one) ?? 0) + 1);
    const words = stops.map(([moment, signal], i) => `${signal} ${moment} (${result.stops[i]})`).join("; ");
    console.log(`round ${round + 1}: ${job}: ${words}: ${result.faults.length === 0 ? "same result" : "FAULT"}`);
    for (const fault of result.faults) console.log(`  ${fault}`);
    if (result.faults.length > 0) bad++;
    rmSync(place, { recursive: true, force: true });
  }
  for (const [stop, count] of [...tally].toSorted((a, b) => b[1] - a[1])) console.log(`${count} x ${stop}`);
  return bad;
}
