/** @file Merged models equal the adapter on its base model, in prefine and in transformers, for every kind. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type SavedAdapter, saveAdapter } from "../src/checkpoints/adapter.ts";
import type { AdapterConfig } from "../src/checkpoints/adapterConfig.ts";
import { BitsAndBytesConfig, type BitsAndBytesConfigInput } from "../src/config/BitsAndBytesConfig.ts";
import { folderAt } from "../src/disk/nodeStorage.ts";
import type { FolderLock } from "../src/disk/storage.ts";
import { PrefineError } from "../src/errors.ts";
import { type MergeOptions, merge_and_unload } from "../src/exporting/mergeAndUnload.ts";
import { fromFloat32 } from "../src/formats/narrowFloats.ts";
import { decodeSafetensors, encodeSafetensors, type SafetensorsTensor } from "../src/formats/safetensors.ts";
import { adapterTensors, loraAdapter } from "../src/models/adapters/lora.ts";
import { quantizeModel } from "../src/models/precision/quantize.ts";
import { AutoModelForCausalLM } from "../src/pretrained/autoModel.ts";
import { loadModel } from "../src/pretrained/loadModel.ts";
import { Mt19937 } from "../src/random.ts";
import { ADAPTER_KINDS, type AdapterKind, PISSA_KINDS } from "./support/adapterKinds.ts";
import { pairs, useLearners } from "./support/learnerBench.ts";
import { askPeft, hasPeft, needsPeft } from "./support/peft.ts";
import { dequantizedModel } from "./support/randomModel.ts";
import { runCommand } from "./support/runCommand.ts";

const bench = useLearners();
const kinds = Object.entries({ ...ADAPTER_KINDS, ...PISSA_KINDS });
const folderOf = (name: string) => join(bench.folder, name.replaceAll(/\W+/g, "-"));

/** An adapter with random values, as if trained for long. */
async function randomAdapter(name: string, kind: AdapterKind, base = bench.base): Promise<string> {
  const config: AdapterConfig = {
    r: 4,
    lora_alpha: 8,
    lora_dropout: 0.1,
    target_modules: ["c_attn", "c_proj"],
    fan_in_fan_out: true,
    base_model_name_or_path: base,
    task_type: "CAUSAL_LM",
    revision: null,
    ...kind,
  };
  const random = new Mt19937(5);
  const adapter = loraAdapter(bench.model.architecture, config);
  const weights: SavedAdapter["weights"] = new Map();
  for (const { name: key, shape } of adapterTensors(adapter)) {
    const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
    const isScale = /magnitude|ln_\w+\.weight/.test(key);
    weights.set(key, { shape: [...shape], data: random.normal(data, isScale ? 1 : 0, 0.15) });
  }
  await saveAdapter(folderAt(folderOf(name)), {
    config: { ...config, target_modules: adapter.targetModules },
    weights,
  });
  return folderOf(name);
}

async function merge(run: string, options: MergeOptions = {}) {
  const warnings: string[] = [];
  const merged = await merge_and_unload(run, { onWarning: (line) => warnings.push(line), ...options });
  return { ...merged, warnings };
}

async function refusal(run: string, options: MergeOptions = {}): Promise<PrefineError> {
  const error = await merge(run, options).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(PrefineError);
  return error as PrefineError;
}

const configOf = (folder: string) => JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
const tensorsOf = (folder: string) => {
  const file = join(folder, "model.safetensors");
  return decodeSafetensors(readFileSync(file), file).tensors;
};

describe("an adapter of every kind, merged", { timeout: 240_000 }, () => {
  test.each(kinds)("%s: the same logits", async (name, kind) => {
    const merged = await merge(await randomAdapter(name, kind));
    expect(merged.output_dir).toBe(`${folderOf(name)}-merged`);
    expect(merged.dtype).toBe("float32");
    expect(merged.largest_logit).toBeGreaterThan(1);
    expect(merged.largest_difference).toBeLessThan(2e-5 * merged.largest_logit);
    const isApart = /wte|lm_head/.test(
      JSON.stringify([kind.modules_to_save, kind.target_modules, kind.trainable_token_indices]),
    );
    expect(configOf(merged.output_dir).tie_word_embeddings).toBe(isApart ? false : undefined);
    expect(merged.warnings.some((line) => line.includes("tie_word_embeddings"))).toBe(isApart);
    const { architecture } = await loadModel(merged.output_dir);
    expect([...tensorsOf(merged.output_dir).keys()].sort()).toEqual([...architecture.parameters.keys()].sort());
  });

  test.skipIf(!hasPeft)(`is the same to transformers and PEFT${needsPeft}`, () => {
    const jobs = kinds.map(([name]) => {
      return { base: bench.base, adapter: folderOf(name), merged: `${folderOf(name)}-merged` };
    });
    const differences = askPeft(jobs, pairs);
    for (const [i, [name]] of kinds.entries()) expect(differences[i], name).toBeLessThan(2e-4);
    expect(differences).toHaveLength(kinds.length);
  });
});

describe("the base model's type and files", () => {
  /** The base model's weights in another type, in two files. */
  function shardedBase(dtype: "F16" | "BF16"): string {
    const folder = join(bench.folder, `base-${dtype}`);
    mkdirSync(folder, { recursive: true });
    cpSync(join(bench.base, "config.json"), join(folder, "config.json"));
    writeFileSync(join(folder, "generation_config.json"), JSON.stringify({ eos_token_id: 3 }));
    const shards = [1, 2].map((number) => `model-0000${number}-of-00002.safetensors`);
    const weight_map: Record<string, string> = {};
    const halves: Map<string, SafetensorsTensor>[] = [new Map(), new Map()];
    for (const [i, [name, { shape, data }]] of [...tensorsOf(bench.base)].entries()) {
      const values = new Float32Array(new Uint8Array(data).buffer);
      halves[i % 2].set(name, { dtype, shape, data: fromFloat32(values, dtype) });
      weight_map[name] = shards[i % 2];
    }
    for (const [i, shard] of shards.entries()) writeFileSync(join(folder, shard), encodeSafetensors(halves[i]));
    writeFileSync(join(folder, "model.safetensors.index.json"), JSON.stringify({ metadata: {}, weight_map }));
    return folder;
  }

  test.each([
    ["F16", "float16", 2e-2],
    ["BF16", "bfloat16", 1e-1],
  ] as const)("%s in shards stays %s, in one file", async (dtype, name, tolerance) => {
    const run = await randomAdapter(
      `on ${dtype}`,
      { use_dora: true, target_modules: ["wte", "c_attn"] },
      shardedBase(dtype),
    );
    const merged = await merge(run);
    expect(merged.dtype).toBe(name);
    expect(merged.largest_difference).toBeLessThan(tolerance * merged.largest_logit);
    expect(configOf(merged.output_dir).dtype).toBe(name);
    expect([...tensorsOf(merged.output_dir).values()].every((tensor) => tensor.dtype === dtype)).toBe(true);
    expect(JSON.parse(readFileSync(join(merged.output_dir, "generation_config.json"), "utf8"))).toEqual({
      eos_token_id: 3,
    });
    const wide = await merge(run, { output_dir: join(bench.folder, `wide-${dtype}`), dtype: "float32" });
    expect(wide.largest_difference).toBeLessThan(2e-5 * wide.largest_logit);
    expect(configOf(wide.output_dir).dtype).toBe("float32");
  });
});

describe("a refused merge leaves no folder", () => {
  test("no adapter, a taken folder, the base's own", async () => {
    expect(await refusal(bench.base)).toMatchObject({
      code: "config",
      message: expect.stringMatching(/expected a run with an adapter/),
    });
    const run = await randomAdapter("taken", {});
    const taken = join(bench.folder, "taken-merged");
    mkdirSync(taken);
    writeFileSync(join(taken, "notes.txt"), "mine");
    expect((await refusal(run)).message).toMatch(/expected an empty folder or none, found files there$/);
    expect(readdirSync(taken)).toEqual(["notes.txt"]);
    for (const output_dir of [run, bench.base]) {
      expect((await refusal(run, { output_dir, overwrite_output_dir: true })).message).toMatch(/a folder other than/);
    }
    await merge(run, { overwrite_output_dir: true });
    expect(readdirSync(taken)).toEqual(expect.arrayContaining(["model.safetensors", "notes.txt"]));
    const training = (await folderAt(join(bench.folder, "live")).lock()) as FolderLock;
    for (const folder of ["live", "live/checkpoint-20"]) {
      const output_dir = join(bench.folder, folder);
      expect((await refusal(run, { output_dir })).message).toMatch(/found one by this process/);
    }
    expect((await refusal(run, { output_dir: bench.folder, overwrite_output_dir: true })).message).toMatch(
      / in .*live,/,
    );
    await training.release();
    expect(readdirSync(bench.folder).filter((name) => name.includes("partial"))).toEqual([]);
  });

  test("an adapter with numbers that are not finite", async () => {
    const run = await randomAdapter("broken", {});
    const file = join(run, "adapter_model.safetensors");
    const tensors = new Map<string, SafetensorsTensor>(decodeSafetensors(readFileSync(file), file).tensors);
    const [name, first] = [...tensors][0];
    const data = new Float32Array(first.data.byteLength / 4).fill(Number.NaN);
    writeFileSync(file, encodeSafetensors(tensors.set(name, { ...first, data })));
    const message = expect.stringMatching(/^the merged model's tensor ".+" has NaN$/);
    expect(await refusal(run)).toMatchObject({ code: "model", message });
    expect(existsSync(`${run}-merged`)).toBe(false);
    expect(readdirSync(bench.folder).filter((entry) => entry.includes("partial"))).toEqual([]);
  });
});

test("the command prints the folder and the difference; the base model is found with --base", async () => {
  const run = await randomAdapter("by command", { use_rslora: true });
  const { code, stdout, stderr } = await runCommand("merge", run, "--output_dir", join(bench.folder, "out"));
  expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: `${join(bench.folder, "out")}\n` });
  expect(stderr).toMatch(/the merged model has no tokenizer/);
  expect(stderr).toMatch(/float32; largest difference of logits between adapter and merged model: \d\.\de-\d+ \(the/);
  cpSync(bench.base, join(bench.folder, "elsewhere"), { recursive: true });
  renameSync(bench.base, `${bench.base}-away`);
  try {
    const flags = ["--base", join(bench.folder, "elsewhere"), "--overwrite_output_dir", "--json"];
    const again = await runCommand("merge", run, "-o", join(bench.folder, "out"), ...flags);
    expect(JSON.parse(again.stdout)).toMatchObject({ output_dir: join(bench.folder, "out"), dtype: "float32" });
  } finally {
    renameSync(`${bench.base}-away`, bench.base);
    rmSync(join(bench.folder, "elsewhere"), { recursive: true });
  }
});

describe("an adapter that was trained on a quantized base", { timeout: 240_000 }, () => {
  const FORMATS = {
    nf4: { load_in_4bit: true, bnb_4bit_quant_type: "nf4" },
    "double quantization": { load_in_4bit: true, bnb_4bit_quant_type: "nf4", bnb_4bit_use_double_quant: true },
    int8: { load_in_8bit: true },
  } as const;
  const quantizedOf = async (quantization: BitsAndBytesConfigInput) =>
    quantizeModel(await loadModel(bench.base), BitsAndBytesConfig(quantization));
  const trainedOn = async (name: string, quantization_config: object, kind: AdapterKind = {}) => {
    const run = await randomAdapter(name, kind);
    writeFileSync(join(run, "training_args.json"), JSON.stringify({ quantization_config }));
    return run;
  };
  const floats = (folder: string) =>
    [...tensorsOf(folder)].map(([name, { data }]) => [name, new Float32Array(new Uint8Array(data).buffer)] as const);

  test.each<[keyof typeof FORMATS, AdapterKind]>([
    ["nf4", {}],
    ["nf4", { use_dora: true }],
    ["nf4", { modules_to_save: ["mlp.c_proj"], target_modules: ["c_attn"] }],
    ["double quantization", {}],
    ["int8", { use_rslora: true }],
  ])("in %s %j: merged into the dequantized weights", async (format, kind) => {
    const run = await trainedOn(`quantized ${format} ${JSON.stringify(kind)}`, FORMATS[format], kind);
    const merged = await merge(run);
    expect(merged.largest_difference).toBeLessThan(2e-5 * merged.largest_logit);
    expect(merged.largest_difference_to_training).toBe(merged.largest_difference);
    expect(merged.warnings.join("\n")).toMatch(/^merged into the base model dequantized from .*, not quantized again/m);
    expect(configOf(merged.output_dir).quantization_config).toBeUndefined();
    const base = await dequantizedModel(`${run}-base`, bench.base, await quantizedOf(FORMATS[format]));
    const values = new Map(floats(base.directory));
    const untouched = floats(merged.output_dir).filter(([name]) => /mlp\.c_fc\.weight$|wte/.test(name));
    expect(untouched).toHaveLength(3);
    for (const [name, data] of untouched) expect(data, name).toEqual(values.get(name));
  });

  test("or, on request, into the weights of the files", async () => {
    const run = await trainedOn("unquantized", FORMATS.nf4);
    const merged = await merge(run, { quantization_config: null });
    expect(merged.largest_difference).toBeLessThan(2e-5 * merged.largest_logit);
    expect(merged.largest_difference_to_training).toBeGreaterThan(1e-3 * merged.largest_logit);
    expect(merged.warnings).toContainEqual(
      expect.stringMatching(/was trained on a base model in 4 bits \(nf4\) in all 8 .*differ by up to/),
    );
    const plain = await merge(await randomAdapter("plain", {}));
    expect(tensorsOf(merged.output_dir)).toEqual(tensorsOf(plain.output_dir));
    const loaded = await AutoModelForCausalLM.from_pretrained(run, { quantization_config: null });
    const unset = { quantization_config: undefined, dtype: undefined }; // the same as leaving them out
    const again = await merge_and_unload(loaded, { overwrite_output_dir: true, onWarning: () => {}, ...unset });
    expect(again).toEqual({ ...merged, warnings: undefined });
    const { code, stderr } = await runCommand("merge", run, "--load_in_4bit", "false", "--overwrite_output_dir");
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining("differ by up to") });
  });

  test.skipIf(!hasPeft)(`is the same to transformers and PEFT${needsPeft}`, async () => {
    const jobs = [];
    for (const format of ["nf4", "int8"] as const) {
      const run = await trainedOn(`to peft ${format}`, FORMATS[format]);
      const { output_dir } = await merge(run);
      const base = await dequantizedModel(`${run}-base`, bench.base, await quantizedOf(FORMATS[format]));
      jobs.push({ base: base.directory, adapter: run, merged: output_dir });
    }
    for (const difference of askPeft(jobs, pairs)) expect(difference).toBeLessThan(2e-4);
  });
});
