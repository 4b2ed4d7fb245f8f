/** @file Moves tensors towards others: what the compute thread runs where the reference follows the policy. */

/** `target = (1 - alpha) target + alpha source`, tensor by tensor: TR-DPO's soft update (arXiv 2404.09656). */
export function mix(tensors: { target: Float32Array[]; source: Float32Array[] }, { alpha }: { alpha: number }): void {
  for (const [t, target] of tensors.target.entries()) {
    const source = tensors.source[t];
    for (let i = 0; i < target.length; i++) target[i] = (1 - alpha) * target[i] + alpha * source[i];
  }
}
