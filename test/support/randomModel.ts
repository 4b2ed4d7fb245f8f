/** @file Folders with small models of any family: with random weights, or with changed weights of another model. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dequantizeBlocks, quantizeBlocks } from "../../src/formats/quantizedBlocks.ts";
import { decodeSafetensors, encodeSafetensors, type SafetensorsTensor } from "../../src/formats/safetensors.ts";
import { architectureOf } from "../../src/models/families/architectures.ts";
import type { LoadedModel } from "../../src/models/loadedModel.ts";
import { loadModel } from "../../src/pretrained/loadModel.ts";
import { Mt19937 } from "../../src/random.ts";
import { VOCABULARY } from "./randomGpt2.ts";

const DECODER = {
  hidden_size: 32,
  intermediate_size: 88,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 8,
  max_position_embeddings: 128,
  vocab_size: VOCABULARY,
  rope_theta: 10000,
  rms_norm_eps: 1e-6,
  tie_word_embeddings: false,
  hidden_act: "silu",
  bos_token_id: 0,
  eos_token_id: 0,
};

/** What Gemma 2 and 3 read besides. */
const GEMMA = { tie_word_embeddings: true, query_pre_attn_scalar: 12, hidden_activation: "gelu_pytorch_tanh" };
const GRANITE = { embedding_multiplier: 3, residual_multiplier: 0.8, attention_multiplier: 0.2, logits_scaling: 1.25 };

/** config.json by family; rows of 32 and 88 numbers, so that blocks of 64 cross their ends. */
export const FAMILIES: Record<string, Record<string, unknown>> = {
  gpt2: { model_type: "gpt2", n_embd: 32, n_layer: 2, n_head: 4, n_positions: 128, vocab_size: VOCABULARY },
  llama: { model_type: "llama", ...DECODER },
  mistral: { model_type: "mistral", ...DECODER, sliding_window: 8 },
  qwen2: { model_type: "qwen2", ...DECODER, tie_word_embeddings: true },
  qwen3: { model_type: "qwen3", ...DECODER },
  gemma: { model_type: "gemma", ...DECODER, num_key_value_heads: 1, tie_word_embeddings: true, hidden_act: "gelu" },
  gemma2: { model_type: "gemma2", ...DECODER, ...GEMMA, sliding_window: 8 },
  gemma3_text: { model_type: "gemma3_text", ...DECODER, ...GEMMA, sliding_window: 8, sliding_window_pattern: 2 },
  phi3: { model_type: "phi3", ...DECODER, partial_rotary_factor: 0.75 },
  smollm3: { model_type: "smollm3", ...DECODER, no_rope_layers: [1, 0] },
  olmo2: { model_type: "olmo2", ...DECODER },
  granite: { model_type: "granite", ...DECODER, ...GRANITE },
  gpt_neox: {
    model_type: "gpt_neox",
    hidden_size: 32,
    intermediate_size: 88,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    max_position_embeddings: 128,
    vocab_size: VOCABULARY,
    rotary_pct: 0.5,
    bos_token_id: 0,
    eos_token_id: 0,
  },
  starcoder2: { model_type: "starcoder2", ...DECODER, hidden_act: "gelu_pytorch_tanh", tie_word_embeddings: true },
};

/** Weights are large enough that tokens differ clearly in probability. */
export function randomModel(folder: string, config: Record<string, unknown>): Promise<LoadedModel> {
  const random = new Mt19937(7);
  const tensors = new Map<string, SafetensorsTensor>();
  for (const [name, shape] of architectureOf(config, "config.json").parameters) {
    const dims = shape as readonly number[];
    const data = random.normal(new Float32Array(dims.reduce((product, size) => product * size, 1)), 0, 0.15);
    const isAroundZero = String(config.model_type).startsWith("gemma");
    if (/(ln_\w+|norm)\.weight$/.test(name) && !isAroundZero) for (let i = 0; i < data.length; i++) data[i] += 1;
    tensors.set(name, { dtype: "F32", shape: [...dims], data });
  }
  return writeModel(folder, config, tensors);
}

/** `from` with some tensors changed, by name. */
function changedModel(
  folder: string,
  from: string,
  change: (name: string, shape: readonly number[], data: Float32Array) => Float32Array,
): Promise<LoadedModel> {
  const file = join(from, "model.safetensors");
  const { tensors } = decodeSafetensors(readFileSync(file), file);
  const changed = [...tensors].map(([name, { shape, data }]): [string, SafetensorsTensor] => {
    const floats = new Float32Array(new Uint8Array(data as Uint8Array).slice().buffer);
    return [name, { dtype: "F32", shape: [...shape], data: change(name, shape, floats) }];
  });
  return writeModel(folder, JSON.parse(readFileSync(join(from, "config.json"), "utf8")), new Map(changed));
}

/** A float32 model with the dequantized weights of a quantized one. */
export function dequantizedModel(folder: string, from: string, model: LoadedModel): Promise<LoadedModel> {
  return changedModel(folder, from, (name, [rows, columns], data) => {
    const quantization = model.architecture.quantized?.get(name.replace(/\.weight$/, ""));
    if (!quantization || !name.endsWith(".weight")) return data;
    const flip = (matrix: Float32Array, height: number, width: number) =>
      matrix.map((_, i) => matrix[(i % height) * width + Math.floor(i / height)]);
    const isFlipped = quantization.layout === "in,out";
    const values = isFlipped ? flip(data, rows, columns) : data;
    const found = dequantizeBlocks(quantizeBlocks(values, quantization), quantization, values.length);
    return isFlipped ? flip(found, columns, rows) : found;
  });
}

export function writeModel(
  folder: string,
  config: unknown,
  tensors: Map<string, SafetensorsTensor>,
): Promise<LoadedModel> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  writeFileSync(join(folder, "model.safetensors"), encodeSafetensors(tensors, { format: "pt" }));
  return loadModel(folder);
}
