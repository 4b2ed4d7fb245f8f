/** @file A model in a GGUF file equals its source; errors name wrong files. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { randomGpt2 } from "../../test/support/randomGpt2.ts";
import { type GgufTensorToWrite, writeGguf } from "../../test/support/writeGguf.ts";
import { openDevice } from "../device/openDevice.ts";
import type { LoadedModel } from "../models/loadedModel.ts";
import { ggufConfig } from "./ggufConfig.ts";
import { ggufSource } from "./ggufTensors.ts";
import { llama3Scaling } from "./llama3Scaling.ts";
import { loadModel } from "./loadModel.ts";

const root = mkdtempSync(join(tmpdir(), "prefine-gguf-"));

/** The weights in the engine's layout. */
async function weightsOf({ weights }: LoadedModel): Promise<Map<string, Float32Array>> {
  const device = await openDevice();
  try {
    await device.load([...weights]);
    const names = [...weights.keys()];
    const tensors = await device.read(names);
    return new Map(tensors.map(({ data }, i) => [names[i], (data as Float32Array).slice()]));
  } finally {
    await device.dispose();
  }
}

const METADATA = {
  "general.architecture": "gpt2",
  "gpt2.context_length": 128,
  "gpt2.embedding_length": 32,
  "gpt2.block_count": 2,
  "gpt2.attention.head_count": 4,
  "gpt2.feed_forward_length": 128,
  "gpt2.attention.layer_norm_epsilon": 1e-5,
  "tokenizer.ggml.eos_token_id": 0,
};

function transposed(data: Float32Array, [rows, columns]: readonly number[]): Float32Array {
  return Float32Array.from(data, (_, i) => data[(i % rows) * columns + Math.floor(i / rows)]);
}

describe("a GPT-2 in a GGUF file", () => {
  let original: LoadedModel;
  let expected: Map<string, Float32Array>;
  const tensors: Record<string, GgufTensorToWrite> = {};
  beforeAll(async () => {
    original = await randomGpt2(join(root, "original"));
    expected = await weightsOf(original);
    for (const [name, data] of expected) {
      const shape = original.architecture.parameters.get(name) as number[];
      const { name: other, rows } = ggufSource(name, { model_type: "gpt2" })!;
      const isTransposed = rows === "transposed";
      const values = isTransposed ? transposed(data, shape) : data;
      const dims = isTransposed ? [...shape].reverse() : shape;
      tensors[other] = { shape: dims, type: 0, bytes: new Uint8Array(values.slice().buffer) };
    }
    writeGguf(join(root, "model.gguf"), METADATA, tensors);
  });

  it("has the config and the weights of its source", async () => {
    const model = await loadModel(join(root, "model.gguf"));
    const { n_embd, n_layer, n_head, n_positions, vocab_size } = original.config;
    expect(model.config).toMatchObject({ model_type: "gpt2", n_embd, n_layer, n_head, n_positions, vocab_size });
    expect(model.config.layer_norm_epsilon).toBe(1e-5);
    expect(model.generationConfig).toEqual({ eos_token_id: 0 });
    expect(await weightsOf(model)).toEqual(expected);
  });

  it("is found in a folder without other files, or by name", async () => {
    expect((await loadModel(root)).configFile).toBe(join(root, "model.gguf"));
    expect((await loadModel(root, { gguf_file: "model.gguf" })).configFile).toBe(join(root, "model.gguf"));
    writeGguf(join(root, "second.gguf"), METADATA, tensors);
    await expect(loadModel(root)).rejects.toThrow(
      /expected config\.json or one GGUF file, found 2: model\.gguf, second/,
    );
  });

  it("is read from its parts, whichever is named", async () => {
    const folder = join(root, "parts");
    mkdirSync(folder);
    const entries = Object.entries(tensors);
    const half = entries.length >> 1;
    const files = [1, 2, 3].map((number) => join(folder, `model-0000${number}-of-00003.gguf`));
    const parts = [[], entries.slice(0, half), entries.slice(half)];
    const write = (part: number, metadata: Record<string, string | number> = {}) =>
      writeGguf(
        files[part],
        {
          ...(part === 0 ? METADATA : {}),
          ...{ "split.no": part, "split.count": 3, "split.tensors.count": entries.length },
          ...metadata,
        },
        Object.fromEntries(parts[part]),
      );
    for (const part of files.keys()) write(part);
    for (const name of [folder, files[0], files[2]]) {
      const model = await loadModel(name);
      expect(model.configFile).toBe(files[0]);
      expect(await weightsOf(model)).toEqual(expected);
    }
    write(1, { "split.no": 2 });
    await expect(loadModel(folder)).rejects.toThrow(
      `${files[1]}: it is named as part 2 of 3, its metadata says part 3`,
    );
    rmSync(files[1]);
    await expect(loadModel(folder)).rejects.toThrow(`${files[1]}: expected part 2 of 3, found no such file`);
    write(1);
    write(0, { "split.tensors.count": 99 });
    await expect(loadModel(folder)).rejects.toThrow(`its parts have ${entries.length} tensors, its metadata says 99`);
    const renamed = join(root, "renamed.gguf");
    writeGguf(renamed, { ...METADATA, "split.no": 0, "split.count": 3 }, {});
    await expect(loadModel(renamed)).rejects.toThrow(/in 3 parts to end as -00001-of-00003\.gguf, found another/);
    rmSync(renamed);
  });

  it("names missing tensors, wrong shapes and unsupported families", async () => {
    const file = join(root, "broken.gguf");
    const { "output_norm.bias": _, ...fewer } = tensors;
    writeGguf(file, METADATA, fewer);
    await expect(loadModel(file)).rejects.toThrow(`${file}: no tensor "output_norm.bias", which its metadata requires`);
    writeGguf(file, { ...METADATA, "gpt2.context_length": 64 }, tensors);
    await expect(loadModel(file)).rejects.toThrow(/"position_embd\.weight" has shape \[128,32\].* says \[64,32\]/);
    writeGguf(file, { ...METADATA, "general.architecture": "mamba" }, tensors);
    await expect(loadModel(file)).rejects.toThrow(/family "mamba" are not supported/);
    writeGguf(file, METADATA, { ...tensors, "blk.0.attn_q.bias": tensors["output_norm.bias"] });
    await expect(loadModel(file)).rejects.toThrow(/tensor "blk\.0\.attn_q\.bias" is in no layer that prefine has/);
    writeGguf(file, METADATA, { ...tensors, "output.weight": tensors["token_embd.weight"] });
    expect((await loadModel(file)).architecture.head).toBe("lm_head.weight"); // a head of its own
    const { "gpt2.block_count": __, ...without } = METADATA;
    writeGguf(file, without, tensors);
    await expect(loadModel(file)).rejects.toThrow(/gpt2\.block_count: expected a number, found nothing/);
    writeFileSync(file, "no model");
    await expect(loadModel(file)).rejects.toMatchObject({ code: "model" });
  });
});

describe("Llama's relatives", () => {
  const metadata = new Map<string, unknown>(
    Object.entries({
      "general.architecture": "llama",
      "llama.context_length": 8192,
      "llama.embedding_length": 576,
      "llama.block_count": 30,
      "llama.attention.head_count": 9,
      "llama.attention.head_count_kv": 3,
      "llama.feed_forward_length": 1536,
      "llama.attention.layer_norm_rms_epsilon": Math.fround(1e-5),
      "llama.rope.dimension_count": 64,
      "llama.rope.freq_base": 100_000,
      "tokenizer.ggml.bos_token_id": 1,
    }),
  );
  const embedding = { dtype: "F32" as const, shape: [49_152, 576], start: 0, end: 0 };
  const tensors = new Map([["token_embd.weight", embedding]]);

  it("have the config of their safetensors", () => {
    const { config, generationConfig } = ggufConfig({ metadata, tensors }, "x.gguf");
    expect(config).toMatchObject({
      model_type: "llama",
      hidden_size: 576,
      head_dim: 64,
      num_key_value_heads: 3,
      rms_norm_eps: 1e-5,
      rope_theta: 100_000,
      tie_word_embeddings: true,
      vocab_size: 49_152,
    });
    expect(generationConfig).toEqual({ bos_token_id: 1 });
    const untied = new Map([...tensors, ["output.weight", embedding]]);
    expect(ggufConfig({ metadata, tensors: untied }, "x.gguf").config.tie_word_embeddings).toBe(false);
  });

  it("restore the order of rotary rows, for families whose converter changes it", () => {
    const config = { model_type: "llama", num_attention_heads: 9, num_key_value_heads: 3 };
    const q = "model.layers.3.self_attn.q_proj.weight";
    expect(ggufSource(q, config)).toMatchObject({ name: "blk.3.attn_q.weight", rows: { interleavedHeads: 9 } });
    expect(ggufSource(q.replace("q_", "k_"), config)).toMatchObject({ rows: { interleavedHeads: 3 } });
    expect(ggufSource(q, { ...config, model_type: "qwen2" })?.rows).toBeUndefined();
    expect(ggufSource("model.layers.0.mlp.unknown.weight", config)).toBeUndefined();
  });

  it("recover Llama 3's scaling from its factors", () => {
    const head = { theta: 500_000, headDim: 128 };
    const factors = Float32Array.from({ length: 64 }, (_, i) => {
      const wavelength = 2 * Math.PI * 500_000 ** (i / 64);
      const smooth = Math.min(1, Math.max(0, (8192 / wavelength - 1) / 3));
      return 1 / ((1 - smooth) / 32 + smooth);
    });
    expect(llama3Scaling(factors, head)).toMatchObject({ rope_type: "llama3", factor: 32, low_freq_factor: 1 });
    expect(llama3Scaling(factors.fill(3, 20, 30), head)).toBeUndefined();
  });
});
