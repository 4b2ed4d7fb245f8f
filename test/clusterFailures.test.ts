/**
 * @file Errors that one rank of a job meets alone: all ranks end with it at their next exchange, save what one process
 * would have saved, and can train on. One job for all kinds of them.
 */
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LogEntry } from "../src/checkpoints/trainerState.ts";
import type { DPOConfigInput } from "../src/index.ts";
import { builtPackage } from "./support/builtPackage.ts";
import { jsonLines } from "./support/furnish.ts";
import { furnishRanks, rankRows } from "./support/rankTrainings.ts";
import {
  finished,
  hasLauncher,
  launcherFromEnv,
  needsMpirun,
  runCommandOnRanks,
  runRanks,
} from "./support/startRanks.ts";
import { withoutTimings } from "./support/toyTrainer.ts";

const folder = mkdtempSync(join(tmpdir(), "prefine-cluster-failures-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Training {
  name: string;
  fault?: string;
  faulty?: number;
  stream?: boolean;
  files: string[];
  args?: DPOConfigInput;
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
}

/** Requests that the compute thread can't answer. */
const BROKEN = { on: [1], message: /^internal: / };
const OF_CALLBACK = { code: "training", saved: [] };

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
};

const CASES = Object.entries(FAULTS).flatMap(([fault, { on }]) => on.map((faulty) => ({ fault, faulty })));

/** @param ranks of the job. */
const trainingsOf = (ranks: readonly number[]): Training[] =>
  [
    ...CASES.map((kind) => ({ ...kind, files: ["train.jsonl"] })),
    ...ranks.map((faulty) => ({
      ...{ fault: "a row", faulty, stream: true, args: STREAMED },
      files: ranks.map((rank) => (rank === faulty ? `bad-${rank}.jsonl` : `good-${rank}.jsonl`)),
    })),
    { fault: "none", faulty: 0, files: ["train.jsonl"] },
  ].map((training) => ({ ...training, name: `${training.fault}, ${training.faulty}` }));

const RESUMED = "a row, 1";

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

describe.skipIf(!hasLauncher(launcherFromEnv))(`an error of one rank${needsMpirun}`, () => {
  let alone: Ended[];
  let together: Ended[][];
  const [onOne, onTwo] = [trainingsOf([0]), trainingsOf(RANKS)];
  const at = (trainings: readonly Training[], name: string) =>
    trainings.findIndex((training) => training.name === name);

  beforeAll(async () => {
    await furnishRanks(folder);
    for (const rank of RANKS) {
      const rows = rankRows(FIRST_PAIRS + 32, 100 * rank);
      writeFileSync(join(folder, `good-${rank}.jsonl`), jsonLines(rows));
      writeFileSync(
        join(folder, `bad-${rank}.jsonl`),
        jsonLines(rows.with(BAD_ROW, { ...rows[BAD_ROW], chosen: 5 as never })),
      );
    }
    [alone] = await runJob("alone", onOne, 1);
    together = await runJob("together", onTwo, 2);
  }, 300_000);

  test.each(CASES)("$fault on rank $faulty ends all of them as one process", ({ fault, faulty }) => {
    const { code, message, saved, ofRanks } = FAULTS[fault];
    const one = alone[at(onOne, `${fault}, ${faulty}`)];
    const about = { ...(code ? { code } : {}), message: expect.stringMatching(message) };
    if (!ofRanks) expect({ ...one.error, saved: one.saved }).toMatchObject({ ...about, saved });
    for (const [rank, results] of together.entries()) {
      const { error, saved: files } = results[at(onTwo, `${fault}, ${faulty}`)];
      const plain = error?.message.replace(/^rank \d: /, "");
      expect({ ...error, message: plain, saved: files }).toMatchObject({ ...about, saved });
      const isOfAll = code === "interrupted" || code === "io"; // they stop together; rank 0 writes for all
      if (!isOfAll) expect(error?.message !== plain).toBe(rank !== faulty);
    }
  });

  test.each(RANKS)(
    "a row that only rank %i reads ends all of them at their last whole step, and is named",
    (faulty) => {
      expect(alone[at(onOne, "a row, 0")]).toMatchObject({ error: { code: "data" }, saved: ["checkpoint-4"] });
      for (const [rank, results] of together.entries()) {
        const { error, saved: files } = results[at(onTwo, `a row, ${faulty}`)];
        expect(files).toEqual(["checkpoint-3"]); // ranks read the next batch to see whether there is one
        expect(error?.code).toBe("data");
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

  test("once the row is fixed, the run resumes and ends as one without it", { timeout: 120_000 }, async () => {
    copyFileSync(join(folder, "good-1.jsonl"), join(folder, "bad-1.jsonl"));
    const training = onTwo[at(onTwo, RESUMED)];
    const output_dir = join(folder, "together", RESUMED);
    const [[resumed, whole]] = await runJob(
      "resumed",
      [
        { ...training, args: { ...training.args, output_dir, resume_from_checkpoint: true } },
        { ...training, name: "whole" },
      ],
      2,
    );
    expect(withoutTimings(resumed.log as LogEntry[])).toEqual(withoutTimings(whole.log as LogEntry[]));
    const [a, b] = [output_dir, join(folder, "resumed", "whole")].map((dir) =>
      readFileSync(join(dir, "adapter_model.safetensors"), "hex"),
    );
    expect(a).toBe(b);
  });

  test("prefine train tells a row that a chat template refuses once, and saves", { timeout: 120_000 }, async () => {
    const said = (role: string, content: string) => [{ role, content }];
    const row = (i: number) => ({
      prompt: said("user", `${i}`),
      chosen: said("assistant", "yes"),
      rejected: said("assistant", "no"),
    });
    const rows = Array.from({ length: 4200 }, (_, i) => row(i)); // so many are tokenized while the run trains
    writeFileSync(join(folder, "chats.jsonl"), jsonLines(rows));
    const refuse = "{% if messages[0].content == '41' %}{{ messages[0].none.such }}{% endif %}";
    const template = `${refuse}{% for m in messages %}{{ m.content }}{{ eos_token }}{% endfor %}`;
    writeFileSync(join(folder, "model/chat_template.jinja"), template);
    const flags =
      "--model_name_or_path model --data_files.train chats.jsonl --output_dir refused --bf16 false --use_peft " +
      "--lora_r 2 --lora_target_modules c_attn --max_steps 60 --train_sampling_strategy sequential " +
      "--per_device_train_batch_size 1 --logging_steps 50 --eval_strategy no --token_cache false";
    const { code, stderr } = await runRanks(["train", ...flags.split(" ")], {
      size: 2,
      cwd: folder,
      by: launcherFromEnv,
    });
    expect(code, stderr).toBe(1);
    expect(stderr.match(/^error: /gm), stderr).toHaveLength(1);
    const [, step] = /row 41 \(chats\.jsonl\): .*; saved refused\/checkpoint-(\d+) with the steps/.exec(stderr) ?? [];
    expect(Number(step), stderr).toBeGreaterThan(0);
    expect(existsSync(join(folder, `refused/checkpoint-${step}/adapter_model.safetensors`))).toBe(true);
  });
});
