/** @file A random model in a GGUF file, its matrices in blocks of 4 or 8 bits: Llama's shape, GPT-2's tokenizer. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fromFloat32 } from "../src/formats/narrowFloats.ts";
import { architectureOf } from "../src/models/families/architectures.ts";
import { ggufSource } from "../src/pretrained/ggufTensors.ts";
import { Mt19937 } from "../src/random.ts";
import { type GgufTensorToWrite, writeGguf } from "../test/support/writeGguf.ts";
import { tokenizerFolder } from "./materials.ts";
import type { SHAPE } from "./smolSettings.ts";

const BLOCK = 32;
/** Draws that are repeated. */
const DRAWS = 2 ** 20;
const F32 = 0;

interface BlockKind {
  /** ggml's number. */
  type: number;
  /** A block of 32 numbers -> its bytes. */
  encode(values: Float32Array): Uint8Array;
}

const half = (...values: number[]) => {
  const bits = fromFloat32(Float32Array.from(values), "F16");
  return new Uint8Array(bits.buffer, bits.byteOffset, bits.byteLength);
};
/** The first half of the codes in the lower bits. */
const nibbles = (codes: Uint8Array) =>
  codes.subarray(0, BLOCK / 2).map((code, i) => code | (codes[i + BLOCK / 2] << 4));
const codesOf = (values: Float32Array, code: (value: number) => number) =>
  Uint8Array.from(values, (value) => Math.min(Math.max(Math.round(code(value)), 0), 15));

/** As llama.cpp makes them. */
export const BLOCK_KINDS = {
  Q4_0: {
    type: 2,
    encode(values) {
      const largest = values.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
      const scale = largest / -8;
      return Buffer.concat([half(scale), nibbles(codesOf(values, (value) => value / scale + 8))]);
    },
  },
  Q4_1: {
    type: 3,
    encode(values) {
      const least = Math.min(...values);
      const scale = (Math.max(...values) - least) / 15;
      return Buffer.concat([half(scale, least), nibbles(codesOf(values, (value) => (value - least) / scale))]);
    },
  },
  Q8_0: {
    type: 8,
    encode(values) {
      const scale = Math.max(...values.map(Math.abs)) / 127;
      const codes = Int8Array.from(values, (value) => Math.round(value / scale));
      return Buffer.concat([half(scale), new Uint8Array(codes.buffer)]);
    },
  },
} satisfies Record<string, BlockKind>;

export type BlockKindName = keyof typeof BLOCK_KINDS;

function metadata(shape: typeof SHAPE) {
  const vocabulary = JSON.parse(readFileSync(join(tokenizerFolder, "vocab.json"), "utf8")) as Record<string, number>;
  const tokens: string[] = [];
  for (const [token, id] of Object.entries(vocabulary)) tokens[id] = token;
  const merges = readFileSync(join(tokenizerFolder, "merges.txt"), "utf8").split("\n");
  return {
    "general.architecture": "llama",
    "llama.vocab_size": shape.vocab_size,
    "llama.context_length": shape.max_position_embeddings,
    "llama.embedding_length": shape.hidden_size,
    "llama.block_count": shape.num_hidden_layers,
    "llama.attention.head_count": shape.num_attention_heads,
    "llama.attention.head_count_kv": shape.num_key_value_heads,
    "llama.feed_forward_length": shape.intermediate_size,
    "llama.attention.layer_norm_rms_epsilon": { float: shape.rms_norm_eps },
    "llama.rope.dimension_count": shape.head_dim,
    "llama.rope.freq_base": { float: shape.rope_theta },
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.pre": "gpt-2",
    "tokenizer.ggml.tokens": tokens,
    "tokenizer.ggml.token_type": tokens.map((_, id) => (id === shape.eos_token_id ? 3 : 1)), // control, normal
    "tokenizer.ggml.merges": merges.filter((line) => line !== "" && !line.startsWith("#")),
    "tokenizer.ggml.bos_token_id": shape.bos_token_id,
    "tokenizer.ggml.eos_token_id": shape.eos_token_id,
  };
}

/** Normal weights of standard deviation 0.02, as of `writeRandomModel`. */
export function writeRandomGguf(file: string, shape: typeof SHAPE, kind: BlockKindName): void {
  const { type, encode } = BLOCK_KINDS[kind];
  const draws = new Mt19937(0).normal(new Float32Array(DRAWS), 0, 0.02);
  const blocks = Array.from({ length: DRAWS / BLOCK }, (_, i) => encode(draws.subarray(i * BLOCK, (i + 1) * BLOCK)));
  const repeated = Buffer.concat(blocks);
  const tensors: Record<string, GgufTensorToWrite> = {};
  for (const [name, dims] of architectureOf(shape, "config.json").parameters) {
    const sizes = dims as readonly number[];
    const count = sizes.reduce((product, size) => product * size, 1);
    const source = ggufSource(name, shape)?.name ?? name;
    const isMatrix = sizes.length === 2;
    const bytes = isMatrix
      ? Buffer.alloc((count / BLOCK) * blocks[0].length, repeated)
      : new Uint8Array(new Float32Array(count).fill(1).buffer);
    tensors[source] = { shape: sizes, type: isMatrix ? type : F32, bytes };
  }
  writeGguf(file, metadata(shape), tensors);
}
