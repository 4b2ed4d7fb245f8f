/**
 * @file NaN and infinite values in each type of a file's tensors, in base models, adapters and references: the error
 * names the tensor, by its name in the file.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fromFloat32 } from "../../src/formats/narrowFloats.ts";
import {
  decodeSafetensors,
  encodeSafetensors,
  type SafetensorsTensor,
  toFloat32,
} from "../../src/formats/safetensors.ts";
import { AutoModelForCausalLM, DPOConfig, DPOTrainer, LoraConfig, merge_and_unload } from "../../src/index.ts";
import { byteTokenizer } from "../support/byteTokenizer.ts";
import { FAMILIES, randomModel } from "../support/randomModel.ts";
import { writeGguf } from "../support/writeGguf.ts";

const dir = mkdtempSync(join(tmpdir(), "prefine-not-finite-"));
const base = join(dir, "base");
const silent = { onWarning: () => {} };
const fixtures = new URL("../fixtures/bitsandbytes/", import.meta.url);
const Q = "model.layers.1.self_attn.q_proj";

beforeAll(async () => {
  await randomModel(base, { ...FAMILIES.llama, vocab_size: 257 });
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

type Change = (name: string, tensor: SafetensorsTensor) => SafetensorsTensor;

/** A copy of a model or adapter folder with changed tensors. */
function changed(from: string, name: string, change: Change, file = "model.safetensors"): string {
  const folder = join(dir, name);
  cpSync(from, folder, { recursive: true });
  const path = join(folder, file);
  const { tensors } = decodeSafetensors(readFileSync(path), path);
  const all = [...tensors].map(([key, tensor]): [string, SafetensorsTensor] => [key, change(key, tensor)]);
  writeFileSync(path, encodeSafetensors(new Map(all), { format: "pt" }));
  return folder;
}

/** The tensor as another type, with one odd value if it is the named one. */
function withOdd(odd: string, dtype: "F32" | "F16" | "BF16" | "F64", value: number): Change {
  return (name, tensor) => {
    const values = toFloat32(tensor.data as Uint8Array, tensor.dtype, name);
    if (name === odd) values[values.length >> 1] = value;
    const data = dtype === "F64" ? Float64Array.from(values) : fromFloat32(values, dtype);
    return { dtype, shape: tensor.shape, data };
  };
}

async function generateError(folder: string, kwargs: object = {}): Promise<string> {
  const model = await AutoModelForCausalLM.from_pretrained(folder, { ...silent, ...kwargs });
  try {
    const input_ids = Array.from({ length: 20 }, (_, i) => i + 20);
    const options = { input_ids, max_new_tokens: 2, do_sample: false, ...silent };
    return await model.generate(options).then(
      () => "no error",
      (error: Error) => error.message,
    );
  } finally {
    await model.dispose();
  }
}

type Trained = Omit<ConstructorParameters<typeof DPOTrainer>[0], "args" | "train_dataset">;

let runs = 0;
async function trainError(options: Trained): Promise<string> {
  const trainer = new DPOTrainer({
    processing_class: byteTokenizer(),
    train_dataset: [{ prompt: "Is tea a drink?", chosen: " Yes.", rejected: " Who knows?" }],
    args: new DPOConfig({ output_dir: join(dir, `run-${runs++}`), max_steps: 1, disable_tqdm: true }),
    ...options,
  });
  const message = await trainer.train().then(
    () => "no error",
    (error: Error) => error.message,
  );
  await trainer.dispose();
  return message;
}

const peft_config = new LoraConfig({ r: 2, target_modules: ["q_proj"] });

describe("of a base model", () => {
  const TENSORS = [
    "model.embed_tokens.weight",
    `${Q}.weight`,
    "model.layers.0.input_layernorm.weight",
    "lm_head.weight",
  ];
  const TYPES = ["F32", "F16", "BF16", "F64"] as const;
  const cases = TYPES.flatMap((dtype, i) => [[dtype, TENSORS[i], Number.NaN] as const]);
  cases.push(["F16", `${Q}.weight`, Number.POSITIVE_INFINITY], ["BF16", `${Q}.weight`, Number.NEGATIVE_INFINITY]);

  test.each(cases)("%s: %s with %s", async (dtype, name, value) => {
    const isEmbedding = name.includes("embed");
    const change: Change = (key, tensor) => {
      const result = withOdd(name, dtype, value)(key, tensor);
      if (key === name && isEmbedding) (result.data as Uint8Array).fill(255); // the prompt's tokens are among them
      return result;
    };
    const folder = changed(base, `base-${dtype}-${value}-${name}`, change);
    const words = `tensor "${name}" has ${Number.isNaN(value) ? "NaN" : "Infinity"}`;
    expect(await generateError(folder)).toBe(`${folder}: ${words}`);
    if (dtype !== "F16") return; // the others are widened alike
    expect(await trainError({ model: folder, peft_config })).toContain(`; the model's ${words}`);
    expect(await trainError({ model: folder })).toContain(`; the model's ${words}`);
    expect(await trainError({ model: base, ref_model: folder })).toContain(`; the reference model's ${words}`);
  });

  test.each([
    { load_in_4bit: true },
    { load_in_4bit: true, bnb_4bit_quant_type: "nf4" as const, bnb_4bit_use_double_quant: true },
    { load_in_8bit: true },
  ])("quantized on reading: %o", async (quantization_config) => {
    const folder = changed(
      base,
      `quantized-${JSON.stringify(quantization_config)}`,
      withOdd(`${Q}.weight`, "BF16", Number.NaN),
    );
    expect(await generateError(folder, { quantization_config })).toBe(`${folder}: tensor "${Q}.weight" has NaN`);
    const training = { model: folder, peft_config, quantization_config };
    expect(await trainError(training)).toContain(`; the model's tensor "${Q}.weight" has NaN`);
  });
});

describe("of scales in quantized files", () => {
  const ATTENTION = "model.layers.0.self_attn.q_proj";
  test.each([
    ["llama-nf4", `${ATTENTION}.weight.nested_absmax`],
    ["gpt2-fp4", "transformer.h.0.attn.c_attn.weight.absmax"],
    ["llama-int8", `${ATTENTION}.SCB`],
  ])("%s: %s", async (kind, name) => {
    const nan: Change = (key, tensor) => {
      if (key !== name) return tensor;
      const data = new Float32Array(new Uint8Array(tensor.data as Uint8Array).buffer);
      return { ...tensor, data: data.fill(Number.NaN, 0, 1) };
    };
    const folder = changed(new URL(kind, fixtures).pathname, kind, nan);
    expect(await generateError(folder)).toBe(`${folder}: tensor "${name}" has NaN`);
  });
});

describe("of an adapter", () => {
  const B = `base_model.model.${Q}.lora_B.weight`;
  const adapters: Record<string, string> = {};
  beforeAll(async () => {
    const run = join(dir, "adapter");
    const trainer = new DPOTrainer({
      model: base,
      processing_class: byteTokenizer(),
      train_dataset: [{ prompt: "Is tea a drink?", chosen: " Yes.", rejected: " Who knows?" }],
      args: new DPOConfig({ output_dir: run, max_steps: 1, disable_tqdm: true }),
      peft_config,
    });
    await trainer.train();
    await trainer.dispose();
    for (const dtype of ["F32", "F16", "BF16", "F64"] as const) {
      const change = withOdd(B, dtype, Number.NaN);
      adapters[dtype] = changed(run, `adapter-${dtype}`, change, "adapter_model.safetensors");
    }
  });

  test.each(["F32", "F16", "BF16", "F64"])("%s", async (dtype) => {
    const words = `tensor "${B}" has NaN`;
    expect(await generateError(adapters[dtype])).toBe(`${adapters[dtype]}: ${words}`);
    const model = await AutoModelForCausalLM.from_pretrained(adapters[dtype], silent);
    expect(await trainError({ model })).toContain(`; the model's ${words}`);
    const expected = `; the reference model's ${words}`;
    expect(await trainError({ model: base, ref_model: model })).toContain(expected);
    const merging = merge_and_unload(adapters[dtype], { output_dir: join(dir, `merged-${dtype}`), ...silent });
    await expect(merging).rejects.toThrow(`the merged model's tensor "${Q}.weight" has NaN`);
  });
});

/** ggml's numbers, bytes per block, and the place of its scale of 16 bits. */
const GGML: Record<string, [type: number, elements: number, bytes: number, scale: number]> = {
  F16: [1, 1, 2, 0],
  Q4_0: [2, 32, 18, 0],
  Q4_1: [3, 32, 20, 0],
  Q5_0: [6, 32, 22, 0],
  Q5_1: [7, 32, 24, 2],
  Q8_0: [8, 32, 34, 0],
  Q4_K: [12, 256, 144, 0],
  Q5_K: [13, 256, 176, 2],
  Q6_K: [14, 256, 210, 208],
};

describe("of block scales in GGUF files", () => {
  const METADATA = {
    "general.architecture": "llama",
    "llama.context_length": 64,
    "llama.embedding_length": 256,
    "llama.block_count": 1,
    "llama.attention.head_count": 4,
    "llama.feed_forward_length": 256,
    "llama.attention.layer_norm_rms_epsilon": 1e-5,
  };
  const ones = (shape: number[]) => ({ shape, type: 0, bytes: fromFloat32(new Float32Array(shape[0]).fill(1), "F32") });

  test.each(Object.keys(GGML))("%s", async (dtype) => {
    const [type, elements, bytes, scale] = GGML[dtype];
    const matrix = (rows: number) => {
      const data = new Uint8Array(((rows * 256) / elements) * bytes);
      return { shape: [rows, 256], type, bytes: data };
    };
    const odd = matrix(256);
    odd.bytes.set([0x00, 0x7e], scale + bytes);
    const embedding = ones([64 * 256]);
    mkdirSync(join(dir, "gguf"), { recursive: true });
    const file = join(dir, "gguf", `${dtype}.gguf`);
    writeGguf(file, METADATA, {
      "token_embd.weight": { ...embedding, shape: [64, 256] },
      "output_norm.weight": ones([256]),
      "blk.0.attn_norm.weight": ones([256]),
      "blk.0.ffn_norm.weight": ones([256]),
      "blk.0.attn_q.weight": matrix(256),
      "blk.0.attn_k.weight": matrix(256),
      "blk.0.attn_v.weight": matrix(256),
      "blk.0.attn_output.weight": matrix(256),
      "blk.0.ffn_gate.weight": matrix(256),
      "blk.0.ffn_up.weight": matrix(256),
      "blk.0.ffn_down.weight": odd,
    });
    const name = `"blk.0.ffn_down.weight" (model.layers.0.mlp.down_proj.weight)`;
    expect(await generateError(file)).toBe(`${file}: tensor ${name} has NaN`);
  });
});
