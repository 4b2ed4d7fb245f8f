/** @file Writes GGUF files for tests: version 3 of llama.cpp's format, alignment 32. */
import { writeFileSync } from "node:fs";

type MetadataValue = string | number | boolean | string[] | number[] | { float: number };

export interface GgufTensorToWrite {
  /** Outermost dimension first. */
  shape: readonly number[];
  /** ggml's number of the type: 0 F32, 1 F16, 2 Q4_0, 3 Q4_1, 8 Q8_0, 12 Q4_K ... */
  type: number;
  bytes: Uint8Array;
}

const ALIGNMENT = 32;
const padding = (length: number) => new Uint8Array((ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT);

function fixed(size: number, write: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(size);
  write(new DataView(bytes.buffer));
  return bytes;
}
const u32 = (value: number) => fixed(4, (view) => view.setUint32(0, value, true));
const u64 = (value: number) => fixed(8, (view) => view.setBigUint64(0, BigInt(value), true));
const f32 = (value: number) => fixed(4, (view) => view.setFloat32(0, value, true));

function text(value: string): Uint8Array[] {
  const bytes = new TextEncoder().encode(value);
  return [u64(bytes.length), bytes];
}

/** Type number and bytes; whole numbers are uint32, in lists int32, as llama.cpp demands; others are float32. */
function encode(value: MetadataValue): [type: number, ...parts: Uint8Array[]] {
  if (typeof value === "string") return [8, ...text(value)];
  if (typeof value === "boolean") return [7, Uint8Array.of(value ? 1 : 0)];
  if (typeof value === "object" && "float" in value) return [6, f32(value.float)];
  if (typeof value === "number") return Number.isInteger(value) ? [4, u32(value)] : [6, f32(value)];
  const areTexts = typeof value[0] === "string";
  const areWhole = value.every((item) => Number.isInteger(item) && Number(item) >= 0);
  const kind = areTexts ? 8 : areWhole ? 5 : 6;
  const items = value.flatMap((item) => (typeof item === "string" ? text(item) : [areWhole ? u32(item) : f32(item)]));
  return [9, u32(kind), u64(value.length), ...items];
}

export function writeGguf(
  file: string,
  metadata: Readonly<Record<string, MetadataValue>>,
  tensors: Readonly<Record<string, GgufTensorToWrite>>,
): void {
  const described = Object.entries(metadata).flatMap(([key, value]) => {
    const [type, ...parts] = encode(value);
    return [...text(key), u32(type), ...parts];
  });
  let offset = 0;
  const infos: Uint8Array[] = [];
  const data: Uint8Array[] = [];
  for (const [name, { shape, type, bytes }] of Object.entries(tensors)) {
    const sizes = [...shape].reverse().map(u64);
    infos.push(...text(name), u32(shape.length), ...sizes, u32(type), u64(offset));
    const padded = [bytes, padding(bytes.length)];
    data.push(...padded);
    offset += padded[0].length + padded[1].length;
  }
  const magic = new TextEncoder().encode("GGUF");
  const counts = [u64(Object.keys(tensors).length), u64(Object.keys(metadata).length)];
  const header = Buffer.concat([magic, u32(3), ...counts, ...described, ...infos]);
  writeFileSync(file, Buffer.concat([header, padding(header.length), ...data]));
}
