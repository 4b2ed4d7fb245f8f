/**
 * @file Wrong adapters: truncated files, two files that disagree, an adapter of another model, conflicting keys of the
 * run. Each with generation, training from it, and comparison; all report the same.
 */
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { saveAdapter } from "../../src/checkpoints/adapter.ts";
import { folderAt } from "../../src/disk/nodeStorage.ts";
import { initLora } from "../../src/models/adapters/initLora.ts";
import { randomGpt2 } from "../support/randomGpt2.ts";
import { cut, editJson, editTensors, refusalOf, train, useWorkbench } from "../support/workbench.ts";

useWorkbench();

const WIDTH = 16;
const WEIGHTS = "adapter/adapter_model.safetensors";
const CONFIG = "adapter/adapter_config.json";
const C_ATTN = (layer: number) => `transformer.h.${layer}.attn.c_attn`;

beforeEach(async () => {
  const layers = [0, 1].map((layer) => ({
    isEmbedding: false,
    shapeA: [2, WIDTH] as [number, number],
    shapeB: [3 * WIDTH, 2] as [number, number],
    nameA: `base_model.model.${C_ATTN(layer)}.lora_A.weight`,
    nameB: `base_model.model.${C_ATTN(layer)}.lora_B.weight`,
  }));
  const weights = initLora(layers, true, 1);
  await saveAdapter(folderAt("adapter"), {
    config: {
      r: 2,
      lora_alpha: 4,
      lora_dropout: 0,
      target_modules: ["c_attn"],
      fan_in_fan_out: true,
      base_model_name_or_path: resolve("model"),
      task_type: "CAUSAL_LM",
      revision: null,
    },
    weights,
  });
});

async function adapterRefusal(...flags: string[]): Promise<string> {
  const refusal = await refusalOf("generate", "adapter", "--prompt", "hi");
  expect(await refusalOf("compare", "adapter", "--prompt", "hi")).toBe(refusal);
  const minimal = ["--data_files.train", "train.jsonl", "--adapter_name_or_path", "adapter", "--output_dir", "dpo"];
  expect(await refusalOf("train", ...minimal, ...flags)).toBe(refusal);
  return refusal.replaceAll(resolve("."), "HERE");
}

describe("an adapter's file", () => {
  const WHOLE = "Is the file truncated or a Git LFS pointer? Download it again.";

  it("that is truncated, empty or absent", async () => {
    cut(WEIGHTS, 0.5);
    expect(await adapterRefusal()).toMatch(
      /^error: adapter\/adapter_model\.safetensors: not a whole safetensors file: the h/,
    );
    writeFileSync(WEIGHTS, "");
    expect(await adapterRefusal()).toBe(
      `error: ${WEIGHTS}: not a whole safetensors file: expected at least 8 bytes, found 0\n${WHOLE}`,
    );
    rmSync(WEIGHTS);
    expect(await adapterRefusal()).toBe(
      `error: ${WEIGHTS}: expected an adapter's file, found none\n` +
        "An adapter folder has adapter_model.safetensors and adapter_config.json.",
    );
  });

  it("the config, truncated or without its numbers", async () => {
    cut(CONFIG, 0.5);
    expect(await adapterRefusal()).toMatch(
      /^error: adapter\/adapter_config\.json: expected JSON, found: .*\nIs the file damaged\? Save or download the adapter again\.$/,
    );
    writeFileSync(CONFIG, JSON.stringify({ peft_type: "LORA", r: "four" }));
    expect(await adapterRefusal()).toBe(
      `error: ${CONFIG}: r is "four", expected a whole number above 0\nIs the file damaged? Save or download the adapter again.`,
    );
  });
});

describe("two files of an adapter that disagree are both named", () => {
  it("in the rank", async () => {
    editJson(CONFIG, { r: 8 });
    expect(await adapterRefusal()).toBe(
      `error: ${WEIGHTS} (with ${CONFIG}): tensor "base_model.model.${C_ATTN(0)}.lora_A.weight" has shape [2, 16], ` +
        "the config says r=8 (expects [8, in])\n" +
        "Was this adapter trained with another r? Then the two files are not from the same run.",
    );
  });

  it("in the layers", async () => {
    editJson(CONFIG, { target_modules: ["c_fc"] });
    expect(await adapterRefusal()).toBe(
      `error: ${WEIGHTS} (with ${CONFIG}): tensor "base_model.model.${C_ATTN(0)}.lora_A.weight" matches none of ` +
        "the config's target_modules (c_fc)\nAre the two files from the same run?",
    );
  });
});

describe("an adapter and a model that disagree are both named", () => {
  const HINT = "Was the adapter trained on another model? See its base_model_name_or_path.";

  it("in the width", async () => {
    cpSync("model", "wide", { recursive: true });
    await randomGpt2("wide", { vocab_size: 257, n_embd: 32, n_head: 2 });
    editJson(CONFIG, { base_model_name_or_path: resolve("wide") });
    expect(await adapterRefusal()).toBe(
      `error: ${WEIGHTS}: tensor "base_model.model.${C_ATTN(0)}.lora_A.weight" has shape [2, 16], ` +
        `the model of HERE/wide/config.json expects [2, 32]\n${HINT}`,
    );
    expect(await adapterRefusal("--model_name_or_path", resolve("wide"))).toContain("expects [2, 32]");
  });

  it("in a layer that the model lacks, or the adapter", async () => {
    editTensors(WEIGHTS, (name, tensor) => [name.replace("h.1.", "h.9."), tensor]);
    const base = "the model of HERE/model/config.json";
    expect(await adapterRefusal()).toBe(
      `error: ${WEIGHTS}: tensor "base_model.model.${C_ATTN(9)}.lora_A.weight" is in no layer of ${base}\n${HINT}`,
    );
    editTensors(WEIGHTS, (name, tensor) => (name.includes("h.9.") ? undefined : [name, tensor]));
    expect(await adapterRefusal()).toBe(
      `error: ${WEIGHTS}: expected a tensor "base_model.model.${C_ATTN(1)}.lora_A.weight" for ${base}, found none\n${HINT}`,
    );
  });

  it("in the names of layers", async () => {
    editJson(CONFIG, { target_modules: ".*query" });
    expect(await adapterRefusal()).toMatch(
      /^error: adapter\/adapter_config\.json on the model of .*config\.json: .*no module's whole name matches "\.\*query"/,
    );
  });

  it("in the tensors saved in addition to the layers", async () => {
    editJson(CONFIG, { use_dora: true });
    expect(await adapterRefusal()).toMatch(/expected a tensor ".*c_attn\.lora_magnitude_vector" for the model of/);
    editJson(CONFIG, { use_dora: false, modules_to_save: ["ln_f"] });
    expect(await adapterRefusal()).toMatch(/expected a tensor "base_model\.model\.transformer\.ln_f\.weight" for the/);
  });

  it("when the model is missing", async () => {
    editJson(CONFIG, { base_model_name_or_path: resolve("gone") });
    expect(await adapterRefusal()).toBe(
      `error: ${CONFIG}: base_model_name_or_path: expected a folder or a hub id, found nothing at HERE/gone\n` +
        "Set it to the folder or hub id of the model that the adapter was trained on, or pass that: base (--base).",
    );
  });
});

describe("a run that starts from an adapter", () => {
  it("may not contradict it: all keys are reported", async () => {
    const refusal = await train("--adapter_name_or_path", "adapter", "--lora_r", "7", "--lora_target_modules", "c_fc");
    expect(refusal).toBe(
      `error: lora_r: the run says 7, ${CONFIG} says 2\n` +
        `  lora_target_modules: the run says ["c_fc"], ${CONFIG} says ["c_attn"]\n` +
        "The adapter's settings apply: remove these keys.",
    );
  });

  it("needs an adapter, not a full model or nothing", async () => {
    expect(await train("--adapter_name_or_path", "model")).toBe(
      "error: adapter_name_or_path model: expected an adapter, found a whole model\nGive it as model_name_or_path.",
    );
    expect(await train("--adapter_name_or_path", "no/such/adapter")).toMatch(
      /^error: no\/such\/adapter: no such folder/,
    );
  });

  it("does not write into the model's own folder", async () => {
    expect(await train("--output_dir", "model", "--overwrite_output_dir")).toBe(
      "error: output_dir model: expected a folder other than the model's own\nChoose another output_dir.",
    );
  });
});
