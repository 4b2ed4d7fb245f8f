/** @file Changes between a run and the checkpoint that it resumes from: every one is listed, or refused. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { contents, failure } from "../../test/support/outcomes.ts";
import { type ToyRun, toyTrainer } from "../../test/support/toyTrainer.ts";
import type { DPOConfigInput } from "../config/DPOConfig.ts";

vi.mock("../plots/plotRunFolders.ts", () => ({ plotRunFolders: async () => ({ png: "training_loss.png" }) }));

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "prefine-changes-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const ARGS: DPOConfigInput = { max_steps: 2, save_steps: 1, logging_steps: 1 };
const SETTINGS = { n_head: 2, activation_function: "gelu_new", rope: { scale: 1 } };
const MODELS = { model: SETTINGS, ref_model: SETTINGS, "ref_model's adapter": { r: 2, lora_alpha: 4 } };

function toy(run: Partial<ToyRun> = {}) {
  const args = { ...ARGS, ...run.args, output_dir: join(dir, "run") };
  return toyTrainer({ models: MODELS, savesArguments: true, ...run, args });
}

/** Resumes with these changes. */
async function resumed(run: Partial<ToyRun>) {
  const { trainer, lines } = toy(run);
  await trainer.train({ resume_from_checkpoint: true });
  return lines.join("\n");
}

describe("a run resumed with equal weights", () => {
  beforeEach(async () => {
    await toy().trainer.train();
  });

  it.each([
    [
      "model",
      { activation_function: "gelu" },
      'base model of that run, found others: activation_function: "gelu_new" -> "gelu"',
    ],
    ["model", { rope: { scale: 2 } }, "base model of that run, found others: rope.scale: 1 -> 2"],
    ["ref_model", { n_head: 1 }, "ref_model of that run, found others: n_head: 2 -> 1"],
    ["ref_model's adapter", { lora_alpha: 8 }, "ref_model's adapter of that run, found others: lora_alpha: 4 -> 8"],
  ] as const)("is refused if the settings of %s are others: %j", async (name, changed, message) => {
    const models = { ...MODELS, [name]: { ...MODELS[name], ...changed } };
    const before = contents(dir);
    const error = await failure(toy({ models }).trainer.train({ resume_from_checkpoint: true }));
    expect(error).toMatchObject({ code: "config", message: expect.stringContaining(message) });
    expect(contents(dir)).toEqual(before);
  });

  it("continues if a checkpoint of an earlier version lacks the settings", async () => {
    rmSync(join(dir, "run"), { recursive: true });
    await toy({ models: undefined as never }).trainer.train();
    expect(await resumed({ args: { max_steps: 3 } })).toMatch(/resuming after step 2 of 3/);
  });

  it("lists another name of the base model, and another tokenizer that gives the same tokens", async () => {
    const lines = await resumed({ base: "moved/toy", tokenizer: '{"model":{}}', args: { max_steps: 3 } });
    expect(lines).toMatch(/other settings: max_steps: 2 -> 3; base_model_name_or_path: "toy" -> "moved\/toy"; /);
    expect(lines).toMatch(/; tokenizer.json: another file than in that run/);
  });

  it("names the other changes when it is refused, and no hash that a setting explains", async () => {
    const run = { dataSeed: 9, args: { max_prompt_length: 4, beta: 0.5 } };
    const { message, hint } = await failure(toy(run).trainer.train({ resume_from_checkpoint: true }));
    expect(message).toMatch(/train_dataset: "7 pairs, .* -> "7 pairs, .*; beta: 0.1 -> 0.5$/);
    expect(hint).toMatch(/ Also changed: max_prompt_length: null -> 4\.$/);
  });
});
