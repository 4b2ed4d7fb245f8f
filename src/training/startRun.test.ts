/** @file dataloader_drop_last: the pairs dropped from epochs and evaluations, and the warnings about them. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type ToyRun, toyTrainer } from "../../test/support/toyTrainer.ts";
import type { DPOConfigInput } from "../config/DPOConfig.ts";

/** Plots take a quarter of a second per run and are tested elsewhere. */
vi.mock("../plots/plotRunFolders.ts", () => ({ plotRunFolders: async () => ({ png: "training_loss.png" }) }));

let output_dir = "";
beforeEach(() => {
  output_dir = join(mkdtempSync(join(tmpdir(), "prefine-drop-last-")), "run");
});
afterEach(() => rmSync(join(output_dir, ".."), { recursive: true, force: true }));

const ARGS: DPOConfigInput = {
  per_device_train_batch_size: 2,
  per_device_eval_batch_size: 2,
  gradient_accumulation_steps: 2,
  num_train_epochs: 2,
  logging_steps: 1,
  eval_strategy: "epoch",
  save_strategy: "no",
  train_sampling_strategy: "sequential",
};

/** Trains and returns the rows of each micro-batch. */
async function train(args: DPOConfigInput, { rows = 7, ...run }: Omit<ToyRun, "args"> = {}) {
  const batches: number[][] = [];
  const toy = { onMicroBatch: (seen: number[]) => void batches.push([...seen]) };
  const { trainer, lines } = toyTrainer({ args: { ...ARGS, output_dir, ...args }, rows, toy, ...run });
  await trainer.train();
  const log = trainer.state.log_history;
  const told = lines.filter((line) => !line.startsWith("done: ")); // which has the time
  return { batches, lines: told, log, losses: log.flatMap(({ eval_loss }) => eval_loss ?? []), state: trainer.state };
}

describe("dataloader_drop_last", () => {
  it("trains on full batches only, and counts epochs by them", async () => {
    const whole = [
      [0, 1],
      [2, 3],
      [4, 5],
    ];
    const { batches, log, lines, state } = await train({ dataloader_drop_last: true });
    expect(batches).toEqual([...whole, ...whole]);
    expect(state.max_steps).toBe(4);
    expect(log.filter((entry) => "loss" in entry).map(({ epoch }) => epoch)).toEqual([2 / 3, 1, 1 + 2 / 3, 2]);
    expect(lines).toContain(
      "warning: dataloader_drop_last: the last 1 of 7 pairs of train_dataset are never trained on",
    );
  });

  it("drops other pairs in every epoch if the order is random", async () => {
    const args: DPOConfigInput = { dataloader_drop_last: true, train_sampling_strategy: "random", num_train_epochs: 9 };
    const { batches, lines } = await train(args);
    expect(batches.every(({ length }) => length === 2)).toBe(true);
    expect(new Set(batches.flat()).size).toBe(7);
    expect(lines.join()).not.toContain("train_dataset");
  });

  it("evaluates full batches only, as if the other pairs did not exist", async () => {
    const dropped = await train({ dataloader_drop_last: true }, { rows: 6, evalRows: 5 });
    const table = readFileSync(join(output_dir, "eval_margins.csv"), "utf8").trimEnd().split("\n");
    expect(table).toHaveLength(1 + 2 * 4);
    rmSync(output_dir, { recursive: true });
    const absent = await train({}, { rows: 6, evalRows: 4 });
    expect(dropped.losses).toEqual(absent.losses);
    expect(dropped.lines).toEqual([
      "warning: dataloader_drop_last: the last 1 of 5 pairs of eval_dataset are never evaluated",
      ...absent.lines,
    ]);
  });

  it("warns about nothing if all batches are full", async () => {
    const plain = await train({}, { rows: 6, evalRows: 4 });
    rmSync(output_dir, { recursive: true });
    const { lines, log } = await train({ dataloader_drop_last: true }, { rows: 6, evalRows: 4 });
    expect(lines).toEqual(plain.lines);
    expect(log.map(({ loss }) => loss)).toEqual(plain.log.map(({ loss }) => loss));
  });

  it("refuses sets that are smaller than a batch", async () => {
    const hint = "Lower the batch size, or set dataloader_drop_last to false.";
    const expected = "expected at least one batch of 2 pairs with dataloader_drop_last, found 1";
    const args = { dataloader_drop_last: true };
    await expect(train(args, { rows: 1 })).rejects.toMatchObject({ message: `train_dataset: ${expected}`, hint });
    await expect(train(args, { evalRows: 1 })).rejects.toMatchObject({ message: `eval_dataset: ${expected}`, hint });
    const sets = { easy: 3, hard: 1 };
    await expect(train(args, { evalSets: sets })).rejects.toMatchObject({ message: `eval_dataset.hard: ${expected}` });
  });
});
