/** @file prefine train --dry-run: a list of a file's keys, what its data's first rows are, and no file written. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { textWidth } from "../src/terminal/text.ts";
import { contents } from "./support/outcomes.ts";
import { type CommandOutcome, runCommand } from "./support/runCommand.ts";
import { useWorkbench } from "./support/workbench.ts";

useWorkbench();

const KEYS = {
  model_name_or_path: "model",
  data_files: { train: "train.jsonl", test: "eval.jsonl" },
  evaluation_strategy: "epoch",
  torch_dtype: "auto",
  push_to_hub: true,
  gradient_checkpointing_kwargs: { use_reentrant: false },
  beta: 2.5,
  gamma_beta_ratio: 0.55,
  max_length: 64,
  output_dir: "out",
};

let columns: string | undefined;
beforeAll(() => {
  columns = process.env.COLUMNS;
  process.env.COLUMNS = "80";
});
afterAll(() => {
  if (columns === undefined) delete process.env.COLUMNS;
  else process.env.COLUMNS = columns;
});

/** The outcome of a dry run, which changes no file; its lines by what becomes of a key. */
async function dryRun(keys: object, ...flags: string[]): Promise<CommandOutcome & { of: Map<string, string[]> }> {
  writeFileSync("dry.yaml", JSON.stringify(keys));
  const before = contents(process.cwd());
  const outcome = await runCommand("train", "--config", "dry.yaml", "--dry-run", ...flags);
  expect(contents(process.cwd())).toEqual(before);
  for (const line of outcome.stdout.split("\n")) expect(textWidth(line), line).toBeLessThanOrEqual(80);
  const of = new Map<string, string[]>();
  for (const [, word, first, more] of outcome.stdout.matchAll(/^ {2}(\w+) +(\S.*)\n((?: {11}.*\n)*)/gm)) {
    const text = [first, ...more.split("\n").map((line) => line.trim())].join(" ").trim();
    of.set(word, [...(of.get(word) ?? []), text]);
  }
  return { ...outcome, of };
}

describe("a file that is fit", () => {
  it("has a line per key that is changed or ignored, its model's type and its data's first rows", async () => {
    const { code, stdout, stderr, of } = await dryRun(KEYS);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(of.get("changed")).toEqual([
      "evaluation_strategy: is eval_strategy now",
      "gamma_beta_ratio: the loss is simpo, with simpo_gamma 1.375 (0.55 x beta 2.5)",
    ]);
    expect(of.get("ignored")?.map((line) => line.split(":")[0])).toEqual([
      "torch_dtype",
      "gradient_checkpointing_kwargs",
      "push_to_hub",
    ]);
    expect(of.get("read")).toEqual([
      "model_name_or_path, data_files, beta, max_length, output_dir",
      "model: model, gpt2; no weights were read",
      expect.stringMatching(/^training: the first \d+ pairs of at most \d+ tokens; trl \(.* are texts\)$/),
      expect.stringMatching(/^evaluation: the first \d+ pairs? of at most \d+ tokens/),
    ]);
    expect(stdout).toMatch(/\nfit for a run: prefine train --config dry\.yaml\n$/);
  });

  it("says that max_length is lowered, as the run does, and cuts the pairs by it", async () => {
    const { code, of } = await dryRun({ ...KEYS, max_length: 24576 });
    expect(code).toBe(0);
    expect(of.get("changed")?.at(-1)).toMatch(/^max_length: lowered from 24,576 to the \d+ positions of the model$/);
  });

  it("counts flags, which override the file, and never repeats their values", async () => {
    const { code, stdout, of } = await dryRun(KEYS, "--beta", "2", "--eval_strategy", "no");
    expect(code).toBe(0);
    expect(of.get("changed")?.at(-1)).toBe("gamma_beta_ratio: the loss is simpo, with simpo_gamma 1.1 (0.55 x beta 2)");
    expect(stdout).toMatch(/fit for a run: prefine train --config dry\.yaml, with the same flags\n$/);
  });
});

describe("a file that is not fit", () => {
  it("has all problems of its keys: wrong ones and missing ones", async () => {
    const { code, stderr, of } = await dryRun({
      beta: -1,
      dpo_lambda: 0.7,
      loss_type: "rpo",
      data_files: "train.jsonl",
    });
    expect(code).toBe(1);
    expect(of.get("missing")).toEqual(["model_name_or_path: expected a hub id or a folder, found nothing"]);
    expect(of.get("wrong")?.map((line) => line.split(":")[0])).toEqual(["dpo_lambda", "loss_type", "beta"]);
    expect(stderr).toBe(
      "error: dry.yaml: not fit for a run: 4 problems, listed above\nThe data is checked once the keys are right.\n",
    );
  });

  it("has all problems of its model, its data and its output folder", async () => {
    mkdirSync("out");
    writeFileSync("out/trainer_state.json", readFileSync("model/config.json"));
    writeFileSync("model/config.json", JSON.stringify({ model_type: "mamba" }));
    writeFileSync("train.jsonl", '{"prompt": "a", "chosen": "b"}\n');
    const { code, stderr, of } = await dryRun(KEYS);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: dry\.yaml: not fit for a run: 3 problems, listed above\n$/);
    const [folder, model, training] = of.get("wrong") ?? [];
    expect(folder).toMatch(/^output_dir: output_dir out: expected no run there, found trainer_state\.json/);
    expect(model).toMatch(/^model: model\/config\.json: .*mamba/);
    expect(training).toMatch(
      /^training: train row 0 \(train\.jsonl\): expected the column "rejected", found prompt, chosen/,
    );
  });

  it.each([
    ["nowhere/model", /^model: (model )?nowhere\/model: /],
    ["./nowhere", /^model: \.\/nowhere: no such folder, and not a hub id/],
    ["empty", /^model: empty: expected a model, found no config\.json/],
    ["dry.yaml", /^model: dry\.yaml: expected a model's folder, GGUF file or hub id, found a file/],
    ["torn", /^model: torn\/model\.safetensors: /],
  ])("names a model that is none: %s", async (name, message) => {
    mkdirSync("empty");
    cpSync("model", "torn", { recursive: true });
    writeFileSync("torn/model.safetensors", "cut");
    const { code, of } = await dryRun({ ...KEYS, model_name_or_path: name });
    expect(code).toBe(1);
    expect(of.get("wrong")?.[0]).toMatch(message);
  });

  it("names data that sppo can't be trained on", async () => {
    const { gamma_beta_ratio, ...keys } = KEYS;
    const { code, of } = await dryRun({ ...keys, loss_type: "sppo" });
    expect(code).toBe(1);
    expect(of.get("wrong")?.[0]).toMatch(/chosen_probs_win and chosen_probs_lose for loss_type sppo.*sppo_hard/);
  });

  it("is an error of YAML as without --dry-run", async () => {
    writeFileSync("dry.yaml", "a: [");
    expect((await runCommand("train", "--config", "dry.yaml", "--dry-run")).stderr).toMatch(/not valid YAML/);
  });
});
