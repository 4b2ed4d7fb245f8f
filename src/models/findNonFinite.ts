/** @file Finds a stored tensor with NaN or infinite values, when a loss or a score is not finite. */
import type { Device, HostTensor } from "../engine/runtime/device.ts";
import type { FileRange } from "../engine/runtime/protocol.ts";

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

/** A part of a matrix in 8 or 4 bits. */
const PART = /^(.+\.weight)\.(?:codes|scale|absmax|nested_absmax|nested_offset|steps|offsets)$/;

/** The name of a stored tensor in its file, in words: what is quantized on reading has one name there. */
function nameInFile(name: string, weights: ReadonlyMap<string, FileRange>): string {
  const parameter = PART.exec(name)?.[1] ?? name;
  const { source, packed } = weights.get(parameter) ?? {};
  if (source !== undefined) return `"${source}" (${parameter})`;
  if (!packed) return `"${parameter}"`;
  if (packed.format === "int8") return `"${parameter.replace(/weight$/, "SCB")}"`;
  return name.endsWith(".nested_offset") ? `"${parameter}.quant_state"` : `"${name}"`;
}

/**
 * The first of these tensors that has such a value, in words: `tensor "NAME" has NaN`. Reads them one by one, which
 * takes as long as a pass over the model: only for a run that has failed.
 * @param weights locations of those that are read from files, by the parameters' names.
 * @param stored a tensor's name in the device.
 */
export async function findNonFinite(
  device: Device,
  names: Iterable<string>,
  weights: ReadonlyMap<string, FileRange> = new Map(),
  stored = (name: string) => name,
): Promise<string | undefined> {
  for (const name of names) {
    const [tensor] = await device.read([stored(name)]);
    const value = oddValue(tensor);
    if (value !== undefined) return `tensor ${nameInFile(name, weights)} has ${value}`;
  }
  return undefined;
}
