/**
 * @file Matrices quantized by bitsandbytes, in the format of transformers' save_pretrained: a tensor of codes [out, in]
 * and, under longer names, its scales and metadata. 4-bit codes are those of quantizedBlocks; an 8-bit matrix
 * (LLM.int8()) has one scale per row.
 */
import { PrefineError, show } from "../errors.ts";
import { parseJson } from "./parseJson.ts";
import {
  BLOCK,
  dequantizeBlocks,
  NESTED_BLOCK,
  type PartData,
  type Quantization,
  quantizedParts,
} from "./quantizedBlocks.ts";

/** A byte range of a file. */
export interface Bytes {
  file: string;
  start: number;
  end: number;
}

/** The parts of a quantized matrix. */
export interface PackedMatrix extends Quantization {
  outFeatures: number;
  inFeatures: number;
  /** Scales, and the scales of scales. */
  scales: readonly Bytes[];
  /** Added to scales that are themselves in 8 bits. */
  offset: number;
  /** The dtype before quantization. */
  dtype: "F32" | "F16" | "BF16";
}

/** Tensors by name, from all files of a model. */
type Tensors = ReadonlyMap<string, Bytes & { dtype: string; shape: readonly number[] }>;

const DTYPES: Record<string, PackedMatrix["dtype"]> = { float32: "F32", float16: "F16", bfloat16: "BF16" };
const MAX_INT8 = 127;
const STATE = ".quant_state.bitsandbytes__";

/**
 * The quantized matrix behind a tensor, if it is one.
 * @param read the bytes of small tensors.
 * @throws PrefineError("not-yet") for blocks of other sizes, ("model") if something is missing.
 */
export async function packedMatrix(
  tensors: Tensors,
  key: string,
  read: (bytes: Bytes) => Promise<Uint8Array>,
): Promise<PackedMatrix | undefined> {
  const rowScales = `${key.replace(/weight$/, "")}SCB`;
  if (tensors.get(key)?.dtype === "I8" && tensors.has(rowScales)) return packedRows(tensors, key, rowScales);
  for (const format of ["nf4", "fp4"] as const) {
    const entry = tensors.get(`${key}${STATE}${format}`);
    if (entry) return packedBlocks(tensors, key, { format, state: readState(await read(entry), key, entry.file) });
  }
  return undefined;
}

function packedRows(tensors: Tensors, key: string, rowScales: string): PackedMatrix {
  const [outFeatures, inFeatures] = tensors.get(key)?.shape ?? [];
  const scales = [part(tensors, key, rowScales)];
  return { format: "int8", nested: false, outFeatures, inFeatures, scales, offset: 0, dtype: "F16" };
}

interface State {
  shape: number[];
  blocksize: number;
  dtype: string;
  nested_blocksize?: number;
  nested_offset?: number;
}

function packedBlocks(
  tensors: Tensors,
  key: string,
  { format, state }: { format: "nf4" | "fp4"; state: State },
): PackedMatrix {
  const nested = state.nested_blocksize !== undefined;
  const { file } = part(tensors, key, key);
  const sizes = nested ? [state.blocksize, state.nested_blocksize] : [state.blocksize];
  if (sizes.join() !== (nested ? [BLOCK, NESTED_BLOCK] : [BLOCK]).join()) {
    const expected = nested ? `${BLOCK} and ${NESTED_BLOCK}` : BLOCK;
    const message = `${file}: tensor "${key}" is in blocks of ${sizes.join(" and ")}, expected ${expected}`;
    throw new PrefineError("not-yet", message, UNQUANTIZED);
  }
  const [outFeatures, inFeatures] = state.shape;
  const scales = [".absmax", ...(nested ? [".nested_absmax"] : [])].map((name) => part(tensors, key, key + name));
  const dtype = DTYPES[state.dtype] ?? "F32";
  return { format, nested, outFeatures, inFeatures, scales, offset: state.nested_offset ?? 0, dtype };
}

/** Hint for quantized weights that prefine does not read. */
export const UNQUANTIZED = "Use the model's unquantized weights; load_in_4bit or load_in_8bit quantizes them here.";

function part(tensors: Tensors, key: string, name: string): Bytes {
  const range = tensors.get(name);
  if (range) return { file: range.file, start: range.start, end: range.end };
  const message = `${tensors.get(key)?.file}: tensor "${key}" is quantized, but there is no "${name}"`;
  throw new PrefineError("model", message, "Download or save the file again.");
}

function readState(bytes: Uint8Array, key: string, file: string): State {
  const text = new TextDecoder().decode(bytes);
  const value = attempt(() => parseJson(text)) as Partial<State> | null | undefined;
  const sizes = Array.isArray(value?.shape) ? value.shape : [];
  const isWhole = sizes.length === 2 && sizes.every((size) => Number.isInteger(size) && size > 0);
  if (isWhole && typeof value?.blocksize === "number" && typeof value.dtype === "string") return value as State;
  const message = `${file}: the state of tensor "${key}": expected shape, blocksize and dtype, found ${show(text)}`;
  throw new PrefineError("model", message, "Download or save the file again.");
}

function attempt(parse: () => unknown): unknown {
  try {
    return parse();
  } catch {
    return undefined;
  }
}

/** Whether 8 bits with a scale for each row are blocks with a scale each: no block crosses rows. 4 bits always are. */
export const isBlockwise = ({ format, inFeatures }: PackedMatrix): boolean =>
  format !== "int8" || inFeatures % BLOCK === 0;

/** The arrays of quantizedBlocks. @param scales the bytes of `packed.scales`. */
export function unpack(packed: PackedMatrix, codes: Uint8Array, scales: readonly Uint8Array[]): PartData[] {
  const elements = packed.outFeatures * packed.inFeatures;
  if (packed.format === "int8") {
    const rows = new Float32Array(scales[0].buffer);
    const blocksOfRow = packed.inFeatures / BLOCK;
    const blocks = Float32Array.from({ length: elements / BLOCK }, (_, i) => rows[Math.floor(i / blocksOfRow)]);
    return [new Int8Array(codes.buffer), blocks.map((absmax) => absmax / MAX_INT8)];
  }
  if (!packed.nested) return [codes, new Float32Array(scales[0].buffer)];
  const [, { shape }] = quantizedParts(packed, elements);
  const padded = new Uint8Array(shape[0] * shape[1]);
  padded.set(scales[0]);
  return [codes, padded, new Float32Array(scales[1].buffer), Float32Array.of(packed.offset)];
}

/** The numbers [out, in]. */
export function widen(packed: PackedMatrix, codes: Uint8Array, scales: readonly Uint8Array[]): Float32Array {
  const { outFeatures, inFeatures, format } = packed;
  if (format !== "int8") return dequantizeBlocks(unpack(packed, codes, scales), packed, outFeatures * inFeatures);
  const rows = new Float32Array(scales[0].buffer);
  return Float32Array.from(new Int8Array(codes.buffer), (code, i) => {
    return code * Math.fround(rows[Math.floor(i / inFeatures)] / MAX_INT8);
  });
}
