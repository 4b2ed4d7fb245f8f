/** @file Two trainings in one output_dir: one owns it, however it ends; the other's error names the owner. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ToyRun, toyTrainer } from "../../test/support/toyTrainer.ts";
import { LOCK } from "../disk/lockFile.ts";
import { ownIdentity } from "../disk/processIdentity.ts";
import { plotRunFolders } from "../plots/plotRunFolders.ts";

let output_dir = "";
beforeEach(() => {
  output_dir = join(mkdtempSync(join(tmpdir(), "prefine-owned-")), "run");
});
afterEach(() => rmSync(join(output_dir, ".."), { recursive: true, force: true }));

const QUICK = { max_steps: 2, logging_steps: 1, save_strategy: "no" as const };
const toy = (more: Partial<ToyRun> = {}) => toyTrainer({ ...more, args: { ...QUICK, output_dir, ...more.args } });

/** Calls `act` during the first evaluation of the training. */
function during(act: () => Promise<void>): Partial<ToyRun> {
  let done = false;
  const on_evaluate = async () => {
    if (!done) await act();
    done = true;
  };
  return { callbacks: [{ on_evaluate }], args: { output_dir, eval_strategy: "steps", eval_steps: 1 } };
}

/** A lock file left by a process of another computer. */
function leaveLock(): void {
  const owner = { ...ownIdentity(), host: "far-away", pid: 7, since: "2026-01-02T03:04:05.000Z", id: "0123abcd" };
  writeFileSync(join(output_dir, LOCK), JSON.stringify(owner));
}

describe("output_dir", () => {
  it("of a training is refused to another one, even with overwrite_output_dir or when resuming", async () => {
    let refused = 0;
    const owner = toy(
      during(async () => {
        for (const more of [{}, { overwrite_output_dir: true }, { resume_from_checkpoint: true }]) {
          const second = toy({ args: { output_dir, ...more } }).trainer;
          await expect(second.train()).rejects.toMatchObject({
            code: "config",
            message: expect.stringMatching(
              new RegExp(`^output_dir ${output_dir}: expected no other training there, found one by this process`),
            ),
            hint: expect.stringMatching(
              /^Wait for its end, or choose another output_dir\. .*delete .*prefine\.lock\.$/,
            ),
          });
          refused++;
        }
      }),
    );
    await owner.trainer.train();
    expect(refused).toBe(3);
    expect(readdirSync(output_dir)).not.toContain(LOCK);
    expect(existsSync(join(output_dir, "adapter_model.safetensors"))).toBe(true);
  });

  it("of a training is refused to all that writes into its checkpoints, and above it", async () => {
    let refused = 0;
    const args = { save_strategy: "steps" as const, save_steps: 1, eval_strategy: "steps" as const, eval_steps: 1 };
    const checkpoint = join(output_dir, "checkpoint-1");
    const on_step_begin = async (_: unknown, { global_step }: { global_step: number }) => {
      if (global_step !== 1) return;
      const before = readdirSync(checkpoint);
      for (const folder of [checkpoint, join(checkpoint, "inner"), join(output_dir, "..")]) {
        const second = toy({ args: { output_dir: folder, overwrite_output_dir: true } }).trainer;
        await expect(second.train()).rejects.toMatchObject({
          code: "config",
          message: expect.stringMatching(
            `^output_dir ${folder}: expected no training in a folder above or inside it, ` +
              `found one by this process .* in ${output_dir}, since `,
          ),
        });
        refused++;
      }
      const other = toy({ args: { output_dir: join(output_dir, "..", "other") } }).trainer;
      await expect(other.save_model(checkpoint)).rejects.toMatchObject({ code: "config" });
      await other.dispose();
      await expect(plotRunFolders([checkpoint])).rejects.toMatchObject({
        code: "config",
        message: expect.stringContaining(`a training that is running in ${output_dir}`),
      });
      await plotRunFolders([checkpoint], { out: join(output_dir, "so-far") });
      await owner.trainer.save_model(join(output_dir, "own"));
      expect(readdirSync(checkpoint)).toEqual(before);
    };
    const owner = toy({ callbacks: [{ on_step_begin }], args: { output_dir, ...args } });
    await owner.trainer.train();
    expect(refused).toBe(3);
    expect(readdirSync(output_dir)).toEqual(expect.arrayContaining(["checkpoint-1", "own", "so-far.png"]));
  });

  it("is reported with the computer, the process, the time and the last heartbeat", async () => {
    await toy().trainer.train();
    leaveLock();
    await expect(toy({ args: { output_dir, overwrite_output_dir: true } }).trainer.train()).rejects.toMatchObject({
      message: expect.stringMatching(
        /found one by process 7 on far-away, since 2026-01-02T03:04:05\.000Z \(last heartbeat \d s ago\)$/,
      ),
      hint: expect.stringMatching(
        /An owner without a heartbeat for 5 minutes is considered dead\. .*delete .*prefine\.lock\.$/,
      ),
    });
    expect(readFileSync(join(output_dir, LOCK), "utf8")).toContain("far-away");
  });

  it("is free again after an error and after an interruption, and deleted if it is empty", async () => {
    const failing = toy({ toy: { lossFactor: () => Number.NaN } });
    await expect(failing.trainer.train()).rejects.toMatchObject({ code: "training" });
    expect(existsSync(output_dir)).toBe(false);
    const controller = new AbortController();
    const stopped = toy(during(async () => controller.abort()));
    await expect(stopped.trainer.train({ signal: controller.signal })).rejects.toMatchObject({ code: "interrupted" });
    expect(readdirSync(output_dir)).toContain("checkpoint-1");
    expect(readdirSync(output_dir)).not.toContain(LOCK);
    await toy({ args: { output_dir, resume_from_checkpoint: true } }).trainer.train();
    expect(readdirSync(output_dir)).not.toContain(LOCK);
  });

  it("that another run has filled while the model was loading is left unchanged", async () => {
    const state = () => readFileSync(join(output_dir, "trainer_state.json"), "utf8");
    let left = "";
    const on_init_end = async () => {
      await toy({ args: { output_dir, max_steps: 1 } }).trainer.train();
      left = state();
    };
    await expect(toy({ callbacks: [{ on_init_end }] }).trainer.train()).rejects.toMatchObject({
      code: "config",
      message: `output_dir ${output_dir}: expected no run there, found trainer_state.json`,
    });
    expect(state()).toBe(left);
  });

  it("that was taken over while the run was suspended is left unchanged", async () => {
    const slept = toy(during(async () => leaveLock()));
    await expect(slept.trainer.train()).rejects.toMatchObject({
      code: "io",
      message: `${output_dir}: taken over by process 7 on far-away while this run was suspended; stopped writing`,
    });
    expect(readdirSync(output_dir).sort()).toEqual([LOCK, "eval_margins.csv"]);
  });
});
