/** @file The kernels of training, which run where the tensors are, between two runs of the step graph. */
import { sumOfSquares } from "./clipGradNorm.ts";
import type { StepContext } from "./optimizer.ts";
import { type OptimizerSettings, update } from "./optimizers.ts";

/** `accumulated += scale * fresh`, of one tensor. 0.8 M numbers (GPT-2's LoRA of r 4): 1 ms. */
export const accumulate = {
  name: "accumulate",
  run({ accumulated, fresh }: { accumulated: Float32Array; fresh: Float32Array }, { scale }: { scale: number }): void {
    for (let i = 0; i < accumulated.length; i++) accumulated[i] += scale * fresh[i];
  },
};

/** `accumulated *= scale`, of one tensor: the first gradients of a step are written directly into the sum. */
export const scaleBy = {
  name: "scaleBy",
  run({ accumulated }: { accumulated: Float32Array }, { scale }: { scale: number }): void {
    for (let i = 0; i < accumulated.length; i++) accumulated[i] *= scale;
  },
};

/**
 * `table[ids[n]] += values[n]` for every table, in the order of n; for columns `table[.., ids[n]] += values[.., n]`. A
 * table marked empty is cleared first.
 */
export const addScattered = {
  name: "addScattered",
  run(
    { table, ids, values }: { table: Float32Array[]; ids: Int32Array[]; values: Float32Array[] },
    { places }: { places: { kind: "rows" | "columns"; isEmpty: boolean }[] },
  ): void {
    for (const [t, { kind, isEmpty }] of places.entries()) {
      if (isEmpty) table[t].fill(0);
      (kind === "rows" ? addRows : addColumns)(table[t], ids[t], values[t]);
    }
  },
};

function addRows(table: Float32Array, ids: Int32Array, rows: Float32Array): void {
  const width = rows.length / ids.length;
  for (const [n, id] of ids.entries()) {
    for (let c = 0; c < width; c++) table[id * width + c] += rows[n * width + c];
  }
}

function addColumns(table: Float32Array, ids: Int32Array, columns: Float32Array): void {
  const count = ids.length;
  const width = (table.length * count) / columns.length;
  for (let from = 0, into = 0; from < columns.length; from += count, into += width) {
    for (let n = 0; n < count; n++) table[into + ids[n]] += columns[from + n];
  }
}

/** `target = (1 - alpha) target + alpha source`: TR-DPO's soft update (arXiv 2404.09656). */
export const mix = {
  name: "mix",
  run({ target, source }: { target: Float32Array; source: Float32Array }, { alpha }: { alpha: number }): void {
    for (let i = 0; i < target.length; i++) target[i] = (1 - alpha) * target[i] + alpha * source[i];
  },
};

/** A gradient's part of the joint norm. */
export const squares = {
  name: "squares",
  run({ grad }: { grad: Float32Array }): number {
    return sumOfSquares(grad);
  },
};

/** Properties of a tensor besides its numbers, and those of the whole step. */
export interface UpdateArgs {
  shape: readonly number[];
  weightDecay: number;
  optimizer: OptimizerSettings;
  context: StepContext;
}

/** One tensor's part of an optimizer's step; `state` by the optimizer's keys. */
export const updateTensor = {
  name: "updateTensor",
  run(
    { param, grad, ...state }: { param: Float32Array; grad: Float32Array } & Record<string, Float32Array | Uint8Array>,
    { shape, weightDecay, optimizer, context }: UpdateArgs,
  ): void {
    update({ shape, param, grad, state, weightDecay }, optimizer, context);
  },
};
