/** @file The model card of real runs: its code runs, its links lead to the hub, its optimizer line is transformers'. */

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { type CardSettings, hyperparameters } from "../src/checkpoints/cardHyperparameters.ts";
import { DPOConfig } from "../src/config/DPOConfig.ts";
import { RUN_OPTIONS } from "../src/config/run.ts";
import { printable } from "../src/phrases.ts";
import { type LocalHub, sharedHubExists, startServePy } from "./support/localHub.ts";
import { hasPeft, needsPeft } from "./support/peft.ts";
import { runCommand } from "./support/runCommand.ts";
import { folderWithPrefine, runScript } from "./support/runScript.ts";
import { needsReference, referenceFolder } from "./support/shared.ts";

const python = process.env.PREFINE_PYTHON ?? "python3";
const ROWS = [
  { prompt: "Why is the sky blue?", chosen: " Rayleigh scattering.", rejected: " It reflects the sea." },
  { prompt: "What is DPO?", chosen: " A loss on preferences.", rejected: " A fish." },
];
const quick = ["--max_steps", "1", "--eval_strategy", "no", "--save_strategy", "no", "--learning_rate", "1e-3"];
const lora = (...targets: string[]) => ["--use_peft", "--lora_r", "2", "--lora_target_modules", ...targets];

describe.skipIf(!sharedHubExists)(`the card of a run${needsReference}`, () => {
  let folder: string;
  let hub: LocalHub;
  const before = { cwd: process.cwd(), env: { ...process.env } };
  const train = async (output_dir: string, ...words: string[]) => {
    const { code, stderr } = await runCommand("train", "--output_dir", output_dir, ...quick, ...words);
    expect(code, stderr).toBe(0);
    return readFileSync(join(folder, output_dir, "README.md"), "utf8");
  };
  const codeOf = (card: string, language: string) =>
    new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "ms").exec(card)![1];
  const linksOf = (card: string) =>
    [...card.matchAll(/\]\((?!https:\/\/arxiv)(https?:[^)]+)\)/g)].map(([, target]) => target);
  const metaOf = (card: string) => parse(/^---\n(.*?)\n---\n/s.exec(card)![1]);

  beforeAll(async () => {
    folder = await folderWithPrefine();
    hub = await startServePy(join(referenceFolder, "hub"));
    process.chdir(folder);
    Object.assign(process.env, { HF_ENDPOINT: hub.endpoint, HF_HOME: join(folder, "hf") });
    for (const [name, copy] of [
      ["tiny-gpt2", "org/model"],
      ["tiny-llama", "chat-model"],
    ]) {
      cpSync(join(referenceFolder, "models", name), join(folder, copy), { recursive: true });
      // greedy, so that three programs must answer the same
      const path = join(folder, copy, "generation_config.json");
      writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), do_sample: false }));
    }
    mkdirSync(join(folder, "org/data"));
    for (const path of ["org/data/train.jsonl", "rows.jsonl"]) {
      writeFileSync(join(folder, path), ROWS.map((row) => `${JSON.stringify(row)}\n`).join(""));
    }
  });
  afterAll(async () => {
    process.chdir(before.cwd);
    process.env = before.env;
    await hub?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  describe.each([
    { run: "text run", words: ["--model_name_or_path", "org/model", ...lora("c_attn")] },
    { run: "chat", words: ["--model_name_or_path", "chat-model", ...lora("q_proj", "v_proj")] },
    { run: "chat-full", words: ["--model_name_or_path", "chat-model"] },
  ])("has code that runs: $run", ({ run, words }) => {
    let card: string;
    let answer: string;
    beforeAll(async () => {
      card = await train(run, "--dataset_name", "rows.jsonl", ...words);
      const line = codeOf(card, "sh").trim();
      const [, name, prompt] = /^npx prefine generate '?(.*?)'? --prompt "(.*)"$/.exec(line)!;
      const { code, stdout } = await runCommand("generate", name, "--prompt", prompt);
      expect(code).toBe(0);
      answer = stdout.trim();
      expect(answer).not.toBe("");
    }, 60_000);

    it("in TypeScript, with the command line's answer", { timeout: 60_000 }, async () => {
      writeFileSync(join(folder, "card.mts"), codeOf(card, "ts"));
      const { code, stdout, stderr } = await runScript(join(folder, "card.mts"), folder);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(printable(stdout).trim()).toBe(answer);
    });

    it.skipIf(!hasPeft)(`in Python, with the command line's answer${needsPeft}`, { timeout: 180_000 }, () => {
      const { status, stdout, stderr } = spawnSync(python, ["-c", codeOf(card, "python")], { encoding: "utf8" });
      expect(status, stderr).toBe(0);
      expect(printable(stdout).trim()).toBe(answer);
    });
  });

  it("links to no local folder or file, whatever its name", { timeout: 60_000 }, async () => {
    const model = ["--model_name_or_path", "org/model", ...lora("c_attn")];
    for (const [i, data] of ["org/data", "rows.jsonl", `${folder}/org/data`].entries()) {
      const card = await train(`local-${i}`, "--dataset_name", data, ...model);
      expect(linksOf(card)).toEqual([]);
      expect(Object.keys(metaOf(card))).toEqual(["library_name", "pipeline_tag", "model_name", "tags"]);
      expect(card).toContain(`fine-tuned version of model on the ${i === 1 ? "rows.jsonl" : "data"} dataset`);
      expect(card).not.toContain(folder);
    }
    for (const words of [
      ["--data_files.train", "rows.jsonl"],
      ["--dataset_name", "json", "--data_files", "rows.jsonl"],
    ]) {
      const card = await train(`files-${words.length}`, ...words, ...model);
      expect(linksOf(card)).toEqual([]);
      expect(card).toContain("fine-tuned version of model: a LoRA adapter");
    }
  });

  it("links to models and data from the hub, named by id or by a path in the hub's cache", {
    timeout: 60_000,
  }, async () => {
    const data = ["--dataset_name", "BarraHome/ultrafeedback_binarized", "--dataset_train_split", "train_prefs[:2]"];
    const words = [...data, "--process", "ultrafeedback", "--max_length", "64", ...lora("c_attn")];
    const card = await train("from-hub", "--model_name_or_path", "gpt2", ...words);
    const pages = ["gpt2", "datasets/BarraHome/ultrafeedback_binarized"].map((id) => `https://huggingface.co/${id}`);
    expect(linksOf(card)).toEqual(pages);
    expect(metaOf(card)).toMatchObject({ base_model: "gpt2", datasets: ["BarraHome/ultrafeedback_binarized"] });
    const commit = readFileSync(join(folder, "hf/hub/models--gpt2/refs/main"), "utf8");
    const cached = `hf/hub/models--gpt2/snapshots/${commit}`;
    expect(linksOf(await train("from-cache", "--model_name_or_path", cached, ...words))).toEqual(pages);
  });
});

const SCRIPT = `
import json, sys, types
from transformers import TrainingArguments
from transformers.modelcard import extract_hyperparameters_from_trainer
for optim, optim_args in json.loads(sys.argv[1]):
    args = TrainingArguments(output_dir="unused", optim=optim, optim_args=optim_args, use_cpu=True)
    line = extract_hyperparameters_from_trainer(types.SimpleNamespace(args=args))["optimizer"]
    print(json.dumps(line.replace(f"Use {args.optim} ", f"Use {args.optim.value} "))) # 3.11's f"" names the enum's member
`;

describe.skipIf(!hasPeft)(`the optimizer's line${needsPeft}`, () => {
  it("is transformers' for every built optimizer", { timeout: 120_000 }, () => {
    const { kind } = RUN_OPTIONS.optim;
    const built: readonly CardSettings["optim"][] = RUN_OPTIONS.optim.ready ?? [];
    expect(built.length).toBeGreaterThan(10);
    expect(built.every((name) => kind.read(name) === name)).toBe(true);
    const cases = built.flatMap((optim) => [[optim, null] as const, [optim, "momentum=0.9,nesterov=True"] as const]);
    const { status, stdout, stderr } = spawnSync(python, ["-c", SCRIPT, JSON.stringify(cases)], { encoding: "utf8" });
    expect(status, stderr).toBe(0);
    const expected = stdout
      .trim()
      .split("\n")
      .map((line) => `optimizer: ${JSON.parse(line)}`);
    const ours = cases.map(([optim, optim_args]) => {
      const settings = { ...DPOConfig({ output_dir: "unused" }), optim, optim_args };
      return hyperparameters({ settings, adapter: null }).find((line) => line.startsWith("optimizer: "));
    });
    expect(ours).toEqual(expected);
  });
});
