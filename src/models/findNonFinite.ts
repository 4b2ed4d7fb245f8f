/** @file Finds a stored tensor with NaN or infinite values, when a loss or a score is not finite. */
import type { Device, HostTensor } from "../engine/runtime/device.ts";

/** The bits of an exponent that are all set in NaN and infinities. */
const EXPONENT = { float16: 0x7c00, bfloat16: 0x7f80 } as const;

/** `NaN` or `Infinity`, if one value is. */
function oddValue({ dtype, data }: HostTensor): string | undefined {
  if (dtype === "float16" || dtype === "bfloat16") {
    const exponent = EXPONENT[dtype];
    const odd = (data as Uint16Array).find((bits) => (bits & exponent) === exponent);
    return odd === undefined ? undefined : (odd & ~exponent & 0x7fff) === 0 ? "Infinity" : "NaN";
  }
  if (!(data instanceof Float32Array)) return undefined;
  const odd = data.find((value) => !Number.isFinite(value));
  return odd === undefined ? undefined : Number.isNaN(odd) ? "NaN" : "Infinity";
}

/**
 * The first of these tensors that has such a value, in words: `tensor "NAME" has NaN`. Reads them one by one, which
 * takes as long as a pass over the model: only for a run that has failed.
 */
export async function findNonFinite(device: Device, names: Iterable<string>): Promise<string | undefined> {
  for (const name of names) {
    const [tensor] = await device.read([name]);
    const value = oddValue(tensor);
    if (value !== undefined) return `tensor "${name}" has ${value}`;
  }
  return undefined;
}
