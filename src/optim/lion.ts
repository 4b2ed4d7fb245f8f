/** @file Lion (arXiv 2302.06675) with decoupled weight decay, equal to bitsandbytes': steps of one size. */
import { float32State, type Optimizer } from "./optimizer.ts";

export interface LionSettings {
  /** Weight of the running mean in the direction of a step. */
  beta1: number;
  /** Decay of the running mean. */
  beta2: number;
}

export const lion: Optimizer<LionSettings> = {
  state: ({ shape }) => ({ exp_avg: float32State(shape) }),
  update: ({ param, grad, state, weightDecay }, { beta1, beta2 }, { learningRate, gradScale }) => {
    const mean = state.exp_avg as Float32Array;
    const keep = 1 - learningRate * weightDecay;
    for (let i = 0; i < param.length; i++) {
      const g = Math.fround(gradScale * grad[i]);
      param[i] = keep * param[i] - learningRate * Math.sign(beta1 * mean[i] + (1 - beta1) * g);
      mean[i] = beta2 * mean[i] + (1 - beta2) * g;
    }
  },
};
