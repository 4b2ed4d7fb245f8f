/**
 * @file Matrices in 8 or 4 bits per number, in blocks of 64 that share a scale: NF4 and FP4 (QLoRA, arXiv 2305.14314)
 * in bitsandbytes' layout, and 8-bit integers. A matrix [out, in] is cut into blocks in memory order.
 */
import { dynamicCodes, encodeBlock } from "./dynamicCodes.ts";

/** Number format. */
export type QuantizedFormat = "nf4" | "fp4" | "int8";

export interface Quantization {
  format: QuantizedFormat;
  /** 4 bits only: the blocks' scales are stored in 8 bits as well (double quantization). */
  nested: boolean;
}

/** One of the arrays that represent a matrix. */
export interface QuantizedPart {
  /** Appended to the matrix's name. */
  suffix: string;
  dtype: "uint8" | "int8" | "float32";
  shape: number[];
}

/** Data of one part. */
export type PartData = Uint8Array | Int8Array | Float32Array;

/** Numbers that share a scale. */
export const BLOCK = 64;
/** Scales that share a second-level scale. */
export const NESTED_BLOCK = 256;
const MAX_INT8 = 127;

/** Values of the 16 codes: quantiles of the normal distribution (NF4), a sign and three bits of a float (FP4). */
const CODES: Record<"nf4" | "fp4", readonly number[]> = {
  nf4: [
    -1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1,
  ],
  fp4: [
    0, 0.0052083333, 0.66666667, 1, 0.33333333, 0.5, 0.16666667, 0.25, 0, -0.0052083333, -0.66666667, -1, -0.33333333,
    -0.5, -0.16666667, -0.25,
  ],
};

/** 256 values by code, ascending, and the midpoints between neighbors. */
const nestedCodes = dynamicCodes(true);
/** [256] values of 8-bit scales, relative to the block's largest. */
export const NESTED_VALUES: Float32Array = nestedCodes.values;

/** The arrays of a matrix with this many elements, in the order of {@link quantize}; names after bitsandbytes'. */
export function quantizedParts({ format, nested }: Quantization, elements: number): QuantizedPart[] {
  const blocks = Math.ceil(elements / BLOCK);
  if (format === "int8") {
    return [
      { suffix: ".codes", dtype: "int8", shape: [blocks, BLOCK] },
      { suffix: ".scale", dtype: "float32", shape: [blocks, 1] },
    ];
  }
  const codes: QuantizedPart = { suffix: ".codes", dtype: "uint8", shape: [Math.ceil(elements / 2)] };
  if (!nested) return [codes, { suffix: ".absmax", dtype: "float32", shape: [blocks] }];
  const nestedBlocks = Math.ceil(blocks / NESTED_BLOCK);
  return [
    codes,
    { suffix: ".absmax", dtype: "uint8", shape: [nestedBlocks, NESTED_BLOCK] },
    { suffix: ".nested_absmax", dtype: "float32", shape: [nestedBlocks, 1] },
    { suffix: ".nested_offset", dtype: "float32", shape: [1] },
  ];
}

export function partBytes({ dtype, shape }: QuantizedPart): number {
  return shape.reduce((a, b) => a * b, 1) * (dtype === "float32" ? Float32Array.BYTES_PER_ELEMENT : 1);
}

/** Bytes of all parts. */
export function quantizedBytes(quantization: Quantization, elements: number): number {
  return quantizedParts(quantization, elements).reduce((sum, part) => sum + partBytes(part), 0);
}

/** A matrix's numbers, row by row, as the data of its parts. Cost: about 10 ns per number. */
export function quantizeBlocks(values: Float32Array, { format, nested }: Quantization): PartData[] {
  if (format === "int8") return quantizeInt8(values);
  const { codes, absmax } = quantizeFourBits(values, format);
  return nested ? [codes, ...nestScales(absmax)] : [codes, absmax];
}

function largestMagnitude(values: Float32Array, start: number, end: number): number {
  let largest = 0;
  for (let i = start; i < end; i++) largest = Math.max(largest, Math.abs(values[i]));
  return largest;
}

/** round(x / scale), halves to even, where scale = absmax / 127. */
function quantizeInt8(values: Float32Array): [Int8Array, Float32Array] {
  const blocks = Math.ceil(values.length / BLOCK);
  const codes = new Int8Array(blocks * BLOCK);
  const scales = new Float32Array(blocks);
  const toInteger = 1.5 * 2 ** 23; // a float32 of this size has no fraction: adding it rounds
  for (let block = 0; block < blocks; block++) {
    const [start, end] = [block * BLOCK, Math.min(values.length, (block + 1) * BLOCK)];
    const absmax = largestMagnitude(values, start, end);
    scales[block] = absmax / MAX_INT8;
    const inverse = absmax === 0 ? 0 : MAX_INT8 / absmax;
    for (let i = start; i < end; i++) codes[i] = Math.fround(values[i] * inverse + toInteger) - toInteger;
  }
  return [codes, scales];
}

/** Codes by ascending value, and 15 midpoints between neighbors; FP4 has two zeros, so one midpoint is infinite. */
function ladder(format: "nf4" | "fp4"): { order: Uint8Array; midpoints: Float32Array } {
  const values = Float32Array.from(CODES[format]);
  const distinct = [...values.keys()].filter((code) => values.indexOf(values[code]) === code);
  const order = Uint8Array.from(distinct.sort((a, b) => values[a] - values[b]));
  const midpoints = new Float32Array(15).fill(Number.POSITIVE_INFINITY);
  for (let i = 0; i + 1 < order.length; i++) midpoints[i] = (values[order[i]] + values[order[i + 1]]) / 2;
  return { order, midpoints };
}

const LADDERS = { nf4: ladder("nf4"), fp4: ladder("fp4") };

/** The nearest code of x / absmax; two per byte, the first in the upper four bits. */
function quantizeFourBits(values: Float32Array, format: "nf4" | "fp4") {
  const { order, midpoints } = LADDERS[format];
  const codes = new Uint8Array(Math.ceil(values.length / 2));
  const absmax = new Float32Array(Math.ceil(values.length / BLOCK));
  for (let block = 0; block < absmax.length; block++) {
    const [start, end] = [block * BLOCK, Math.min(values.length, (block + 1) * BLOCK)];
    absmax[block] = largestMagnitude(values, start, end);
    const inverse = absmax[block] === 0 ? 0 : Math.fround(1 / absmax[block]);
    for (let i = start; i < end; i++) {
      const x = Math.fround(values[i] * inverse);
      let place = x > midpoints[7] ? 8 : 0;
      if (x > midpoints[place + 3]) place += 4;
      if (x > midpoints[place + 1]) place += 2;
      if (x > midpoints[place]) place += 1;
      codes[i >> 1] |= i % 2 === 0 ? order[place] << 4 : order[place];
    }
  }
  if (values.length % 2 === 1) codes[codes.length - 1] |= format === "nf4" ? CODES.nf4.indexOf(0) : 0;
  return { codes, absmax };
}

/** Scales minus their mean, in 8 bits: [codes, scales of scales, mean]. */
function nestScales(absmax: Float32Array): [Uint8Array, Float32Array, Float32Array] {
  const offset = Math.fround(absmax.reduce((sum, value) => sum + value, 0) / absmax.length);
  const blocks = Math.ceil(absmax.length / NESTED_BLOCK);
  const codes = new Uint8Array(blocks * NESTED_BLOCK);
  const scales = Float32Array.from({ length: blocks }, (_, block) => {
    const start = block * NESTED_BLOCK;
    const numbers = absmax.slice(start, start + NESTED_BLOCK).map((value) => value - offset);
    return encodeBlock(nestedCodes, numbers, { codes, start });
  });
  return [codes, scales, Float32Array.of(offset)];
}

/** The numbers represented by {@link quantize}'s arrays. */
export function dequantizeBlocks(
  parts: readonly PartData[],
  { format, nested }: Quantization,
  elements: number,
): Float32Array {
  const [codes, scales] = parts;
  const out = new Float32Array(elements);
  if (format === "int8") {
    for (let i = 0; i < elements; i++) out[i] = codes[i] * scales[Math.floor(i / BLOCK)];
    return out;
  }
  const absmax = nested ? unnestScales(parts, Math.ceil(elements / BLOCK)) : scales;
  const values = Float32Array.from(CODES[format]);
  for (let i = 0; i < elements; i++) {
    const code = i % 2 === 0 ? codes[i >> 1] >> 4 : codes[i >> 1] & 15;
    out[i] = values[code] * absmax[Math.floor(i / BLOCK)];
  }
  return out;
}

function unnestScales([, codes, scales, [offset]]: readonly PartData[], count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => {
    return Math.fround(NESTED_VALUES[codes[i]] * scales[Math.floor(i / NESTED_BLOCK)]) + offset;
  });
}
