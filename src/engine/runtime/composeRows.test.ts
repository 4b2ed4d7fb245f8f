/** @file Composing caches: rows of two batches of different lengths, in any order, repeated and shortened. */
import { expect, test } from "vitest";
import { composeRows } from "./composeRows.ts";

const HEADS = 2;
const SIZE = 3;

/** [rows, HEADS, length, SIZE] with a number that says where each value is from. */
function batch(name: number, rows: number, length: number): Float32Array {
  const values: number[] = [];
  for (let row = 0; row < rows; row++)
    for (let head = 0; head < HEADS; head++)
      for (let position = 0; position < length; position++)
        for (let d = 0; d < SIZE; d++) values.push(name * 1e4 + row * 1e3 + head * 1e2 + position * 10 + d);
  return Float32Array.from(values);
}

test("each row is its source's first positions, aligned at the end, in every tensor", () => {
  const batches = [
    { rows: 2, length: 4 },
    { rows: 1, length: 2 },
  ];
  const rows = [
    { source: 1, row: 0, padding: 0, count: 2 },
    { source: 0, row: 1, padding: 1, count: 3 },
    { source: 0, row: 1, padding: 1, count: 1 },
    { source: 0, row: 0, padding: 0, count: 3 },
  ];
  const length = 3;
  const sources = [batch(1, 2, 4), batch(2, 2, 4), batch(3, 1, 2), batch(4, 1, 2)]; // keys, values of each batch
  const targets = [0, 1].map(() => new Float32Array(rows.length * HEADS * length * SIZE).fill(-1));
  composeRows.run({ targets, sources }, { batches, rows, heads: HEADS, size: SIZE, length });
  for (const [part, target] of targets.entries()) {
    const at = (...[b, head, position, d]: number[]) => target[((b * HEADS + head) * length + position) * SIZE + d];
    let compared = 0;
    for (const [b, { source, row, padding, count }] of rows.entries())
      for (let head = 0; head < HEADS; head++)
        for (let position = 0; position < length; position++)
          for (let d = 0; d < SIZE; d++) {
            const k = position - (length - count);
            const name = source * 2 + part + 1;
            const expected = k < 0 ? -1 : name * 1e4 + row * 1e3 + head * 1e2 + (padding + k) * 10 + d;
            expect(at(b, head, position, d)).toBe(expected);
            compared++;
          }
    expect(compared).toBe(target.length);
  }
});
