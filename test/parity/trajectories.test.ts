/**
 * @file Whole trainings against TRL (../shared/reference/trajectories): every logged value, the final evaluation, the
 * final weights. Every folder of trajectories/ is a case; PREFINE_REFERENCE names another folder of the same layout,
 * PREFINE_TRAJECTORIES some of its cases (NAME,NAME,...).
 */

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadAdapter } from "../../src/checkpoints/adapter.ts";
import type { LogEntry } from "../../src/checkpoints/trainerState.ts";
import type { DPOConfigInput } from "../../src/config/DPOConfig.ts";
import { AutoTokenizer } from "../../src/data/tokenizers/loadTokenizer.ts";
import { folderAt } from "../../src/disk/nodeStorage.ts";
import { DPOTrainer } from "../../src/dpoTrainer.ts";
import { loadModel } from "../../src/pretrained/loadModel.ts";
import { compareEntries } from "../support/compareEntries.ts";
import { savedWeights } from "../support/savedState.ts";
import {
  hasReference,
  isElsewhere,
  largestDifference,
  needsReference,
  readTensors,
  referenceFolder,
  referenceNames,
} from "../support/shared.ts";
import { keepingLogger } from "../support/toyTrainer.ts";

const chosen = process.env.PREFINE_TRAJECTORIES?.split(",");
const cases = chosen ?? referenceNames("trajectories");

interface Case {
  model: string;
  dpo_config: DPOConfigInput;
  lora_config: Record<string, unknown> | null;
  rows_kept: number;
  final_eval: Record<string, number>;
  /** Only if the epochs were shuffled. */
  order?: number[];
}

const readLines = <T>(path: string): T[] => {
  const lines = readFileSync(path, "utf8").split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line) as T);
};

async function train(folder: string, example: Case, output_dir: string) {
  const { model, dpo_config, lora_config, order } = example;
  const directory = join(referenceFolder, "models", model);
  const loaded = await loadModel(directory);
  const tokenizer = await AutoTokenizer.from_pretrained(directory);
  tokenizer.pad_token ??= tokenizer.eos_token;
  const adapter = lora_config ? await loadAdapter(folderAt(join(folder, "initial_adapter"))) : undefined;
  const trainer = new DPOTrainer({
    model: { loaded, adapter },
    ref_model: null,
    args: {
      ...dpo_config,
      output_dir,
      bf16: false,
      save_strategy: "no",
      seed: 42,
      train_sampling_strategy: order ? "random" : "sequential",
    },
    train_dataset: readLines<Record<string, unknown>>(join(folder, "train.jsonl")),
    eval_dataset: readLines<Record<string, unknown>>(join(folder, "eval.jsonl")),
    processing_class: tokenizer,
    logger: keepingLogger().logger,
  });
  try {
    await trainer.train();
    const evaluation = await trainer.evaluate();
    return { log: trainer.state.log_history, evaluation };
  } finally {
    await trainer.dispose();
  }
}

describe.skipIf(!hasReference)(`TRL's trajectories${needsReference}`, () => {
  test.skipIf(isElsewhere || chosen !== undefined)("there are forty-nine", () => expect(cases).toHaveLength(49));
  test.each(cases)("%s", { timeout: 120_000 }, async (name) => {
    const folder = join(referenceFolder, "trajectories", name);
    const example: Case = JSON.parse(readFileSync(join(folder, "case.json"), "utf8"));
    const output_dir = mkdtempSync(join(tmpdir(), "prefine-parity-"));
    const { log, evaluation } = await train(folder, example, output_dir);
    const expected = readLines<LogEntry>(join(folder, "log_history.jsonl"));
    const isTiming = (key: string) => /runtime|per_second|flos/.test(key);
    const keys = (entries: LogEntry[]) => entries.map((entry) => Object.keys(entry).filter((key) => !isTiming(key)));
    expect(keys(log)).toEqual(keys(expected));
    expect(expected.flatMap((entry, i) => compareEntries(log[i], entry))).toEqual([]);
    const finalEntry = { ...example.final_eval, step: log.at(-1)!.step };
    expect(compareEntries(evaluation, finalEntry)).toEqual([]);
    const template = join(referenceFolder, "models", example.model, "chat_template.jinja");
    if (existsSync(template)) {
      expect(readFileSync(join(output_dir, "chat_template.jinja"))).toEqual(readFileSync(template));
    }
    const isAdapter = existsSync(join(folder, "final_adapter"));
    const finalFile = isAdapter ? "final_adapter/adapter_model.safetensors" : "final_weights.safetensors";
    const finalWeights = readTensors(join(folder, finalFile));
    const weights = await savedWeights(output_dir, isAdapter ? "adapter" : "full");
    expect([...weights.keys()].sort()).toEqual([...finalWeights.keys()].sort());
    for (const [key, { shape, data }] of finalWeights) {
      expect(weights.get(key)!.shape).toEqual(shape);
      const { difference } = largestDifference(weights.get(key)!.data, data as Float32Array);
      expect(difference, key).toBeLessThanOrEqual(5e-4);
    }
    rmSync(output_dir, { recursive: true });
  });
});
