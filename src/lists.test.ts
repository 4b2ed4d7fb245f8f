/** @file Lists that are longer than a call's arguments may be. */
import { expect, it } from "vitest";
import { largest, pushAll, smallest } from "./lists.ts";

it("half a million items", () => {
  const numbers = Float64Array.from({ length: 500_000 }, (_, i) => i - 3);
  expect([smallest(numbers), largest(numbers), largest(numbers, 1e9), smallest(numbers, -1e9)]).toEqual([
    -3, 499_996, 1e9, -1e9,
  ]);
  const list = [7];
  pushAll(list, numbers);
  expect([list.length, list[1], list.at(-1)]).toEqual([500_001, -3, 499_996]);
});

it("as Math.max and Math.min have it: of nothing, and with NaN", () => {
  expect([largest([]), smallest([])]).toEqual([Math.max(), Math.min()]);
  expect([largest([1, Number.NaN, 2]), smallest([Number.NaN, 2])]).toEqual([Number.NaN, Number.NaN]);
});
