/** @file resume_from_checkpoint with checkpoints that are damaged, without an optimizer, TRL's, or none. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DAMAGES, flip } from "../../test/support/damage.ts";
import { contents, failure } from "../../test/support/outcomes.ts";
import { toyTrainer, withoutTimings } from "../../test/support/toyTrainer.ts";
import { loadAdapter } from "../checkpoints/adapter.ts";
import { readRunState } from "../checkpoints/trainerState.ts";
import type { DPOConfigInput } from "../config/DPOConfig.ts";
import { folderAt } from "../disk/nodeStorage.ts";

vi.mock("../plots/plotRunFolders.ts", () => ({ plotRunFolders: async () => ({ png: "training_loss.png" }) }));

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "prefine-resume-damaged-"));
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
const toy = (output_dir: string, args: DPOConfigInput = {}) => toyTrainer({ args: { ...ARGS, output_dir, ...args } });

async function outcome(output_dir: string) {
  const { log_history } = await readRunState(folderAt(output_dir));
  return { log: withoutTimings(log_history), weights: (await loadAdapter(folderAt(output_dir))).weights };
}

/** A run as if it had been killed after its second of four steps. */
async function killedRun(name: string, args: DPOConfigInput = {}): Promise<string> {
  const output_dir = join(dir, name);
  await toy(output_dir, args).trainer.train();
  for (const entry of readdirSync(output_dir)) {
    const isEarly = ["checkpoint-1", "checkpoint-2", "eval_margins.csv"].includes(entry);
    if (!isEarly) rmSync(join(output_dir, entry), { recursive: true });
  }
  return output_dir;
}

describe("resume_from_checkpoint: true", () => {
  it.each(["flipped", "another step's"])(
    "continues from the checkpoint before one with a file that is %s",
    async (kind) => {
      const run = await killedRun("run");
      const unbroken = join(dir, "unbroken");
      await toy(unbroken).trainer.train();
      const expected = await outcome(unbroken);
      const files = readdirSync(join(run, "checkpoint-2"));
      expect(files).toHaveLength(7);
      for (const name of files) {
        const path = join(dir, `copy-${name}`);
        cpSync(run, path, { recursive: true });
        DAMAGES[kind](join(path, "checkpoint-2", name), join(path, "checkpoint-1", name));
        const isSame = kind === "another step's" && ["adapter_config.json", "tokenizer.json"].includes(name);
        const { trainer, lines } = toy(path);
        await trainer.train({ resume_from_checkpoint: true });
        if (isSame) expect(lines[0]).toMatch(/checkpoint-2: resuming after step 2 of 4$/);
        else {
          expect(lines[0]).toMatch(new RegExp(`^warning: .*checkpoint-2 can't be resumed from: .*${name}`));
          expect(lines[1]).toMatch(/checkpoint-1: resuming after step 1 of 4$/);
        }
        expect(await outcome(path)).toEqual(expected);
      }
    },
  );

  it("ends with an error that leaves everything as it is, if no checkpoint can be used", async () => {
    const run = await killedRun("run");
    flip(join(run, "checkpoint-1/optimizer.safetensors"));
    rmSync(join(run, "checkpoint-2/prefine_state.json"));
    const before = contents(run);
    const { trainer, lines } = toy(run);
    const error = await failure(trainer.train({ resume_from_checkpoint: true }));
    expect(error.code).toBe("io");
    expect(error.message).toMatch(/run: none of its 2 checkpoints can be resumed from; nothing was changed\n {2}/);
    expect(error.message).toMatch(
      /\n {2}.*checkpoint-2: expected a checkpoint of prefine, found no prefine_state.json/,
    );
    expect(error.message).toMatch(/\n {2}.*checkpoint-1.optimizer.safetensors: was changed after it was saved/);
    expect(error.hint).toMatch(/resume_from_checkpoint: false and overwrite_output_dir: true/);
    expect(lines).toEqual([]);
    const both = toy(run, { overwrite_output_dir: true }).trainer.train({ resume_from_checkpoint: true });
    expect((await failure(both)).code).toBe("io");
    expect(contents(run)).toEqual(before);
  });

  it.each([
    ["TRL's", ["trainer_state.json", "adapter_model.safetensors", "optimizer.pt", "training_args.bin"]],
    ["without any state", ["adapter_model.safetensors", "adapter_config.json"]],
  ])("ends so with a checkpoint that is %s", async (_, names) => {
    const run = join(dir, "run");
    mkdirSync(join(run, "checkpoint-3"), { recursive: true });
    for (const name of names) writeFileSync(join(run, "checkpoint-3", name), "{}");
    const before = contents(dir);
    const error = await failure(toy(run).trainer.train({ resume_from_checkpoint: true }));
    expect(error.message).toMatch(/run: its checkpoint can't be resumed from; nothing was changed\n {2}.*checkpoint-3/);
    expect(contents(dir)).toEqual(before);
  });

  it("ends so with a run that has no checkpoints", async () => {
    const run = join(dir, "run");
    await toy(run, { save_strategy: "no" }).trainer.train();
    const before = contents(run);
    const error = await failure(toy(run).trainer.train({ resume_from_checkpoint: true }));
    expect(error.message).toMatch(
      /expected a checkpoint to resume from, found a run without any \(trainer_state.json\)/,
    );
    expect(contents(run)).toEqual(before);
    const { trainer, lines } = toy(run, { overwrite_output_dir: true });
    await trainer.train({ resume_from_checkpoint: true });
    expect(lines).toContain(`${run}: no checkpoint to resume from; starting at step 0`);
  });

  it("starts with a line in a folder whose checkpoint-5 is a user's, and keeps that", async () => {
    const run = join(dir, "run");
    for (const step of [2, 5]) {
      mkdirSync(join(run, `checkpoint-${step}`), { recursive: true });
      writeFileSync(join(run, `checkpoint-${step}`, "notes.txt"), "mine");
    }
    const { trainer, lines } = toy(run, { save_total_limit: 1 });
    await trainer.train({ resume_from_checkpoint: true });
    expect(lines[0]).toBe(`${run}: no checkpoint to resume from; starting at step 0`);
    expect(existsSync(join(run, "checkpoint-2/notes.txt"))).toBe(true); // the run's own checkpoint-2 is deleted again
    expect(readdirSync(join(run, "checkpoint-2"))).toEqual(["notes.txt"]);
    expect(readdirSync(join(run, "checkpoint-5"))).toEqual(["notes.txt"]);
    expect(lines).toContain(
      `warning: ${join(run, "checkpoint-2")}: deleted, but notes.txt is kept, since no run wrote it`,
    );
  });
});

describe("resume_from_checkpoint: PATH", () => {
  it("refuses a damaged one with the file's name, and leaves it", async () => {
    const run = await killedRun("run");
    const path = join(run, "checkpoint-2");
    flip(join(path, "reference_logps.safetensors"));
    const before = contents(dir);
    const error = await failure(toy(run).trainer.train({ resume_from_checkpoint: path }));
    expect(error.message).toMatch(/checkpoint-2.reference_logps.safetensors: was changed after it was saved/);
    expect(contents(dir)).toEqual(before);
  });

  it("of an older checkpoint names the newer ones", async () => {
    const run = await killedRun("run");
    const { trainer, lines } = toy(run);
    await trainer.train({ resume_from_checkpoint: join(run, "checkpoint-1") });
    expect(lines[1]).toBe(
      `warning: ${run}: later checkpoints stay until the run saves their steps again: checkpoint-2`,
    );
  });

  it("of an older checkpoint, with another learning rate and stopped early, is named with the newer ones", async () => {
    const run = join(dir, "run");
    await toy(run).trainer.train();
    const args = { learning_rate: 0.5, max_steps: 3 };
    await toy(run, args).trainer.train({ resume_from_checkpoint: join(run, "checkpoint-1") });
    const { trainer, lines } = toy(run);
    await trainer.train({ resume_from_checkpoint: true });
    const others = [2, 3].map((step) => join(run, `checkpoint-${step}`)).join(", ");
    expect(lines[0]).toBe(
      `warning: ${join(run, "checkpoint-4")} does not continue ${others}; to resume from one of them, name its path`,
    );
  });

  it("of another run does not mix it with the run in output_dir", async () => {
    const [run, other] = [await killedRun("run"), await killedRun("other", { learning_rate: 0.1 })];
    const from = join(other, "checkpoint-2");
    const before = contents(dir);
    const error = await failure(toy(run).trainer.train({ resume_from_checkpoint: from }));
    expect(error.message).toMatch(/expected no run there, found checkpoint-1/);
    expect(contents(dir)).toEqual(before);
    const refused = toyTrainer({ args: { ...ARGS, output_dir: run, overwrite_output_dir: true, beta: 0.5 } }).trainer;
    expect((await failure(refused.train({ resume_from_checkpoint: from }))).message).toMatch(/beta: 0.1 -> 0.5/);
    expect(contents(dir)).toEqual(before); // deleted only once the checkpoint is known to fit
    await toy(run, { overwrite_output_dir: true }).trainer.train({ resume_from_checkpoint: from });
    expect(readdirSync(run)).not.toContain("checkpoint-1");
  });
});

describe("a path to resume from that is not there", () => {
  it("is refused before anything else, with the checkpoint that is meant", async () => {
    const run = await killedRun("run");
    const before = contents(dir);
    const at = (path: string) => join(dir, path);
    for (const [resume, found, hint] of [
      ["True", "nothing there", /^For the newest checkpoint of output_dir, write true, which is no text\.$/],
      ["last", "nothing there", /write true/],
      ["", "nothing there", /write true/],
      [at("run/chekpoint-2"), "nothing there", /^Did you mean .*run.checkpoint-2\?$/],
      ["checkpoint-1", "nothing there", /^Did you mean .*run.checkpoint-1\?$/],
      ["2", "nothing there", /^Did you mean .*run.checkpoint-2\?$/],
      [at("run/checkpoint-77"), "nothing there", /run has checkpoint-1, checkpoint-2\.$/],
      [at("run/checkpoint-2/trainer_state.json"), "a file", /run has checkpoint-1, /],
    ] as const) {
      const error = await failure(toy(run).trainer.train({ resume_from_checkpoint: resume }));
      expect(error.message).toBe(
        `resume_from_checkpoint ${JSON.stringify(resume)}: expected the folder of a checkpoint or a run, found ${found}`,
      );
      expect(error.hint).toMatch(hint);
    }
    expect(contents(dir)).toEqual(before);
  });
});

describe("eval_margins.csv of a resumed run", () => {
  it("is of that run and step: another table is kept, and a new one begins", async () => {
    const run = await killedRun("run");
    const table = join(run, "eval_margins.csv");
    writeFileSync(table, readFileSync(table, "utf8").replace("eval,0,", "eval,7,"));
    const before = contents(run)["eval_margins.csv"];
    const { trainer, lines } = toy(run);
    await trainer.train({ resume_from_checkpoint: true });
    expect(lines.join("\n")).toMatch(/eval_margins.csv: is not this run's table up to this checkpoint, and is kept/);
    expect(contents(run)["eval_margins.csv"]).toBe(before);
    expect(existsSync(join(run, "prefine-eval_margins.csv"))).toBe(true);
  });
});

describe("load_best_model_at_end", () => {
  it("does not load a checkpoint that was damaged since, and deletes nothing then", async () => {
    const run = join(dir, "run");
    const best = { load_best_model_at_end: true, metric_for_best_model: "loss", greater_is_better: true };
    const damage = () => flip(join(run, "checkpoint-1/adapter_model.safetensors"));
    const { trainer, lines } = toyTrainer({
      args: { ...ARGS, ...best, output_dir: run, save_total_limit: 1 },
      callbacks: [{ on_step_end: (_, { global_step }) => void (global_step === 3 && damage()) }],
    });
    await trainer.train();
    expect(lines.join("\n")).toMatch(
      /warning: .*checkpoint-1, the best model, can't be loaded: .*adapter_model.*; the weights of the last step are saved/,
    );
    const weights = async (folder: string) => (await loadAdapter(folderAt(folder))).weights;
    expect(await weights(run)).toEqual(await weights(join(run, "checkpoint-4")));
    expect(existsSync(join(run, "checkpoint-1"))).toBe(true);
  });
});

describe("the weights that a run begins with", () => {
  it("are compared by name; if they can't be read when a checkpoint is saved, it is saved with a line", async () => {
    const run = join(dir, "run");
    const args = { ...ARGS, max_steps: 2, output_dir: run };
    await toyTrainer({ args, weights: { model: "a".repeat(64) } }).trainer.train();
    const other = toyTrainer({ args, weights: { model: "b".repeat(64) } }).trainer;
    const error = await failure(other.train({ resume_from_checkpoint: true }));
    expect(error.message).toMatch(
      /checkpoint-2: expected the weights of the base model of that run \(sha256 a{16}\), found/,
    );
    const gone = toyTrainer({ args: { ...args, overwrite_output_dir: true }, weights: "gone" });
    await gone.trainer.train();
    expect(gone.lines).toContain("warning: base: gone; this checkpoint can't tell on which weights it may be resumed");
    await toyTrainer({ args, weights: { model: "b".repeat(64) } }).trainer.train({ resume_from_checkpoint: true });
  });
});
