/**
 * @file The safetensors format: bytes <-> named tensors.
 *
 * A file is `u64 header length | JSON header | raw little-endian data`; the data is one gapless run of tensors.
 * Format: https://github.com/huggingface/safetensors (README, "Format").
 */

import { PrefineError, show } from "../errors.ts";
import type { ByteSource } from "./byteSource.ts";
import { duplicateKey } from "./duplicateKeys.ts";
import { widenFloats } from "./narrowFloats.ts";
import { isObject, parseJson } from "./parseJson.ts";

/** Bits per element, in the order of the format's own library, which writes tensors in descending order of dtype. */
const DTYPE_BITS = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
} as const;

export type SafetensorsDtype = keyof typeof DTYPE_BITS;

const DTYPE_ORDER = Object.keys(DTYPE_BITS);

/** The format's own limit; a larger number in the first 8 bytes means that the file is something else. */
const MAX_HEADER_LENGTH = 100_000_000;

/** Location of a tensor in its file. */
export interface SafetensorsEntry {
  dtype: SafetensorsDtype;
  shape: number[];
  /** Byte offset of the first byte, counted from the start of the file. */
  start: number;
  /** Byte offset after the last byte, counted from the start of the file. */
  end: number;
}

export interface SafetensorsHeader {
  tensors: Map<string, SafetensorsEntry>;
  metadata: Record<string, string>;
}

/** A tensor to write. `data` holds the elements in row-major order, little-endian. */
export interface SafetensorsTensor {
  dtype: SafetensorsDtype;
  shape: readonly number[];
  data: ArrayBufferView;
}

function broken(where: string, problem: string): PrefineError {
  return new PrefineError(
    "model",
    `${where}: not a whole safetensors file: ${problem}`,
    "Is the file truncated or a Git LFS pointer? Download it again.",
  );
}

/**
 * Bytes of the JSON header, from the first 8 bytes of a file.
 * @param where the file's name, for the error message.
 */
export function safetensorsHeaderLength(first8Bytes: Uint8Array, where = "safetensors"): number {
  if (first8Bytes.length < 8) throw broken(where, `expected at least 8 bytes, found ${first8Bytes.length}`);
  const length = new DataView(first8Bytes.buffer, first8Bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_LENGTH)) {
    throw broken(where, `expected a header of at most ${MAX_HEADER_LENGTH} bytes, found ${length}`);
  }
  return Number(length);
}

/**
 * The names, dtypes, shapes and locations of all tensors, fully checked (bounds, gaps, overlaps, shape x dtype).
 * @param bytes the beginning of the file: at least the 8 bytes of the length and the whole header.
 * @param fileSize bytes of the whole file.
 * @param where the file's name, for the error messages.
 */
export function parseSafetensorsHeader(bytes: Uint8Array, fileSize: number, where: string): SafetensorsHeader {
  const dataStart = 8 + safetensorsHeaderLength(bytes, where);
  if (fileSize < dataStart) throw broken(where, `the header ends at byte ${dataStart}, the file at byte ${fileSize}`);
  if (bytes.length < dataStart)
    throw new Error(`internal: ${where}: header of ${dataStart} bytes, got ${bytes.length}`);
  const json = parseHeaderObject(bytes.subarray(8, dataStart), where);
  const tensors = new Map<string, SafetensorsEntry>();
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(json)) {
    if (name === "__metadata__") metadata = parseMetadata(value, where);
    else tensors.set(name, parseEntry(name, value, dataStart, where));
  }
  checkLayout(tensors, dataStart, fileSize, where);
  return { tensors, metadata };
}

/** Reads only the header of a file. */
export async function readSafetensorsHeader(file: ByteSource, where: string): Promise<SafetensorsHeader> {
  const start = new Uint8Array(await file.slice(0, Math.min(8, file.byteLength)));
  const length = 8 + safetensorsHeaderLength(start, where);
  const header = new Uint8Array(await file.slice(0, Math.min(length, file.byteLength)));
  return parseSafetensorsHeader(header, file.byteLength, where);
}

function parseHeaderObject(bytes: Uint8Array, where: string): Record<string, unknown> {
  let json: unknown;
  let text = "";
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    json = parseJson(text);
  } catch (cause) {
    throw broken(where, `the header is not JSON (${(cause as Error).message})`);
  }
  if (!isObject(json)) throw broken(where, "the header is not a JSON object");
  const twice = duplicateKey(text);
  if (twice !== undefined) throw broken(where, `the header has ${JSON.stringify(twice)} twice`);
  return json;
}

function parseMetadata(value: unknown, where: string): Record<string, string> {
  if (!isObject(value) || !Object.values(value).every((text) => typeof text === "string")) {
    throw broken(where, "__metadata__ is not a map of strings");
  }
  return value as Record<string, string>;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function parseEntry(name: string, value: unknown, dataStart: number, where: string): SafetensorsEntry {
  const tensor = `tensor ${JSON.stringify(name)}`;
  if (!isObject(value)) throw broken(where, `${tensor} is not described by an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string" || !Object.hasOwn(DTYPE_BITS, dtype)) {
    throw broken(where, `${tensor} has the unknown dtype ${show(dtype)}`);
  }
  if (!Array.isArray(shape) || !shape.every(isCount)) {
    throw broken(where, `${tensor} has the shape ${show(shape)}`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount) || offsets[0] > offsets[1]) {
    throw broken(where, `${tensor} has the data_offsets ${show(offsets)}`);
  }
  const [start, end] = offsets as [number, number];
  const expected = byteLength(dtype as SafetensorsDtype, shape);
  if (end - start !== expected) {
    throw broken(where, `${tensor}, ${dtype} [${shape.join(", ")}], needs ${expected} bytes and has ${end - start}`);
  }
  return { dtype: dtype as SafetensorsDtype, shape, start: dataStart + start, end: dataStart + end };
}

/** Bytes of a tensor; NaN if sub-byte elements do not fill whole bytes or the product is beyond exact integers. */
function byteLength(dtype: SafetensorsDtype, shape: readonly number[]): number {
  const bytes = (shape.reduce((product, size) => product * size, 1) * DTYPE_BITS[dtype]) / 8;
  return Number.isSafeInteger(bytes) ? bytes : Number.NaN;
}

/** The tensors, in the order of their offsets, must fill the rest of the file without a gap or an overlap. */
function checkLayout(tensors: Map<string, SafetensorsEntry>, dataStart: number, fileSize: number, where: string): void {
  const ordered = [...tensors].sort(([, a], [, b]) => a.start - b.start || a.end - b.end);
  let position = dataStart;
  for (const [name, entry] of ordered) {
    if (entry.start !== position) {
      const kind = entry.start < position ? "overlaps the one before it" : "leaves a gap before it";
      throw broken(where, `tensor ${JSON.stringify(name)} ${kind} (expected byte ${position}, found ${entry.start})`);
    }
    position = entry.end;
  }
  if (position !== fileSize) throw broken(where, `the header describes ${position} bytes, the file has ${fileSize}`);
}

/**
 * All tensors of a file in memory. `data` is a view of `bytes`, not a copy, and may be unaligned: see `toFloat32`.
 * @param bytes the whole file.
 */
export function decodeSafetensors(
  bytes: Uint8Array,
  where: string,
): { tensors: Map<string, SafetensorsTensor & { data: Uint8Array }>; metadata: Record<string, string> } {
  const { tensors, metadata } = parseSafetensorsHeader(bytes, bytes.length, where);
  const decoded = new Map<string, SafetensorsTensor & { data: Uint8Array }>();
  for (const [name, { dtype, shape, start, end }] of tensors) {
    decoded.set(name, { dtype, shape, data: bytes.subarray(start, end) });
  }
  return { tensors: decoded, metadata };
}

/** Raw bytes of an F32, F16, BF16 or F64 tensor as float32: a copy, F64 rounded. `where` names it in errors. */
export function toFloat32(data: Uint8Array, dtype: SafetensorsDtype, where: string): Float32Array {
  const aligned = new Uint8Array(data).buffer; // not slice(): a Buffer's shares its memory
  if (dtype === "F32" || dtype === "F64" || dtype === "F16" || dtype === "BF16") return widenFloats(aligned, dtype);
  throw new PrefineError("model", `${where}: expected F32, F16, BF16 or F64, found ${dtype}`, "Convert the file.");
}

/** The beginning of a file, and the order of its tensors. */
export interface SafetensorsLayout {
  header: Uint8Array;
  /** The tensors in the order of their bytes. */
  order: { name: string; byteLength: number }[];
  /** Of the whole file. */
  byteLength: number;
}

/**
 * The header of a file whose tensors are given by dtype and shape, in the order of the format's own library: wide
 * dtypes first, then by name; the header is padded with spaces so that the data starts at a multiple of 8.
 */
export function safetensorsLayout(
  tensors: ReadonlyMap<string, Pick<SafetensorsTensor, "dtype" | "shape">>,
  metadata?: Readonly<Record<string, string>>,
): SafetensorsLayout {
  const ordered = [...tensors].sort(
    ([a, left], [b, right]) => DTYPE_ORDER.indexOf(right.dtype) - DTYPE_ORDER.indexOf(left.dtype) || (a < b ? -1 : 1),
  );
  const described: [string, unknown][] = metadata ? [["__metadata__", metadata]] : [];
  const order: SafetensorsLayout["order"] = [];
  let offset = 0;
  for (const [name, { dtype, shape }] of ordered) {
    if (name === "__metadata__") throw new Error(`internal: a tensor named ${name}`);
    const bytes = byteLength(dtype, shape);
    described.push([name, { dtype, shape, data_offsets: [offset, offset + bytes] }]);
    order.push({ name, byteLength: bytes });
    offset += bytes;
  }
  const header = encodeHeader(described);
  return { header, order, byteLength: header.length + offset };
}

/**
 * A file as consecutive pieces: the header, then a view of every tensor's bytes (no copies, so that a model larger than
 * one typed array can be saved).
 */
export function safetensorsPieces(
  tensors: ReadonlyMap<string, SafetensorsTensor>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array[] {
  const { header, order } = safetensorsLayout(tensors, metadata);
  const pieces = order.map(({ name, byteLength: expected }) => {
    const { dtype, shape, data } = tensors.get(name) as SafetensorsTensor;
    if (data.byteLength === expected) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    throw new Error(`internal: tensor ${name}, ${dtype} [${shape.join(", ")}], given ${data.byteLength} bytes`);
  });
  return [header, ...pieces];
}

function encodeHeader(described: [string, unknown][]): Uint8Array {
  // Built manually: an object would move keys that look like integers to the front and lose "__proto__".
  const json = `{${described.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`;
  const text = new TextEncoder().encode(json);
  const header = new Uint8Array(8 + Math.ceil(text.length / 8) * 8).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(header.length - 8), true);
  header.set(text, 8);
  return header;
}

/** A whole file in one array; see `safetensorsPieces`. */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, SafetensorsTensor>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array {
  const pieces = safetensorsPieces(tensors, metadata);
  const file = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    file.set(piece, offset);
    offset += piece.length;
  }
  return file;
}
