/** @file A run's verdict: where it stands, and that neither a resume nor an interruption changes what it is. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ToyRun, toyTrainer } from "../../test/support/toyTrainer.ts";
import type { DPOConfigInput } from "../config/DPOConfig.ts";
import type { Verdict } from "../verdict/verdict.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "prefine-conclude-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const ARGS: DPOConfigInput = {
  max_steps: 14,
  logging_steps: 1,
  learning_rate: 5e-3,
  eval_strategy: "steps",
  eval_steps: 3,
};
const output = (name: string) => join(folder, name);
const read = (name: string, file: string) => readFileSync(join(output(name), file), "utf8");
const verdictOf = (name: string): Verdict => JSON.parse(read(name, "verdict.json"));

/** @param options.stopAt the signal asks to stop when this step is done. */
async function train(name: string, { args, ...toy }: Partial<ToyRun> = {}, options: { stopAt?: number } = {}) {
  const controller = new AbortController();
  const callbacks = [
    {
      on_step_end: (_: unknown, state: { global_step: number }) => {
        if (state.global_step === options.stopAt) controller.abort();
      },
    },
  ];
  const { trainer, lines } = toyTrainer({ callbacks, ...toy, args: { output_dir: output(name), ...ARGS, ...args } });
  const error = await trainer.train({ signal: controller.signal }).then(
    () => undefined,
    (caught: Error) => caught,
  );
  await trainer.dispose();
  return { lines, error, log: trainer.state.log_history };
}

describe("a verdict", () => {
  it("is the last line, stands in verdict.json and in the card, and not in the log", async () => {
    const { lines, log } = await train("run", { args: { learning_rate: 1e-7 } });
    const { kind, reason, next, step } = verdictOf("run");
    expect({ kind, step }).toEqual({ kind: "did not move", step: 14 });
    expect(lines.at(-1)).toBe(`warning: verdict: did not move: ${reason}. ${next}`);
    expect(lines).toContainEqual(expect.stringMatching(/^warning: learning_rate 1e-7 is far from what works for LoRA/));
    expect(next).toContain("this run had 1e-7");
    expect(read("run", "README.md")).toContain("Verdict on the training: **did not move**: ");
    expect(JSON.stringify(log)).not.toContain("verdict");
    expect(read("run", "trainer_state.json")).not.toContain("verdict");
  });

  it("of fewer than ten logged points is none, in one line", async () => {
    const { lines } = await train("run", { args: { logging_steps: 5 } });
    expect(lines.at(-1)).toBe(
      "verdict: none: 2 logged points, and below 10 noise looks like a trend. Set logging_steps to 1.",
    );
  });

  it("is the same after a resume as of a run that went through, and says of an interrupted one that it was", async () => {
    await train("whole");
    const stopped = await train("cut", {}, { stopAt: 12 });
    expect(stopped.error?.message).toMatch(/stopped after step 12 of 14/);
    expect(verdictOf("cut")).toMatchObject({ step: 12, interrupted_at_step: 12 });
    expect(stopped.lines.at(-1)).toMatch(/^(warning: )?verdict: interrupted at step 12, so far /);
    expect((await train("cut", { args: { resume_from_checkpoint: true } })).error).toBeUndefined();
    expect(verdictOf("cut")).toEqual(verdictOf("whole"));
    expect(verdictOf("cut")).not.toHaveProperty("interrupted_at_step");
  });

  it("of a loss that is not finite is collapsed, and the error is the run's own", async () => {
    const toy = { lossFactor: (row: number) => (row === 6 ? Number.NaN : 1) };
    const args: DPOConfigInput = { per_device_train_batch_size: 1, train_sampling_strategy: "sequential" };
    const { error, lines } = await train("run", { toy, args });
    expect(error?.message).toMatch(/^step 7: expected a finite loss/);
    expect(verdictOf("run")).toMatchObject({ kind: "collapsed", step: 6 });
    expect(lines.at(-1)).toMatch(/^warning: verdict: collapsed: .*no longer finite\. Lower learning_rate/);
  });

  it("knows several evaluation sets, accumulation and a reference that moves", async () => {
    const args: DPOConfigInput = { gradient_accumulation_steps: 3, learning_rate: 1e-7 };
    await train("sets", { args, evalSets: { easy: 2, hard: 3 } });
    expect(verdictOf("sets").kind).toBe("did not move");
    expect(verdictOf("sets").measures.evaluated.map(({ name }) => name)).toEqual(["eval_easy", "eval_hard"]);
    await train("moving", { args: { ...args, sync_ref_model: true, ref_model_sync_steps: 2 } });
    expect(verdictOf("moving").kind).toBe("unclear"); // rewards are relative to a reference that follows
  });
});
