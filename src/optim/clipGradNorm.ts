/** @file The norm of all gradients together, clipped: torch.nn.utils.clip_grad_norm_. */

/**
 * Scales the gradients in place so that their joint Euclidean norm is at most `maxNorm`.
 * @param maxNorm 0: measure only (transformers' max_grad_norm 0 clips nothing).
 * @returns the norm before clipping; NaN or Infinity where a gradient is, and then nothing is scaled.
 */
export function clipGradNorm(grads: readonly Float32Array[], maxNorm: number): number {
  let sum = 0; // float64: torch sums in float32, which is off by about 1e-6 of the norm
  for (const grad of grads) {
    for (let i = 0; i < grad.length; i++) sum += grad[i] * grad[i];
  }
  const norm = Math.sqrt(sum);
  const coefficient = maxNorm / (norm + 1e-6);
  if (maxNorm > 0 && coefficient < 1 && Number.isFinite(norm)) {
    for (const grad of grads) {
      for (let i = 0; i < grad.length; i++) grad[i] *= coefficient;
    }
  }
  return norm;
}
