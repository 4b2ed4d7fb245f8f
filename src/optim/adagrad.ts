/** @file Adagrad, equal to torch.optim.Adagrad: the gradient over the root of the sum of all its squares. */
import { float32State, type Optimizer } from "./optimizer.ts";

export interface AdagradSettings {
  /** The rate falls by 1 / (1 + lr_decay * steps taken). */
  lrDecay: number;
  eps: number;
}

export const adagrad: Optimizer<AdagradSettings> = {
  state: ({ shape }) => ({ sum: float32State(shape) }),
  update: ({ param, grad, state, weightDecay }, { lrDecay, eps }, { step, learningRate, gradScale }) => {
    const sum = state.sum as Float32Array;
    const rate = learningRate / (1 + (step - 1) * lrDecay);
    for (let i = 0; i < param.length; i++) {
      const g = Math.fround(gradScale * grad[i]) + weightDecay * param[i];
      sum[i] += g * g;
      param[i] -= (rate * g) / (Math.sqrt(sum[i]) + eps);
    }
  },
};
