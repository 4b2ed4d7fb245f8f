/**
 * @file The block formats of GGUF files (ggml's): groups of 32 or 256 elements that share scales, decoded to float32.
 * Integers times scales are exact in the arithmetic used here and rounded once, so values equal those of ggml's code.
 */
import { halfToFloat } from "./narrowFloats.ts";

interface BlockFormat {
  /** Elements per block. */
  elements: number;
  /** Bytes per block. */
  bytes: number;
  /** Decodes the block at byte `at` to out[to ...]. */
  decode(view: DataView, at: number, out: Float32Array, to: number): void;
  /** Scale and offset of 32 elements from element 32 * `part` of the block, with code 0 in the middle of the codes. */
  step?(view: DataView, at: number, part: number): [scale: number, offset: number];
}

/** Half-precision float at byte `at`. */
const half = (view: DataView, at: number) => halfToFloat(view.getUint16(at, true));

/** 32 elements of 4 bits: low nibbles are the first half, high nibbles the second. */
function fourBits({ hasMinimum }: { hasMinimum: boolean }): BlockFormat {
  const head = hasMinimum ? 4 : 2;
  return {
    elements: 32,
    bytes: head + 16,
    step: (view, at) => {
      const scale = half(view, at);
      return [scale, hasMinimum ? half(view, at + 2) + 8 * scale : 0];
    },
    decode(view, at, out, to) {
      const scale = half(view, at);
      const offset = hasMinimum ? half(view, at + 2) : -8 * scale;
      for (let i = 0; i < 16; i++) {
        const byte = view.getUint8(at + head + i);
        out[to + i] = scale * (byte & 15) + offset;
        out[to + 16 + i] = scale * (byte >> 4) + offset;
      }
    },
  };
}

/** Like 4 bits, with the fifth bits in a word before them. */
function fiveBits({ hasMinimum }: { hasMinimum: boolean }): BlockFormat {
  const head = hasMinimum ? 4 : 2;
  return {
    elements: 32,
    bytes: head + 20,
    decode(view, at, out, to) {
      const scale = half(view, at);
      const offset = hasMinimum ? half(view, at + 2) : -16 * scale;
      const fifths = view.getUint32(at + head, true);
      for (let i = 0; i < 16; i++) {
        const byte = view.getUint8(at + head + 4 + i);
        out[to + i] = scale * ((byte & 15) | (((fifths >>> i) & 1) << 4)) + offset;
        out[to + 16 + i] = scale * ((byte >> 4) | (((fifths >>> (i + 16)) & 1) << 4)) + offset;
      }
    },
  };
}

const eightBits: BlockFormat = {
  elements: 32,
  bytes: 34,
  step: (view, at) => [half(view, at), 0],
  decode(view, at, out, to) {
    const scale = half(view, at);
    for (let i = 0; i < 32; i++) out[to + i] = scale * view.getInt8(at + 2 + i);
  },
};

/** Six-bit scale and minimum of sub-block `j` (0 to 7) of a K block, packed into 12 bytes. */
function scaleAndMinimum(view: DataView, at: number, j: number): [scale: number, minimum: number] {
  const byte = (i: number) => view.getUint8(at + i);
  if (j < 4) return [byte(j) & 63, byte(j + 4) & 63];
  return [(byte(j + 4) & 15) | ((byte(j - 4) >> 6) << 4), (byte(j + 4) >> 4) | ((byte(j) >> 6) << 4)];
}

/** 256 elements in 8 sub-blocks of 32, each with its scale and minimum; `hasFifth`: Q5_K, else Q4_K. */
function superBlock({ hasFifth }: { hasFifth: boolean }): BlockFormat {
  const head = 16;
  const nibbles = hasFifth ? head + 32 : head;
  return {
    elements: 256,
    bytes: nibbles + 128,
    step: (view, at, part) => {
      const [scale, minimum] = scaleAndMinimum(view, at + 4, part);
      const d = half(view, at) * scale;
      return [d, 8 * d - half(view, at + 2) * minimum];
    },
    decode(view, at, out, to) {
      const [scaleOfScales, scaleOfMinima] = [half(view, at), half(view, at + 2)];
      for (let j = 0; j < 8; j++) {
        const [scale, minimum] = scaleAndMinimum(view, at + 4, j);
        const [d, m] = [scaleOfScales * scale, scaleOfMinima * minimum];
        for (let i = 0; i < 32; i++) {
          const byte = view.getUint8(at + nibbles + (j >> 1) * 32 + i);
          const low = j % 2 === 0 ? byte & 15 : byte >> 4;
          const fifth = hasFifth ? ((view.getUint8(at + head + i) >> j) & 1) << 4 : 0;
          out[to + j * 32 + i] = d * (low | fifth) - m;
        }
      }
    },
  };
}

/** 256 elements in 16 sub-blocks of 16 with signed 8-bit scales: 4 low bits, 2 high bits, minus 32. */
const sixBits: BlockFormat = {
  elements: 256,
  bytes: 210,
  decode(view, at, out, to) {
    const d = half(view, at + 208);
    for (let i = 0; i < 256; i++) {
      const [part, place] = [i >> 7, i & 127]; // two halves of 128, each four rows of 32
      const [row, column] = [place >> 5, place & 31];
      const low = view.getUint8(at + part * 64 + (row & 1) * 32 + column);
      const high = view.getUint8(at + 128 + part * 32 + column);
      const value = ((row < 2 ? low & 15 : low >> 4) | (((high >> (2 * row)) & 3) << 4)) - 32;
      out[to + i] = d * view.getInt8(at + 192 + (i >> 4)) * value;
    }
  },
};

const FORMATS = {
  Q4_0: fourBits({ hasMinimum: false }),
  Q4_1: fourBits({ hasMinimum: true }),
  Q5_0: fiveBits({ hasMinimum: false }),
  Q5_1: fiveBits({ hasMinimum: true }),
  Q8_0: eightBits,
  Q4_K: superBlock({ hasFifth: false }),
  Q5_K: superBlock({ hasFifth: true }),
  Q6_K: sixBits,
} satisfies Record<string, BlockFormat>;

/** A supported quantization. */
export type BlockDtype = keyof typeof FORMATS;

export const BLOCK_DTYPES = Object.keys(FORMATS) as BlockDtype[];

export const isBlockDtype = (dtype: string): dtype is BlockDtype => Object.hasOwn(FORMATS, dtype);

/** Bytes of this many elements; NaN if they do not fill whole blocks. */
export function blockBytes(dtype: BlockDtype, elements: number): number {
  const { elements: size, bytes } = FORMATS[dtype];
  return elements % size === 0 ? (elements / size) * bytes : Number.NaN;
}

/** Whole blocks -> float32. */
export function decodeBlocks(bytes: Uint8Array, dtype: BlockDtype): Float32Array {
  const format = FORMATS[dtype];
  const blocks = bytes.byteLength / format.bytes;
  if (!Number.isInteger(blocks)) throw new Error(`internal: ${bytes.byteLength} bytes are not whole ${dtype} blocks`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const out = new Float32Array(blocks * format.elements);
  for (let block = 0; block < blocks; block++) {
    format.decode(view, block * format.bytes, out, block * format.elements);
  }
  return out;
}

/** Scales and offsets of each 32 elements, for the formats that have them. */
export function blockSteps(bytes: Uint8Array, dtype: BlockDtype): { scales: Float32Array; offsets: Float32Array } {
  const format: BlockFormat = FORMATS[dtype];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts = format.elements / 32;
  const count = (bytes.byteLength / format.bytes) * parts;
  const [scales, offsets] = [new Float32Array(count), new Float32Array(count)];
  for (let i = 0; i < count; i++) {
    const at = Math.floor(i / parts) * format.bytes;
    [scales[i], offsets[i]] = format.step?.(view, at, i % parts) ?? [Number.NaN, Number.NaN];
  }
  return { scales, offsets };
}
