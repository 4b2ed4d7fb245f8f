/** @file A small Llama in a GGUF file, its matrices in blocks of 8 bits, and the same numbers as safetensors. */
import { join } from "node:path";
import { openDevice } from "../../src/device/openDevice.ts";
import { fromFloat32 } from "../../src/formats/narrowFloats.ts";
import type { SafetensorsTensor } from "../../src/formats/safetensors.ts";
import { architectureOf } from "../../src/models/families/architectures.ts";
import type { LoadedModel } from "../../src/models/loadedModel.ts";
import { ggufSource } from "../../src/pretrained/ggufTensors.ts";
import { loadModel } from "../../src/pretrained/loadModel.ts";
import { Mt19937 } from "../../src/random.ts";
import { VOCABULARY } from "./randomGpt2.ts";
import { writeModel } from "./randomModel.ts";
import { type GgufTensorToWrite, writeGguf } from "./writeGguf.ts";

const METADATA = {
  "general.architecture": "llama",
  "llama.context_length": 128,
  "llama.embedding_length": 32,
  "llama.block_count": 2,
  "llama.attention.head_count": 4,
  "llama.attention.head_count_kv": 2,
  "llama.feed_forward_length": 96,
  "llama.attention.layer_norm_rms_epsilon": 1e-5,
  "llama.rope.dimension_count": 8,
  "llama.rope.freq_base": 10_000,
};
const CONFIG = {
  model_type: "llama",
  hidden_size: 32,
  intermediate_size: 96,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 8,
  max_position_embeddings: 128,
  vocab_size: VOCABULARY,
  rope_theta: 10_000,
  rms_norm_eps: 1e-5,
  tie_word_embeddings: true,
};
const BLOCK = 32;

/** Q8_0: a scale of 16 bits and 32 whole numbers, block by block. */
function eightBits(values: Float32Array): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (let start = 0; start < values.length; start += BLOCK) {
    const block = values.subarray(start, start + BLOCK);
    const scale = Math.max(...block.map(Math.abs)) / 127;
    blocks.push(fromFloat32(Float32Array.of(scale), "F16"));
    blocks.push(new Uint8Array(Int8Array.from(block, (value) => Math.round(value / scale)).buffer));
  }
  return Buffer.concat(blocks);
}

/** @returns the file, and a float32 model of the numbers in it. */
export async function ggufLlama(folder: string): Promise<{ file: string; plain: LoadedModel }> {
  const plain = join(folder, "plain");
  const random = new Mt19937(9);
  const tensors: Record<string, GgufTensorToWrite> = {};
  const { parameters } = architectureOf(CONFIG, "config.json");
  for (const [name, dims] of parameters) {
    const shape = dims as readonly number[];
    const values = random.normal(new Float32Array(shape.reduce((product, size) => product * size, 1)), 0, 0.15);
    const source = ggufSource(name, CONFIG)!;
    if (shape.length === 2) tensors[source.name] = { shape, type: 8, bytes: eightBits(values) };
    else
      tensors[source.name] = {
        shape,
        type: 0,
        bytes: fromFloat32(
          values.map((value) => value + 1),
          "F32",
        ),
      };
  }
  const file = `${folder}.gguf`;
  writeGguf(file, METADATA, tensors);
  const { weights } = await loadModel(file);
  const device = await openDevice({ threads: 1 });
  await device.load([...weights]);
  const read = await device.read([...weights.keys()]);
  const entries = read.map(({ shape, data }, i): [string, SafetensorsTensor] => {
    return [[...weights.keys()][i], { dtype: "F32", shape: [...shape], data: (data as Float32Array).slice() }];
  });
  await device.dispose();
  return { file, plain: await writeModel(plain, CONFIG, new Map(entries)) };
}
