/**
 * @file Errors that one rank of a job meets alone: all ranks end with it at their next exchange, save what one process
 * would have saved, and can train on. One job for all kinds of them; with PREFINE_CASES=all also one process.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LogEntry } from "../src/checkpoints/trainerState.ts";
import type { DPOConfigInput, RunInput } from "../src/index.ts";
import { builtPackage } from "./support/builtPackage.ts";
import { jsonLines } from "./support/furnish.ts";
import { furnishRanks, rankRows } from "./support/rankTrainings.ts";
import { casesOf, takesAll } from "./support/samples.ts";
import { finished, hasLauncher, launcherFromEnv, needsMpirun, runCommandOnRanks } from "./support/startRanks.ts";
import { withoutTimings } from "./support/toyTrainer.ts";

const folder = mkdtempSync(join(tmpdir(), "prefine-cluster-failures-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Training {
  name: string;
  fault?: string;
  faulty?: number;
  stream?: boolean;
  files: string[];
  /** Folder of the model. Default: model. */
  model?: string;
  args?: DPOConfigInput;
  /** By `train`, of this run. */
  run?: RunInput;
  /** A file that the ranks replace before. */
  fixed?: { from: string; to: string };
}

interface Ended {
  log?: LogEntry[];
  error?: { kind: string; code: string; message: string; hint?: string };
  saved: string[];
}

const STEPS: DPOConfigInput = {
  bf16: false,
  max_length: 64,
  max_steps: 6,
  learning_rate: 1e-3,
  logging_steps: 1,
  eval_strategy: "steps",
  eval_steps: 4,
  save_strategy: "steps",
  save_steps: 3,
  gradient_checkpointing: false,
  per_device_train_batch_size: 2,
};

const RANKS = [0, 1];

const RUN: RunInput = {
  ...{ model_name_or_path: "./model", data_files: "train.jsonl", output_dir: "by-run", bf16: false, max_steps: 1 },
  eval_strategy: "no",
};

/** 64 pairs of a stream are read before the first step. */
const FIRST_PAIRS = 64;
const STREAMED: DPOConfigInput = { eval_strategy: "no", per_device_train_batch_size: 16, save_strategy: "no" };
const BAD_ROW = FIRST_PAIRS + 7;

interface Fault {
  /** The ranks that it is tried on. */
  on: number[];
  code?: string;
  message: RegExp;
  saved: string[];
  /** One process has nothing of that kind. */
  ofRanks?: true;
  /** All ranks see it, so that none is named before it. */
  isSeen?: true;
  /** Trained by `train`, from a run file. */
  byRun?: true;
}

/** Requests that the compute thread can't answer. */
const BROKEN = { on: [1], message: /^internal: / };
const OF_CALLBACK = { code: "training", saved: [] };
const OTHER_RUN: Omit<Fault, "message"> = { on: [1], code: "config", saved: [], ofRanks: true, isSeen: true };
const OF_RUN: Omit<Fault, "message"> = { on: [1], saved: [], ofRanks: true, byRun: true };

/** What one process and a job of several do after a fault on one of them: the kind of error, and what is saved. */
const FAULTS: Record<string, Fault> = {
  "a callback": {
    on: RANKS,
    ...OF_CALLBACK,
    message: /^callback Object.on_step_end \(step 3\): Error: no such gauge$/,
  },
  "a callback before the first step": { on: [1], ...OF_CALLBACK, message: /on_train_begin \(step 0\): Error: early$/ },
  "a callback on this rank only": { on: RANKS, ...OF_CALLBACK, message: /on_log \(step 3\): a text$/ },
  "a callback between an update and its count": {
    ...{ on: [1], code: "data", message: /^a row of its own$/ },
    saved: ["checkpoint-3"], // not step 4, whose weights are already those of step 5
  },
  compute_metrics: {
    ...{ on: RANKS, code: "training", message: /^compute_metrics: RangeError: no metric$/ },
    saved: ["checkpoint-3"],
  },
  "a graph": { ...BROKEN, saved: ["checkpoint-3"] },
  "the sum of gradients": { ...BROKEN, saved: ["checkpoint-3"], ofRanks: true },
  "the optimizer": { ...BROKEN, saved: [] },
  "a full disk": { on: [0], code: "io", message: /checkpoint-3: cannot write: the disk is full/, saved: [] },
  "a signal": {
    ...{ on: RANKS, code: "interrupted", message: /stopped after step 3 of 6; saved .*checkpoint-3/ },
    saved: ["checkpoint-3"],
  },
  "a model that is missing": { on: [1], code: "model", message: /absent/, saved: [] },
  "a loss that is not finite": {
    ...{ on: RANKS, code: "training", saved: ["checkpoint-3"], isSeen: true },
    message: /^step 4: expected a finite loss, found NaN; /,
  },
  "other rows": { ...OTHER_RUN, message: /train_dataset: "12 pairs, .*" -> "7 pairs, / },
  "other settings": { ...OTHER_RUN, message: /beta: 0\.1 -> 0\.2/ },
  "another version of prefine": { ...OTHER_RUN, message: /prefine: ".*" -> "99\.0\.0"/ },
  "another version of Node": { ...OTHER_RUN, message: /node: ".*" -> "99\.0\.0"/ },
  "rows that are missing": { ...OF_RUN, code: "data", message: /train\.jsonl: no such file/ },
  "a model that is missing there": { ...OF_RUN, code: "model", message: /^\.\/model: / },
};

const KINDS = Object.entries(FAULTS).flatMap(([fault, { on }]) => on.map((faulty) => ({ fault, faulty })));
/** Each kind on one rank, at least. */
const CASES = casesOf(KINDS, ({ fault, faulty }) => faulty === FAULTS[fault].on.at(-1));

const RESUMED = "a row, 1";

/** The template refuses a row, which is tokenized while the run trains. */
const REFUSED: Training = {
  ...{ name: "a template", fault: "none", files: ["chats.jsonl"], model: "chat" },
  args: {
    ...{ max_steps: 60, train_sampling_strategy: "sequential", per_device_train_batch_size: 1, logging_steps: 50 },
    ...{ eval_strategy: "no", save_strategy: "no", token_cache: false },
  },
};
const REFUSED_ROW = 41;

/** @param ranks of the job. */
const trainingsOf = (ranks: readonly number[]): Training[] =>
  [
    ...CASES.filter(({ fault }) => ranks.length > 1 || !FAULTS[fault].ofRanks).map((kind) => ({
      ...{ ...kind, files: ["train.jsonl"] },
      ...(FAULTS[kind.fault].byRun ? { run: RUN } : {}),
    })),
    ...ranks.map((faulty) => ({
      ...{ fault: "a row", faulty, stream: true, args: STREAMED },
      files: ranks.map((rank) => (rank === faulty ? `bad-${rank}.jsonl` : `good-${rank}.jsonl`)),
    })),
    { fault: "none", faulty: 0, files: ["train.jsonl"] },
  ].map((training) => ({ ...training, name: `${training.fault}, ${training.faulty}` }));

/** The run that a bad row ended, once the row is fixed, and one from the start. */
function resumedTrainings(training: Training, output_dir: string): Training[] {
  const args = { ...training.args, output_dir, resume_from_checkpoint: true };
  return [
    { ...training, args, name: "resumed", fixed: { from: "good-1.jsonl", to: "bad-1.jsonl" } },
    { ...training, name: "whole" },
  ];
}

async function runJob(place: string, trainings: readonly Training[], size: number): Promise<Ended[][]> {
  const job = join(folder, `${place}.json`);
  const all = trainings.map(({ args, ...training }) => ({
    ...training,
    args: { ...STEPS, ...args, output_dir: args?.output_dir ?? join(folder, place, training.name) },
  }));
  writeFileSync(job, JSON.stringify({ folder, trainings: all }));
  const words = [new URL("support/rankFailures.mjs", import.meta.url).pathname, await builtPackage(), job];
  const env = { PREFINE_NUM_THREADS: "1" };
  const end =
    size === 1
      ? await finished(process.execPath, words, { cwd: folder, env })
      : await runCommandOnRanks(words, { size, cwd: folder, by: launcherFromEnv });
  if (end.code !== 0) throw new Error(`${place} ended with ${end.code}:\n${end.stderr}`);
  return Array.from({ length: size }, (_, rank) => JSON.parse(readFileSync(`${job}.results-${rank}.json`, "utf8")));
}

/** What `train` reads, in folders of which each lacks something. */
function furnishLacks(): void {
  for (const lack of ["model", "train.jsonl"]) {
    const place = join(folder, `without-${lack === "model" ? lack : "rows"}`);
    mkdirSync(place);
    for (const name of ["model", "train.jsonl"])
      if (name !== lack) cpSync(join(folder, name), join(place, name), { recursive: true });
  }
}

/** Conversations, and a model whose template refuses one of them. */
function furnishChats(): void {
  const said = (role: string, content: string) => [{ role, content }];
  const row = (i: number) => ({
    ...{ prompt: said("user", `${i}`), chosen: said("assistant", "yes"), rejected: said("assistant", "no") },
  });
  const rows = Array.from({ length: 4200 }, (_, i) => row(i)); // so many are tokenized while the run trains
  writeFileSync(join(folder, "chats.jsonl"), jsonLines(rows));
  cpSync(join(folder, "model"), join(folder, "chat"), { recursive: true });
  const refuse = `{% if messages[0].content == '${REFUSED_ROW}' %}{{ messages[0].none.such }}{% endif %}`;
  const template = `${refuse}{% for m in messages %}{{ m.content }}{{ eos_token }}{% endfor %}`;
  writeFileSync(join(folder, "chat/chat_template.jinja"), template);
}

async function furnishFaults(): Promise<void> {
  await furnishRanks(folder);
  for (const rank of RANKS) {
    const rows = rankRows(FIRST_PAIRS + 32, 100 * rank);
    writeFileSync(join(folder, `good-${rank}.jsonl`), jsonLines(rows));
    const bad = rows.with(BAD_ROW, { ...rows[BAD_ROW], chosen: 5 as never });
    writeFileSync(join(folder, `bad-${rank}.jsonl`), jsonLines(bad));
  }
  furnishLacks();
  furnishChats();
}

describe.skipIf(!hasLauncher(launcherFromEnv))(`an error of one rank${needsMpirun}`, () => {
  let alone: Ended[];
  let together: Ended[][];
  const onOne = trainingsOf([0]);
  const faults = trainingsOf(RANKS);
  const ended = faults.find(({ name }) => name === RESUMED) as Training;
  const onTwo = [...faults, ...resumedTrainings(ended, join(folder, "together", RESUMED)), REFUSED];
  const at = (trainings: readonly Training[], name: string) =>
    trainings.findIndex((training) => training.name === name);

  beforeAll(async () => {
    await furnishFaults();
    if (takesAll) [alone] = await runJob("alone", onOne, 1);
    together = await runJob("together", onTwo, 2);
  }, 300_000);

  test.each(CASES)("$fault on rank $faulty ends all of them as one process", ({ fault, faulty }) => {
    const { code, message, saved, ofRanks, isSeen } = FAULTS[fault];
    const about = { ...(code ? { code } : {}), message: expect.stringMatching(message) };
    const one = ofRanks ? undefined : alone?.[at(onOne, `${fault}, ${faulty}`)];
    if (one) expect({ ...one.error, saved: one.saved }).toMatchObject({ ...about, saved });
    for (const [rank, results] of together.entries()) {
      const { error, saved: files } = results[at(onTwo, `${fault}, ${faulty}`)];
      const plain = error?.message.replace(/^rank \d: /, "");
      expect({ ...error, message: plain, saved: files }).toMatchObject({ ...about, saved });
      const isOfAll = code === "interrupted" || fault === "a full disk"; // they stop together; rank 0 writes for all
      if (isSeen) expect(error?.message).toBe(plain);
      else if (!isOfAll) expect(error?.message !== plain).toBe(rank !== faulty);
    }
  });

  test.each(RANKS)(
    "a row that only rank %i reads ends all of them at their last whole step, and is named",
    (faulty) => {
      if (takesAll)
        expect(alone[at(onOne, "a row, 0")]).toMatchObject({ error: { code: "data" }, saved: ["checkpoint-4"] });
      for (const [rank, results] of together.entries()) {
        const { error, saved: files } = results[at(onTwo, `a row, ${faulty}`)];
        expect(error?.code, error?.message).toBe("data");
        expect(files).toEqual(["checkpoint-3"]); // ranks read the next batch to see whether there is one
        const where = rank === faulty ? "" : `rank ${faulty}: `;
        expect(error?.message).toMatch(
          new RegExp(`^${where}.*row ${BAD_ROW}: .*; saved .*/checkpoint-3 with the steps`),
        );
      }
    },
  );

  test("the job trains on as if nothing had been", () => {
    const logs = together.map((results) => results[at(onTwo, "none, 0")].log);
    expect(logs[0]?.at(-1)).toMatchObject({ step: 6 });
    expect(withoutTimings(logs[1] as LogEntry[])).toEqual(withoutTimings(logs[0] as LogEntry[]));
  });

  test("once the row is fixed, the run resumes and ends as one without it", () => {
    const [resumed, whole] = ["resumed", "whole"].map((name) => together[0][at(onTwo, name)]);
    expect(resumed.error).toBeUndefined();
    expect(withoutTimings(resumed.log as LogEntry[])).toEqual(withoutTimings(whole.log as LogEntry[]));
    const [a, b] = [RESUMED, "whole"].map((name) =>
      readFileSync(join(folder, "together", name, "adapter_model.safetensors"), "hex"),
    );
    expect(a).toBe(b);
  });

  test("a row that a chat template refuses while they train is named, and the steps before it are saved", () => {
    for (const results of together) {
      const { error, saved } = results[at(onTwo, REFUSED.name)];
      const [, step] = /row 41(?: \(\S+\))?: .*; saved .*\/checkpoint-(\d+) with/.exec(`${error?.message}`) ?? [];
      expect(Number(step), error?.message).toBeGreaterThan(0);
      expect(saved).toEqual([`checkpoint-${step}`]);
    }
  });
});
