/** @file DPOTrainer with a toy model: its log, its files, its refusals, and errors that it survives. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hasReference, needsReference, referenceFolder } from "../../test/support/shared.ts";
import { toyTrainer, withoutTimings } from "../../test/support/toyTrainer.ts";
import { newestValidCheckpoint } from "../checkpoints/runDirectory.ts";
import type { LogEntry } from "../checkpoints/trainerState.ts";
import { DPOConfig, publicArguments } from "../config/DPOConfig.ts";
import { folderAt } from "../disk/nodeStorage.ts";
import { DPOTrainer } from "../dpoTrainer.ts";
import { PrefineError } from "../errors.ts";

const QUICK = { max_steps: 2, logging_steps: 1, save_strategy: "no" as const };
let output_dir = "";
beforeEach(() => {
  output_dir = join(mkdtempSync(join(tmpdir(), "prefine-trainer-")), "run");
});
afterEach(() => rmSync(join(output_dir, ".."), { recursive: true, force: true }));

async function refusal(action: Promise<unknown>): Promise<PrefineError> {
  const error = await action.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(PrefineError);
  return error as PrefineError;
}

describe("the log", () => {
  it("shows a toy model learn, at the logged rate", async () => {
    const { trainer } = toyTrainer({
      args: {
        output_dir,
        num_train_epochs: 6,
        learning_rate: 0.5,
        logging_steps: 1,
        save_strategy: "no",
        per_device_train_batch_size: 7,
      },
    });
    const { training_loss, global_step, metrics } = await trainer.train();
    const losses = trainer.state.log_history.flatMap((entry) => ("loss" in entry ? [entry.loss] : []));
    expect(losses[0]).toBe(Math.fround(Math.LN2)); // policy and reference are equal at the start
    expect(losses.at(-1)).toBeLessThan(0.9 * losses[0]);
    expect(global_step).toBe(6);
    expect(training_loss).toBeCloseTo(losses.reduce((sum, loss) => sum + loss) / 6, 6);
    expect(metrics).toBe(trainer.state.log_history.at(-1));
    expect(metrics.total_flos).toBe(6 * 6 * 14 * 8 * 121); // steps x 6 x sequences x padded length x parameters
  });

  it("is the same for the same seed except for timings, and different for another seed", async () => {
    const run = async (seed: number) => {
      rmSync(output_dir, { recursive: true, force: true });
      const { trainer } = toyTrainer({
        args: { ...QUICK, output_dir, seed, eval_strategy: "epoch" },
        toy: { dropout: 0.2 },
      });
      await trainer.train();
      return JSON.stringify(withoutTimings(trainer.state.log_history));
    };
    const first = await run(42);
    expect(await run(42)).toBe(first);
    expect(await run(43)).not.toBe(first);
  });

  it("ends with the metrics since the last entry, unless an evaluation came last, as TRL's does", async () => {
    const { trainer } = toyTrainer({ args: { output_dir, max_steps: 3, logging_steps: 2, save_strategy: "no" } });
    const { metrics } = await trainer.train();
    expect(Object.keys(metrics).slice(3)).toEqual([
      "total_flos",
      "train_loss",
      "entropy",
      "num_tokens",
      "logits/chosen",
      "logits/rejected",
      "mean_token_accuracy",
      "rewards/chosen",
      "rewards/rejected",
      "rewards/accuracies",
      "rewards/margins",
      "logps/chosen",
      "logps/rejected",
      "epoch",
      "step",
    ]);
    const second = toyTrainer({
      args: {
        output_dir: join(output_dir, "2"),
        max_steps: 3,
        logging_steps: 2,
        save_strategy: "no",
        eval_strategy: "epoch",
      },
    });
    expect(Object.keys((await second.trainer.train()).metrics).slice(3)).toEqual([
      "total_flos",
      "train_loss",
      "epoch",
      "step",
    ]);
  });

  it("gets entries of evaluations before and after training", async () => {
    const { trainer } = toyTrainer({ args: { ...QUICK, output_dir } });
    const before = await trainer.evaluate();
    expect(before).toMatchObject({ epoch: 0, step: 0, eval_num_tokens: 0, "eval_rewards/margins": 0 });
    await trainer.train();
    expect(trainer.state.log_history.map((entry) => "eval_loss" in entry)).toEqual([false, false, false]);
    const after = await trainer.evaluate();
    expect(after.eval_loss).not.toBe(before.eval_loss);
    expect(trainer.state.log_history.at(-1)).toBe(after);
  });
});

describe.skipIf(!hasReference)(`the log's layout${needsReference}`, () => {
  const isTiming = (name: string) => /runtime|per_second|flos/.test(name);
  it.each(["note", "uneven", "accumulation", "loss-sigmoid"])(
    "%s: TRL's entries, with TRL's keys in TRL's order",
    async (name) => {
      const folder = join(referenceFolder, "trajectories", name);
      const { dpo_config, rows_kept } = JSON.parse(readFileSync(join(folder, "case.json"), "utf8"));
      const lines = readFileSync(join(folder, "log_history.jsonl"), "utf8").trim().split("\n");
      const expected: LogEntry[] = lines.map((line) => JSON.parse(line));
      const { trainer } = toyTrainer({ args: { ...dpo_config, output_dir, save_strategy: "no" }, rows: rows_kept });
      await trainer.train();
      await trainer.evaluate();
      const keys = (log: LogEntry[]) => log.map((entry) => Object.keys(entry).filter((key) => !isTiming(key)));
      expect(keys(trainer.state.log_history)).toEqual(keys(expected));
      const exact = (log: LogEntry[]) => log.map(({ learning_rate, epoch, step }) => [learning_rate, epoch, step]);
      expect(exact(trainer.state.log_history)).toEqual(exact(expected).map((row) => row));
    },
  );
});

describe("the reference", () => {
  it("scores each pair once in all epochs, when it is first used", async () => {
    const asked: string[] = [];
    const toy = { onScore: (row: number, role: string) => role === "reference" && asked.push(`${row}`) };
    const args = { output_dir, num_train_epochs: 3, save_strategy: "no" as const, eval_strategy: "epoch" as const };
    await toyTrainer({ args, toy, rows: 5, evalRows: 2 }).trainer.train();
    expect(asked.slice(0, 5).sort()).toEqual(["0", "1", "2", "3", "4"]);
    expect(asked.slice(5)).toEqual(["0", "1"]);
  });

  it("scores all pairs before the first step with precompute_ref_log_probs, with the same result", async () => {
    const events: string[] = [];
    const toy = {
      onScore: (row: number, role: string) => role === "reference" && events.push(`r${row}`),
      onMicroBatch: () => events.push("step"),
    };
    const args = { ...QUICK, output_dir, precompute_ref_log_probs: true, per_device_train_batch_size: 1 };
    const { trainer } = toyTrainer({ args, toy, rows: 3, evalRows: 1 });
    await trainer.train();
    expect(events).toEqual(["r0", "r1", "r2", "r0", "step", "step"]);
    const lazy = toyTrainer({
      args: { ...args, output_dir: join(output_dir, "2"), precompute_ref_log_probs: false },
      rows: 3,
    });
    await lazy.trainer.train();
    expect(withoutTimings(lazy.trainer.state.log_history)).toEqual(withoutTimings(trainer.state.log_history));
  });
});

describe("a value that is not finite", () => {
  const args = {
    num_train_epochs: 2,
    per_device_train_batch_size: 2,
    save_steps: 1,
    train_sampling_strategy: "sequential" as const,
  };

  it("stops the run at its step, names the rows and keeps the last checkpoint", async () => {
    const toy = { lossFactor: (row: number) => (row === 4 ? Number.NaN : 1) };
    const { trainer } = toyTrainer({ args: { ...args, output_dir }, toy });
    const error = await refusal(trainer.train());
    expect(error.code).toBe("training");
    expect(error.message).toBe("step 3: expected a finite loss, found NaN; train rows 4, 5");
    expect(error.hint).toMatch(/learning_rate/);
    expect(trainer.state.global_step).toBe(2);
    expect((await newestValidCheckpoint(folderAt(output_dir)))?.step).toBe(2);
    expect(existsSync(join(output_dir, "adapter_model.safetensors"))).toBe(false);
  });

  it("is also refused in the gradient", async () => {
    const { trainer, learner } = toyTrainer({ args: { ...args, output_dir } });
    const step = learner.step.bind(learner);
    let calls = 0;
    learner.step = async (options) => (++calls === 2 ? { gradNorm: Number.POSITIVE_INFINITY } : step(options));
    const error = await refusal(trainer.train());
    expect(error.message).toBe("step 2: expected a finite gradient norm, found Infinity; train rows 2, 3");
    expect(readdirSync(output_dir)).toEqual(["checkpoint-1", "verdict.json"]);
  });
});

describe("output_dir", () => {
  it("has all files of a finished run", async () => {
    const { trainer } = toyTrainer({
      args: { ...QUICK, output_dir, save_strategy: "epoch", report_to: "tensorboard" },
    });
    await trainer.train();
    expect(readdirSync(output_dir).sort()).toEqual([
      ...["README.md", "adapter_config.json", "adapter_model.safetensors", "checkpoint-1", "checkpoint-2"],
      ...["runs", "tokenizer.json"],
      ...["trainer_state.json", "training_loss.png", "training_loss.svg", "verdict.json"],
    ]);
    const state = JSON.parse(readFileSync(join(output_dir, "trainer_state.json"), "utf8"));
    expect(state.log_history).toEqual(trainer.state.log_history);
    expect(state.stateful_callbacks.TrainerControl.args).toMatchObject({
      should_save: false,
      should_training_stop: true,
    });
    expect(readFileSync(join(output_dir, "README.md"), "utf8")).toMatch(/training_loss.png/);
    const [events] = readdirSync(join(output_dir, "runs"), { recursive: true }).filter((name) =>
      String(name).includes("tfevents"),
    );
    expect(readFileSync(join(output_dir, "runs", String(events))).includes("train/rewards/margins")).toBe(true);
  });

  it("with a run is refused before anything is prepared, unless overwrite_output_dir is set", async () => {
    await toyTrainer({ args: { ...QUICK, output_dir, save_strategy: "steps", save_steps: 1 } }).trainer.train();
    writeFileSync(join(output_dir, "notes.txt"), "mine");
    const again = toyTrainer({ args: { ...QUICK, output_dir } });
    const error = await refusal(again.trainer.train());
    expect(`${error.message} ${error.hint}`).toMatch(/expected no run there, found checkpoint-1.*overwrite_output_dir/);
    const over = toyTrainer({ args: { ...QUICK, output_dir, max_steps: 1, overwrite_output_dir: true } });
    await over.trainer.train();
    expect(readdirSync(output_dir).filter((name) => name.startsWith("checkpoint"))).toEqual([]);
    expect(JSON.parse(readFileSync(join(output_dir, "trainer_state.json"), "utf8")).global_step).toBe(1);
    expect(existsSync(join(output_dir, "notes.txt"))).toBe(true);
  });

  it("keeps the newest checkpoints within save_total_limit, the last one always", async () => {
    const args = { output_dir, max_steps: 5, save_steps: 1, save_total_limit: 2 };
    await toyTrainer({ args }).trainer.train();
    const kept = () =>
      readdirSync(output_dir)
        .filter((name) => name.startsWith("checkpoint"))
        .sort();
    expect(kept()).toEqual(["checkpoint-4", "checkpoint-5"]);
  });

  it("that fails during the run stops it, and the last good checkpoint is whole", async () => {
    const { trainer, learner } = toyTrainer({ args: { output_dir, max_steps: 4, save_steps: 1 } });
    const readTensor = learner.readTensor.bind(learner);
    const tensors = learner.trainable.length + learner.optimizerState.length;
    const moved = `${output_dir}-moved`;
    let calls = 0;
    learner.readTensor = async (name) => {
      if (++calls === 2 * tensors + 1) {
        renameSync(output_dir, moved);
        writeFileSync(output_dir, "a file");
      }
      return readTensor(name);
    };
    const error = await refusal(trainer.train());
    expect(error.code).toBe("io");
    expect(error.message).toMatch(/checkpoint-3: cannot write/);
    expect((await newestValidCheckpoint(folderAt(moved)))?.step).toBe(2);
  });
});

describe("DPOTrainer", () => {
  it("requires an eval_dataset if eval_strategy needs one", () => {
    const options = { model: "gpt2", train_dataset: [], args: { bf16: false, eval_strategy: "steps" as const } };
    expect(() => new DPOTrainer(options)).toThrow(/eval_strategy steps: expected an eval_dataset/);
  });

  it("runs one method at a time, and none after dispose", async () => {
    const { trainer, learner } = toyTrainer({ args: { ...QUICK, output_dir } });
    const training = trainer.train();
    expect((await refusal(trainer.evaluate())).message).toMatch(/already running/);
    await training;
    await trainer.dispose();
    expect(learner.disposed).toBe(true);
    expect((await refusal(trainer.evaluate())).message).toMatch(/disposed/);
    expect(trainer.state.global_step).toBe(2);
  });

  it("saves model and log into the given folder", async () => {
    const { trainer } = toyTrainer({ args: { ...QUICK, output_dir } });
    await trainer.train();
    const folder = join(output_dir, "..", "copy");
    await trainer.save_model(folder);
    expect(readdirSync(folder).sort()).toEqual(["adapter_config.json", "adapter_model.safetensors", "tokenizer.json"]);
    const weights = (path: string) => readFileSync(join(path, "adapter_model.safetensors"));
    expect(weights(folder).equals(weights(output_dir))).toBe(true);
  });

  it("writes no secrets into the saved arguments", () => {
    const args = publicArguments(DPOConfig({ bf16: false, hub_token: "hf_secret", beta: 0.3 }));
    expect(args.beta).toBe(0.3);
    expect(JSON.stringify(args)).not.toContain("hf_secret");
  });
});
