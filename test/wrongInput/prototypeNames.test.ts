/**
 * @file Names that every JavaScript object has (`constructor`, `__proto__`, ...) as names of tensors and as keys of a
 * model's and an adapter's files: inputs as any other, read, ignored or refused by name.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadAdapter } from "../../src/checkpoints/adapter.ts";
import { encodeAdapterConfig } from "../../src/checkpoints/adapterConfig.ts";
import { folderAt } from "../../src/disk/nodeStorage.ts";
import { decodeSafetensors, encodeSafetensors, type SafetensorsTensor } from "../../src/formats/safetensors.ts";
import { generationSettings } from "../../src/generation/settings.ts";
import { loraAdapter } from "../../src/models/adapters/lora.ts";
import { loadModel } from "../../src/pretrained/loadModel.ts";
import { ggufLlama } from "../support/ggufLlama.ts";
import { FAMILIES, randomModel } from "../support/randomModel.ts";
import { writeGguf } from "../support/writeGguf.ts";

const NAMES = ["constructor", "__proto__", "toString", "hasOwnProperty", "valueOf", "prototype"];
const dir = mkdtempSync(join(tmpdir(), "prefine-names-"));
const base = join(dir, "base");
const byName = <T>(value: T) => Object.fromEntries(NAMES.map((name) => [name, value]));

beforeAll(async () => {
  await randomModel(base, FAMILIES.llama);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const one = (): SafetensorsTensor => ({ dtype: "F32", shape: [1], data: Float32Array.of(1) });

test("tensors and metadata of a safetensors file", () => {
  const bytes = encodeSafetensors(new Map(NAMES.map((name) => [name, one()])), byName("text"));
  const { tensors, metadata } = decodeSafetensors(bytes, "file");
  expect([...tensors.keys()].sort()).toEqual([...NAMES].sort());
  expect(Object.entries(metadata)).toEqual(NAMES.map((name) => [name, "text"]));
});

test("further tensors and keys of a model, which change nothing", async () => {
  const plain = await loadModel(base);
  const folder = join(dir, "further");
  await randomModel(folder, { ...FAMILIES.llama, ...byName(3) });
  const file = join(folder, "model.safetensors");
  const tensors = new Map<string, SafetensorsTensor>(decodeSafetensors(readFileSync(file), file).tensors);
  for (const name of NAMES) tensors.set(name, one());
  writeFileSync(file, encodeSafetensors(tensors, byName("text")));
  writeFileSync(join(folder, "generation_config.json"), JSON.stringify({ max_new_tokens: 3, ...byName(1) }));
  const { weights, generationConfig } = await loadModel(folder);
  expect([...weights.keys()]).toEqual([...plain.weights.keys()]);
  expect(Object.keys(generationConfig)).toEqual(["max_new_tokens", ...NAMES]);
  expect(generationSettings({ model: generationConfig })).toMatchObject({
    settings: { max_new_tokens: 3 },
    warnings: [],
  });
});

test.each(NAMES)("%s as model_type, architecture, dtype, activation and rope_type", async (name) => {
  for (const [key, value] of [
    ["model_type", name],
    ["hidden_act", name],
    ["rope_scaling", { rope_type: name, factor: 2 }],
  ] as const) {
    const folder = join(dir, `${key}-${name}`);
    await randomModel(folder, FAMILIES.llama);
    writeFileSync(join(folder, "config.json"), JSON.stringify({ ...FAMILIES.llama, [key]: value }));
    await expect(loadModel(folder), key).rejects.toMatchObject({
      name: "PrefineError",
      message: expect.stringContaining(name),
    });
  }
  const bytes = new TextEncoder().encode(`{"w":{"dtype":"${name}","shape":[0],"data_offsets":[0,0]}}`);
  const header = new Uint8Array(8 + bytes.length);
  new DataView(header.buffer).setBigUint64(0, BigInt(bytes.length), true);
  header.set(bytes, 8);
  expect(() => decodeSafetensors(header, "file")).toThrow(`unknown dtype "${name}"`);
  const file = join(dir, `${name}.gguf`);
  writeGguf(
    file,
    { "general.architecture": name },
    { "token_embd.weight": { shape: [1], type: 0, bytes: new Uint8Array(4) } },
  );
  await expect(loadModel(file)).rejects.toMatchObject({ name: "PrefineError", message: expect.stringContaining(name) });
});

test("metadata of a GGUF file, which changes nothing", async () => {
  const { file } = await ggufLlama(join(dir, "gguf"));
  const plain = await loadModel(file);
  const changed = join(dir, "named.gguf");
  const metadata = { "general.architecture": "llama", "llama.context_length": 128, "llama.embedding_length": 32 };
  const more = {
    "llama.block_count": 0,
    "llama.attention.head_count": 4,
    "llama.feed_forward_length": 96,
    "llama.attention.layer_norm_rms_epsilon": 1e-5,
    ...byName("x"),
    ...Object.fromEntries(NAMES.map((name) => [`llama.${name}`, 0])), // off: a key that says more is refused
  };
  const row = (shape: number[]) => ({ shape, type: 0, bytes: new Uint8Array(4 * shape.reduce((a, b) => a * b)) });
  const tensors = { "token_embd.weight": row([4, 32]), "output_norm.weight": row([32]) };
  writeGguf(changed, { ...metadata, ...more, "llama.block_count": 1 }, tensors);
  await expect(loadModel(changed)).rejects.toThrow(/no tensor "blk\.0\./);
  expect(plain.architecture.modelType).toBe("llama");
});

test("keys of adapter_config.json: patterns, targets and modules to save", async () => {
  const { architecture } = await loadModel(base);
  const settings = {
    r: 2,
    lora_alpha: 4,
    lora_dropout: 0,
    target_modules: ["q_proj", ...NAMES],
    exclude_modules: NAMES,
    modules_to_save: NAMES,
    rank_pattern: byName(5),
    alpha_pattern: byName(7),
  };
  const { layers, warnings } = loraAdapter(architecture, settings);
  expect([...layers.values()].map(({ r, scaling }) => [r, scaling])).toEqual([
    [2, 2],
    [2, 2],
  ]);
  for (const name of NAMES) {
    for (const key of ["rank_pattern", "alpha_pattern", "target_modules", "modules_to_save"]) {
      expect(
        warnings.filter((line) => line.startsWith(key) && line.includes(`"${name}"`)),
        key,
      ).toHaveLength(1);
    }
  }
  const folder = join(dir, "adapter");
  const config = { ...settings, base_model_name_or_path: base, fan_in_fan_out: false, task_type: null, revision: null };
  const weights = [...layers.values()].flatMap(({ nameA, nameB, shapeA, shapeB }) => [
    [nameA, { ...one(), shape: shapeA, data: new Float32Array(shapeA[0] * shapeA[1]) }] as const,
    [nameB, { ...one(), shape: shapeB, data: new Float32Array(shapeB[0] * shapeB[1]) }] as const,
  ]);
  await randomModel(folder, FAMILIES.llama);
  writeFileSync(
    join(folder, "adapter_config.json"),
    encodeAdapterConfig(config).replace("{", `{"__proto__": 1, "toString": 2,`),
  );
  writeFileSync(join(folder, "adapter_model.safetensors"), encodeSafetensors(new Map(weights)));
  const lines: string[] = [];
  const read = await loadAdapter(folderAt(folder), (line) => lines.push(line));
  expect(read.config).toMatchObject({ modules_to_save: NAMES, target_modules: settings.target_modules });
  expect(Object.keys(read.config.rank_pattern ?? {})).toEqual(NAMES);
  expect(lines).toEqual([expect.stringContaining("__proto__, toString: unknown to PEFT")]);
});
