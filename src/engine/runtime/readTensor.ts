/** @file A tensor's bytes in a file -> float32 in memory, or 16 bits as they are. */
import { readSync } from "node:fs";
import { decodeBlocks, isBlockDtype } from "../../formats/ggufBlocks.ts";
import { quantize, quantizedBytes, quantizedParts } from "../../formats/quantizedBlocks.ts";
import type { FileRange, HostTensor } from "./protocol.ts";

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** Bytes that the tensor takes in memory. */
export function storedBytes({ shape, quantize: quantization, keep }: FileRange): number {
  return quantization ? quantizedBytes(quantization, sizeOf(shape)) : (keep ? 2 : 4) * sizeOf(shape);
}

/**
 * What the compute thread stores of a tensor, by name: float32, or the parts of a matrix in fewer bits.
 * @param fd the open file that the range names.
 */
export function readStored(fd: number, name: string, range: FileRange): [string, HostTensor][] {
  const tensor = readTensor(fd, range);
  if (!range.quantize) return [[name, tensor]];
  const [rows, columns] = tensor.shape;
  const values = tensor.data as Float32Array;
  const parts = quantizedParts(range.quantize, values.length);
  const data = quantize(
    range.quantize.layout === "out,in" ? values : transpose(values, [columns, rows]),
    range.quantize,
  );
  return parts.map(({ suffix, dtype, shape }, i) => [name + suffix, { dtype, shape, data: data[i] }]);
}

function readTensor(fd: number, { start, end, as, shape, rows, keep }: FileRange): HostTensor {
  const bytes = readRange(fd, start, end);
  if (keep) return { dtype: keep, shape, data: new Uint16Array(bytes.buffer) };
  const data = widen(bytes, as);
  const arranged =
    rows === undefined
      ? data
      : rows === "transposed"
        ? transpose(data, shape)
        : deinterleave(data, shape, rows.interleavedHeads);
  return { dtype: "float32", shape, data: arranged };
}

/** Reads [start, end) of an open file; one call reads at most 1 GiB. */
function readRange(fd: number, start: number, end: number): Uint8Array {
  const bytes = new Uint8Array(end - start);
  let done = 0;
  while (done < bytes.length) {
    const count = readSync(fd, bytes, done, Math.min(bytes.length - done, 2 ** 30), start + done);
    if (count === 0) throw new Error("the file ends too early");
    done += count;
  }
  return bytes;
}

function widen(bytes: Uint8Array, from: FileRange["as"]): Float32Array {
  if (isBlockDtype(from)) return decodeBlocks(bytes, from);
  if (from === "F32") return new Float32Array(bytes.buffer, 0, bytes.length / 4);
  if (from === "F64") return Float32Array.from(new Float64Array(bytes.buffer));
  const halves = new Uint16Array(bytes.buffer);
  const out = new Float32Array(halves.length);
  if (from === "BF16") {
    const bits = new Uint32Array(out.buffer);
    for (let i = 0; i < halves.length; i++) bits[i] = halves[i] << 16;
    return out;
  }
  for (let i = 0; i < halves.length; i++) out[i] = halfToFloat(halves[i]);
  return out;
}

/** IEEE half precision: 1 sign, 5 exponent, 10 mantissa bits. */
function halfToFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const mantissa = half & 0x3ff;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  if (exponent === 31) return mantissa ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}

/** The file has [columns, rows] of a matrix [rows, columns]. */
function transpose(data: Float32Array, [rows, columns]: readonly number[]): Float32Array {
  const out = new Float32Array(data.length);
  for (let column = 0; column < columns; column++) {
    for (let row = 0; row < rows; row++) out[row * columns + column] = data[column * rows + row];
  }
  return out;
}

/** Rows 2 i and 2 i + 1 of a head -> i and D / 2 + i: rotary pairs as transformers lays them. */
function deinterleave(data: Float32Array, [rows]: readonly number[], heads: number): Float32Array {
  const out = new Float32Array(data.length);
  const [width, half] = [data.length / rows, rows / heads / 2];
  for (let row = 0; row < rows; row++) {
    const [head, place] = [Math.floor(row / (2 * half)), row % (2 * half)];
    const from = head * 2 * half + (place < half ? 2 * place : 2 * (place - half) + 1);
    out.set(data.subarray(from * width, (from + 1) * width), row * width);
  }
  return out;
}
