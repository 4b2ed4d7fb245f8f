/**
 * @file Wrong keys and values on the command line. The values that each option accepts are tested next to src/config.
 */
import { writeFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { refusalOf, train, useWorkbench } from "../support/workbench.ts";

useWorkbench();

describe("a run file", () => {
  it("with misspelled keys and wrong values reports all of them together", async () => {
    writeFileSync(
      "bad.yaml",
      [
        "model_name_or_path: model",
        "data_files: { train: train.jsonl }",
        "learning_rte: 1e-4",
        "num_train_epochs: lots",
        "beta: -1",
        "loss_type: [sigmod]",
        "max_length: 12.5",
        "streaming: true",
      ].join("\n"),
    );
    const refusal = await refusalOf("train", "--config", "bad.yaml", "--eval_stratgy", "steps", "--save_steps", "zero");
    const [problems, advice] = refusal.split(/\n(?! )/);
    expect(advice).toBe("`prefine train --help-all` lists all keys.");
    expect(problems.replace(/sigmoid, hinge, [\w, ]*found/, "sigmoid, hinge, ..., found").split("\n  ")).toEqual([
      "error: bad.yaml:",
      "--eval_stratgy: unknown flag; did you mean --eval_strategy?",
      "learning_rte: unknown key; did you mean learning_rate?",
      "streaming: not yet: true would change results and is not built",
      'num_train_epochs: expected a number above 0, found "lots"',
      "beta: expected a number of at least 0, found -1",
      'loss_type: expected a list, each one of sigmoid, hinge, ..., found ["sigmod"]; did you mean sigmoid?',
      "max_length: expected an integer above 0, or null, found 12.5",
      '--save_steps: expected a number of at least 0, found "zero"',
    ]);
  });

  it.each([
    ["nowhere.yaml", "no such file"],
    ["model", "it is a folder"],
  ])("%s is not a run file", async (path, reason) => {
    expect(await refusalOf("train", "--config", path)).toBe(
      `error: --config ${path}: expected a run file (YAML or JSON): ${reason}\n` +
        "Pass a path such as --config run.yaml, or pass all keys as flags.",
    );
  });

  it.each([
    ["a list", "- a\n", "error: bad.yaml: expected keys and values, found a list\nWrite one `key: value` per line."],
    [
      "broken",
      "a: [1\nb: 2",
      /^error: bad\.yaml: not valid YAML: .* at line 2, column 1\nWrite one `key: value` per line\.$/,
    ],
    ["a key twice", "beta: 1\nbeta: 2\n", /^error: bad\.yaml: not valid YAML: Map keys must be unique at line 2/],
    ["empty", "", /^error: bad\.yaml:\n {2}model_name_or_path: expected .*\n {2}dataset_name: expected /],
    ["escape sequences", '"\\u001b[2Jbeta": 1\n', /\\x1b\[2Jbeta: unknown key/],
  ])("that is %s", async (_, text, message) => {
    writeFileSync("bad.yaml", text);
    const refusal = await refusalOf("train", "--config", "bad.yaml");
    if (typeof message === "string") expect(refusal).toBe(message);
    else expect(refusal).toMatch(message);
  });
});

describe("target modules", () => {
  it.each([
    [
      ["c_atn", "q_proj"],
      'no layer is called "c_atn", "q_proj"; this model has c_attn, c_proj, c_fc, wte, wpe, lm_head\nDid you mean "c_attn"?',
    ],
    [
      ["c_fd"],
      'no layer is called "c_fd"; this model has c_attn, c_proj, c_fc, wte, wpe, lm_head\nDid you mean "c_fc"?',
    ],
    [
      ["c_fc", "mlp"],
      "transformer.h.0.mlp: expected a linear layer or an embedding, found a module of another kind\nLayers of this model: c_attn, c_proj, c_fc, wte, wpe, lm_head.",
    ],
    [[".*query"], 'no module\'s whole name matches ".*query"\nNames here look like transformer.h.0.attn.c_attn.'],
  ])("%j: lists the existing names", async (targets, message) => {
    const refusal = await train("--lora_target_modules", ...targets);
    expect(refusal).toBe(`error: target_modules: ${message}`);
  });
});

describe("the command line", () => {
  it.each([
    [["trian"], "error: unknown command trian; did you mean train?\nprefine --help lists the commands."],
    [["train", "run.yaml"], "error: run.yaml: expected a flag\nDid you mean --config run.yaml?"],
    [["generate", "model", "--temprature", "2"], "error: unknown option '--temprature'\nDid you mean --temperature?"],
    [
      ["generate", "model", "--prompt", "x", "--temperature", "hot", "--top_k", "-1"],
      'error: generation:\n  --temperature: expected a number above 0, or null, found "hot"\n' +
        '  --top_k: expected an integer of at least 0, or null, found "-1"\n' +
        "`prefine generate --help` lists all keys.",
    ],
  ])("%j", async (words, message) => {
    expect(await refusalOf(...words)).toBe(message);
  });
});

it("an error in a terminal of 80 columns wraps at words, without a bar, a stack trace or color", async () => {
  vi.stubEnv("NO_COLOR", "1");
  const before = { isTTY: process.stderr.isTTY, columns: process.stderr.columns };
  Object.assign(process.stderr, { isTTY: true, columns: 80 });
  const refusal = await train("--lora_target_modules", "q_proj", "--lora_r", "2", "--loss_type", "sigmod");
  Object.assign(process.stderr, before);
  vi.unstubAllEnvs();
  const piped = await train("--lora_target_modules", "q_proj", "--lora_r", "2", "--loss_type", "sigmod");
  expect(piped).toMatch(/^error: run\.yaml: --loss_type: .{80,}\n`prefine/);
  expect(Math.max(...refusal.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(refusal.replaceAll("\n", " ")).toBe(piped.replaceAll("\n", " "));
});
