/**
 * @file Wrong data: files of other types, missing columns and splits, bad rows, pairs that teach nothing. Faults of the
 * formats (torn pages, bad UTF-8, shards) are tested next to src/formats and src/data.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { SUPPORTED } from "../../src/data/datasets/fileFormats.ts";
import { runCommand } from "../support/runCommand.ts";
import { cut, jsonLines, PAIRS, refusalOf, train, useWorkbench } from "../support/workbench.ts";

useWorkbench();

const trainOn = (file: string) => train("--data_files.train", file);
const FORMATS =
  "A JSON file of rows has one object per line (JSON Lines), objects one after another, or one list of objects.";
const PARQUET_HINT = "Is the file truncated or a Git LFS pointer? Download or write it again.";

describe("a data file", () => {
  it.each([
    [
      "that is absent",
      "nowhere.jsonl",
      null,
      "error: nowhere.jsonl: no such file (split train)\nPaths are relative to the working directory.",
    ],
    [
      "that is a folder",
      "model",
      null,
      "error: model: expected a file, found a folder (split train)\nPass a folder as dataset_name, or list its files.",
    ],
    [
      "empty.jsonl",
      "empty.jsonl",
      "",
      "error: empty.jsonl: expected rows, found an empty file\nWrite rows into it, or name another.",
    ],
    [
      "blank.json",
      "blank.json",
      "\n \n",
      "error: blank.json: expected rows, found an empty file\nWrite rows into it, or name another.",
    ],
    ["without rows", "none.json", "[]", "error: train: expected rows, found none\nAdd data, or choose another split."],
    [
      "that is not a data file",
      "notes.docx",
      "hello",
      `error: notes.docx: expected a data file, found another type\n${SUPPORTED}.`,
    ],
    [
      "of texts",
      "texts.jsonl",
      '{"prompt": "a", "chosen": "b", "rejected": "c"}\n"row"\n',
      `error: texts.jsonl:2: expected a row as a JSON object, found: "row"\n${FORMATS}`,
    ],
  ])("%s", async (_, name, content, message) => {
    if (content !== null) writeFileSync(name, content);
    expect(await trainOn(name)).toBe(message);
  });

  it("truncated jsonl and json list", async () => {
    cut("train.jsonl", 0.9);
    expect(await trainOn("train.jsonl")).toMatch(
      /^error: train\.jsonl:6: expected a row as a JSON object, found: .*JSON at position \d+.*\nA JSON file of rows/,
    );
    writeFileSync("list.json", JSON.stringify(PAIRS).slice(0, -40));
    expect(await trainOn("list.json")).toBe(
      `error: list.json:1: expected a row as a JSON object, found: a list without an end; is the file truncated?\n${FORMATS}`,
    );
  });

  it("empty or truncated parquet", async () => {
    writeFileSync("empty.parquet", "");
    expect(await trainOn("empty.parquet")).toBe(
      `error: empty.parquet: not a whole parquet file: the file is empty\n${PARQUET_HINT}`,
    );
    const columns = (["prompt", "chosen", "rejected"] as const).map((name) => ({
      name,
      data: PAIRS.map((row) => row[name]),
    }));
    writeFileSync("pairs.parquet", new Uint8Array(parquetWriteBuffer({ columnData: columns })));
    cut("pairs.parquet", 0.7);
    expect(await trainOn("pairs.parquet")).toBe(
      `error: pairs.parquet: not a whole parquet file: parquet file invalid (footer != PAR1)\n${PARQUET_HINT}`,
    );
  });
});

describe("a split", () => {
  it("that does not exist, with the existing splits", async () => {
    const message = 'error: data_files: no split "trian": the splits are train, test\nDid you mean train?';
    expect(await train("--dataset_train_split", "trian")).toBe(message);
    mkdirSync("pairs");
    writeFileSync("pairs/train.jsonl", jsonLines(PAIRS));
    writeFileSync("pairs/test.jsonl", jsonLines(PAIRS));
    const flags = ["--model_name_or_path", "model", "--dataset_name", "pairs", "--output_dir", "x", "--eval_strategy"];
    expect(await refusalOf("train", ...flags, "epoch", "--dataset_test_split", "tset")).toBe(
      'error: pairs: no split "tset": the splits are train, test\nDid you mean test?',
    );
    expect(await refusalOf("data", "pairs", "--split", "tran")).toBe(
      'error: pairs: no split "tran": the splits are train, test\nDid you mean train?',
    );
  });
});

describe("a row", () => {
  const COLUMNS =
    "Preference data has the columns chosen and rejected, and optionally prompt: rename yours with a map " +
    "(on the command line: --process FILE.mjs).";
  const [good] = PAIRS;

  it.each([
    [
      "without a column",
      PAIRS.map(({ chosen, ...row }) => ({ ...row, chosn: chosen })),
      `error: train row 0 (bad.jsonl): expected the column "chosen", found prompt, rejected, chosn\n${COLUMNS}`,
    ],
    [
      "with a number",
      [good, good, { ...good, rejected: 7 }],
      'error: train row 2 (bad.jsonl): expected "rejected" to be a string, found the number 7\nFix the row (`prefine data DATASET --index N` shows it), or turn it into a string with a map.',
    ],
    [
      "with a null",
      [good, { ...good, chosen: null }],
      /^error: train row 1 \(bad\.jsonl\): expected "chosen" to be a string, found null\nThe value is null/,
    ],
    [
      "of messages",
      [{ ...good, chosen: [{ role: "user", content: "a" }] }],
      /^error: train row 0 \(bad\.jsonl\): expected "chosen" to be a string, as prompt is, found a list of messages\nReduce chosen and/,
    ],
  ])("%s is named by split, number and file", async (_, rows, message) => {
    writeFileSync("bad.jsonl", jsonLines(rows));
    const refusal = await trainOn("bad.jsonl");
    if (typeof message === "string") expect(refusal).toBe(message);
    else expect(refusal).toMatch(message);
  });

  it("of the evaluation split is named with that split", async () => {
    writeFileSync("bad.jsonl", jsonLines([good, { ...good, prompt: 1 }]));
    expect(await train("--data_files.test", "bad.jsonl", "--eval_strategy", "epoch")).toMatch(
      /^error: test row 1 \(bad\.jsonl\): expected "prompt" to be a string, found the number 1\nFix the row/,
    );
  });

  it("that the processor refuses is named, with a hint", async () => {
    expect(await train("--process", "ultrafeedback")).toMatch(
      /^error: train row 0 \(train\.jsonl\): chosen: expected a list of messages .* found " rain: here it is"\nThe processor/,
    );
    expect(await train("--process", "ultrafedback")).toBe(
      'error: process: expected `ultrafeedback` or the path of a module, found "ultrafedback"\nDid you mean ultrafeedback?',
    );
  });
});

describe("pairs that teach nothing", () => {
  const rows = [
    ...PAIRS.slice(0, 2),
    { ...PAIRS[2], chosen: "" },
    { ...PAIRS[3], chosen: " same", rejected: " same" },
    { ...PAIRS[4], rejected: "" },
  ];
  const NAMED = "chosen or rejected is empty in rows 2, 4; chosen and rejected are equal in row 3";
  const stepsOf = (stderr: string) => (stderr.match(/^step /gm) ?? []).length;

  it("are kept and named in one warning", async () => {
    writeFileSync("train.jsonl", jsonLines(rows));
    const { code, stderr } = await runCommand(
      "train",
      "--config",
      "run.yaml",
      "--max_steps",
      "-1",
      "--num_train_epochs",
      "1",
      "--per_device_train_batch_size",
      "1",
      "--learning_rate",
      "1e-4",
    );
    expect(code).toBe(0);
    expect(stderr.match(/^warning: .*$/gm)).toEqual([`warning: train: ${NAMED} (kept, as in TRL)`]);
    expect(stepsOf(stderr)).toBe(rows.length + 1); // and the summary line
  });

  it("are dropped by drop_degenerate", async () => {
    writeFileSync("train.jsonl", jsonLines(rows));
    const { code, stderr } = await runCommand(
      "train",
      "--config",
      "run.yaml",
      "--max_steps",
      "-1",
      "--num_train_epochs",
      "1",
      "--per_device_train_batch_size",
      "1",
      "--learning_rate",
      "1e-4",
      "--drop_degenerate",
    );
    expect(code).toBe(0);
    expect(stderr.match(/^warning: .*$/gm)).toEqual([`warning: train: ${NAMED} (dropped)`]);
    expect(stepsOf(stderr)).toBe(2 + 1);
  });
});
