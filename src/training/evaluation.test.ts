/** @file Evaluations: several sets, compute_metrics, the table of margins, and conflicting options. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { toyTrainer } from "../../test/support/toyTrainer.ts";
import { DPOConfig, type DPOConfigInput } from "../config/DPOConfig.ts";
import { Dataset } from "../data/datasets/dataset.ts";
import { datasetDict } from "../data/datasets/datasetDict.ts";
import { DPOTrainer } from "../dpoTrainer.ts";
import { evaluationSets } from "./prepare/rows.ts";
import type { EvalPrediction } from "./run.ts";

/** Plots take a quarter of a second per run and are tested elsewhere. */
vi.mock("../plots/plotRunFolders.ts", () => ({ plotRunFolders: async () => ({ png: "training_loss.png" }) }));

let output_dir = "";
beforeEach(() => {
  output_dir = join(mkdtempSync(join(tmpdir(), "prefine-evaluation-")), "run");
});
afterEach(() => rmSync(join(output_dir, ".."), { recursive: true, force: true }));

const QUICK: DPOConfigInput = { max_steps: 2, logging_steps: 1, save_strategy: "no", eval_strategy: "steps" };
const table = (folder = output_dir) => {
  const [header, ...lines] = readFileSync(join(folder, "eval_margins.csv"), "utf8").trimEnd().split("\n");
  const names = header.split(",");
  return lines.map((line) => Object.fromEntries(line.split(",").map((value, i) => [names[i], value])));
};
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

it("leaves metrics out of a log entry right after an evaluation of the same step, as TRL does", async () => {
  const args: DPOConfigInput = { ...QUICK, output_dir, max_steps: -1, num_train_epochs: 2, logging_strategy: "epoch" };
  const { trainer } = toyTrainer({ args: { ...args, eval_steps: 2, per_device_train_batch_size: 2 }, rows: 4 });
  await trainer.train();
  const kinds = trainer.state.log_history.map((entry) => {
    const kind = "loss" in entry ? "loss" : "eval_loss" in entry ? "eval" : "summary";
    return [entry.step, kind, "rewards/margins" in entry || "eval_rewards/margins" in entry];
  });
  expect(kinds).toEqual([
    [2, "eval", true],
    [2, "loss", false],
    [4, "eval", true],
    [4, "loss", false],
    [4, "summary", false],
  ]);
});

describe("several evaluation sets", () => {
  const sets = { easy: 3, hard: 4 };

  it("have one log entry each, under their own names; evaluate returns all values", async () => {
    const seen: string[][] = [];
    const callback = {
      on_evaluate: (...[, , , details]: [unknown, unknown, unknown, { metrics?: object }]) =>
        void seen.push(Object.keys(details.metrics ?? {}).filter((key) => key.endsWith("loss"))),
    };
    const { trainer } = toyTrainer({ args: { ...QUICK, output_dir }, evalSets: sets, callbacks: [callback] });
    await trainer.train();
    expect(seen).toEqual([["eval_easy_loss"], ["eval_hard_loss"], ["eval_easy_loss"], ["eval_hard_loss"]]);
    const [first] = trainer.state.log_history.filter((entry) => "eval_easy_loss" in entry);
    expect(Object.keys(first).every((key) => /^(eval_easy_|epoch|step)/.test(key))).toBe(true);
    expect(first).toMatchObject({ step: 1, "eval_easy_rewards/margins": expect.any(Number) });
    const all = await trainer.evaluate();
    expect(all).toMatchObject({ eval_easy_loss: expect.any(Number), eval_hard_loss: expect.any(Number), step: 2 });
  });

  it("are continued by a resumed run: the first is not evaluated again", async () => {
    const unbroken = join(output_dir, "..", "unbroken");
    const losses = (entries: object[]) =>
      entries.map((entry) => Object.entries(entry).filter(([key]) => /loss/.test(key)));
    const whole = toyTrainer({ args: { ...QUICK, output_dir: unbroken }, evalSets: sets });
    await whole.trainer.train();
    for (let at = 0; at < 2 * 7 - 1; at++) {
      const controller = new AbortController();
      let scorings = 0;
      const onScore = (_: number, role: string) => role === "policy" && scorings++ === at && controller.abort();
      const args = { ...QUICK, output_dir: join(output_dir, `${at}`) };
      const first = toyTrainer({ args, evalSets: sets, toy: { onScore } });
      await expect(first.trainer.train({ signal: controller.signal })).rejects.toThrow(/stopped after step/);
      const second = toyTrainer({ args, evalSets: sets }).trainer;
      await second.train({ resume_from_checkpoint: true });
      expect(losses(second.state.log_history)).toEqual(losses(whole.trainer.state.log_history));
      expect(table(join(output_dir, `${at}`))).toEqual(table(unbroken));
    }
  });

  it("must be named by metric_for_best_model", async () => {
    const args: DPOConfigInput = { ...QUICK, save_strategy: "steps", save_steps: 500, load_best_model_at_end: true };
    const wrong = toyTrainer({ args: { ...args, output_dir }, evalSets: sets }).trainer;
    await expect(wrong.train()).rejects.toThrow(/expected one of eval_easy_loss, .*; found eval_loss/);
    const right = toyTrainer({ args: { ...args, output_dir, metric_for_best_model: "hard_loss" }, evalSets: sets });
    await right.trainer.train();
    expect(right.trainer.state.best_metric).toBe(Math.min(...hardLosses(right.trainer.state.log_history)));
  });

  const hardLosses = (log: Record<string, number>[]) => log.flatMap((entry) => entry.eval_hard_loss ?? []);

  it("are a record, or the splits of a dataset; rows are one set", () => {
    const rows = [{ prompt: "a", chosen: "b", rejected: "c" }];
    expect([...evaluationSets(rows).keys()]).toEqual(["eval"]);
    expect([...evaluationSets(Dataset.fromRows(rows)).keys()]).toEqual(["eval"]);
    expect([...evaluationSets({ a: rows, b: Dataset.fromRows(rows) }).keys()]).toEqual(["eval_a", "eval_b"]);
    const splits = datasetDict([["test", Dataset.fromRows(rows)]]);
    expect([...evaluationSets(splits).keys()]).toEqual(["eval_test"]);
    expect(evaluationSets(null).size).toBe(0);
  });
});

describe("eval_margins.csv", () => {
  it("has every pair of every evaluation; its means are those of the log", async () => {
    const args = { ...QUICK, output_dir, eval_on_start: true, per_device_eval_batch_size: 1 };
    const { trainer } = toyTrainer({ args, evalRows: 3 });
    await trainer.train();
    const rows = table();
    expect(rows.map(({ step, split, row }) => `${step} ${split} ${row}`)).toEqual(
      [0, 1, 2].flatMap((step) => [0, 1, 2].map((row) => `${step} eval ${row}`)),
    );
    for (const entry of trainer.state.log_history.filter((one) => "eval_loss" in one)) {
      const of = (name: string) =>
        rows.filter(({ step }) => Number(step) === entry.step).map((row) => Number(row[name]));
      for (const name of ["rewards/chosen", "rewards/rejected", "rewards/margins", "logps/chosen", "logps/rejected"]) {
        expect(mean(of(name)), name).toBeCloseTo(entry[`eval_${name}`], 10);
      }
      const implied = of("logps/chosen").map((value, i) => 0.1 * (value - of("ref_logps/chosen")[i]));
      expect(implied).toEqual(of("rewards/chosen"));
    }
  });

  it("is started again by a new run, and not changed by an evaluation outside of a training", async () => {
    const { trainer } = toyTrainer({ args: { ...QUICK, output_dir } });
    await trainer.evaluate();
    expect(existsSync(output_dir)).toBe(false);
    await trainer.train();
    const again = toyTrainer({ args: { ...QUICK, max_steps: 1, output_dir, overwrite_output_dir: true } });
    await again.trainer.train();
    expect(new Set(table().map(({ step }) => step))).toEqual(new Set(["1"]));
  });
});

describe("compute_metrics", () => {
  const collect = async (args: DPOConfigInput) => {
    const calls: [EvalPrediction, boolean][] = [];
    const { trainer } = toyTrainer({
      args: { output_dir, per_device_eval_batch_size: 2, ...args },
      compute_metrics: async (evaluation, { compute_result }) => {
        calls.push([evaluation, compute_result]);
        const metrics: Record<string, number> = { pairs: calls.flatMap(([{ predictions }]) => predictions).length };
        return compute_result ? { ...metrics, eval_two: 2 } : {};
      },
    });
    return { entry: await trainer.evaluate(), calls };
  };

  it("gets all pairs together, and its metrics are logged after the loss", async () => {
    const { entry, calls } = await collect({});
    expect(calls).toHaveLength(1);
    const [{ predictions, label_ids, losses, inputs }] = calls[0];
    expect(predictions).toHaveLength(3);
    expect(mean(predictions.map((pair) => pair["logps/chosen"]))).toBeCloseTo(-10.2, -1);
    expect(label_ids[0].chosen.slice(0, 2)).toEqual(label_ids[0].rejected.slice(0, 2));
    expect([losses, inputs]).toEqual([undefined, undefined]);
    expect(Object.keys(entry).slice(0, 4)).toEqual(["eval_loss", "eval_pairs", "eval_two", "eval_runtime"]);
    expect(entry.eval_pairs).toBe(3);
  });

  it("gets batches one by one with batch_eval_metrics, and losses and inputs on request", async () => {
    const { entry, calls } = await collect({ batch_eval_metrics: true, include_for_metrics: ["loss", "inputs"] });
    expect(calls.map(([{ predictions }, isLast]) => [predictions.length, isLast])).toEqual([
      [2, false],
      [1, true],
    ]);
    expect(calls[0][0].losses).toEqual([Math.fround(Math.LN2), Math.fround(Math.LN2)]);
    expect(calls[0][0].inputs).toEqual(calls[0][0].label_ids);
    expect(entry.eval_pairs).toBe(3);
  });

  it.each<[string, () => unknown, RegExp]>([
    ["throws", () => JSON.parse("{"), /compute_metrics: SyntaxError: /],
    ["returns no numbers", () => ({ score: "high" }), /compute_metrics: expected an object of numbers.*score: "high"/],
    ["returns nothing", () => undefined, /compute_metrics: expected an object of numbers by name, found nothing/],
  ])("that %s is an error", async (_, compute, message) => {
    const { trainer } = toyTrainer({ args: { output_dir }, compute_metrics: compute as () => Record<string, number> });
    await expect(trainer.evaluate()).rejects.toThrow(message);
  });
});

describe("settings of evaluation and saving", () => {
  const refused = (args: DPOConfigInput) => () => DPOConfig({ bf16: false, ...args });
  const best = { load_best_model_at_end: true } as const;

  it("that contradict each other are refused together", () => {
    expect(refused({ ...best, eval_strategy: "epoch" })).toThrow(
      /load_best_model_at_end: expected .* found epoch and steps/,
    );
    const steps = { ...best, eval_strategy: "steps", save_strategy: "steps" } as const;
    expect(refused({ ...steps, eval_steps: 3, save_steps: 10 })).toThrow(/a multiple of eval_steps, found 10 and 3/);
    expect(refused({ ...steps, eval_steps: 0.2, save_steps: 10 })).toThrow(/found 10 and 0.2/);
    expect(refused({ ...steps, eval_steps: 0.2, save_steps: 0.5 })).toThrow(/found 0.5 and 0.2/);
    expect(refused({ save_strategy: "best", sync_ref_model: true, precompute_ref_log_probs: true })).toThrow(
      /metric_for_best_model: .*\n.*eval_strategy: .*\n.*sync_ref_model: expected precompute_ref_log_probs: false/s,
    );
  });

  it("that agree are completed as transformers does", () => {
    const config = (args: DPOConfigInput) => {
      const { metric_for_best_model, greater_is_better } = DPOConfig({ bf16: false, ...args });
      return [metric_for_best_model, greater_is_better];
    };
    const epochs = { eval_strategy: "epoch", save_strategy: "epoch" } as const;
    expect(config({})).toEqual([null, null]);
    expect(config({ ...best, ...epochs })).toEqual(["loss", false]);
    expect(config({ metric_for_best_model: "rewards/margins" })).toEqual(["rewards/margins", true]);
    expect(config({ metric_for_best_model: "loss", greater_is_better: true })).toEqual(["loss", true]);
    const shares = { eval_strategy: "steps", save_strategy: "steps", eval_steps: 0.1, save_steps: 0.3 } as const;
    expect(config({ ...best, ...shares })).toEqual(["loss", false]);
    expect(config({ ...best, eval_strategy: "steps", save_strategy: "best" })).toEqual(["loss", false]);
  });

  it("require an eval_dataset", () => {
    const make = (args: DPOConfigInput) => () => new DPOTrainer({ model: "m", train_dataset: [], args });
    expect(make({ eval_on_start: true })).toThrow(/eval_on_start: expected an eval_dataset, found none/);
  });
});
