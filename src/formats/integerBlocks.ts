/**
 * @file Matrices [out, in] as integers in blocks of a row, in the layout of ONNX Runtime's MatMulNBits: 8 bits that
 * stand for code - 128, or 4 bits for code - 8 (two in a byte, the first in the lower half), times the block's scale,
 * and perhaps an offset.
 */
import { type BlockDtype, blockSteps, decodeBlocks } from "./ggufBlocks.ts";

export interface IntegerBlocks {
  bits: 4 | 8;
  /** Numbers in a block. */
  size: 32 | 64;
  /** Each block has a number that is added to all of its values. */
  hasOffsets: boolean;
}

/** Suffix of a matrix's codes, which its session keeps in an order of its own. */
export const INTEGERS = ".integers";

export interface IntegerBlockPart {
  /** Appended to the matrix's name. */
  suffix: string;
  dtype: "uint8" | "float32";
  shape: number[];
}

/** The steps of a matrix's blocks: a value is scale * code + offset, where codes are integers around 0. */
export interface BlockSteps {
  scales: Float32Array;
  offsets: Float32Array | null;
}

/** Kinds of GGUF files whose blocks are taken over: the codes of the others are finer, or their blocks smaller. */
const AS_THEY_ARE: Partial<Record<BlockDtype, IntegerBlocks>> = {
  Q4_0: { bits: 4, size: 32, hasOffsets: false },
  Q4_1: { bits: 4, size: 32, hasOffsets: true },
  Q4_K: { bits: 4, size: 32, hasOffsets: true },
  Q8_0: { bits: 8, size: 32, hasOffsets: false },
};

/** What other matrices are rounded to: 256 levels. */
export const EIGHT_BITS: IntegerBlocks = { bits: 8, size: 32, hasOffsets: false };

/** The blocks of a file's matrix; undefined: they have no equal here. */
export const sameBlocks = (dtype: string): IntegerBlocks | undefined => AS_THEY_ARE[dtype as BlockDtype];

export function integerBlockParts(kind: IntegerBlocks, [rows, columns]: readonly number[]): IntegerBlockPart[] {
  const { bits, size, hasOffsets } = kind;
  const blocks = columns / size;
  const codes: IntegerBlockPart = { suffix: INTEGERS, dtype: "uint8", shape: [rows, blocks, (size * bits) / 8] };
  const scales: IntegerBlockPart = { suffix: ".steps", dtype: "float32", shape: [rows * blocks] };
  const offsets: IntegerBlockPart = { suffix: ".offsets", dtype: "float32", shape: [rows, blocks] };
  return hasOffsets ? [codes, scales, offsets] : [codes, scales];
}

/** Codes are -8 to 7, or -128 to 127. */
const middle = ({ bits }: IntegerBlocks) => 2 ** (bits - 1);

/** Values and steps of a GGUF file's blocks, which {@link sameBlocks} has. */
export function ggufSteps(bytes: Uint8Array, dtype: BlockDtype): BlockSteps & { values: Float32Array } {
  const { hasOffsets } = AS_THEY_ARE[dtype] as IntegerBlocks;
  const { scales, offsets } = blockSteps(bytes, dtype);
  return { values: decodeBlocks(bytes, dtype), scales, offsets: hasOffsets ? offsets : null };
}

/** Scales that give the largest value of each block the largest code. */
function ownSteps(values: Float32Array, kind: IntegerBlocks): BlockSteps {
  const largestCode = middle(kind) - 1;
  const scales = new Float32Array(values.length / kind.size);
  for (let block = 0; block < scales.length; block++) {
    let largest = 0;
    for (let i = block * kind.size; i < (block + 1) * kind.size; i++) largest = Math.max(largest, Math.abs(values[i]));
    scales[block] = largest / largestCode;
  }
  return { scales, offsets: null };
}

/** The arrays of {@link integerBlockParts}. @param steps those that the values were made with; absent: own ones. */
export function toIntegerBlocks(
  values: Float32Array,
  kind: IntegerBlocks,
  steps: BlockSteps = ownSteps(values, kind),
): (Uint8Array | Float32Array)[] {
  const { scales, offsets } = steps;
  const { bits, size } = kind;
  const zero = middle(kind);
  const codes = new Uint8Array((values.length * bits) / 8);
  for (let block = 0; block < scales.length; block++) {
    const scale = scales[block];
    const offset = offsets ? offsets[block] : 0;
    for (let i = block * size; i < (block + 1) * size; i++) {
      const step = scale === 0 ? 0 : Math.round((values[i] - offset) / scale);
      const code = Math.min(Math.max(step + zero, 0), 2 * zero - 1);
      if (bits === 8) codes[i] = code;
      else codes[i >> 1] |= i % 2 === 0 ? code : code << 4;
    }
  }
  return offsets ? [codes, scales, offsets] : [codes, scales];
}
