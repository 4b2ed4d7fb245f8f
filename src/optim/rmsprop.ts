/** @file RMSprop, equal to torch.optim.RMSprop: the gradient over its running root mean square. */
import { float32State, type Optimizer, type StateSpec } from "./optimizer.ts";

export interface RmspropSettings {
  /** Decay of the mean squared gradient. */
  alpha: number;
  eps: number;
  momentum: number;
  /** Whether the squared mean gradient is subtracted, which gives the variance. */
  centered: boolean;
}

export const rmsprop: Optimizer<RmspropSettings> = {
  state: ({ shape }, { momentum, centered }): Record<string, StateSpec> => ({
    square_avg: float32State(shape),
    ...(momentum > 0 ? { momentum_buffer: float32State(shape) } : {}),
    ...(centered ? { grad_avg: float32State(shape) } : {}),
  }),
  update: ({ param, grad, state, weightDecay }, { alpha, eps, momentum }, { learningRate, gradScale }) => {
    const square = state.square_avg as Float32Array;
    const mean = state.grad_avg as Float32Array | undefined;
    const buffer = state.momentum_buffer as Float32Array | undefined;
    for (let i = 0; i < param.length; i++) {
      const g = Math.fround(gradScale * grad[i]) + weightDecay * param[i];
      square[i] = alpha * square[i] + (1 - alpha) * g * g;
      let variance = square[i];
      if (mean) {
        mean[i] += (1 - alpha) * (g - mean[i]);
        variance = Math.max(0, variance - mean[i] * mean[i]); // rounding may make it negative: torch gives NaN
      }
      let direction = g / (Math.sqrt(variance) + eps);
      if (buffer) {
        buffer[i] = momentum * buffer[i] + direction;
        direction = buffer[i];
      }
      param[i] -= learningRate * direction;
    }
  },
};
