/** @file Blocks of 8 and 4 bits against bitsandbytes' (test/fixtures/quantized.json), and their maximum error. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Mt19937 } from "../random.ts";
import {
  dequantizeBlocks,
  partBytes,
  type Quantization,
  quantizeBlocks,
  quantizedBytes,
  quantizedParts,
} from "./quantizedBlocks.ts";

const fixture = JSON.parse(readFileSync(new URL("../../test/fixtures/quantized.json", import.meta.url), "utf8"));
const values = new Mt19937(fixture.seed).normal(new Float32Array(fixture.count));
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, "base64"));
const floatsOf = (text: string) => new Float32Array(bytesOf(text).buffer);
const formats: Quantization[] = [
  { format: "nf4", nested: false },
  { format: "fp4", nested: false },
  { format: "nf4", nested: true },
  { format: "int8", nested: false },
];

describe("bitsandbytes 0.50", () => {
  it("has the codes and scales of nf4", () => {
    const [codes, absmax] = quantizeBlocks(values, { format: "nf4", nested: false });
    expect(Buffer.from(codes.buffer)).toEqual(Buffer.from(bytesOf(fixture.nf4.codes)));
    expect(absmax).toEqual(floatsOf(fixture.nf4.absmax));
  });

  it("has the codes of fp4, except for the choice between its two zeros", () => {
    const parts = quantizeBlocks(values, { format: "fp4", nested: false });
    const expected = [bytesOf(fixture.fp4.codes), floatsOf(fixture.fp4.absmax)];
    const numbers = (arrays: typeof parts) => dequantizeBlocks(arrays, { format: "fp4", nested: false }, values.length);
    expect(numbers(parts).map((x) => x + 0)).toEqual(numbers(expected).map((x) => x + 0));
    expect(new Set(numbers(parts)).size).toBeGreaterThan(1000);
  });

  it("has the same 16 values", () => {
    for (const format of ["nf4", "fp4"] as const) {
      const bytes = Uint8Array.from({ length: 8 }, (_, i) => ((2 * i) << 4) | (2 * i + 1));
      const actual = dequantizeBlocks([bytes, Float32Array.of(1)], { format, nested: false }, 16);
      expect([...actual].map((x) => x + 0)).toEqual(fixture[format].table.map((x: number) => x + 0));
    }
  });

  it("nests scales like double quantization", () => {
    const parts = quantizeBlocks(values, { format: "nf4", nested: true });
    const [, absmax, nestedAbsmax, offset] = parts;
    const nestedCodes = bytesOf(fixture.nested.absmax);
    const steps = [...nestedCodes].map((code, i) => Math.abs(code - absmax[i]));
    expect(Math.max(...steps)).toBeLessThan(2);
    expect(steps.filter((step) => step > 0).length).toBeLessThan(4); // torch sums the mean in another order
    expect(offset[0]).toBeCloseTo(fixture.nested.nested_offset, 5);
    for (const [i, scale] of floatsOf(fixture.nested.nested_absmax).entries())
      expect(nestedAbsmax[i]).toBeCloseTo(scale, 5);
    const numbers = dequantizeBlocks(parts, { format: "nf4", nested: true }, values.length);
    const expected = floatsOf(fixture.nested.numbers);
    const far = expected.filter((x, i) => Math.abs(x - numbers[i]) > 1e-6);
    expect(far.length).toBeLessThan(4 * 64);
    expect(expected).toHaveLength(1000);
  });
});

describe("errors and sizes", () => {
  /** Of the largest in a block: half the widest gap between values, plus the error of nested scales. */
  const bounds = { nf4: 0.152, fp4: 0.167, int8: 0.5 / 127 + 1e-7 };

  it.each(formats)("%o: no number is off by more than half a gap", (quantization) => {
    const actual = dequantizeBlocks(quantizeBlocks(values, quantization), quantization, values.length);
    let [worst, sum, all] = [0, 0, 0];
    for (let start = 0; start < values.length; start += 64) {
      const block = values.subarray(start, start + 64);
      const largest = Math.max(...block.map(Math.abs));
      for (const [i, value] of block.entries()) {
        const error = Math.abs(value - actual[start + i]);
        worst = Math.max(worst, error / largest);
        sum += error ** 2;
        all += value ** 2;
      }
    }
    expect(worst).toBeLessThan(bounds[quantization.format] + (quantization.nested ? 0.02 : 0));
    const share = Math.sqrt(sum / all);
    expect(share).toBeLessThan(quantization.format === "int8" ? 0.008 : quantization.format === "nf4" ? 0.1 : 0.13);
  });

  it("describes the parts", () => {
    for (const quantization of formats) {
      for (const count of [1, 63, 64, 65, 20010]) {
        const parts = quantizedParts(quantization, count);
        const data = quantizeBlocks(values.subarray(0, count), quantization);
        expect(data.map(({ byteLength }) => byteLength)).toEqual(parts.map(partBytes));
      }
    }
    const bits = formats.map((quantization) => (8 * quantizedBytes(quantization, 2 ** 20)) / 2 ** 20);
    expect(bits).toEqual([4.5, 4.5, expect.closeTo(4.127, 3), 8.5]);
  });

  it("keeps blocks of zeros", () => {
    for (const quantization of formats) {
      const zeros = new Float32Array(100);
      const actual = dequantizeBlocks(quantizeBlocks(zeros, quantization), quantization, 100);
      expect(actual.map((x) => Math.abs(x))).toEqual(zeros);
    }
  });
});
