/** @file The table of results equals that of transformers 5.23.0 (modelcard.py, Python 3.11) for the same logs. */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type LoggedEntry, lastResults, metricsTable, roundedFloat } from "./metricsTable.ts";

const LOG: LoggedEntry[] = [
  {
    eval_loss: 0.75,
    eval_mean_token_accuracy: 0,
    "eval_rewards/accuracies": 0.5,
    eval_num_tokens: 2000,
    eval_runtime: 1.5,
    epoch: 0.25,
    step: 5,
  },
  { loss: 0.6939531803131104, learning_rate: 8.157894736842105e-5, epoch: 0.5, step: 10 },
  { loss: 0.6927902698516846, epoch: 1, step: 20 },
  {
    eval_loss: 0.6892104148864746,
    eval_mean_token_accuracy: 0.0017361111628512542,
    "eval_rewards/accuracies": 0.6666666666666666,
    eval_num_tokens: 8247,
    epoch: 1,
    step: 20,
  },
  { train_runtime: 3, train_loss: 0.69, epoch: 1, step: 20 },
  { eval_loss: 0.5, epoch: 1, step: 20 },
];

describe("roundedFloat", () => {
  it.each([
    [0.5, "0.5"],
    [1, "1.0"],
    [2 / 3, "0.6667"],
    [0.03125, "0.0312"],
    [-0.03125, "-0.0312"],
    [0.09375, "0.0938"],
    [0.15625, "0.1562"],
    [8.157894736842105e-5, "0.0001"],
    [1e-5, "1e-05"],
    [-1051.1427, "-1051.1427"],
    [0.12345, "0.1235"],
    [0, "0.0"],
    [null, "nan"],
  ])("%d is written %s", (value, text) => {
    expect(roundedFloat(value)).toBe(text);
  });
});

describe("metricsTable", () => {
  it("has the layout of transformers' Trainer, up to the end of training", () => {
    expect(metricsTable(LOG)?.split("\n")).toEqual([
      "| Training Loss | Epoch | Step | Validation Loss | Mean Token Accuracy | Rewards/accuracies | Num Tokens |",
      "|:-------------:|:-----:|:----:|:---------------:|:-------------------:|:------------------:|:----------:|",
      "| No log        | 0.25  | 5    | 0.75            | 0.0                 | 0.5                | 2000.0     |",
      "| 0.6928        | 1.0   | 20   | 0.6892          | 0.0017              | 0.6667             | 8247.0     |",
    ]);
  });

  it("leaves a cell empty if an evaluation lacks a metric, and is absent without evaluations", () => {
    const table = metricsTable([
      { eval_loss: 1, epoch: 1, step: 1 },
      { eval_loss: 2, eval_f1: 3, epoch: 2, step: 2 },
    ]);
    expect(table?.split("\n")[2]).toBe("| No log        | 1.0   | 1    | 1.0             |     |");
    expect(metricsTable([{ loss: 1, epoch: 1, step: 1 }])).toBeUndefined();
  });
});

describe("lastResults", () => {
  it("lists the latest evaluation", () => {
    expect(lastResults(LOG.slice(0, 4))).toEqual([
      "Loss: 0.6892",
      "Mean Token Accuracy: 0.0017",
      "Rewards/accuracies: 0.6667",
      "Num Tokens: 8247.0",
    ]);
    expect(lastResults([])).toEqual([]);
  });
});

const trajectory = new URL("../../../shared/reference/trajectories/note/log_history.jsonl", import.meta.url);

describe.skipIf(!existsSync(trajectory))("TRL's log of the note (skipped without ../shared)", () => {
  it("becomes transformers' table", () => {
    const lines = readFileSync(trajectory, "utf8").trim().split("\n");
    const table = metricsTable(lines.map((line) => JSON.parse(line)));
    const cells = table?.split("\n").map((row) =>
      row
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
    expect(cells?.map((row) => row.slice(0, 5).join(" | "))).toEqual([
      "Training Loss | Epoch | Step | Validation Loss | Entropy",
      ":-------------: | :-----: | :----: | :---------------: | :-------:",
      "0.6928 | 1.0 | 20 | 0.6892 | 6.2771",
      "0.6879 | 2.0 | 40 | 0.6879 | 6.2771",
    ]);
    expect(cells?.map((row) => row.slice(5).join(" | ")).filter((_, i) => i !== 1)).toEqual([
      "Num Tokens | Logits/chosen | Logits/rejected | Mean Token Accuracy | Rewards/chosen | Rewards/rejected | " +
        "Rewards/accuracies | Rewards/margins | Logps/chosen | Logps/rejected",
      "8247.0 | -0.0038 | -0.0022 | 0.0017 | -0.0014 | -0.0093 | 0.6667 | 0.0079 | -472.6017 | -1051.1094",
      "16494.0 | -0.0038 | -0.0022 | 0.0017 | -0.0021 | -0.0126 | 0.8333 | 0.0105 | -472.6092 | -1051.1427",
    ]);
  });
});

it("several evaluation sets of a step share a line", () => {
  const log: LoggedEntry[] = [
    { loss: 0.7, epoch: 1, step: 10 },
    { eval_easy_loss: 0.6, eval_easy_runtime: 1, epoch: 1, step: 10 },
    { eval_hard_loss: 0.69, epoch: 1, step: 10 },
    { eval_easy_loss: 0.5, epoch: 2, step: 20 },
    { eval_hard_loss: 0.65, epoch: 2, step: 20 },
    { train_loss: 0.65, epoch: 2, step: 20 },
  ];
  const [head, , ...rows] = metricsTable(log)!.split("\n");
  expect(head).toMatch(/^\| Training Loss +\| Epoch +\| Step +\| Easy Loss +\| Hard Loss +\|$/);
  expect(rows.map((row) => row.split("|").map((cell) => cell.trim()))).toEqual([
    ["", "0.7", "1.0", "10", "0.6", "0.69", ""],
    ["", "0.7", "2.0", "20", "0.5", "0.65", ""],
  ]);
  expect(lastResults(log)).toEqual(["Easy Loss: 0.5", "Hard Loss: 0.65"]);
});
