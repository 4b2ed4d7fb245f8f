/** @file Narrow floats: every value round-trips; values in between round to nearest, ties to even. */
import { expect, test } from "vitest";
import { fromFloat32 } from "./narrowFloats.ts";
import { toFloat32 } from "./safetensors.ts";

const every = Uint16Array.from({ length: 0x10000 }, (_, i) => i);
const isNan = { F16: (bits: number) => (bits & 0x7fff) > 0x7c00, BF16: (bits: number) => (bits & 0x7fff) > 0x7f80 };

test.each(["F16", "BF16"] as const)("%s: all 65536 values round-trip", (dtype) => {
  const numbers = toFloat32(new Uint8Array(every.buffer), dtype, "test");
  const back = new Uint16Array(fromFloat32(numbers, dtype).buffer);
  const wrong = every.filter((bits) => (isNan[dtype](bits) ? !isNan[dtype](back[bits]) : back[bits] !== bits));
  expect([...wrong]).toEqual([]);
});

test.each(["F16", "BF16"] as const)("%s: midpoints round to the even neighbor, slightly more rounds up", (dtype) => {
  const numbers = toFloat32(new Uint8Array(every.buffer), dtype, "test");
  const last = dtype === "F16" ? 0x7bff : 0x7f7f;
  const float = new Float32Array(1);
  const bits = new Uint32Array(float.buffer);
  const narrow = () => new Uint16Array(fromFloat32(float, dtype).buffer)[0];
  let seen = 0;
  for (let low = 0; low < last; low += 7) {
    float[0] = (numbers[low] + numbers[low + 1]) / 2;
    if (float[0] === numbers[low] || float[0] === numbers[low + 1]) continue; // below the smallest float32
    expect(narrow(), `between ${low} and the next`).toBe(low % 2 === 0 ? low : low + 1);
    bits[0] += 1;
    expect(narrow(), `above the middle of ${low} and the next`).toBe(low + 1);
    seen += 1;
  }
  expect(seen).toBeGreaterThan(4000);
});
