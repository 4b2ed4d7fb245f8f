/** @file What the compute thread runs between two executions of the step graph: plain loops over stored tensors. */
import { type AdamwSettings, adamwStep } from "./adamw.ts";
import { clipScale, gradNormOf } from "./clipGradNorm.ts";
import { type OptimizerSettings, update } from "./optimizers.ts";

/** `accumulated += scale * fresh`, tensor by tensor. 0.8 M numbers (GPT-2's LoRA of r 4): 1 ms. */
export function accumulate(
  tensors: { accumulated: Float32Array[]; fresh: Float32Array[] },
  { scale }: { scale: number },
): void {
  for (const [t, accumulated] of tensors.accumulated.entries()) {
    const fresh = tensors.fresh[t];
    for (let i = 0; i < accumulated.length; i++) accumulated[i] += scale * fresh[i];
  }
}

/** `accumulated *= scale`: the first gradients of a step are written where the sum will be. */
export function scaleAll({ accumulated }: { accumulated: Float32Array[] }, { scale }: { scale: number }): void {
  for (const tensor of accumulated) for (let i = 0; i < tensor.length; i++) tensor[i] *= scale;
}

/** `table[ids[n]] += rows[n]` for every table, in the order of n; an empty table is cleared first. */
export function addRows(
  { table, ids, rows }: { table: Float32Array[]; ids: Int32Array[]; rows: Float32Array[] },
  { isEmpty }: { isEmpty: boolean[] },
): void {
  for (const [t, into] of table.entries()) {
    if (isEmpty[t]) into.fill(0);
    const width = rows[t].length / ids[t].length;
    for (const [n, id] of ids[t].entries()) {
      for (let c = 0; c < width; c++) into[id * width + c] += rows[t][n * width + c];
    }
  }
}

export interface AdamwKernelArgs extends AdamwSettings {
  maxGradNorm: number;
  step: number;
  learningRate: number;
  /** One number a tensor. */
  weightDecay: number[];
}

/** One AdamW step of a loop that keeps its own state. @returns the gradients' norm before clipping. */
export function clipAndAdamw(
  tensors: { param: Float32Array[]; grad: Float32Array[]; expAvg: Float32Array[]; expAvgSq: Float32Array[] },
  { maxGradNorm, weightDecay, ...options }: AdamwKernelArgs,
): number {
  const gradNorm = gradNormOf(tensors.grad);
  if (!Number.isFinite(gradNorm)) return gradNorm;
  const { param, grad, expAvg, expAvgSq } = tensors;
  const each = param.map((_, i) => {
    return { param: param[i], grad: grad[i], expAvg: expAvg[i], expAvgSq: expAvgSq[i], weightDecay: weightDecay[i] };
  });
  adamwStep(each, { ...options, gradScale: clipScale(gradNorm, maxGradNorm) });
  return gradNorm;
}

export interface StepKernelArgs {
  optimizer: OptimizerSettings;
  maxGradNorm: number;
  step: number;
  learningRate: number;
  /** One entry a tensor; `state` names its tensors of the group `state`, which holds those of all one after another. */
  tensors: { shape: number[]; weightDecay: number; state: string[] }[];
}

/** Takes one step with clipped gradients. @returns their norm before; where that is not finite, nothing is changed. */
export function clipAndStep(
  { param, grad, state }: { param: Float32Array[]; grad: Float32Array[]; state: (Float32Array | Uint8Array)[] },
  { optimizer, maxGradNorm, step, learningRate, tensors }: StepKernelArgs,
): number {
  const gradNorm = gradNormOf(grad);
  if (!Number.isFinite(gradNorm)) return gradNorm;
  const context = { step, learningRate, gradScale: clipScale(gradNorm, maxGradNorm) };
  let next = 0;
  for (const [i, { shape, weightDecay, state: keys }] of tensors.entries()) {
    const own = Object.fromEntries(keys.map((key) => [key, state[next++]]));
    update({ shape, param: param[i], grad: grad[i], state: own, weightDecay }, optimizer, context);
  }
  return gradNorm;
}
