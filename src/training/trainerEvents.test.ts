/** @file Steps, rows and events against transformers' Trainer (test/fixtures/trainer_events.json names its maker). */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { toyTrainer } from "../../test/support/toyTrainer.ts";
import type { DPOConfigInput } from "../config/DPOConfig.ts";

/** Plots take a quarter of a second per run and are tested elsewhere. */
vi.mock("../plots/plotRunFolders.ts", () => ({ plotRunFolders: async () => ({ png: "training_loss.png" }) }));

interface Recorded {
  rows: number;
  options: DPOConfigInput;
  /** Row numbers of every micro-batch. */
  batches: number[][];
  /** [log | eval | save | end, global_step, epoch]. */
  events: [string, number, number][];
  checkpoints: string[];
  state: Record<string, number>;
}

const file = new URL("../../test/fixtures/trainer_events.json", import.meta.url);
const runs: Recorded[] = JSON.parse(readFileSync(file, "utf8")).runs;

const named = runs.map((run): [string, Recorded] => [`${run.rows} rows, ${JSON.stringify(run.options)}`, run]);

it.each(named)("%s", async (_, { rows, options, batches, events, checkpoints, state }) => {
  const output_dir = mkdtempSync(join(tmpdir(), "prefine-events-"));
  const seen: number[][] = [];
  const onMicroBatch = (batch: number[]) => seen.push(batch);
  // transformers' default of logging_steps is 500, TRL's is 10
  const args = { logging_steps: 500, ...options, output_dir };
  const { trainer } = toyTrainer({ args, rows, evalRows: 2, toy: { onMicroBatch } });
  await trainer.train();
  expect(seen).toEqual(batches);
  const kinds = events.filter(([kind]) => kind !== "save");
  const logged = trainer.state.log_history.map((entry) => {
    const kind = "loss" in entry ? "log" : "eval_loss" in entry ? "eval" : "end";
    return [kind, entry.step, entry.epoch];
  });
  expect(logged).toEqual(kinds);
  const kept = readdirSync(output_dir).filter((name) => name.startsWith("checkpoint-"));
  expect(kept.sort((a, b) => a.localeCompare(b, "en", { numeric: true }))).toEqual(checkpoints);
  expect(trainer.state).toMatchObject(state);
  rmSync(output_dir, { recursive: true });
});

it("covers lengths and strategies", () => expect(runs.length).toBe(39));
