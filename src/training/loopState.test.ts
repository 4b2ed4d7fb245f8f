/** @file The loop's state in checkpoints: the current form, the form of format 1, and invalid data. */
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type ToyRun, toyTrainer, withoutTimings } from "../../test/support/toyTrainer.ts";
import { loadAdapter } from "../checkpoints/adapter.ts";
import { readRunState } from "../checkpoints/trainerState.ts";
import { folderAt } from "../disk/nodeStorage.ts";
import { newLoopState, readLoopState } from "./loopState.ts";

/** Plots take a quarter of a second per run and are tested elsewhere. */
vi.mock("../plots/plotRunFolders.ts", () => ({ plotRunFolders: async () => ({ png: "training_loss.png" }) }));

/**
 * The output_dir of {@link RUN} as prefine wrote it at 43e7fb2 (format 1), stopped in the evaluation after step 4: one
 * of two evaluation sets was done, and the loss of that step was not logged yet.
 */
const FORMER = fileURLToPath(new URL("../../test/fixtures/checkpoint-format-1", import.meta.url));
const RUN: ToyRun = {
  args: {
    per_device_train_batch_size: 2,
    per_device_eval_batch_size: 2,
    gradient_accumulation_steps: 2,
    num_train_epochs: 2.5,
    logging_steps: 3,
    eval_strategy: "steps",
    eval_steps: 2,
    save_steps: 2,
    weight_decay: 0.01,
    max_grad_norm: 0.5,
    warmup_steps: 1,
    metric_for_best_model: "eval_easy_loss",
    lr_scheduler_type: "reduce_lr_on_plateau",
    lr_scheduler_kwargs: { patience: 0, factor: 0.5, threshold: 0.9 },
  },
  evalSets: { easy: 2, hard: 3 },
  toy: { dropout: 0.3 },
};

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "prefine-loop-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const savedLoop = (): Record<string, unknown> => {
  return JSON.parse(readFileSync(join(FORMER, "checkpoint-4", "prefine_state.json"), "utf8")).loop;
};

describe("a checkpoint of format 1", () => {
  it("is resumed as if the run had not been stopped", async () => {
    const run = async (output_dir: string, resume_from_checkpoint: boolean) => {
      const { trainer, lines } = toyTrainer({ ...RUN, args: { ...RUN.args, output_dir } });
      await trainer.train({ resume_from_checkpoint });
      const { log_history, global_step, best_metric } = await readRunState(folderAt(output_dir));
      const { weights } = await loadAdapter(folderAt(output_dir));
      const margins = readFileSync(join(output_dir, "eval_margins.csv"), "utf8");
      const log = withoutTimings(log_history).map(Object.entries);
      return { lines, outcome: { log, global_step, best_metric, weights, margins } };
    };
    cpSync(FORMER, join(dir, "former"), { recursive: true });
    const resumed = await run(join(dir, "former"), true);
    expect(resumed.lines[0]).toMatch(/checkpoint-2: the best checkpoint so far is gone/); // it is not in the fixture
    expect(resumed.lines[1]).toMatch(/checkpoint-4: resuming after step 4 of 5$/); // and no line about other settings
    expect(resumed.outcome).toEqual((await run(join(dir, "unbroken"), false)).outcome);
  });

  it("is converted into parts", () => {
    const saved = savedLoop();
    const { progress, control, log, evaluation, adaptive } = readLoopState(saved, "");
    expect(progress).toEqual({ stage: "stepEnded", skippedSteps: 0, freshSince: 0, givenHash: "", hasEnded: false });
    expect(control).toEqual({ ...newLoopState().control, should_save: true, should_evaluate: true });
    expect(Object.keys(log).sort()).toEqual(Object.keys(newLoopState().log).sort());
    expect(log).toMatchObject({ evaluatedLast: true, lastLoggedStep: 3, totalTrainTokens: 158 });
    expect(evaluation).toEqual({ ...(saved.evaluation as object), marginsBytes: 1235, marginsSha256: "" });
    expect(adaptive).toEqual({ state: saved.adaptive });
  });

  it.each([
    ["step", "stepTaken"],
    ["step ended", "stepEnded"],
    ["evaluated", "stepEvaluated"],
    ["epoch ended", "epochEnded"],
    ["epoch", "idle"],
  ])("has the stage %s, which is now %s", (former, stage) => {
    expect(readLoopState({ ...savedLoop(), stage: former }, "").progress.stage).toBe(stage);
  });
});

describe("readLoopState", () => {
  it("returns a copy of the saved state", () => {
    const loop = readLoopState(savedLoop(), "");
    const again = readLoopState(JSON.parse(JSON.stringify(loop)), "");
    expect(again).toEqual(loop);
    const copy = readLoopState(again, "");
    copy.log.pendingMetrics.entropy = [1, 1];
    // @ts-expect-error: only the owner of a part, here evaluation/trainingLog.ts, writes to it
    copy.log.pendingLoss = 1;
    expect(again).toEqual(loop);
  });

  const { progress, log, evaluation } = newLoopState();
  it.each<[string, unknown]>([
    ["no object", []],
    ["a part that is missing", { ...newLoopState(), log: undefined }],
    ["a value that is missing", { ...newLoopState(), progress: { stage: "idle" } }],
    ["a stage that is none", { ...newLoopState(), progress: { ...progress, stage: "evaluated" } }],
    ["a former stage that is none", { ...savedLoop(), stage: "stepEnded" }],
    ["a sum that is none", { ...newLoopState(), log: { ...log, pendingMetrics: { entropy: [1] } } }],
    ["a count that is a text", { ...newLoopState(), evaluation: { ...evaluation, done: "1" } }],
    ["a rate that is missing", { ...newLoopState(), adaptive: { state: {} } }],
  ])("refuses %s", (_, saved) => {
    expect(() => readLoopState(saved, "run/checkpoint-4")).toThrow(
      "run/checkpoint-4: expected the state of a training loop, found something else",
    );
  });
});
