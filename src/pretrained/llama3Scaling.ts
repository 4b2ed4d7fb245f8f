/** @file Rotary factors in a GGUF file -> Llama 3's `rope_scaling`, from which they were computed. */
import { largest } from "../lists.ts";

/** Llama 3's context length before it was extended, and the bounds of all its releases. */
const ORIGINAL = 8192;
const LOW = 1;
const HIGH = 4;
/** The file has float32 values computed in float32. */
const TOLERANCE = 1e-3;

/** The divisor of each channel pair's frequency: transformers' rope_type llama3. */
function llama3Factors(factor: number, { theta, headDim }: { theta: number; headDim: number }): number[] {
  return Array.from({ length: headDim / 2 }, (_, i) => {
    const wavelength = 2 * Math.PI * theta ** ((2 * i) / headDim);
    if (wavelength < ORIGINAL / HIGH) return 1;
    if (wavelength > ORIGINAL / LOW) return factor;
    const smooth = (ORIGINAL / wavelength - LOW) / (HIGH - LOW);
    return 1 / ((1 - smooth) / factor + smooth);
  });
}

/** @param factors one per channel pair. @returns undefined if they follow another rule. */
export function llama3Scaling(
  factors: ArrayLike<number>,
  head: { theta: number; headDim: number },
): Record<string, unknown> | undefined {
  const values = Array.from(factors);
  const factor = Math.round(largest(values) * 1000) / 1000;
  const expected = llama3Factors(factor, head);
  const same =
    values.length === expected.length && values.every((value, i) => Math.abs(value / expected[i] - 1) < TOLERANCE);
  if (!same) return undefined;
  return {
    rope_type: "llama3",
    factor,
    low_freq_factor: LOW,
    high_freq_factor: HIGH,
    original_max_position_embeddings: ORIGINAL,
  };
}
