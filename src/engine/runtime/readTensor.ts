/** @file A tensor's bytes in a file -> float32 in memory, or its 16 bits unchanged. */
import { type PackedMatrix, unpack, widen } from "../../formats/bitsandbytes.ts";
import { decodeBlocks, isBlockDtype } from "../../formats/ggufBlocks.ts";
import { ggufSteps, integerBlockParts, toIntegerBlocks } from "../../formats/integerBlocks.ts";
import { widenFloats } from "../../formats/narrowFloats.ts";
import {
  dequantizeBlocks,
  type PartData,
  quantizeBlocks,
  quantizedBytes,
  quantizedParts,
} from "../../formats/quantizedBlocks.ts";
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
  if (range.integers) return readIntegers(read, name, range, range.integers);
  if (!range.quantize) return [[name, await readTensor(read, range)]];
  const parts = quantizedParts(range.quantize, sizeOf(range.shape));
  const data = range.packed
    ? unpack(...(await readPacked(read, range, range.packed)))
    : await readQuantized(read, range);
  return parts.map(({ suffix, dtype, shape }, i) => [name + suffix, { dtype, shape, data: data[i] }]);
}

/** A matrix as integers in blocks: the file's own, those of its 8 bits in memory, or the nearest ones. */
async function readIntegers(
  read: ReadBytes,
  name: string,
  { integers: _, ...range }: FileRange,
  kind: NonNullable<FileRange["integers"]>,
): Promise<[string, HostTensor][]> {
  const isTransposed = kind.layout === "in,out";
  const shape = isTransposed ? [...range.shape].reverse() : range.shape;
  const data = toIntegerBlocks(...(await integerInput(read, range, { kind, shape })));
  return integerBlockParts(kind, shape).map((part, i) => {
    return [name + part.suffix, { dtype: part.dtype, shape: part.shape, data: data[i] }];
  });
}

/** Values [out, in], and the steps that they were made with, if they are kept. */
async function integerInput(
  read: ReadBytes,
  range: FileRange,
  { kind, shape }: { kind: NonNullable<FileRange["integers"]>; shape: readonly number[] },
): Promise<Parameters<typeof toIntegerBlocks>> {
  const { file, start, end, as, quantize } = range;
  if (quantize) {
    const parts = (await readStored(read, "", range)).map(([, { data }]) => data as PartData);
    const values = dequantizeBlocks(parts, quantize, sizeOf(shape));
    return kind.areFiles ? [values, kind, { scales: parts[1] as Float32Array, offsets: null }] : [values, kind];
  }
  if (kind.areFiles && isBlockDtype(as)) {
    const { values, scales, offsets } = ggufSteps(await read(file, start, end), as);
    const blocks = [shape[0], shape[1] / kind.size];
    const rows = range.rows === "transposed" ? undefined : range.rows; // the file's order is that of the integers
    const ordered = (data: Float32Array, size: readonly number[]) => arrange(data, size, rows);
    const steps = { scales: ordered(scales, blocks), offsets: offsets && ordered(offsets, blocks) };
    return [ordered(values, shape), kind, steps];
  }
  const { data } = await readTensor(read, range);
  const values = data as Float32Array;
  return [kind.layout === "in,out" ? transpose(values, shape) : values, kind];
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
  const { file, start, end, as, shape, rows, plus, keep, packed } = range;
  if (packed) {
    const values = widen(...(await readPacked(read, range, packed)));
    return { dtype: "float32", shape, data: packed.layout === "out,in" ? values : transpose(values, shape) };
  }
  const bytes = await read(file, start, end);
  if (keep) return { dtype: keep, shape, data: new Uint16Array(bytes.buffer) };
  const data = arrange(isBlockDtype(as) ? decodeBlocks(bytes, as) : widenFloats(bytes.buffer, as), shape, rows);
  return { dtype: "float32", shape, data: plus === undefined ? data : data.map((value) => value + plus) };
}

/** In the order of the tensor in memory. */
function arrange(data: Float32Array, shape: readonly number[], rows: FileRange["rows"]): Float32Array {
  if (rows === undefined) return data;
  if (rows === "transposed") return transpose(data, shape);
  const [count] = shape;
  // each head [D / 2][2] -> [2][D / 2]: rotary pairs in transformers' layout
  if ("interleavedHeads" in rows)
    return swapRows(data, count, [rows.interleavedHeads, count / rows.interleavedHeads / 2, 2]);
  return swapRows(data, count, [1, 3, rows.headsByKind]);
}

/** The file has [columns, rows] of a matrix [rows, columns]. */
function transpose(data: Float32Array, [rows, columns]: readonly number[]): Float32Array {
  const out = new Float32Array(data.length);
  for (let column = 0; column < columns; column++) {
    for (let row = 0; row < rows; row++) out[row * columns + column] = data[column * rows + row];
  }
  return out;
}

/** Rows [A][B][C][rest] -> [A][C][B][rest]. */
function swapRows(data: Float32Array, rows: number, [a, b, c]: readonly [number, number, number]): Float32Array {
  const out = new Float32Array(data.length);
  const size = (data.length / rows) * (rows / (a * b * c));
  for (let i = 0; i < a; i++) {
    for (let j = 0; j < b; j++) {
      for (let k = 0; k < c; k++) {
        const from = ((i * b + j) * c + k) * size;
        out.set(data.subarray(from, from + size), ((i * c + k) * b + j) * size);
      }
    }
  }
  return out;
}
