/** @file The workload: packed tokens and floating point operations per step, counted, not measured. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packPair } from "../src/data/preferences/packPair.ts";
import { tokenizePairs } from "../src/data/preferences/tokenizePairs.ts";
import type { PackedPair } from "../src/data/preferences/types.ts";
import { AutoTokenizer, loadDataset } from "../src/index.ts";
import { architectureOf } from "../src/models/families/architectures.ts";
import type { Architecture } from "../src/models/network.ts";
import { benchRows, dataFolder, preferenceTexts } from "./materials.ts";
import { mean } from "./measurements.ts";

/** Queries x keys of a causal block of `queries` after `before` tokens. */
const visible = (before: number, queries: number): number => queries * before + (queries * (queries + 1)) / 2;

/**
 * Floating point operations of one step on one pair: the forward pass, and the backward pass to the inputs of every
 * layer (frozen weights have no gradient). A product [a, b] x [b, c] counts as 2 a b c. Counted are linear layers on
 * every packed token, the unembedding on every predicted one, and attention's two products on the visible pairs (four
 * in its backward pass), but not the adapter (under 1 %), elementwise ops or recomputation.
 */
function stepFlops(pair: PackedPair, architecture: Architecture): number {
  const { hiddenSize, vocabSize, layers } = architecture;
  const linear = architecture.linears.reduce((sum, layer) => sum + layer.inFeatures * layer.outFeatures, 0);
  const pairs =
    visible(0, pair.sharedLength) +
    visible(pair.sharedLength, pair.chosenLength) +
    visible(pair.sharedLength, pair.rejectedLength);
  const forward = 2 * linear * pair.tokens.length + 2 * vocabSize * hiddenSize * pair.labels.length;
  const attention = 2 * 2 * layers * hiddenSize * pairs;
  return 2 * forward + 3 * attention;
}

/** Means over the 24 rows, tokenized and packed as for training. */
export async function countWork(folder: string): Promise<{ tokens: number; flops: number }> {
  const configFile = join(folder, "config.json");
  const architecture = architectureOf(JSON.parse(readFileSync(configFile, "utf8")), configFile);
  const tokenizer = await AutoTokenizer.from_pretrained(folder);
  const dataset = await loadDataset(dataFolder);
  const rows = await dataset.train_prefs.select(benchRows()).map(preferenceTexts);
  const { pairs } = await tokenizePairs(rows, tokenizer, { max_length: 512 });
  const packed = pairs.map((pair, index) => {
    const row = packPair(pair, { max_length: 512, truncation_mode: "keep_start", index });
    if (!row) throw new Error(`internal: row ${index} has no completion`);
    return row;
  });
  return {
    tokens: mean(packed.map((pair) => pair.tokens.length)),
    flops: mean(packed.map((pair) => stepFlops(pair, architecture))),
  };
}
