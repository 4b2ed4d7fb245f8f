/** @file What a training on several ranks has, beside that of one process with as many micro-batches. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { LogEntry } from "../../src/checkpoints/trainerState.ts";
import { RANK_TRAININGS, type Trained } from "./rankTrainings.ts";
import { largestDifference, readTensors } from "./shared.ts";

interface Side {
  trained: Trained;
  /** Its output_dir. */
  folder: string;
}

/**
 * Sums over all tokens of a step's ranks, but means over a process's micro-batches, as in TRL: equal only where all
 * answers are equally long. The parity tests compare them with TRL's.
 */
const BY_TOKENS = /^(entropy|mean_token_accuracy|logits\/)/;
/** In an evaluation, means over batches: those of one process are larger, unless it evaluates as a rank does. */
const EVALUATED_BY_TOKENS = /^(eval_)?(entropy|mean_token_accuracy|logits\/)/;
const IS_TIMING = /runtime|per_second/;

/** Means that count pairs twice, which only fill up the last round of the ranks; the parity tests compare them. */
const FILLED = /^(entropy|mean_token_accuracy|logits\/)|^eval_(loss|entropy|mean_token_accuracy|logits|logps|rewards)/;

/** A loss and a gradient summed in another order. */
const MOST = 2e-5;

const isClose = (a: number, b: number) => Object.is(a, b) || Math.abs(a - b) <= MOST * Math.max(1, Math.abs(b));

/** In words, beyond rounding; empty: none. */
export function differencesOfRanks(ranks: Side, alone: Side): string[] {
  const failed = [ranks, alone].flatMap(({ trained: { error } }) => (error === undefined ? [] : [error]));
  if (failed.length > 0) return failed;
  const isFilled = ranks.trained.seen.length > 0;
  const byTokens = RANK_TRAININGS[ranks.trained.name].evaluatesAsRank ? EVALUATED_BY_TOKENS : BY_TOKENS;
  const differences = differencesOfLogs(ranks.trained.log, alone.trained.log, isFilled ? FILLED : byTokens);
  if (ranks.trained.flos !== alone.trained.flos)
    differences.push(`total_flos: ${ranks.trained.flos}, alone ${alone.trained.flos}`);
  differences.push(...differencesOfWeights(ranks.folder, alone.folder));
  const margins = [ranks, alone].map(({ folder }) => marginsOf(folder));
  if (margins[0].length !== margins[1].length || !margins[0].every((value, i) => isClose(value, margins[1][i])))
    differences.push("eval_margins.csv");
  return differences;
}

function differencesOfLogs(ranks: readonly LogEntry[], alone: readonly LogEntry[], skipped: RegExp): string[] {
  if (ranks.length !== alone.length) return [`${ranks.length} log entries, alone ${alone.length}`];
  return alone.flatMap((entry, i) => {
    const keys = [entry, ranks[i]].map((one) => Object.keys(one).filter((key) => !IS_TIMING.test(key)));
    if (keys[0].join() !== keys[1].join()) return [`entry ${i}: ${keys[1].join()}, alone ${keys[0].join()}`];
    return keys[0].flatMap((key) => {
      const isEqual = skipped.test(key) || isClose(ranks[i][key], entry[key]);
      return isEqual ? [] : [`step ${entry.step} ${key}: ${ranks[i][key]}, alone ${entry[key]}`];
    });
  });
}

function differencesOfWeights(ranks: string, alone: string): string[] {
  const name = ["adapter_model.safetensors", "model.safetensors"].find((file) => existsSync(join(alone, file)));
  const [trained, expected] = [ranks, alone].map((folder) => readTensors(join(folder, name as string)));
  if ([...trained.keys()].join() !== [...expected.keys()].join()) return [`${name}: other tensors`];
  return [...expected].flatMap(([key, tensor]) => {
    const [own, theirs] = [trained.get(key)?.data, tensor.data].map((data) => compared(key, data as Float32Array));
    const { difference } = largestDifference(own, theirs);
    return difference <= MOST ? [] : [`${key}: differs by ${difference}`];
  });
}

/** Without the keys' bias: its gradient is 0 but for rounding, which AdamW makes whole steps of. */
function compared(key: string, data: Float32Array): Float32Array {
  if (!/c_attn\.(base_layer\.)?bias$/.test(key)) return data;
  const third = data.length / 3;
  return Float32Array.of(...data.subarray(0, third), ...data.subarray(2 * third));
}

/** All numbers of the table, row after row; the names of sets as their lengths. */
function marginsOf(folder: string): number[] {
  const path = join(folder, "eval_margins.csv");
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").trim().split("\n").slice(1);
  return lines.flatMap((line) => line.split(",").map((field) => (field === "" ? -1 : Number(field) || field.length)));
}
