/** @file prefine train on tiny-gpt2, as a user runs it: a run file for TRL, Ctrl-C, resuming, refusals. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { builtPackage } from "./support/builtPackage.ts";
import { hasReference, needsReference, referenceFolder } from "./support/shared.ts";

interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

const COMMAND = join(await builtPackage(), "bin/prefine.js");

/** Runs the command line in a separate process. @param interruptAt sends Ctrl-C when stderr matches. */
function prefine(folder: string, words: string[], interruptAt?: RegExp): Promise<Outcome> {
  const child = spawn(process.execPath, [COMMAND, ...words], { cwd: folder });
  const outcome: Outcome = { code: null, stdout: "", stderr: "" };
  let isInterrupted = false;
  child.stdout.on("data", (chunk) => {
    outcome.stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    outcome.stderr += chunk;
    if (isInterrupted || !interruptAt?.test(outcome.stderr)) return;
    isInterrupted = true;
    child.kill("SIGINT");
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ ...outcome, code }));
  });
}

const RUN = (root: string) => `
model_name_or_path: ${join(root, "models/tiny-gpt2")}
data_files:
  train: ${join(root, "trajectories/note/train.jsonl")}
  test: ${join(root, "trajectories/note/eval.jsonl")}
use_peft: true
lora_r: 4
lora_alpha: 8
lora_target_modules: [c_attn, c_proj]
learning_rate: 1e-4
num_train_epochs: 2
per_device_train_batch_size: 2
evaluation_strategy: epoch
logging_steps: 1
max_length: 64
output_dir: dpo
bf16: false
`;

/** The log without timings, which differ between runs. */
function logOf(folder: string): Record<string, number>[] {
  const { log_history } = JSON.parse(readFileSync(join(folder, "trainer_state.json"), "utf8"));
  const isTiming = (key: string) => /_runtime$|_per_second$/.test(key);
  return log_history.map((entry: Record<string, number>) =>
    Object.fromEntries(Object.entries(entry).filter(([key]) => !isTiming(key))),
  );
}

describe.skipIf(!hasReference)(`prefine train${needsReference}`, () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "prefine-train-"));
    writeFileSync(join(folder, "run.yaml"), RUN(referenceFolder));
  });

  it("trains with a run file and flags, and leaves a finished output_dir; a second run is refused", async () => {
    const { code, stdout, stderr } = await prefine(folder, ["train", "--config", "run.yaml", "--beta", "0.2"]);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining("evaluation_strategy: is eval_strategy now"),
    });
    expect(stdout).toMatch(/^dpo: trained for \d+ steps, train_loss 0\.\d{4}\nNext: prefine compare dpo\n$/);
    const files = readdirSync(join(folder, "dpo"));
    const needed = [
      "adapter_config.json",
      "adapter_model.safetensors",
      "README.md",
      "tokenizer.json",
      "tokenizer_config.json",
    ];
    expect(files).toEqual(
      expect.arrayContaining([...needed, "trainer_state.json", "training_loss.png", "training_loss.svg"]),
    );
    const adapter = JSON.parse(readFileSync(join(folder, "dpo/adapter_config.json"), "utf8"));
    expect(adapter).toMatchObject({ r: 4, lora_alpha: 8, peft_type: "LORA", task_type: "CAUSAL_LM" });
    const again = await prefine(folder, ["train", "--config", "run.yaml"]);
    expect(again.code).toBe(1);
    expect(again.stderr).toMatch(/^error: output_dir dpo: .*\n.*resume_from_checkpoint.*overwrite_output_dir/m);
    expect(again.stderr).not.toMatch(/^ +at /m);
  });

  it("trains on a mixture of datasets, and evaluates on its held-out rows", async () => {
    const rows = (name: string) => join(referenceFolder, `trajectories/note/${name}.jsonl`);
    const mixture = `datasets:
  - path: ${rows("train")}
    split: train[:6]+train[-2:]
  - path: ${rows("eval")}
    columns: [prompt, chosen, rejected]
test_split_size: 3
`;
    const plain = RUN(referenceFolder).replace(/^data_files:\n(?: .*\n)+/m, mixture);
    writeFileSync(join(folder, "mixture.yaml"), plain.replace("max_length: 64", "max_length: 512"));
    const { code, stderr } = await prefine(folder, ["train", "--config", "mixture.yaml"]);
    expect(code, stderr).toBe(0);
    const margins = readFileSync(join(folder, "dpo/eval_margins.csv"), "utf8").trimEnd().split("\n");
    expect(margins).toHaveLength(1 + 2 * 3);
    const steps = logOf(join(folder, "dpo")).filter((entry) => "loss" in entry);
    const evals = readFileSync(rows("eval"), "utf8").trimEnd().split("\n").length;
    expect(steps).toHaveLength(2 * Math.ceil((8 + evals - 3) / 2));
  });

  it("saves on Ctrl-C with exit code 130, and resumes to the same result", async () => {
    const stopped = await prefine(folder, ["train", "--config", "run.yaml"], /step +3 /);
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toMatch(
      /stopped after step \d+ of \d+; saved dpo\/checkpoint-\d+\n.*--resume_from_checkpoint/,
    );
    expect(existsSync(join(folder, "dpo/adapter_model.safetensors"))).toBe(false);
    const resumed = await prefine(folder, ["train", "--config", "run.yaml", "--resume_from_checkpoint"]);
    expect(resumed.code).toBe(0);
    const whole = await prefine(folder, ["train", "--config", "run.yaml", "--output_dir", "whole"]);
    expect(whole.code).toBe(0);
    expect(logOf(join(folder, "dpo"))).toEqual(logOf(join(folder, "whole")));
    const weights = (run: string) => readFileSync(join(folder, run, "adapter_model.safetensors"));
    expect(weights("dpo").equals(weights("whole"))).toBe(true);
  });

  it("evaluates several splits, precomputes the reference, ends with the best checkpoint", async () => {
    const words = (
      "train --config run.yaml --dataset_test_split test train --save_strategy epoch --precompute_ref_log_probs " +
      "--precompute_ref_cache cache --load_best_model_at_end --metric_for_best_model test_rewards/margins"
    ).split(" ");
    const first = await prefine(folder, words);
    expect(first).toMatchObject({ code: 0 });
    expect(first.stderr).toMatch(
      /^reference: .*tiny-gpt2 with the adapter off, its log-probabilities computed before/m,
    );
    expect(first.stderr).toMatch(/^reference log-probabilities of eval_test: 4 of 4 pairs are not in the cache/m);
    expect(first.stderr).toMatch(/^dpo\/checkpoint-\d+: the best model, with test_rewards\/margins /m);
    const keys = logOf(join(folder, "dpo")).flatMap(Object.keys);
    expect(keys).toEqual(expect.arrayContaining(["eval_test_loss", "eval_train_rewards/margins"]));
    const second = await prefine(folder, [...words, "--output_dir", "again"]);
    expect(second.stderr).toMatch(/^reference log-probabilities of train: 8 pairs from cache\//m);
    expect(logOf(join(folder, "again"))).toEqual(logOf(join(folder, "dpo")));
  });

  it("starts from an adapter, which lora_* keys may not contradict", async () => {
    const adapter = join(referenceFolder, "trajectories/trained-adapter/initial_adapter");
    const words = ["train", "--config", "run.yaml", "--adapter_name_or_path", adapter];
    const refused = await prefine(folder, [...words, "--lora_r", "64"]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/lora_r: the run says 64, .*adapter_config\.json says \d+/);
    expect(existsSync(join(folder, "dpo"))).toBe(false);
    const trained = await prefine(folder, [...words, "--max_steps", "2"]); // r, alpha and targets of run.yaml agree
    expect(trained.code).toBe(0);
  });
});
