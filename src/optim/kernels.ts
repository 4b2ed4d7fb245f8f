/** @file What the compute thread runs between two executions of the step graph: plain loops over stored tensors. */
import { adamwStep } from "./adamw.ts";
import { clipGradNorm } from "./clipGradNorm.ts";

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

export interface AdamwKernelArgs {
  maxGradNorm: number;
  step: number;
  learningRate: number;
  beta1: number;
  beta2: number;
  eps: number;
  /** One number a tensor. */
  weightDecay: number[];
}

/** Clips the gradients, takes one AdamW step and clears them. @returns the gradients' norm before clipping. */
export function clipAndAdamw(
  tensors: { param: Float32Array[]; grad: Float32Array[]; expAvg: Float32Array[]; expAvgSq: Float32Array[] },
  { maxGradNorm, weightDecay, ...options }: AdamwKernelArgs,
): number {
  const gradNorm = clipGradNorm(tensors.grad, maxGradNorm);
  if (Number.isFinite(gradNorm)) {
    const { param, grad, expAvg, expAvgSq } = tensors;
    const each = param.map((_, i) => ({
      param: param[i],
      grad: grad[i],
      expAvg: expAvg[i],
      expAvgSq: expAvgSq[i],
      weightDecay: weightDecay[i],
    }));
    adamwStep(each, options);
  }
  for (const grad of tensors.grad) grad.fill(0);
  return gradNorm;
}
