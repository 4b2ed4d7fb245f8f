/** @file Stochastic gradient descent with momentum, equal to torch.optim.SGD: weight decay is coupled. */
import { float32State, type Optimizer, type StateSpec } from "./optimizer.ts";

export interface SgdSettings {
  momentum: number;
  /** Fraction of the gradient left out of the momentum, from the second step on. */
  dampening: number;
  nesterov: boolean;
}

export const sgd: Optimizer<SgdSettings> = {
  state: ({ shape }, { momentum }): Record<string, StateSpec> =>
    momentum === 0 ? {} : { momentum_buffer: float32State(shape) },
  update: ({ param, grad, state, weightDecay }, settings, { step, learningRate, gradScale }) => {
    const { momentum, dampening, nesterov } = settings;
    const buffer = state.momentum_buffer as Float32Array | undefined;
    const fresh = step === 1 ? 1 : 1 - dampening; // torch starts the buffer with the whole gradient
    for (let i = 0; i < param.length; i++) {
      const g = Math.fround(gradScale * grad[i]) + weightDecay * param[i];
      if (!buffer) {
        param[i] -= learningRate * g;
        continue;
      }
      const velocity = momentum * buffer[i] + fresh * g;
      buffer[i] = velocity;
      param[i] -= learningRate * (nesterov ? g + momentum * velocity : velocity);
    }
  },
};
