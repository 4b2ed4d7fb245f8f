/** @file Small seed files of the fuzzer: a GGUF file, and a dataset with a card. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { memorySource } from "../../src/formats/byteSource.ts";
import { readGguf } from "../../src/formats/gguf.ts";
import { writeGguf } from "../../test/support/writeGguf.ts";

export async function readSmallGguf(): Promise<void> {
  const bytes = new Uint8Array(readFileSync("small.gguf"));
  const { tensors } = await readGguf(memorySource(bytes), "small.gguf");
  for (const [name, { start, end }] of tensors)
    if (!(start <= end && end <= bytes.length)) throw new Error(`a wrong answer: ${name} ends beyond its file`);
}

export function furnishGguf(): void {
  const metadata = {
    "general.architecture": "llama",
    "llama.block_count": 2,
    "tokenizer.ggml.tokens": ["a", "\ufeffb"],
  };
  const matrix = { shape: [2, 3], type: 0, bytes: new Uint8Array(24) };
  const row = { shape: [32], type: 8, bytes: new Uint8Array(34) };
  writeGguf("small.gguf", { ...metadata, scores: [0.5, 1.5], ids: [1, 2] }, { matrix, row });
}

const CARD = `---
configs:
- config_name: default
  data_files:
  - split: train
    path: train*.jsonl
  - split: test
    path:
    - test.jsonl
  default: true
license: mit
---
# Pairs
`;

export function furnishCards(): void {
  mkdirSync("cards");
  writeFileSync("cards/README.md", CARD);
  cpSync("train.jsonl", "cards/train-1.jsonl");
  cpSync("eval.jsonl", "cards/test.jsonl");
}
