/**
 * @file Trainings that fail: a loss that is not finite, insufficient memory, a checkpoint of another run. The toy
 * learner's cases (gradients, accumulation) are tested next to src/training.
 */
import { closeSync, ftruncateSync, openSync, readdirSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { newestValidCheckpoint } from "../../src/checkpoints/runDirectory.ts";
import { folderAt } from "../../src/disk/nodeStorage.ts";
import { architectureOf } from "../../src/models/families/architectures.ts";
import { toFormat } from "../support/damage.ts";
import { runCommand } from "../support/runCommand.ts";
import {
  editJson,
  editTensors,
  errorOf,
  jsonLines,
  PAIRS,
  refusalOf,
  train,
  useWorkbench,
} from "../support/workbench.ts";

useWorkbench();

const STEPS = ["--max_steps", "-1", "--num_train_epochs", "1", "--train_sampling_strategy", "sequential"];
const SAVING = ["--save_strategy", "steps", "--save_steps", "1"];

describe("a loss that is not finite", () => {
  const HINT = "Look at these rows, or try a smaller learning_rate, more warmup_steps or a smaller max_grad_norm.";

  /** Breaks position 60: longer sequences have no finite logits. */
  function breakPosition(): void {
    editTensors("model/model.safetensors", (name, tensor) => {
      if (!name.endsWith("wpe.weight")) return [name, tensor];
      const data = new Float32Array(new Uint8Array(tensor.data as Uint8Array).buffer);
      return [name, { ...tensor, data: data.fill(Number.NaN, 60 * 16, 61 * 16) }];
    });
  }

  it("stops at its step, names the rows of the dataset, and keeps the last good checkpoint", async () => {
    breakPosition();
    const long = { ...PAIRS[0], rejected: " and so on".repeat(7) };
    const dropped = { ...PAIRS[1], prompt: "why ".repeat(40) };
    writeFileSync("train.jsonl", jsonLines([dropped, ...PAIRS.slice(0, 4), long, PAIRS[4], PAIRS[5]]));
    const batches = ["--per_device_train_batch_size", "2"];
    const outcome = await runCommand("train", "--config", "run.yaml", ...STEPS, ...SAVING, ...batches);
    const weight = `the model's tensor "transformer.wpe.weight" has NaN\nThe model's file is damaged`;
    const loss = "error: step 3: expected a finite loss, found NaN; train row 5";
    expect(errorOf(outcome).startsWith(`${loss}; ${weight}`), errorOf(outcome)).toBe(true);
    expect(outcome.stderr).toContain("warning: train: dropped 1 of 8 rows whose prompt alone fills max_length 96");
    expect(readdirSync("dpo").sort()).toEqual(["checkpoint-1", "checkpoint-2", "verdict.json"]);
    expect((await newestValidCheckpoint(folderAt("dpo")))?.step).toBe(2);
  });

  it("at the first step is the file's, not a difference between policy and reference", async () => {
    editTensors("model/model.safetensors", (name, tensor) => {
      if (!name.endsWith("h.1.mlp.c_fc.weight")) return [name, tensor];
      const data = new Float32Array(new Uint8Array(tensor.data as Uint8Array).buffer);
      return [name, { ...tensor, data: data.fill(Number.POSITIVE_INFINITY, 5, 6) }];
    });
    const outcome = await runCommand("train", "--config", "run.yaml", ...STEPS);
    expect(errorOf(outcome)).toMatch(
      /^error: step 1: .*; the model's tensor "transformer\.h\.1\.mlp\.c_fc\.weight" has Inf/,
    );
    const answer = await runCommand("generate", "model", "--prompt", "Why?");
    expect(errorOf(answer)).toMatch(/^error: model: tensor "transformer\.h\.1\.mlp\.c_fc\.weight" has Infinity/);
  });

  it("from a learning rate that is far too large is reported with the options to lower", async () => {
    const refusal = errorOf(
      await runCommand(
        "train",
        "--config",
        "run.yaml",
        ...STEPS,
        "--learning_rate",
        "1e38",
        "--per_device_train_batch_size",
        "2",
      ),
    );
    expect(refusal).toMatch(
      /^error: step \d: expected a finite (loss|gradient norm), found (NaN|-?Infinity); train rows? \d/,
    );
    expect(refusal.endsWith(HINT)).toBe(true);
  });
});

describe("insufficient memory", () => {
  /** A model.safetensors of a terabyte that takes no disk space: a sparse file after its header. */
  function makeHuge(): void {
    editJson("model/config.json", { vocab_size: 1_000_000_000, n_embd: 256 });
    const { parameters } = architectureOf(JSON.parse(readFileSync("model/config.json", "utf8")), "config.json");
    const header: Record<string, unknown> = {};
    let offset = 0;
    for (const [name, shape] of parameters) {
      const end = offset + 4 * shape.reduce<number>((size, dim) => size * Number(dim), 1);
      header[name] = { dtype: "F32", shape, data_offsets: [offset, end] };
      offset = end;
    }
    const text = Buffer.from(JSON.stringify(header));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(text.length));
    const file = openSync("model/model.safetensors", "w");
    writeSync(file, Buffer.concat([length, text]));
    ftruncateSync(file, 8 + text.length + offset);
    closeSync(file);
  }

  it("is reported before the weights are read: how much, for what, and which options to lower", async () => {
    makeHuge();
    const run = ["train", "--config", "run.yaml"];
    const adapter = errorOf(await runCommand(...run));
    expect(adapter).toMatch(
      /^error: this training needs about 1024 GB of memory, [\d.]+ GB are free: frozen weights 1024 GB, adapter and its optimizer 0\.0 GB, the longest pair \(80 tokens\) 0\.0 GB\nTake a smaller model, or free memory\. PREFINE_MEMORY_CHECK=off/,
    );
    const full = errorOf(await runCommand(...run, "--no_use_peft"));
    expect(full).toMatch(
      /^error: this training needs about 9\d\d\d GB of memory, .*optimizer 7\d\d\d GB, .*\nTrain an adapter \(use_peft: true, or a peft_config\), or a smaller model\./,
    );
    expect(errorOf(await runCommand("generate", "model", "--prompt", "hi"))).toMatch(
      /^error: generating with model needs about 1024 GB of memory, [\d.]+ GB are free: weights 1024 GB\nTake a smaller model/,
    );
  });
});

describe("a checkpoint of another run", () => {
  it("is refused with the differences; the checkpoint is kept", async () => {
    const { code } = await runCommand("train", "--config", "run.yaml", ...SAVING);
    expect(code).toBe(0);
    expect(await train("--resume_from_checkpoint", "--beta", "0.5", "--data_files.train", "eval.jsonl")).toMatch(
      /^error: dpo\/checkpoint-3: this checkpoint belongs to another run: train_dataset: "6 pairs, .*beta: 0\.1 -> 0\.5\nResume with/,
    );
    editTensors("dpo/checkpoint-3/optimizer.safetensors", (name, tensor) => [
      name.replace("exp_avg.", "exp_abg."),
      tensor,
    ]);
    const refusal = () => refusalOf("train", "--config", "run.yaml", "--resume_from_checkpoint", "dpo/checkpoint-3");
    expect(await refusal()).toMatch(
      /^error: dpo\/checkpoint-3\/optimizer\.safetensors: was changed after it was saved \(SHA-256\)\nResume from/,
    );
    toFormat(2, "dpo/checkpoint-3"); // without hashes
    expect(await refusal()).toMatch(
      /^error: dpo\/checkpoint-3: expected a tensor "exp_avg\.base_model\..*lora_A\.weight" of shape \[2, 16\] of F32, found none\nResume from/,
    );
  });
});
