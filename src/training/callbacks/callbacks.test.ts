/** @file Callbacks: order and arguments of events as in transformers, control flags, errors, early stopping. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type ToyRun, toyTrainer, withoutTimings } from "../../../test/support/toyTrainer.ts";
import { readRunState } from "../../checkpoints/trainerState.ts";
import type { DPOConfigInput } from "../../config/DPOConfig.ts";
import { folderAt } from "../../disk/nodeStorage.ts";
import { PrefineError } from "../../errors.ts";
import type { CallbackInput, EventName, TrainerCallback } from "./callbacks.ts";
import { EarlyStoppingCallback } from "./earlyStopping.ts";

/** Plots take a quarter of a second per run and are tested elsewhere. */
vi.mock("../plots/plotRunFolders.ts", () => ({ plotRunFolders: async () => ({ png: "training_loss.png" }) }));

let output_dir = "";
beforeEach(() => {
  output_dir = join(mkdtempSync(join(tmpdir(), "prefine-callbacks-")), "run");
});
afterEach(() => rmSync(join(output_dir, ".."), { recursive: true, force: true }));

const EVENTS: EventName[] = [
  ...(["on_init_end", "on_train_begin", "on_train_end", "on_epoch_begin", "on_epoch_end"] as const),
  ...(["on_step_begin", "on_substep_end", "on_pre_optimizer_step", "on_optimizer_step", "on_step_end"] as const),
  ...(["on_log", "on_evaluate", "on_prediction_step", "on_save"] as const),
];

/** Records every event with its step. */
function recorder(): { callback: TrainerCallback; seen: string[] } {
  const seen: string[] = [];
  const entries = EVENTS.map((event) => [
    event,
    async (_: unknown, { global_step }: { global_step: number }) => void seen.push(`${event.slice(3)} ${global_step}`),
  ]);
  return { seen, callback: Object.fromEntries(entries) };
}

async function failure(action: Promise<unknown>): Promise<PrefineError> {
  const error = await action.then(
    () => expect.fail("no error"),
    (caught) => caught,
  );
  expect(error).toBeInstanceOf(PrefineError);
  return error;
}

const checkpoints = () => readdirSync(output_dir).filter((name) => name.startsWith("checkpoint-"));
const run = (args: DPOConfigInput, callbacks: CallbackInput[], more: Partial<ToyRun> = {}) =>
  toyTrainer({ rows: 4, evalRows: 2, callbacks, ...more, args: { save_strategy: "no", output_dir, ...args } }).trainer;

describe("callbacks", () => {
  it("get transformers' events in its order", async () => {
    const { callback, seen } = recorder();
    const args: DPOConfigInput = {
      per_device_train_batch_size: 1,
      gradient_accumulation_steps: 2,
      num_train_epochs: 1,
      logging_steps: 1,
      eval_strategy: "epoch",
      save_strategy: "epoch",
      per_device_eval_batch_size: 1,
    };
    await run(args, [callback]).train();
    const step = (n: number) => [
      ...[`step_begin ${n - 1}`, `substep_end ${n - 1}`, `pre_optimizer_step ${n - 1}`, `optimizer_step ${n - 1}`],
      ...[`step_end ${n}`, `log ${n}`],
    ];
    expect(seen).toEqual([
      ...["init_end 0", "train_begin 0", "epoch_begin 0", ...step(1), ...step(2), "epoch_end 2"],
      ...["prediction_step 2", "prediction_step 2", "log 2", "evaluate 2", "save 2", "log 2", "train_end 2"],
    ]);
  });

  it("get the logged values, the metrics, the checkpoint, and the trainer's own state", async () => {
    const got: unknown[] = [];
    const callback: TrainerCallback = {
      on_log: (args, state, _, { logs }) => void got.push([args.beta, state.global_step, Object.keys(logs!).at(-1)]),
      on_evaluate: (_, state, __, { metrics }) => void got.push(metrics!.eval_loss === state.log_history[0].eval_loss),
      on_save: (_, __, ___, { checkpoint }) => void got.push(existsSync(join(checkpoint!, "trainer_state.json"))),
    };
    await run({ max_steps: 1, eval_strategy: "steps", save_strategy: "steps" }, [callback]).train();
    expect(got).toEqual([[0.1, 1, "epoch"], true, true, [0.1, 1, "epoch"]]);
  });

  it("may log, evaluate, save and stop, by changing the control or returning a new one", async () => {
    class Stops implements TrainerCallback {
      on_step_end: TrainerCallback["on_step_end"] = async (_, state, control) => {
        if (state.global_step === 2) Object.assign(control, { should_log: true, should_evaluate: true });
        const isThird = state.global_step === 3;
        return isThird ? { ...control, should_save: true, should_training_stop: true } : undefined;
      };
    }
    const trainer = run({ max_steps: 9, logging_steps: 100 }, [Stops]);
    expect((await trainer.train()).global_step).toBe(3);
    const log = trainer.state.log_history.map((entry) => [entry.step, "loss" in entry, "eval_loss" in entry]);
    expect(log).toEqual([
      [2, true, false],
      [2, false, true],
      [3, false, false],
    ]);
    expect(checkpoints()).toEqual(["checkpoint-3"]);
    expect(existsSync(join(output_dir, "adapter_model.safetensors"))).toBe(true);
  });

  it("may end an epoch: the next step is the first of the next one, and the last epoch ends the run", async () => {
    const batches: number[][] = [];
    const skip: TrainerCallback = {
      on_step_end: (_, state, control) => ({ ...control, should_epoch_stop: state.global_step % 2 === 0 }),
    };
    const args: DPOConfigInput = {
      per_device_train_batch_size: 1,
      num_train_epochs: 2,
      train_sampling_strategy: "sequential",
    };
    const trainer = run(args, [skip], { toy: { onMicroBatch: (rows) => batches.push(rows) } });
    expect((await trainer.train()).global_step).toBe(4);
    expect(batches).toEqual([[0], [1], [0], [1]]);
    expect(trainer.state.epoch).toBe(1.5);
  });

  it("may be added and removed", async () => {
    const [first, second] = [recorder(), recorder()];
    const trainer = run({ max_steps: 1 }, [first.callback, EarlyStoppingCallback]);
    trainer.add_callback(second.callback);
    expect(trainer.remove_callback(first.callback)).toBe(first.callback);
    expect(trainer.remove_callback(EarlyStoppingCallback)).toBeInstanceOf(EarlyStoppingCallback);
    expect(trainer.remove_callback(EarlyStoppingCallback)).toBeUndefined();
    await trainer.train();
    expect(first.seen).toEqual([]);
    expect(second.seen).toContain("train_end 1");
  });

  it("stop the run with an error that names them", async () => {
    class Uploader implements TrainerCallback {
      async on_log() {
        throw new TypeError("no such bucket");
      }
    }
    const error = await failure(run({ max_steps: 3, logging_steps: 2 }, [Uploader]).train());
    expect(error.message).toBe("callback Uploader.on_log (step 2): TypeError: no such bucket");
    expect(error.cause).toBeInstanceOf(TypeError);
  });

  it("with a misspelled event, or none, are refused", () => {
    const misspelt = { on_step_ends: () => {} } as TrainerCallback;
    expect(() => run({}, [misspelt])).toThrow(/callbacks: Object: expected events.*found on_step_ends/);
    expect(() => run({}, [{} as TrainerCallback])).toThrow(/found none of them/);
  });
});

/** A compute_metrics that returns these values, one per evaluation. */
const scripted = (values: number[]) => {
  let at = 0;
  return () => ({ score: values[at++] });
};
const BY_SCORE: DPOConfigInput = {
  max_steps: 8,
  logging_steps: 100,
  metric_for_best_model: "score",
  load_best_model_at_end: true,
  eval_strategy: "steps",
  eval_steps: 1,
  save_strategy: "steps",
  save_steps: 1,
};

describe("EarlyStoppingCallback", () => {
  it.each([
    ["patience 1", {}, [1, 2, 2, 3], 3],
    ["patience 2", { early_stopping_patience: 2 }, [1, 0.5, 2, 1, 1.5, 9], 5],
    ["a threshold", { early_stopping_threshold: 0.5 }, [1, 1.4, 9], 2],
  ])("%s: ends the run at the step where transformers does", async (_, options, values, lastStep) => {
    const trainer = run(BY_SCORE, [new EarlyStoppingCallback(options)], { compute_metrics: scripted(values) });
    expect((await trainer.train()).global_step).toBe(lastStep);
    const state = await readRunState(folderAt(join(output_dir, `checkpoint-${lastStep}`)));
    expect(state.stateful_callbacks.EarlyStoppingCallback).toEqual({
      args: { early_stopping_patience: 1, early_stopping_threshold: 0, ...options },
      attributes: {
        early_stopping_patience_counter: { early_stopping_patience: 1, ...options }.early_stopping_patience,
      },
    });
  });

  it("continues its count in a resumed run, which equals the uninterrupted one", async () => {
    const values = [1, 0.9, 0.8, 0.7, 0.6];
    const patient = () => new EarlyStoppingCallback({ early_stopping_patience: 3 });
    const unbroken = run(BY_SCORE, [patient()], { compute_metrics: scripted(values) });
    await unbroken.train();
    expect(unbroken.state.global_step).toBe(4);
    const second = join(output_dir, "..", "resumed");
    const compute_metrics = scripted(values.slice(2));
    const resumed = run({ ...BY_SCORE, output_dir: second }, [patient()], { compute_metrics });
    await resumed.train({ resume_from_checkpoint: join(output_dir, "checkpoint-2") });
    expect(withoutTimings(resumed.state.log_history)).toEqual(withoutTimings(unbroken.state.log_history));
  });

  it("keeps a run ended that it had ended; without it the run continues", async () => {
    const args = { ...BY_SCORE, max_steps: 4 };
    await run(args, [EarlyStoppingCallback], { compute_metrics: scripted([1, 0, 5, 5]) }).train();
    const again = run(args, [EarlyStoppingCallback], { compute_metrics: scripted([5, 5]) });
    expect((await again.train({ resume_from_checkpoint: true })).global_step).toBe(2);
    const without = run(args, [], { compute_metrics: scripted([5, 5]) });
    expect((await without.train({ resume_from_checkpoint: true })).global_step).toBe(4);
  });

  it("needs a metric and evaluations", async () => {
    const error = await failure(run({ max_steps: 1 }, [EarlyStoppingCallback]).train());
    expect(error.code).toBe("config");
    expect(error.message).toMatch(/metric_for_best_model: expected a metric, found none; eval_strategy: expected/);
    expect(() => new EarlyStoppingCallback({ early_stopping_patience: 0 })).toThrow(/integer above 0, found 0/);
  });
});

describe("the best model", () => {
  const weights = (folder: string) => readFileSync(join(folder, "adapter_model.safetensors"));

  it("is kept, recorded, and loaded at the end", async () => {
    const args = { ...BY_SCORE, max_steps: 5, save_total_limit: 2 };
    const { trainer, lines } = toyTrainer({
      args: { ...args, output_dir },
      rows: 4,
      evalRows: 2,
      compute_metrics: scripted([1, 7, 3, 2, 6]),
    });
    await trainer.train();
    const best = join(output_dir, "checkpoint-2");
    expect(trainer.state).toMatchObject({ best_metric: 7, best_global_step: 2, best_model_checkpoint: best });
    expect(checkpoints()).toEqual(["checkpoint-2", "checkpoint-5"]);
    expect(weights(output_dir).equals(weights(best))).toBe(true);
    expect(weights(output_dir).equals(weights(join(output_dir, "checkpoint-5")))).toBe(false);
    expect(lines).toContain(`${best}: the best model, with score 7`);
    expect(await readRunState(folderAt(output_dir))).toMatchObject({ best_metric: 7, best_model_checkpoint: best });
  });

  it("is the only checkpoint left by save_total_limit 1", async () => {
    const args = { ...BY_SCORE, max_steps: 3, save_total_limit: 1 };
    await run(args, [], { compute_metrics: scripted([4, 9, 3]) }).train();
    expect(checkpoints()).toEqual(["checkpoint-2"]);
  });

  it("is the only one saved by save_strategy best; for a loss, lower is better", async () => {
    const args: DPOConfigInput = { ...BY_SCORE, max_steps: 4, save_strategy: "best", metric_for_best_model: "my_loss" };
    const values = [5, 4, 6, 3];
    let at = 0;
    const trainer = run(args, [], { compute_metrics: () => ({ my_loss: values[at++] }) });
    await trainer.train();
    expect(trainer.args.greater_is_better).toBe(false);
    expect(checkpoints()).toEqual(["checkpoint-1", "checkpoint-2", "checkpoint-4"]);
  });

  it("is restored in a resumed run, with a warning if its checkpoint is gone", async () => {
    const args = { ...BY_SCORE, max_steps: 3 };
    await run(args, [], { compute_metrics: scripted([9, 3, 4]) }).train();
    const whole = run({ ...args, max_steps: 4 }, [], { compute_metrics: scripted([5]) });
    await whole.train({ resume_from_checkpoint: true });
    expect(whole.state).toMatchObject({ best_metric: 9, best_model_checkpoint: join(output_dir, "checkpoint-1") });
    rmSync(join(output_dir, "checkpoint-1"), { recursive: true });
    const { trainer, lines } = toyTrainer({
      args: { ...args, max_steps: 5, output_dir },
      rows: 4,
      evalRows: 2,
      compute_metrics: scripted([6]),
    });
    await trainer.train({ resume_from_checkpoint: true });
    expect(lines.join("\n")).toMatch(/warning: .*checkpoint-1: the best checkpoint so far is gone/);
    expect(trainer.state).toMatchObject({ best_metric: 9, best_model_checkpoint: null });
  });

  it("by an unknown metric is an error that lists the known ones", async () => {
    const args = { ...BY_SCORE, metric_for_best_model: "rewards/margin" };
    const early = await failure(run(args, []).train());
    expect(early.message).toMatch(/expected one of eval_loss, .*eval_rewards\/margins.*; found eval_rewards\/margin$/);
    const late = await failure(run(args, [], { compute_metrics: () => ({ score: 1 }) }).train());
    expect(late.message).toMatch(/eval_score.*; found eval_rewards\/margin$/);
  });
});

describe("save_only_model", () => {
  it("writes checkpoints that have the model and no optimizer", async () => {
    const trainer = run({ max_steps: 2, save_strategy: "steps", save_steps: 1, save_only_model: true }, []);
    await trainer.train();
    expect(readdirSync(join(output_dir, "checkpoint-1")).sort()).toEqual([
      ...["adapter_config.json", "adapter_model.safetensors", "prefine_state.json", "tokenizer.json"],
      "trainer_state.json",
    ]);
  });
});
