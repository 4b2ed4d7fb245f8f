/** @file Runs resumed from checkpoints of save_only_model, which have no optimizer. */
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { flip } from "../../test/support/damage.ts";
import { toyTrainer, withoutTimings } from "../../test/support/toyTrainer.ts";
import { loadAdapter } from "../checkpoints/adapter.ts";
import { readRunState } from "../checkpoints/trainerState.ts";
import type { DPOConfigInput } from "../config/DPOConfig.ts";
import { folderAt } from "../disk/nodeStorage.ts";

vi.mock("../plots/plotRunFolders.ts", () => ({ plotRunFolders: async () => ({ png: "training_loss.png" }) }));

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "prefine-resume-only-model-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const ARGS: DPOConfigInput = {
  max_steps: 4,
  save_steps: 1,
  logging_steps: 1,
  warmup_steps: 1,
  per_device_train_batch_size: 2,
  eval_strategy: "steps",
  eval_steps: 1,
};
async function outcome(output_dir: string) {
  const { log_history } = await readRunState(folderAt(output_dir));
  return { log: withoutTimings(log_history), weights: (await loadAdapter(folderAt(output_dir))).weights };
}

describe("a checkpoint of save_only_model", () => {
  const EVERY = { ...ARGS, max_steps: 6, save_only_model: true } satisfies DPOConfigInput;
  const only = (output_dir: string, args: DPOConfigInput = {}) =>
    toyTrainer({ args: { ...EVERY, output_dir, ...args } });
  /** A run as if it had been killed after step 3. */
  async function killed(args: DPOConfigInput = {}) {
    const run = join(dir, "only");
    await only(run, args).trainer.train();
    for (const name of readdirSync(run)) {
      if (!/^checkpoint-[123]$|margins/.test(name)) rmSync(join(run, name), { recursive: true });
    }
    return run;
  }
  const rates = (log: readonly Record<string, number>[]) =>
    log.flatMap((entry) => ("loss" in entry ? [entry.learning_rate] : []));

  it("is resumed from its weights and log; optimizer and schedule begin anew, as in transformers", async () => {
    const run = await killed();
    const { trainer, lines, learner } = only(run);
    const write = vi.spyOn(learner, "writeState");
    await trainer.train({ resume_from_checkpoint: true });
    expect(lines[0]).toMatch(
      /^warning: .*checkpoint-3: was saved with save_only_model, without the optimizer: the run continues from its weights/,
    );
    expect(lines[1]).toMatch(/checkpoint-3: resuming after step 3 of 6$/);
    expect(write.mock.calls[0][0].optimizerStep).toBe(0);
    const { log_history, global_step } = trainer.state;
    expect({ global_step, steps: learner.optimizerStep }).toEqual({ global_step: 6, steps: 3 });
    const first = [0, 0.05, 0.04]; // one step of warmup, then linearly to 0 at step 6
    for (const [i, rate] of rates(log_history).entries()) expect(rate).toBeCloseTo([...first, ...first][i], 12);
    expect(log_history.filter((entry) => "eval_loss" in entry).map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("is resumed again exactly, once the resumed run has saved an optimizer", async () => {
    const run = await killed();
    const again = join(dir, "again");
    cpSync(run, again, { recursive: true });
    await only(run).trainer.train({ resume_from_checkpoint: true });
    const full = { save_only_model: false };
    await only(again, { ...full, max_steps: 6 }).trainer.train({ resume_from_checkpoint: true });
    for (const name of readdirSync(again)) {
      if (!/^checkpoint-[1235]$|^checkpoint-4$|margins/.test(name)) rmSync(join(again, name), { recursive: true });
    }
    rmSync(join(again, "checkpoint-5"), { recursive: true });
    const { trainer, lines } = only(again, full);
    await trainer.train({ resume_from_checkpoint: true });
    expect(lines.join("\n")).toMatch(/checkpoint-4: resuming after step 4 of 6/);
    expect(await outcome(again)).toEqual(await outcome(run));
  });

  it("is taken if it is the newest; an older one with an optimizer is named", async () => {
    const run = join(dir, "mixed");
    const args = { max_steps: 3, save_only_model: false };
    await only(run, args).trainer.train();
    const other = await killed();
    rmSync(join(run, "checkpoint-3"), { recursive: true });
    cpSync(join(other, "checkpoint-3"), join(run, "checkpoint-3"), { recursive: true });
    const { trainer, lines } = only(run);
    await trainer.train({ resume_from_checkpoint: true });
    expect(lines[0]).toMatch(/checkpoint-2 is the newest with an optimizer: resume_from_checkpoint: .*checkpoint-2$/);
    expect(lines.join("\n")).toMatch(/checkpoint-3: was saved with save_only_model/);
  });

  it("is taken if all newer ones are damaged", async () => {
    const run = await killed();
    flip(join(run, "checkpoint-3/adapter_model.safetensors"));
    const { trainer, lines } = only(run);
    await trainer.train({ resume_from_checkpoint: true });
    expect(lines[0]).toMatch(/checkpoint-3 can't be resumed from: .*adapter_model.safetensors/);
    expect(lines[1]).toMatch(/checkpoint-2: was saved with save_only_model/);
  });
});
