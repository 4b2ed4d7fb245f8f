/** @file Sums over ranks in pieces: every number is summed and scaled once, however the tensors are cut. */
import { expect, test } from "vitest";
import { allReduce } from "./collectives.ts";

test.each([
  [[3], 8, [3]],
  [[8], 8, [8]],
  [[9], 8, [8, 1]],
  [[3, 4, 1, 2], 8, [8, 2]],
  [[2, 20, 3], 8, [2, 8, 8, 7]],
  [[0, 5, 0], 8, [5]],
  [[], 8, []],
])("tensors of %j numbers in pieces of %j", (lengths, piece, calls) => {
  let next = 1;
  const tensors = lengths.map((length) => Float32Array.from({ length }, () => next++));
  const before = tensors.map((tensor) => [...tensor]);
  const seen: number[] = [];
  const sum = (numbers: Float32Array) => {
    seen.push(numbers.length);
    for (let i = 0; i < numbers.length; i++) numbers[i] += 100 * numbers[i]; // another rank's are 100 times as large
  };
  allReduce(tensors, { sum, scale: 0.5, piece });
  expect(seen).toEqual(calls);
  expect(tensors.map((tensor) => [...tensor])).toEqual(before.map((tensor) => tensor.map((x) => (x * 101) / 2)));
});
