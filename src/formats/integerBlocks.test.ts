/** @file Blocks of GGUF files as integers: the same numbers, up to a rounding of float32. */
import { expect, test } from "vitest";
import { Mt19937 } from "../random.ts";
import { blockBytes, decodeBlocks } from "./ggufBlocks.ts";
import { EIGHT_BITS, ggufSteps, type IntegerBlocks, sameBlocks, toIntegerBlocks } from "./integerBlocks.ts";
import { fromFloat32 } from "./narrowFloats.ts";

/** What the kernel multiplies with. */
function numbersOf([codes, scales, offsets]: (Uint8Array | Float32Array)[], { bits, size }: IntegerBlocks) {
  return Float32Array.from({ length: (codes.length * 8) / bits }, (_, i) => {
    const code = bits === 8 ? codes[i] - 128 : ((codes[i >> 1] >> (4 * (i % 2))) & 15) - 8;
    const block = Math.floor(i / size);
    return code * scales[block] + (offsets ? offsets[block] : 0);
  });
}

/** Offsets of a block's 16-bit floats. */
const HALVES = { Q4_0: [0], Q4_1: [0, 2], Q4_K: [0, 2], Q8_0: [0] } as const;

/** Random codes under scales from 0.01 to 0.03. */
function randomBytes(dtype: keyof typeof HALVES, blocks: number): Uint8Array {
  const length = blockBytes(dtype, 256) / (dtype === "Q4_K" ? 1 : 8);
  const random = new Mt19937(4);
  const draws = random.normal(new Float32Array(length * blocks), 0, 1e6);
  const bytes = Uint8Array.from(draws, (value) => Math.floor(value) & 255);
  for (let block = 0; block < blocks; block++) {
    for (const half of HALVES[dtype]) {
      const scale = fromFloat32(Float32Array.of(0.01 * (1 + ((block + half) % 3))), "F16");
      bytes.set(new Uint8Array(scale.buffer, scale.byteOffset, 2), block * length + half);
    }
  }
  return bytes;
}

test.each(Object.keys(HALVES) as (keyof typeof HALVES)[])("%s is taken over code for code", (dtype) => {
  const kind = sameBlocks(dtype) as IntegerBlocks;
  const bytes = randomBytes(dtype, 6);
  const expected = decodeBlocks(bytes, dtype);
  const { values, scales, offsets } = ggufSteps(bytes, dtype);
  const found = numbersOf(toIntegerBlocks(values, kind, { scales, offsets }), kind);
  expect(found).toHaveLength(expected.length);
  expect(new Set(expected).size).toBeGreaterThan(15);
  const largest = Math.max(...expected.map(Math.abs));
  for (const [i, value] of expected.entries()) expect(Math.abs(found[i] - value)).toBeLessThan(1e-6 * largest);
});

test("other numbers are rounded to 255 steps of their block's largest", () => {
  const values = new Mt19937(5).normal(new Float32Array(128), 0, 0.1);
  values.fill(0, 32, 64);
  const found = numbersOf(toIntegerBlocks(values, EIGHT_BITS), EIGHT_BITS);
  for (let i = 0; i < values.length; i++) {
    const start = i - (i % 32);
    const largest = Math.max(...values.subarray(start, start + 32).map(Math.abs));
    expect(Math.abs(found[i] - values[i])).toBeLessThanOrEqual((largest / 127) * 0.5001);
  }
});

test("a scale that is not a number stays one", () => {
  const values = new Float32Array(32).fill(Number.NaN);
  expect(numbersOf(toIntegerBlocks(values, EIGHT_BITS), EIGHT_BITS).every(Number.isNaN)).toBe(true);
});
