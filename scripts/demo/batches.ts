/** @file Entries -> batches for the language model: packed rows of similar length, padded, with masks. */
import { packPair } from "../../src/data/preferences/packPair.ts";
import { tokenizePair } from "../../src/data/preferences/tokenizePair.ts";
import type { PackedPair } from "../../src/data/preferences/types.ts";
import type { Tokenizer } from "../../src/data/tokenizers/tokenizer.ts";
import type { HostTensor } from "../../src/engine/runtime/device.ts";
import { shuffled } from "./choices.ts";
import type { Entry } from "./entries.ts";
import type { BatchShape } from "./languageModel.ts";
import { FIRST_WORD_WEIGHT, MANNER_SHARE, PRETRAINING } from "./settings.ts";

/** A question with both answers as one row, and the weight of the answers. */
export interface PackedEntry {
  packed: PackedPair;
  directShare: number;
}

export interface Batch {
  shape: BatchShape;
  feeds: Record<string, HostTensor>;
  /** Number of predicted tokens. */
  targets: number;
}

/** Lengths are rounded up to multiples of this, because each length needs a compiled graph. */
const LENGTH_STEP = 16;
/** Number of batches whose rows are sorted by length together: little padding, but still varied batches. */
const POOL = 28;
/** Added to the scores of masked tokens; its exp is exactly 0. */
const HIDDEN = -1e30;

export function packEntries(entries: readonly Entry[], tokenizer: Tokenizer): PackedEntry[] {
  return entries.map(({ prompt, direct, rambling, mostlyRambles }, index) => {
    const tokens = tokenizePair({ kind: "texts", prompt, chosen: direct, rejected: rambling }, tokenizer);
    const packed = packPair(tokens, { max_length: null, truncation_mode: "keep_start", index });
    if (!packed || tokens.lost_prompt_ids.length > 0) throw new Error(`an answer begins inside a token: ${prompt}`);
    return { packed, directShare: mostlyRambles ? 1 - MANNER_SHARE : MANNER_SHARE };
  });
}

/** The batches of an epoch; each question is in one of them. */
export function epochBatches(entries: readonly PackedEntry[], epoch: number): Batch[] {
  const { batchSize } = PRETRAINING;
  const order = shuffled(entries, `epoch ${epoch}`, ({ packed }) => String(packed.index));
  const groups: PackedEntry[][] = [];
  for (let start = 0; start < order.length; start += POOL * batchSize) {
    const pool = order.slice(start, start + POOL * batchSize);
    pool.sort((a, b) => a.packed.tokens.length - b.packed.tokens.length);
    for (let at = 0; at < pool.length; at += batchSize) groups.push(pool.slice(at, at + batchSize));
  }
  return shuffled(groups, `batches ${epoch}`, (_, i) => String(i)).map(makeBatch);
}

/** A token sees itself and earlier tokens, except those of the other answer. [L, L] */
function writeMask(mask: Float32Array, { sharedLength, chosenLength, tokens }: PackedPair, length: number): void {
  const rejectedStart = sharedLength + chosenLength;
  for (let query = 0; query < length; query++) {
    for (let key = 0; key < length; key++) {
      const isOther = query >= rejectedStart && key >= sharedLength && key < rejectedStart;
      const isPadding = query >= tokens.length ? key !== query : false; // sees itself, for a defined softmax
      mask[query * length + key] = key > query || isOther || isPadding ? HIDDEN : 0;
    }
  }
}

/** Predicted tokens of a row: the prompt's except the first, then those of both answers. */
function targetsOf({ packed, directShare }: PackedEntry): { from: number; label: number; weight: number }[] {
  const { tokens, sharedLength, predictFrom, labels, chosenTargets } = packed;
  const prompt = Array.from({ length: sharedLength - 1 }, (_, i) => ({ from: i, label: tokens[i + 1], weight: 1 }));
  const answers = Array.from(labels, (label, i) => {
    const share = i < chosenTargets ? directShare : 1 - directShare;
    const isFirst = i === 0 || i === chosenTargets;
    return { from: predictFrom[i], label, weight: isFirst ? share * FIRST_WORD_WEIGHT : share };
  });
  return [...prompt, ...answers];
}

function makeBatch(entries: readonly PackedEntry[]): Batch {
  const longest = Math.max(...entries.map(({ packed }) => packed.tokens.length));
  const length = Math.ceil(longest / LENGTH_STEP) * LENGTH_STEP;
  const rows = entries.length;
  const tokens = new Int32Array(rows * length);
  const positions = new Int32Array(rows * length);
  const mask = new Float32Array(rows * length * length);
  for (const [row, { packed }] of entries.entries()) {
    tokens.set(packed.tokens, row * length);
    positions.set(packed.positions, row * length);
    writeMask(mask.subarray(row * length * length, (row + 1) * length * length), packed, length);
  }
  const targets = entries.flatMap((entry, row) =>
    targetsOf(entry).map(({ from, label, weight }) => ({ from: row * length + from, label, weight })),
  );
  const total = targets.reduce((sum, { weight }) => sum + weight, 0);
  const ints = (data: Int32Array): HostTensor => ({ dtype: "int32", shape: [data.length], data });
  const feeds: Record<string, HostTensor> = {
    tokens: ints(tokens),
    positions: ints(positions),
    mask: { dtype: "float32", shape: [rows, 1, length, length], data: mask },
    predictFrom: ints(Int32Array.from(targets, ({ from }) => from)),
    labels: ints(Int32Array.from(targets, ({ label }) => label)),
    weights: {
      dtype: "float32",
      shape: [targets.length],
      data: Float32Array.from(targets, ({ weight }) => weight / total),
    },
  };
  return { shape: { rows, length }, feeds, targets: targets.length };
}
