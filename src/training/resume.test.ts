/** @file Stopped anywhere and resumed = uninterrupted, bit for bit; what can be resumed, and what is refused. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ToyOptions } from "../../test/support/toyLearner.ts";
import { toyTrainer, withoutTimings } from "../../test/support/toyTrainer.ts";
import { loadAdapter } from "../checkpoints/adapter.ts";
import { readRunState } from "../checkpoints/trainerState.ts";
import type { DPOConfigInput } from "../config/DPOConfig.ts";
import { folderAt } from "../disk/nodeStorage.ts";
import { PrefineError } from "../errors.ts";

/** Plots take a quarter of a second per run and are tested elsewhere. */
vi.mock("../plots/plotRunFolders.ts", () => ({ plotRunFolders: async () => ({ png: "training_loss.png" }) }));

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "prefine-resume-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const ROWS = 7;
const EVAL_ROWS = 3;
/** Seven rows: the last micro-batch and the last accumulation of an epoch are smaller; the last epoch is a half. */
const ARGS: DPOConfigInput = {
  per_device_train_batch_size: 2,
  per_device_eval_batch_size: 2,
  gradient_accumulation_steps: 2,
  num_train_epochs: 2.5,
  logging_steps: 2,
  eval_strategy: "epoch",
  weight_decay: 0.01,
  max_grad_norm: 0.5,
  warmup_steps: 1,
};
const STEPS = 5;
const MICRO_BATCHES = 4 + 4 + 2;
/** No evaluation improves by this much. */
const FOLLOWING: DPOConfigInput = {
  lr_scheduler_type: "reduce_lr_on_plateau",
  lr_scheduler_kwargs: { patience: 0, factor: 0.5, threshold: 0.9 },
};
const DROPOUT: ToyOptions = { dropout: 0.3 };

/** Results of a run: its log without timings, its state, its weights. */
async function outcome(output_dir: string) {
  const state = await readRunState(folderAt(output_dir));
  const { weights } = await loadAdapter(folderAt(output_dir));
  const best_model_checkpoint = state.best_model_checkpoint && basename(state.best_model_checkpoint);
  return { ...state, best_model_checkpoint, log_history: withoutTimings(state.log_history), weights };
}

async function unbroken(args: DPOConfigInput) {
  const output_dir = join(dir, "unbroken");
  await toyTrainer({ args: { ...args, output_dir }, toy: DROPOUT }).trainer.train();
  return outcome(output_dir);
}

/** Trains until `shouldStop` is true at a micro-batch or a scoring, then resumes with a new trainer. */
async function stoppedAndResumed(args: DPOConfigInput, shouldStop: (event: string, count: number) => boolean) {
  const output_dir = join(dir, "stopped");
  const controller = new AbortController();
  let scorings = 0;
  const references: number[] = [];
  const toy: ToyOptions = {
    ...DROPOUT,
    onMicroBatch: (_, call) => shouldStop("micro-batch", call) && controller.abort(),
    onScore: (row, role) => {
      if (role === "reference") references.push(row);
      else if (shouldStop("scoring", scorings++)) controller.abort();
    },
  };
  const first = toyTrainer({ args: { ...args, output_dir }, toy });
  const error = await first.trainer.train({ signal: controller.signal }).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(PrefineError);
  const { code, message, hint } = error as PrefineError;
  expect(code).toBe("interrupted");
  const second = toyTrainer({ args: { ...args, output_dir }, toy: { ...toy, onMicroBatch: () => {} } });
  await second.trainer.train({ resume_from_checkpoint: true });
  return { result: await outcome(output_dir), message, hint, references, memory: second.trainer.state.log_history };
}

describe("a run that is stopped and resumed", () => {
  it("equals the uninterrupted one, wherever in training it was stopped", async () => {
    const expected = await unbroken(ARGS);
    expect(expected.global_step).toBe(STEPS);
    expect(expected.log_history.filter((entry) => "eval_loss" in entry).length).toBe(3);
    for (let at = 0; at < MICRO_BATCHES; at++) {
      const { result, message, hint, references } = await stoppedAndResumed(
        ARGS,
        (event, count) => event === "micro-batch" && count === at,
      );
      expect(result).toEqual(expected);
      const steps = [0, 0, 1, 1, 2, 2, 3, 3, 4, 4][at];
      expect(message).toMatch(
        steps === 0 ? /before the first step/ : new RegExp(`after step ${steps} of 5; saved .*checkpoint-${steps}$`),
      );
      if (steps > 0) {
        expect(hint).toMatch(/resume_from_checkpoint/);
        // every pair once, and one more to check that the base model is the same
        expect(references.length).toBe(ROWS + EVAL_ROWS + 1);
      }
      rmSync(join(dir, "stopped"), { recursive: true });
    }
  });

  it("restarts its epoch with ignore_data_skip, at the step where it was", async () => {
    const output_dir = join(dir, "again");
    const args: DPOConfigInput = { ...ARGS, output_dir, train_sampling_strategy: "sequential", save_steps: 1 };
    await toyTrainer({ args: { ...args, max_steps: 3 } }).trainer.train(); // within the second epoch of 2 steps
    const batches: number[][] = [];
    const toy: ToyOptions = { onMicroBatch: (rows) => void batches.push([...rows]) };
    const { trainer } = toyTrainer({ args: { ...args, ignore_data_skip: true }, toy });
    await trainer.train({ resume_from_checkpoint: true });
    expect(trainer.state.global_step).toBe(STEPS);
    expect(batches).toEqual([[0, 1], [2, 3], [4, 5], [6]]); // steps 4 and 5: the second epoch, from its beginning
    expect(trainer.state.epoch).toBe(2);
  });

  // A stop at the last scoring of a run is too late: the run is done.
  it.each<[string, DPOConfigInput]>([
    ["epoch", { eval_strategy: "epoch" }],
    ["steps", { eval_strategy: "steps", eval_steps: 2, save_steps: 2 }],
    [
      "epoch, with logs and checkpoints of epochs",
      { eval_strategy: "epoch", logging_strategy: "epoch", save_strategy: "epoch" },
    ],
    ["steps, which set the learning rate", { ...FOLLOWING, eval_strategy: "steps", eval_steps: 2, save_steps: 2 }],
  ])("equals the uninterrupted one, wherever in an evaluation by %s it was stopped", async (_, strategy) => {
    const args = { ...ARGS, ...strategy };
    const expected = await unbroken(args);
    const evaluations = expected.log_history.filter((entry) => "eval_loss" in entry).length;
    expect(evaluations).toBe(3);
    for (let at = 0; at < evaluations * EVAL_ROWS - 1; at++) {
      const { result, memory } = await stoppedAndResumed(args, (event, count) => event === "scoring" && count === at);
      expect(result).toEqual(expected);
      expect(withoutTimings(memory).map(Object.entries)).toEqual(expected.log_history.map(Object.entries)); // and order
      rmSync(join(dir, "stopped"), { recursive: true });
    }
  });

  it("equals the uninterrupted one from each of its checkpoints", async () => {
    const args = { ...ARGS, save_steps: 1 };
    const expected = await unbroken(args);
    for (let step = 1; step <= STEPS; step++) {
      const output_dir = join(dir, `from-${step}`);
      const { trainer } = toyTrainer({ args: { ...args, output_dir }, toy: DROPOUT });
      await trainer.train({ resume_from_checkpoint: join(dir, "unbroken", `checkpoint-${step}`) });
      expect(await outcome(output_dir)).toEqual(expected);
    }
  });

  it("keeps a learning rate that depends on evaluations; logs show the rate of each step", async () => {
    const args = {
      ...ARGS,
      ...FOLLOWING,
      eval_strategy: "steps",
      eval_steps: 1,
      save_steps: 1,
      logging_steps: 1,
    } as const;
    const expected = await unbroken(args);
    const rates = expected.log_history.flatMap((entry) => ("loss" in entry ? [entry.learning_rate] : []));
    expect(rates).toEqual([0.05, 0.05, 0.025, 0.0125, 0.00625]); // the first evaluation is the best
    for (let step = 1; step <= STEPS; step++) {
      const output_dir = join(dir, `from-${step}`);
      const { trainer } = toyTrainer({ args: { ...args, output_dir }, toy: DROPOUT });
      await trainer.train({ resume_from_checkpoint: join(dir, "unbroken", `checkpoint-${step}`) });
      expect(await outcome(output_dir)).toEqual(expected);
    }
  });

  it("may be resumed by the same trainer", async () => {
    const expected = await unbroken(ARGS);
    const controller = new AbortController();
    const output_dir = join(dir, "same");
    const toy: ToyOptions = { ...DROPOUT, onMicroBatch: (_, call) => call === 5 && controller.abort() };
    const { trainer } = toyTrainer({ args: { ...ARGS, output_dir }, toy });
    await expect(trainer.train({ signal: controller.signal })).rejects.toThrow(/stopped after step 2/);
    const { global_step, training_loss } = await trainer.train({ resume_from_checkpoint: true });
    expect(await outcome(output_dir)).toEqual(expected);
    expect(global_step).toBe(STEPS);
    expect(training_loss).toBe(expected.log_history.at(-1)!.train_loss);
  });

  it("has a train_loss over all its steps, and log entries over windows that the stop has split", async () => {
    const { log_history } = await unbroken({ ...ARGS, logging_steps: 1 });
    const losses = log_history.flatMap((entry) => ("loss" in entry ? [entry.loss] : []));
    expect(losses.length).toBe(STEPS);
    expect(log_history.at(-1)!.train_loss).toBeCloseTo(losses.reduce((sum, loss) => sum + loss) / STEPS, 6);
  });
});

describe("resume_from_checkpoint", () => {
  const args = { ...ARGS, max_steps: 3, save_steps: 1, eval_strategy: "no" as const };

  it("true starts at step 0 with a line if there is no checkpoint", async () => {
    const output_dir = join(dir, "none");
    const { trainer, lines } = toyTrainer({ args: { ...args, output_dir, resume_from_checkpoint: true } });
    await trainer.train();
    expect(lines).toContain(`${output_dir}: no checkpoint to resume from; starting at step 0`);
    expect(trainer.state.global_step).toBe(3);
  });

  it("true skips a damaged checkpoint with a warning", async () => {
    const output_dir = join(dir, "damaged");
    await toyTrainer({ args: { ...args, output_dir } }).trainer.train();
    rmSync(join(output_dir, "checkpoint-3", "optimizer.safetensors"));
    const { trainer, lines } = toyTrainer({ args: { ...args, output_dir } });
    await trainer.train({ resume_from_checkpoint: true });
    expect(lines[0]).toMatch(/warning: .*checkpoint-3 can't be resumed from: .*optimizer.safetensors/);
    expect(lines[1]).toMatch(/checkpoint-2: resuming after step 2 of 3/);
    expect(existsSync(join(output_dir, "checkpoint-3", "optimizer.safetensors"))).toBe(true);
  });

  it("takes the newest checkpoint of a run's folder, and refuses a path without one", async () => {
    const output_dir = join(dir, "first");
    await toyTrainer({ args: { ...args, output_dir } }).trainer.train();
    const again = toyTrainer({ args: { ...args, output_dir: join(dir, "second") } });
    await again.trainer.train({ resume_from_checkpoint: output_dir });
    expect(again.lines[0]).toMatch(/checkpoint-3: resuming after step 3 of 3/);
    const third = toyTrainer({ args: { ...args, output_dir: join(dir, "third") } }).trainer;
    await expect(third.train({ resume_from_checkpoint: dir })).rejects.toThrow(/expected a checkpoint of prefine/);
  });

  it.each<[string, Parameters<typeof toyTrainer>[0], RegExp]>([
    ["other data", { args: {}, dataSeed: 9 }, /train_dataset: "7 pairs, sha256 \w+" -> "7 pairs, sha256 \w+"/],
    ["fewer rows", { args: {}, rows: 6 }, /train_dataset: "7 pairs.*-> "6 pairs/],
    [
      "another objective",
      { args: { beta: 0.5, per_device_train_batch_size: 1 } },
      /per_device_train_batch_size: 2 -> 1; beta: 0.1 -> 0.5/,
    ],
    [
      "another order",
      { args: { seed: 1, train_sampling_strategy: "sequential" } },
      /seed: 42 -> 1; train_sampling_strategy: "random" -> "sequential"/,
    ],
  ])("refuses %s with the differences", async (_, other, message) => {
    const output_dir = join(dir, "changed");
    await toyTrainer({ args: { ...args, output_dir } }).trainer.train();
    const before = readdirSync(output_dir);
    const { trainer } = toyTrainer({ ...other, args: { ...args, output_dir, ...other.args } });
    const error: PrefineError = await trainer.train({ resume_from_checkpoint: true }).then(
      () => expect.fail("resumed"),
      (caught) => caught,
    );
    expect(error.code).toBe("config");
    expect(error.message).toMatch(message);
    expect(readdirSync(output_dir)).toEqual(before);
  });

  it("resumes with another schedule and a warning", async () => {
    const output_dir = join(dir, "longer");
    await toyTrainer({ args: { ...args, output_dir } }).trainer.train();
    const { trainer, lines } = toyTrainer({ args: { ...args, output_dir, max_steps: 5, learning_rate: 0.01 } });
    await trainer.train({ resume_from_checkpoint: true });
    expect(trainer.state.global_step).toBe(5);
    expect(lines[0]).toMatch(/resuming with other settings: max_steps: 3 -> 5; learning_rate: 0.05 -> 0.01/);
  });

  it("resumes without the evaluation split, or with a new one", async () => {
    const output_dir = join(dir, "split");
    await toyTrainer({ args: { ...args, output_dir, max_steps: 1 } }).trainer.train();
    await toyTrainer({ args: { ...args, output_dir, max_steps: 2 }, evalRows: 0 }).trainer.train({
      resume_from_checkpoint: true,
    });
    const { trainer } = toyTrainer({ args: { ...args, output_dir, eval_strategy: "epoch" } });
    await trainer.train({ resume_from_checkpoint: true });
    expect(trainer.state.log_history.filter((entry) => "eval_loss" in entry).length).toBe(2);
  });

  it("refuses another base model", async () => {
    const output_dir = join(dir, "base");
    await toyTrainer({ args: { ...args, output_dir } }).trainer.train();
    const { trainer, learner } = toyTrainer({ args: { ...args, output_dir } });
    learner.referenceLogps = async () => ({ chosen: -1000, rejected: -1000 });
    await expect(trainer.train({ resume_from_checkpoint: true })).rejects.toThrow(
      /the reference model gives train row \d the log-probability -1000, it was -\d/,
    );
  });

  it("finds all its files in checkpoints", async () => {
    const output_dir = join(dir, "files");
    await toyTrainer({ args: { ...args, output_dir, hub_token: "secret" } }).trainer.train();
    expect(readdirSync(join(output_dir, "checkpoint-1")).sort()).toEqual([
      "adapter_config.json",
      "adapter_model.safetensors",
      "optimizer.safetensors",
      "prefine_state.json",
      "reference_logps.safetensors",
      "tokenizer.json",
      "trainer_state.json",
    ]);
    expect(readFileSync(join(output_dir, "checkpoint-1", "prefine_state.json"), "utf8")).not.toContain("secret");
  });
});
