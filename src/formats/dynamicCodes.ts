/**
 * @file 8-bit numbers: the dynamic codes of 8-bit optimizers (arXiv 2110.02861) in bitsandbytes' layout.
 * Within a block, a number is stored as the nearest of 256 values in [-1, 1] times the block's largest magnitude; the
 * values are dense around powers of ten from 1e-6 to 1, so small moments keep their magnitude.
 */

/** Numbers that share a scale. */
export const CODE_BLOCK = 256;
const DECADES = 7;

export interface DynamicCodes {
  /** [256] ascending. */
  values: Float32Array;
  /** [255] Midpoints between neighbors. */
  midpoints: Float32Array;
  /** [65536] First code to try for a float32, by its upper 16 bits. */
  first: Uint8Array;
}

/** @param signed half of the codes below zero (first moments), or all of them above (second moments). */
export function dynamicCodes(signed: boolean): DynamicCodes {
  const values = codeValues(signed);
  const midpoints = Float32Array.from({ length: 255 }, (_, i) => (values[i] + values[i + 1]) / 2);
  let first: Uint8Array | undefined;
  return {
    values,
    midpoints,
    get first() {
      first ??= firstCodes(midpoints); // when a number is first stored: most threads only read, or have none
      return first;
    },
  };
}

/** create_dynamic_map of bitsandbytes: decade by decade, twice as many values in each. */
function codeValues(signed: boolean): Float32Array {
  const values = [0, 1];
  for (let decade = 0; decade < DECADES; decade++) {
    const edges = linspace(2 ** (signed ? decade : decade + 1) + 1);
    const scale = Math.fround(10 ** (decade - DECADES + 1));
    for (let i = 0; i + 1 < edges.length; i++) {
      const mean = Math.fround(scale * Math.fround(Math.fround(edges[i] + edges[i + 1]) / 2));
      values.push(mean, ...(signed ? [-mean] : []));
    }
  }
  return Float32Array.from(values).sort();
}

/** torch.linspace(0.1, 1, count), from both ends, as in torch. */
function linspace(count: number): Float32Array {
  const step = Math.fround((1 - Math.fround(0.1)) / (count - 1));
  return Float32Array.from({ length: count }, (_, i) =>
    i < count / 2 ? Math.fround(0.1) + step * i : 1 - step * (count - 1 - i),
  );
}

function firstCodes(midpoints: Float32Array): Uint8Array {
  const bits = new Uint32Array(2);
  const floats = new Float32Array(bits.buffer);
  const first = new Uint8Array(65536);
  for (let upper = 0; upper < first.length; upper++) {
    bits[0] = upper << 16;
    bits[1] = (upper << 16) | 0xffff;
    first[upper] = firstFrom(midpoints, Math.min(floats[0], floats[1])); // NaN never occurs: gradients are finite
  }
  return first;
}

/** The index of the first of ascending numbers that is not below; their count if there is none. */
function firstFrom(ascending: Float32Array, lowest: number): number {
  let start = 0;
  let end = ascending.length;
  while (start < end) {
    const middle = (start + end) >> 1;
    if (ascending[middle] >= lowest) end = middle;
    else start = middle + 1;
  }
  return start;
}

/** The numbers of a block: codes [n] x scale -> out [n]. */
export function decodeBlock(
  { values }: DynamicCodes,
  { codes, start, scale }: { codes: Uint8Array; start: number; scale: number },
  out: Float32Array,
): void {
  for (let i = 0; i < out.length; i++) out[i] = values[codes[start + i]] * scale;
}

/**
 * Stores numbers [n] as codes. @returns the block's scale, its largest magnitude.
 * @param numbers is overwritten with the numbers divided by the scale.
 */
export function encodeBlock(
  { midpoints, first }: DynamicCodes,
  numbers: Float32Array,
  { codes, start }: { codes: Uint8Array; start: number },
): number {
  let scale = 0;
  for (let i = 0; i < numbers.length; i++) scale = Math.max(scale, Math.abs(numbers[i]));
  const inverse = scale === 0 ? 0 : 1 / scale;
  for (let i = 0; i < numbers.length; i++) numbers[i] *= inverse;
  const bits = new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length);
  for (let i = 0; i < numbers.length; i++) {
    let code = first[bits[i] >>> 16];
    while (code < 255 && numbers[i] > midpoints[code]) code++;
    codes[start + i] = code;
  }
  return scale;
}
