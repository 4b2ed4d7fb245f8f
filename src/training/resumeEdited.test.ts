/** @file A run resumed after its data was edited: allowed for pairs that it has not trained on, refused for others. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { failure } from "../../test/support/outcomes.ts";
import { toyPairs } from "../../test/support/toyPairs.ts";
import { toyTrainer, withoutTimings } from "../../test/support/toyTrainer.ts";
import type { DPOConfigInput } from "../config/DPOConfig.ts";
import { epochOrder } from "../data/preferences/sampling.ts";
import type { PackedPair } from "../data/preferences/types.ts";

vi.mock("../plots/plotRunFolders.ts", () => ({ plotRunFolders: async () => ({ png: "training_loss.png" }) }));

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "prefine-edited-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Ten rows, four per step: three steps per epoch. */
const ROWS = 10;
const ARGS = {
  ...{ num_train_epochs: 2, logging_steps: 1, save_steps: 1 },
  ...{ per_device_train_batch_size: 2, gradient_accumulation_steps: 2 },
} satisfies DPOConfigInput;
type Edit = (pairs: PackedPair[]) => PackedPair[];

function train(name: string, { args = {}, edit, from }: { args?: DPOConfigInput; edit?: Edit; from?: string }) {
  const { trainer, lines } = toyTrainer({
    ...{ rows: ROWS, evalRows: 0, edit, toy: { dropout: 0.3 } },
    args: { ...ARGS, ...args, output_dir: join(dir, name) },
  });
  const done = trainer.train({ resume_from_checkpoint: from ? join(dir, from) : false });
  return { done, lines, log: () => withoutTimings(trainer.state.log_history) };
}

const OTHERS = toyPairs(ROWS, 9);
const editing =
  (...rows: number[]): Edit =>
  (pairs) =>
    pairs.map((pair, i) => (rows.includes(i) ? OTHERS[i] : pair));
const ORDER = [...(epochOrder({ n: ROWS, epoch: 0, seed: 42, strategy: "random" }) ?? [])];
const SEQUENTIAL = { train_sampling_strategy: "sequential" } as const;

describe("rows that the run has not come to", () => {
  it.each<[string, number, DPOConfigInput, Edit]>([
    ["a row of the next step", 1, {}, editing(ORDER[4])],
    ["precomputed reference log-probabilities", 1, { precompute_ref_log_probs: true }, editing(ORDER[4], ORDER[9])],
    ["all rows of later steps", 2, {}, editing(...ORDER.slice(8))],
    ["rows swapped, in the order of the file", 1, SEQUENTIAL, (pairs) => [...pairs.slice(0, 8), pairs[9], pairs[8]]],
    ["a row appended, in the order of the file", 2, SEQUENTIAL, (pairs) => [...pairs, OTHERS[0]]],
    ["the last row removed, in the order of the file", 2, SEQUENTIAL, (pairs) => pairs.slice(0, 9)],
  ])("%s: resumes, as if they had always been there", async (_, step, args, edit) => {
    await train("before", { args }).done;
    const resumed = train("resumed", { args, edit, from: `before/checkpoint-${step}` });
    await resumed.done;
    const whole = train("whole", { args, edit });
    await whole.done;
    const computed = (log: ReturnType<typeof resumed.log>) => log.map(({ epoch, ...entry }) => entry);
    expect(resumed.lines[0]).toMatch(
      /^warning: .*: train_dataset has changed \("10 pairs, .*" -> ".*"\); the pairs of the \d steps? so far are the same/,
    );
    expect(computed(resumed.log())).toEqual(computed(whole.log()));
  });
});

describe("other changes are refused", () => {
  it.each<[string, number, DPOConfigInput, Edit]>([
    ["a row that was trained on", 1, {}, editing(ORDER[3])],
    ["a row in the second epoch", 4, {}, editing(ORDER[9])],
    ["a row appended, in a random order", 1, {}, (pairs) => [...pairs, OTHERS[0]]],
    ["a later row removed, in a random order", 1, {}, (pairs) => pairs.filter((_, i) => i !== ORDER[9])],
    ["trained rows swapped", 1, {}, (pairs) => pairs.with(ORDER[0], pairs[ORDER[1]]).with(ORDER[1], pairs[ORDER[0]])],
    ["an early row removed, in the order of the file", 1, SEQUENTIAL, (pairs) => pairs.slice(1)],
    ["a later row, where the epoch begins anew", 1, { ignore_data_skip: true }, editing(ORDER[9])],
  ])("%s", async (_, step, args, edit) => {
    await train("before", { args }).done;
    const { done } = train("resumed", { args, edit, from: `before/checkpoint-${step}` });
    expect(await failure(done)).toMatchObject({
      code: "config",
      message: expect.stringContaining('belongs to another run: train_dataset: "10 pairs, '),
      hint: expect.stringContaining("rows that it has not come to in its first epoch may be edited in their places"),
    });
  });
});
