/** @file A tensor's bytes in a file -> float32 in memory, or its 16 bits unchanged. */
import { type PackedMatrix, unpack, widen } from "../../formats/bitsandbytes.ts";
import { decodeBlocks, isBlockDtype } from "../../formats/ggufBlocks.ts";
import { widenFloats } from "../../formats/narrowFloats.ts";
import { type PartData, quantizeBlocks, quantizedBytes, quantizedParts } from "../../formats/quantizedBlocks.ts";
import type { FileRange, HostTensor } from "./protocol.ts";

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** Bytes that the tensor takes in memory. */
export function bytesInMemory({ shape, quantize: quantization, keep }: FileRange): number {
  return quantization ? quantizedBytes(quantization, sizeOf(shape)) : (keep ? 2 : 4) * sizeOf(shape);
}

/** Reads bytes [start, end) of a file, or of what a platform has instead, into new memory. */
export type ReadBytes = (file: string, start: number, end: number) => Promise<Uint8Array<ArrayBuffer>>;

/** Stored form of a tensor, by name: float32, or the parts of a matrix in fewer bits. */
export async function readStored(read: ReadBytes, name: string, range: FileRange): Promise<[string, HostTensor][]> {
  if (!range.quantize) return [[name, await readTensor(read, range)]];
  const parts = quantizedParts(range.quantize, sizeOf(range.shape));
  const data = range.packed
    ? unpack(...(await readPacked(read, range, range.packed)))
    : await readQuantized(read, range);
  return parts.map(({ suffix, dtype, shape }, i) => [name + suffix, { dtype, shape, data: data[i] }]);
}

async function readQuantized(read: ReadBytes, range: FileRange): Promise<PartData[]> {
  const { shape, data } = await readTensor(read, range);
  const [rows, columns] = shape;
  const { layout, ...quantization } = range.quantize as NonNullable<FileRange["quantize"]>;
  const values = data as Float32Array;
  return quantizeBlocks(layout === "out,in" ? values : transpose(values, [columns, rows]), quantization);
}

async function readPacked(read: ReadBytes, range: FileRange, packed: PackedMatrix) {
  const scales: Uint8Array<ArrayBuffer>[] = [];
  const codes = await read(range.file, range.start, range.end);
  for (const { file, start, end } of packed.scales) scales.push(await read(file, start, end));
  return [packed, codes, scales] as const;
}

async function readTensor(read: ReadBytes, range: FileRange): Promise<HostTensor> {
  const { file, start, end, as, shape, rows, keep, packed } = range;
  if (packed) {
    const values = widen(...(await readPacked(read, range, packed)));
    return { dtype: "float32", shape, data: packed.layout === "out,in" ? values : transpose(values, shape) };
  }
  const bytes = await read(file, start, end);
  if (keep) return { dtype: keep, shape, data: new Uint16Array(bytes.buffer) };
  const data = isBlockDtype(as) ? decodeBlocks(bytes, as) : widenFloats(bytes.buffer, as);
  const arranged =
    rows === undefined
      ? data
      : rows === "transposed"
        ? transpose(data, shape)
        : deinterleave(data, shape, rows.interleavedHeads);
  return { dtype: "float32", shape, data: arranged };
}

/** The file has [columns, rows] of a matrix [rows, columns]. */
function transpose(data: Float32Array, [rows, columns]: readonly number[]): Float32Array {
  const out = new Float32Array(data.length);
  for (let column = 0; column < columns; column++) {
    for (let row = 0; row < rows; row++) out[row * columns + column] = data[column * rows + row];
  }
  return out;
}

/** Rows 2 i and 2 i + 1 of a head -> i and D / 2 + i: rotary pairs in transformers' layout. */
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
