/** @file Reordering rows in place: every way to pick 4 of 4 rows, in several caches. */
import { describe, expect, it } from "vitest";
import { pickRows } from "./pickRows.ts";

describe("pickRows", () => {
  it("equals picking into fresh memory, for all 256 picks", () => {
    for (let n = 0; n < 256; n++) {
      const rows = [n % 4, (n >> 2) % 4, (n >> 4) % 4, n >> 6];
      const caches = [Float32Array.from({ length: 12 }, (_, i) => i), Float32Array.of(5, 6, 7, 8)];
      const expected = caches.map((cache) => rows.flatMap((row) => [...cache.subarray(...range(cache, row))]));
      pickRows.run({ caches }, { rows });
      expect(caches.map((cache) => [...cache])).toEqual(expected);
    }
  });
});

function range(cache: Float32Array, row: number): [number, number] {
  const size = cache.length / 4;
  return [row * size, (row + 1) * size];
}
