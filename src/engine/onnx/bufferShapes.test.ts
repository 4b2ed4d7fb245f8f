/** @file Large values share buffers with their neighbors alone. */
import { expect, test } from "vitest";
import { withBufferShapes } from "./bufferShapes.ts";

const value = (name: string, ...shape: (number | string)[]) => ({ name, elementType: 1, shape });

test("scores and wide values get sizes of their own, equal among neighbors; the others keep theirs", () => {
  const usual = Array.from({ length: 40 }, (_, i) => value(`x${i}`, "T", 768));
  const large = [value("scores", 12, 1, "S", "S+C"), value("inner", "T", 3072)];
  const others = [value("mean", "T", 1), value("gradient", 3072, 4)];
  const shapes = (values: ReturnType<typeof value>[]) => withBufferShapes(values).map(({ shape }) => shape);
  const ends = shapes([...large, ...usual, ...large, ...others]);
  expect(ends.slice(0, 2)).toEqual([
    [12, 1, "S@0", "S+C@0"],
    ["T@0", 3072],
  ]);
  expect(ends.slice(2, 42)).toEqual(usual.map(({ shape }) => shape));
  expect(ends.slice(42)).toEqual([[12, 1, "S@1", "S+C@1"], ["T@1", 3072], ...others.map(({ shape }) => shape)]);
  expect(shapes(others)).toEqual(others.map(({ shape }) => shape));
});
