/** @file Moves a tensor towards another: what the compute thread runs where the reference follows the policy. */

/** `target = (1 - alpha) target + alpha source`: TR-DPO's soft update (arXiv 2404.09656). */
export function mix(
  { target, source }: { target: Float32Array; source: Float32Array },
  { alpha }: { alpha: number },
): void {
  for (let i = 0; i < target.length; i++) target[i] = (1 - alpha) * target[i] + alpha * source[i];
}
