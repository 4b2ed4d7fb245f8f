/**
 * @file A run resumed with other micro-batches of the same number of pairs per step: transformers' rule, that the
 * position is counted in steps (trainer.py, _init_training_state).
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { failure } from "../../test/support/outcomes.ts";
import { toyTrainer, withoutTimings } from "../../test/support/toyTrainer.ts";
import type { DPOConfigInput } from "../config/DPOConfig.ts";

vi.mock("../plots/plotRunFolders.ts", () => ({ plotRunFolders: async () => ({ png: "training_loss.png" }) }));

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "prefine-batches-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Ten rows, four per step: three steps per epoch, of which the last has two rows. */
const ROWS = 10;
const ARGS = { num_train_epochs: 2, logging_steps: 1, save_steps: 1 } satisfies DPOConfigInput;
const batches = (size: number, steps: number) => ({
  per_device_train_batch_size: size,
  gradient_accumulation_steps: steps,
});

function train(name: string, args: DPOConfigInput, from?: string) {
  const rows: number[][] = [];
  const { trainer, lines } = toyTrainer({
    rows: ROWS,
    evalRows: 0,
    args: { ...ARGS, ...args, output_dir: join(dir, name) },
    toy: { onMicroBatch: (micro) => void rows.push(micro) },
  });
  const done = trainer.train({ resume_from_checkpoint: from ? join(dir, from) : false });
  return { done, lines, rows, log: () => withoutTimings(trainer.state.log_history) };
}

describe("a run resumed with other batches of the same pairs per step", () => {
  it.each([
    [2, 2, 4, 1],
    [2, 2, 1, 4],
    [4, 1, 2, 2],
    [1, 4, 4, 1],
  ])("from %i x %i to %i x %i continues as if it had always had them", async (...[size, steps, newSize, newSteps]) => {
    const before = train("before", batches(size, steps));
    await before.done;
    const whole = train("whole", batches(newSize, newSteps));
    await whole.done;
    for (let step = 1; step < 6; step++) {
      const { done, lines, rows, log } = train(`from-${step}`, batches(newSize, newSteps), `before/checkpoint-${step}`);
      await done;
      expect(lines[0]).toBe(
        `warning: ${join(dir, `before/checkpoint-${step}`)}: resuming with other settings: ` +
          `per_device_train_batch_size: ${size} -> ${newSize}; gradient_accumulation_steps: ${steps} -> ${newSteps}`,
      );
      const perEpoch = Math.ceil(ROWS / newSize);
      const passed = Math.floor(step / 3) * perEpoch + (step % 3) * newSteps;
      expect(rows).toEqual(whole.rows.slice(passed)); // the same rows in the same micro-batches
      expect(rows.flat().toSorted()).toEqual(
        before.rows
          .slice(microBatchesBefore(step, size, steps))
          .flat()
          .toSorted(),
      );
      expectLogs(log(), whole.log(), step);
    }
  });

  const microBatchesBefore = (step: number, size: number, steps: number) =>
    Math.floor(step / 3) * Math.ceil(ROWS / size) + (step % 3) * steps;

  /** Steps, epochs and rates are equal; losses too, but for the last step of an epoch, whose batches differ in size. */
  function expectLogs(log: Record<string, number>[], whole: Record<string, number>[], from: number): void {
    expect(log.map(({ step }) => step)).toEqual(whole.map(({ step }) => step));
    for (const [i, entry] of log.entries()) {
      if (!("loss" in entry) || entry.step <= from) continue;
      expect(entry.learning_rate).toBe(whole[i].learning_rate);
      expect(entry.epoch).toBe(whole[i].epoch);
      if (entry.step <= 3) expect(entry.loss).toBeCloseTo(whole[i].loss, 6);
      else expect(entry.loss).toBeCloseTo(whole[i].loss, 3);
    }
  }

  it("is refused with other pairs per step", async () => {
    await train("before", batches(2, 2)).done;
    const error = await failure(train("other", batches(2, 1), "before/checkpoint-1").done);
    expect(error.message).toMatch(/belongs to another run: gradient_accumulation_steps: 2 -> 1$/);
  });

  it("is refused if dataloader_drop_last makes other steps of an epoch", async () => {
    const drop = { dataloader_drop_last: true };
    await train("before", { ...batches(4, 1), ...drop }).done; // two steps per epoch: two rows are dropped
    const error = await failure(train("other", { ...batches(1, 4), ...drop }, "before/checkpoint-1").done);
    expect(error.message).toMatch(
      /4 x 1 pairs per step are 2 steps per epoch, and 1 x 4 are 3: the run would go on at/,
    );
    await train("same", { ...batches(2, 2), ...drop, max_steps: 1 }).done;
  });
});

describe("changed settings", () => {
  it("are all listed before the first step, with both values, also those without an effect on the steps", async () => {
    const first = { ...batches(2, 2), max_steps: 2, save_total_limit: 5, logging_first_step: true } as const;
    await trainWithArguments("before", first).done;
    const now = { ...first, max_steps: 4, save_total_limit: null, learning_rate: 0.01, disable_tqdm: true } as const;
    const { done, lines } = trainWithArguments("now", now, "before/checkpoint-2");
    await done;
    const line = lines.find((text) => text.includes("resuming with other settings"))!;
    for (const change of [
      "max_steps: 2 -> 4",
      "learning_rate: 0.05 -> 0.01",
      "save_total_limit: 5 -> null",
      "disable_tqdm: null -> true",
    ])
      expect(line).toContain(change);
    expect(line.split("; ")).toHaveLength(4);
    expect(lines.indexOf(line)).toBeLessThan(lines.findIndex((text) => text.startsWith("steps: ")));
  });

  function trainWithArguments(name: string, args: DPOConfigInput, from?: string) {
    const { trainer, lines } = toyTrainer({
      rows: ROWS,
      evalRows: 0,
      args: { ...ARGS, ...args, output_dir: join(dir, name) },
      savesArguments: true,
    });
    return { done: trainer.train({ resume_from_checkpoint: from ? join(dir, from) : false }), lines };
  }
});
