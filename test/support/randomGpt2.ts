/** @file A GPT-2 folder with random weights, of any size, that transformers loads too; and random pairs for it. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packPair } from "../../src/data/preferences/packPair.ts";
import type { PackedPair, PairTokens } from "../../src/data/preferences/types.ts";
import { encodeSafetensors, type SafetensorsTensor } from "../../src/formats/safetensors.ts";
import { architectureOf } from "../../src/models/families/architectures.ts";
import type { LoadedModel } from "../../src/models/loadedModel.ts";
import { loadModel } from "../../src/pretrained/loadModel.ts";
import { Mt19937 } from "../../src/random.ts";

interface Gpt2Options {
  n_embd?: number;
  n_layer?: number;
  n_head?: number;
  n_positions?: number;
  vocab_size?: number;
  /** Dropout rates; default 0. */
  embd_pdrop?: number;
  attn_pdrop?: number;
  resid_pdrop?: number;
}

/** transformers' default optimizer. */
export const ADAMW = { kind: "adamw", beta1: 0.9, beta2: 0.999, eps: 1e-8 } as const;

export const VOCABULARY = 97;

/** Writes config.json and model.safetensors; weights are large enough that tokens differ clearly in probability. */
export async function randomGpt2(folder: string, options: Gpt2Options = {}): Promise<LoadedModel> {
  const config = {
    model_type: "gpt2",
    architectures: ["GPT2LMHeadModel"],
    bos_token_id: 0,
    eos_token_id: 0,
    n_embd: 32,
    n_layer: 2,
    n_head: 4,
    n_positions: 128,
    vocab_size: VOCABULARY,
    embd_pdrop: 0,
    attn_pdrop: 0,
    resid_pdrop: 0,
    ...options,
  };
  const random = new Mt19937(7);
  const tensors = new Map<string, SafetensorsTensor>();
  for (const [name, shape] of architectureOf(config, "config.json").parameters) {
    const dims = shape as readonly number[];
    const data = random.normal(new Float32Array(dims.reduce((product, size) => product * size, 1)), 0, 0.15);
    if (/ln_\w+\.weight$/.test(name)) for (let i = 0; i < data.length; i++) data[i] += 1;
    tensors.set(name, { dtype: "F32", shape: [...dims], data });
  }
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  writeFileSync(join(folder, "model.safetensors"), encodeSafetensors(tensors, { format: "pt" }));
  return loadModel(folder);
}

/** Ids of `count` pairs: prompts of 3 to 8 tokens, completions of 2 to 15. */
export function randomPairTokens(count: number, seed = 1): PairTokens[] {
  const random = new Mt19937(seed);
  const ids = (least: number, most: number) => {
    const length = least + Math.floor(random.random() * (most - least + 1));
    return Array.from({ length }, () => Math.floor(random.random() * VOCABULARY));
  };
  return Array.from({ length: count }, () => ({
    prompt_ids: ids(3, 8),
    chosen_ids: ids(2, 15),
    rejected_ids: ids(2, 15),
  }));
}

export function packed(pair: PairTokens, index = 0): PackedPair {
  return packPair(pair, { index, max_length: null, truncation_mode: "keep_start" })!;
}
