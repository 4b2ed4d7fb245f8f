/** @file The reference: its tie with the policy at the start, its cache on disk, and moving it; with a toy model. */
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type ToyRun, toyTrainer, withoutTimings } from "../../../test/support/toyTrainer.ts";
import { cachePath, folderAt, nodeStorage } from "../../disk/nodeStorage.ts";
import { PrefineError } from "../../errors.ts";

/** Plots take a quarter of a second per run and are tested elsewhere. */
vi.mock("../plots/plotRunFolders.ts", () => ({ plotRunFolders: async () => ({ png: "training_loss.png" }) }));

let dir = "";
let runs = 0;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "prefine-reference-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function toy({ args, ...more }: ToyRun) {
  const output_dir = join(dir, `run-${runs++}`);
  return toyTrainer({ evalRows: 2, ...more, args: { max_steps: 2, logging_steps: 1, output_dir, ...args } });
}

describe("before the first step", () => {
  it("policy and reference must tie: another reference stops the run, and nothing is saved", async () => {
    const { trainer, learner } = toy({ args: { save_strategy: "steps", save_steps: 1 } });
    const referenceLogps = learner.referenceLogps.bind(learner);
    learner.referenceLogps = async (pair) => {
      const { chosen, rejected } = await referenceLogps(pair);
      return { chosen: chosen * 1.001, rejected };
    };
    const error = await trainer.train().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(PrefineError);
    expect((error as PrefineError).code).toBe("training");
    expect((error as PrefineError).message).toMatch(
      /^before the first step: expected the same .* \(the toy from before the first step\), found train row \d has chosen -[\d.]+,/,
    );
    expect(existsSync(join(trainer.args.output_dir, "checkpoint-1"))).toBe(false);
  });

  it("another machine's rounding does not count", async () => {
    const { trainer, learner } = toy({ args: {} });
    const referenceLogps = learner.referenceLogps.bind(learner);
    learner.referenceLogps = async (pair) => {
      const { chosen, rejected } = await referenceLogps(pair);
      return { chosen: chosen * (1 + 1e-6), rejected };
    };
    await trainer.train();
  });

  it("dropout does not count: the pair is scored again without", async () => {
    const { trainer, learner } = toy({ args: { disable_dropout: false } });
    const accumulate = learner.accumulate.bind(learner);
    learner.accumulate = async (...batch) => {
      const result = await accumulate(...batch);
      for (const { logps } of result.scores) logps.chosen -= 1; // as if tokens had been dropped
      return result;
    };
    await trainer.train();
  });

  it("a second training of the same trainer may start from another policy", async () => {
    const { trainer } = toy({ args: { overwrite_output_dir: true } });
    await trainer.train();
    await trainer.train();
    expect(trainer.state.log_history[0]["rewards/margins"]).not.toBe(0);
  });
});

describe("the cache of precompute_ref_log_probs", () => {
  const folder = () => join(dir, "cache");
  const files = () => (existsSync(folder()) ? readdirSync(folder()) : []);

  /** Trains with the cache; @returns the number of pairs that the reference scored, the logged lines, and the log. */
  async function train({ identity = { weights: "a" }, ...more }: Partial<ToyRun> & { identity?: object } = {}) {
    let scored = 0;
    const onScore = (_: number, role: string) => {
      if (role === "reference") scored++;
    };
    const { trainer, lines } = toy({
      ...more,
      args: { precompute_ref_log_probs: true, ...more.args },
      toy: { onScore },
      referenceCache: { folder: folderAt(folder()), identity: { ...identity } },
    });
    await trainer.train();
    const logged = lines.filter((line) => line.includes("reference log-probabilities"));
    return { scored, lines: logged, log: withoutTimings(trainer.state.log_history) };
  }

  it("gives a second run the values of the first, bit for bit, with a line for hit and miss", async () => {
    const first = await train();
    expect(first.scored).toBe(7 + 2);
    expect(first.lines).toContain(
      "reference log-probabilities of train: 7 of 7 pairs are not in the cache; scoring them",
    );
    const second = await train();
    expect(second.scored).toBe(0);
    expect(second.lines[0]).toMatch(/^reference log-probabilities of train: 7 pairs from .*\.safetensors$/);
    expect(second.lines[1]).toMatch(/^reference log-probabilities of eval: 2 pairs from /);
    expect(second.log).toEqual(first.log);
    expect(files()).toHaveLength(2);
    expect((await train({ args: { beta: 0.3, learning_rate: 0.01 } })).scored).toBe(0);
  });

  it("is missed by other weights and by other pairs", async () => {
    await train();
    expect((await train({ identity: { weights: "b" } })).scored).toBe(9);
    expect((await train({ dataSeed: 9 })).scored).toBe(7); // the evaluation set is the same
    expect((await train({ evalSets: { one: 2, two: 2 } })).scored).toBe(2); // the first of them is, too
  });

  it.each<[string, (bytes: Buffer) => Buffer]>([
    ["cut off", (bytes) => bytes.subarray(0, bytes.length - 5)],
    ["empty", () => Buffer.alloc(0)],
    ["changed in one bit", (bytes) => Buffer.from(bytes.map((byte, i) => (i === bytes.length - 3 ? byte ^ 1 : byte)))],
    ["no safetensors at all", () => Buffer.from("garbage ".repeat(50))],
  ])("that is %s gets a warning, is computed again and repaired", async (_, damage) => {
    const whole = await train();
    for (const name of files()) writeFileSync(join(folder(), name), damage(readFileSync(join(folder(), name))));
    const again = await train();
    expect(again.lines[0]).toMatch(/^warning: .*safetensors.*; these reference log-probabilities are computed again$/);
    expect(again.scored).toBe(9);
    expect(again.log).toEqual(whole.log);
    expect((await train()).scored).toBe(0);
  });

  it("keeps the scores of an interrupted run", async () => {
    const controller = new AbortController();
    let scored = 0;
    const onScore = () => void (++scored === 4 && controller.abort());
    const { trainer } = toy({
      args: { precompute_ref_log_probs: true },
      toy: { onScore },
      referenceCache: { folder: folderAt(folder()), identity: { weights: "a" } },
    });
    await expect(trainer.train({ signal: controller.signal })).rejects.toThrow(/stopped before the first step/);
    expect((await train()).scored).toBe(9 - 4);
  });

  it.skipIf(process.getuid?.() === 0)("that can't be written is not fatal", async () => {
    await train();
    for (const name of files()) rmSync(join(folder(), name));
    chmodSync(folder(), 0o555);
    const { lines, scored } = await train();
    chmodSync(folder(), 0o755);
    expect(scored).toBe(9);
    expect(lines.join("\n")).toMatch(/warning: .*no permission.*; the reference log-probabilities are not cached/);
  });

  it("that is a file is not fatal", async () => {
    writeFileSync(folder(), "");
    const { lines, scored } = await train();
    expect(scored).toBe(9);
    expect(lines.join("\n")).toMatch(/warning: .*these reference log-probabilities are computed again/);
    expect(lines.join("\n")).toMatch(/warning: .*; the reference log-probabilities are not cached/);
  });

  it("is in $PREFINE_CACHE, else in the user's cache folder", () => {
    expect(cachePath({ PREFINE_CACHE: "/c", HOME: "/h" })).toBe("/c");
    expect(cachePath({ PREFINE_CACHE: "~/c", HOME: "/h" })).toBe("/h/c");
    expect(cachePath({ PREFINE_CACHE: " ", HOME: "/h" })).toBe("/h/.cache/prefine");
    expect(cachePath({ XDG_CACHE_HOME: "/x", HOME: "/h" })).toBe("/x/prefine");
    expect(cachePath({ HOME: "/h" })).toBe("/h/.cache/prefine");
    expect(nodeStorage.cacheFolder("reference_logps").path).toBe(join(cachePath(), "reference_logps"));
  });
});

describe("sync_ref_model", () => {
  const moving = { sync_ref_model: true, ref_model_sync_steps: 2, ref_model_mixup_alpha: 0.5 } as const;

  it("mixes after every ref_model_sync_steps-th step, before that step is evaluated", async () => {
    const { trainer, learner } = toy({
      args: { ...moving, ref_model_mixup_alpha: 1, max_steps: 5, eval_strategy: "steps", eval_steps: 1 },
    });
    const mixed: number[] = [];
    const mixReference = learner.mixReference.bind(learner);
    learner.mixReference = async (alpha) => {
      mixed.push(trainer.state.global_step);
      await mixReference(alpha);
    };
    await trainer.train();
    expect(mixed).toEqual([2, 4]);
    const margins = trainer.state.log_history.flatMap((entry) => entry["eval_rewards/margins"] ?? []);
    expect(margins.map((margin) => margin === 0)).toEqual([false, true, false, true, false]); // alpha 1: equal again
  });

  it("stopped anywhere and resumed equals the uninterrupted run", async () => {
    const args = { ...moving, max_steps: 6, eval_strategy: "steps", eval_steps: 3, save_strategy: "no" } as const;
    const unbroken = toy({ args }).trainer;
    await unbroken.train();
    for (let stop = 1; stop < 6; stop++) {
      const output_dir = join(dir, `stopped-${stop}`);
      const controller = new AbortController();
      const onMicroBatch = (_: number[], call: number) => void (call === stop && controller.abort());
      const first = toy({ args: { ...args, output_dir }, toy: { onMicroBatch } });
      await expect(first.trainer.train({ signal: controller.signal })).rejects.toThrow(/stopped after step/);
      const second = toy({ args: { ...args, output_dir } }).trainer;
      await second.train({ resume_from_checkpoint: true });
      expect(withoutTimings(second.state.log_history)).toEqual(withoutTimings(unbroken.state.log_history));
    }
  });

  it("must be the same in a resumed run", async () => {
    const output_dir = join(dir, "shared");
    await toy({ args: { ...moving, output_dir, save_strategy: "steps", save_steps: 1 } }).trainer.train();
    const other = toy({ args: { ...moving, ref_model_mixup_alpha: 0.6, max_steps: 3, output_dir } }).trainer;
    await expect(other.train({ resume_from_checkpoint: true })).rejects.toThrow(/ref_model_mixup_alpha: 0.5 -> 0.6/);
  });
});
