/** @file The lines of a run at its start and at its end. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type ToyRun, toyTrainer } from "../../test/support/toyTrainer.ts";
import { firstLines } from "./reportLines.ts";
import type { Run } from "./run.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "prefine-report-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function linesOf({ args, ...more }: ToyRun): Promise<string[]> {
  const { trainer, lines } = toyTrainer({
    ...{ rows: 8, args: { output_dir: join(folder, "run"), save_strategy: "no", num_train_epochs: 2, ...args } },
    ...more,
  });
  await trainer.train();
  await trainer.dispose();
  return lines;
}

it("begins with the data, the steps and the learning rate", async () => {
  const lines = await linesOf({
    args: {
      per_device_train_batch_size: 2,
      gradient_accumulation_steps: 2,
      learning_rate: 1e-4,
      warmup_steps: 0.25,
      lr_scheduler_type: "cosine",
      loss_type: ["sigmoid", "sft"],
      loss_weights: [1, 0.5],
    },
    evalSets: { easy: 3, hard: 1 },
  });
  expect(lines.slice(0, 3)).toEqual([
    "data: 8 pairs; 3 pairs of easy, 1 pair of hard held out and not evaluated: eval_strategy is no",
    "steps: 4 of 2 x 2 pairs, 2 epochs; loss 1 sigmoid + 0.5 sft, beta 0.1",
    "learning rate: 0.0001, cosine after 1 warmup step, adamw_torch_fused",
  ]);
});

it("counts rows, dropped rows by reason, and parameters", async () => {
  const { trainer } = toyTrainer({ args: { output_dir: join(folder, "run") }, evalRows: 0 });
  await trainer.prepare();
  const run = (trainer as unknown as { run: Run }).run;
  const dropped = new Map([["prompt fills max_length", 2]]);
  const size = { rows: 1210, cut: 0, dropped, trained: 294_912, all: 124_734_720 };
  expect(firstLines({ ...run, size }).slice(0, 2)).toEqual([
    "data: 1,210 rows, 7 pairs, 2 dropped (prompt fills max_length)",
    "parameters: 294,912 of 124,734,720 are trained (0.24 %)",
  ]);
  size.dropped.set("equal answers", 1201);
  expect(firstLines({ ...run, size })[0]).toBe(
    "data: 1,210 rows, 7 pairs, 1,203 dropped (prompt fills max_length 2, equal answers 1,201)",
  );
  expect(firstLines({ ...run, size: { ...size, cut: 3, dropped: new Map() } })[0]).toBe(
    "data: 1,210 rows, 7 pairs, 3 cut at max_length 1024",
  );
  expect(firstLines({ ...run, size: { ...size, trained: size.all } })[1]).toMatch(/ are trained \(100 %\)$/);
  await trainer.dispose();
});

it("ends with the time and the files", async () => {
  const lines = await linesOf({ args: { per_device_train_batch_size: 4, save_strategy: "epoch" } });
  expect(lines).toContainEqual(expect.stringMatching(/^done: 4 steps in \d+ s$/));
  expect(lines).toContain(
    `saved in ${join(folder, "run")}: adapter_model.safetensors, adapter_config.json, trainer_state.json, verdict.json, ` +
      "README.md, checkpoint-2, checkpoint-4",
  );
});
