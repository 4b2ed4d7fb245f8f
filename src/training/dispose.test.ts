/** @file dispose() at every moment: what runs stops as by a signal, and what is done is saved. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ToyRun, toyTrainer } from "../../test/support/toyTrainer.ts";
import { LOCK } from "../disk/lockFile.ts";
import { PrefineError } from "../errors.ts";

let output_dir = "";
beforeEach(() => {
  output_dir = join(mkdtempSync(join(tmpdir(), "prefine-dispose-")), "run");
});
afterEach(() => rmSync(join(output_dir, ".."), { recursive: true, force: true }));

const toy = (more: Partial<ToyRun> = {}) =>
  toyTrainer({ ...more, args: { output_dir, max_steps: 4, logging_steps: 1, save_strategy: "no" } });
const USED_LATER = { code: "config", message: "this DPOTrainer is disposed of: make a new one" };

/** Calls `act` when the second step begins. */
function atStep2(act: () => unknown): NonNullable<ToyRun["callbacks"]> {
  const on_step_begin = async (_: unknown, { global_step }: { global_step: number }) => {
    if (global_step === 1) await act();
  };
  return [{ on_step_begin }];
}

/** So many microtasks: a step of the toy learner has no other pauses. */
async function wait(microtasks: number): Promise<void> {
  for (let i = 0; i < microtasks; i++) await null;
}

describe("dispose() while the trainer", () => {
  it.each([
    ["awaited in a callback", async (dispose: () => Promise<void>) => dispose()],
    ["from elsewhere", (dispose: () => Promise<void>) => void wait(20).then(dispose)],
  ])("trains saves a checkpoint, from which another goes on: %s", async (_, how) => {
    let disposed: Promise<void> | undefined;
    const dispose = () => {
      disposed = stopped.trainer.dispose();
      return disposed;
    };
    const stopped = toy({ callbacks: atStep2(() => how(dispose)) });
    await expect(stopped.trainer.train()).rejects.toMatchObject({
      code: "interrupted",
      message: expect.stringMatching(/^stopped after step [1-4] of 4; saved /),
    });
    await disposed;
    await stopped.trainer.dispose(); // in any case after the end
    expect(stopped.learner.disposed).toBe(true);
    expect(readdirSync(output_dir)).not.toContain(LOCK);
    const next = toyTrainer({ args: { output_dir, max_steps: 4, resume_from_checkpoint: true, save_strategy: "no" } });
    expect(await next.trainer.train()).toMatchObject({ global_step: 4 });
  });

  it("evaluates, prepares or saves: waits, and refuses what comes later", async () => {
    for (const start of ["evaluate", "prepare", "save_model"] as const) {
      const { trainer, learner } = toy({ evalRows: 40 });
      await (start === "evaluate" ? trainer.prepare() : undefined);
      let isOver = false;
      const call = trainer[start]().then(
        () => "done",
        (error: unknown) => (error instanceof PrefineError ? error.code : error),
      );
      void call.then(() => {
        isOver = true;
      });
      const disposing = trainer.dispose();
      await expect(trainer.train()).rejects.toMatchObject(start === "evaluate" ? { code: "config" } : USED_LATER);
      await disposing;
      expect([start, isOver]).toEqual([start, true]);
      expect(await call).toBe(start === "evaluate" ? "interrupted" : "done");
      expect(learner.disposed).toBe(true);
      await expect(trainer.evaluate()).rejects.toMatchObject(USED_LATER);
      await expect(trainer.save_state()).rejects.toMatchObject(USED_LATER);
      await trainer.dispose();
    }
  });

  it("has done nothing opens nothing", async () => {
    const { trainer, learner } = toy();
    await trainer.dispose();
    await expect(trainer.prepare()).rejects.toMatchObject(USED_LATER);
    expect(learner.disposed).toBe(false);
    expect(existsSync(output_dir)).toBe(false);
  });
});
