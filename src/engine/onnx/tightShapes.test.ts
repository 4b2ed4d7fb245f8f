/** @file Sizes renamed per stretch of nodes; the graph computes the same values. */
import { expect, test } from "vitest";
import { host, numbers } from "../../../test/support/runGraph.ts";
import { openDevice } from "../../device/openDevice.ts";
import { add, input, matmul, mul, sumAll, type Tensor } from "../graph/index.ts";
import { lowerGraph } from "./lower.ts";
import { tightShapes } from "./tightShapes.ts";

const chain = (length: number) => {
  const names = Array.from({ length }, (_, i) => `x${i}`);
  return {
    nodes: names.map((name) => ({ type: "Neg", domain: "", inputs: [], outputs: [name], attributes: {} })),
    values: names.map((name) => ({ name, elementType: 1, shape: ["T", 4] })),
  };
};

test("a size has one name within a stretch and another in the next; numbers stay", () => {
  const { nodes, values } = chain(100);
  const shapes = tightShapes(nodes, values)?.map(({ shape }) => shape) ?? [];
  expect(shapes).toHaveLength(100);
  expect(new Set(shapes.map(([size]) => size)).size).toBeGreaterThan(1);
  expect(shapes[0]).toEqual(shapes[1]);
  expect(shapes.every(([, width]) => width === 4)).toBe(true);
  expect(new Set(shapes.slice(0, 10).map(([size]) => size)).size).toBe(1);
});

test("leaves graphs alone that would take long to open", () => {
  const { nodes, values } = chain(20_000);
  expect(tightShapes(nodes, values)).toBeNull();
});

test("a tight-memory graph gives the same bits", async () => {
  const x = input("x", ["T", 8]);
  const w = input("w", [8, 8]);
  let y: Tensor = x;
  for (let i = 0; i < 60; i++) y = add(mul(y, 0.5), matmul(x, w));
  const outputs = { y, sum: sumAll(y) };
  const feeds = { x: host(numbers(40), [5, 8]), w: host(numbers(64, 2), [8, 8]) };
  const device = await openDevice();
  try {
    const plain = lowerGraph(outputs);
    const tight = lowerGraph(outputs, { tightMemory: true });
    expect([plain.tightMemory, tight.tightMemory]).toEqual([false, true]);
    expect(tight.bytes).not.toEqual(plain.bytes);
    const [expected, actual] = [
      await (await device.open(plain, "plain")).run(feeds),
      await (await device.open(tight, "tight")).run(feeds),
    ];
    expect(actual).toEqual(expected);
    expect([...(actual.get("y")?.data ?? [])].every((value) => Number.isFinite(Number(value)))).toBe(true);
  } finally {
    await device.dispose();
  }
});
