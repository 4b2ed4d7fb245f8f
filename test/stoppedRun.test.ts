/** @file generate, compare, merge and plot on a run that was stopped: which checkpoint they use, and damaged ones. */
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { flip } from "./support/damage.ts";
import { furnish } from "./support/furnish.ts";
import { runCommand } from "./support/runCommand.ts";
import { cut, editJson } from "./support/workbench.ts";

const folder = mkdtempSync(join(tmpdir(), "prefine-stopped-"));
const before = process.cwd();
beforeAll(async () => {
  const template = join(folder, "template");
  await furnish(template);
  process.chdir(template);
  const saving = ["--save_strategy", "steps", "--save_steps", "1", "--max_steps", "2", "--learning_rate", "1e-2"];
  expect(await runCommand("train", "--config", "run.yaml", ...saving)).toMatchObject({ code: 0 });
  expect(
    await runCommand("train", "--config", "run.yaml", ...saving, "--no_use_peft", "--output_dir", "full"),
  ).toMatchObject({
    code: 0,
  });
  for (const run of ["dpo", "full"]) {
    for (const name of readdirSync(run))
      if (!name.startsWith("checkpoint")) rmSync(join(run, name), { recursive: true });
  }
}, 120_000);
afterAll(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true, force: true });
});
let copies = 0;
beforeEach(() => {
  const copy = join(folder, `copy-${copies++}`);
  cpSync(join(folder, "template"), copy, { recursive: true });
  process.chdir(copy);
});

const ASK = ["--prompt", "What is rain?", "--max_new_tokens", "2"];
const generate = (model: string, ...flags: string[]) => runCommand("generate", model, ...ASK, ...flags);
const USED = (run: string, name: string) =>
  `${run}: the run has not finished; its newest valid checkpoint is used, ${name}\n`;

describe("a stopped run", () => {
  test("is used at its newest checkpoint, with a line, but not for a program", async () => {
    for (const run of ["dpo", "full"]) {
      expect(await generate(run)).toMatchObject({ code: 0, stderr: USED(run, "checkpoint-2") });
      expect(await generate(run, "--json")).toMatchObject({ code: 0, stderr: "" });
    }
    expect((await runCommand("compare", "dpo", "--base", "model", ...ASK)).stderr).toContain(
      USED("dpo", "checkpoint-2"),
    );
    expect((await runCommand("merge", "dpo", "--output_dir", "merged")).stderr).toContain(USED("dpo", "checkpoint-2"));
    expect(await runCommand("plot", "dpo")).toMatchObject({ code: 0, stderr: USED("dpo", "checkpoint-2") });
    expect(await runCommand("plot", "dpo/checkpoint-1")).toMatchObject({ code: 0, stderr: "" });
  });

  test("is used at the one before, with the damaged file's name, if that is damaged", async () => {
    for (const file of ["dpo/checkpoint-2/adapter_model.safetensors", "full/checkpoint-2/tokenizer.json"]) {
      flip(file);
      const [run] = file.split("/");
      const { code, stderr } = await generate(run);
      expect({ code, stderr }).toEqual({
        code: 0,
        stderr:
          `warning: ${run}/checkpoint-2 can't be used: ${file}: was changed after it was saved (SHA-256)\n` +
          USED(run, "checkpoint-1"),
      });
    }
    flip("dpo/checkpoint-1/adapter_model.safetensors");
    const { code, stderr } = await generate("dpo");
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^error: dpo: expected a whole checkpoint of the run, found none\n {2}.*\n {2}.*checkpoint-1/,
    );
  });

  test("whose newest checkpoint names a base model that was moved is used there", async () => {
    cpSync("model", "moved", { recursive: true });
    rmSync("model", { recursive: true });
    editJson("dpo/checkpoint-2/adapter_config.json", { base_model_name_or_path: join(process.cwd(), "moved") });
    expect(await generate("dpo")).toMatchObject({ code: 0, stderr: USED("dpo", "checkpoint-2") });
  });

  test("with a damaged log is plotted from the one before", async () => {
    cut("dpo/checkpoint-2/trainer_state.json", 0.5);
    expect(await runCommand("plot", "dpo")).toMatchObject({ code: 0, stderr: USED("dpo", "checkpoint-1") });
  });
});

describe("a checkpoint that is named", () => {
  test.each([
    ["generate", "dpo/checkpoint-2/adapter_model.safetensors", ASK],
    ["generate", "full/checkpoint-2/model.safetensors", ASK],
    ["compare", "dpo/checkpoint-2/adapter_model.safetensors", ["--base", "model", ...ASK]],
    ["merge", "dpo/checkpoint-2/adapter_model.safetensors", ["--output_dir", "merged"]],
  ])("is refused to %s with damaged weights: %s", async (command, file, flags) => {
    flip(file);
    const { code, stdout, stderr } = await runCommand(command, join(file, ".."), ...flags);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(`error: ${file}: was changed after it was saved (SHA-256)\n`);
    expect(existsSync("merged")).toBe(false);
  });

  test("is used with texts that were edited, with a line", async () => {
    editJson("dpo/checkpoint-2/adapter_config.json", { lora_alpha: 40 });
    const { code, stderr } = await generate("dpo/checkpoint-2");
    expect(code).toBe(0);
    expect(stderr).toMatch(/^warning: dpo\/checkpoint-2\/adapter_config.json: .*; it is used as it is\n$/);
  });
});
