/** @file A process that only multiplies matrices of a step's sizes; prints { gflops }, the machine's peak. */

import { openDevice } from "../src/device/openDevice.ts";
import { input, matmul } from "../src/engine/graph/index.ts";
import { lowerGraph } from "../src/engine/onnx/lower.ts";
import type { HostTensor } from "../src/engine/runtime/device.ts";
import { Mt19937 } from "../src/random.ts";

const TOKENS = 487; // average packed tokens per pair
const WIDTH = 768;
const INNER = 3072;
const PRODUCTS = 24; // in one run, so that its overhead is negligible
const RUNS = 15;

const random = new Mt19937(0);
const draw = (...shape: [number, number]): HostTensor => {
  const data = random.normal(new Float32Array(shape[0] * shape[1]), 0, 0.02);
  return { dtype: "float32", shape, data };
};

const device = await openDevice();
await device.put([
  ["up", draw(WIDTH, INNER)],
  ["down", draw(INNER, WIDTH)],
  ["x", draw(TOKENS, WIDTH)],
]);
const up = input("up", [WIDTH, INNER], "float32");
const down = input("down", [INNER, WIDTH], "float32");
let y = input("x", [TOKENS, WIDTH], "float32");
for (let i = 0; i < PRODUCTS / 2; i++) y = matmul(matmul(y, up), down);
const session = await device.open(lowerGraph({ y }), "products");
const seconds: number[] = [];
for (let i = 0; i < RUNS; i++) {
  const before = performance.now();
  await session.run({ up: "up", down: "down", x: "x" });
  seconds.push((performance.now() - before) / 1000);
}
await device.dispose();
const median = seconds.slice(3).sort((a, b) => a - b)[Math.floor((RUNS - 3) / 2)]; // the first runs allocate memory
process.stdout.write(`${JSON.stringify({ gflops: (2 * TOKENS * WIDTH * INNER * PRODUCTS) / median / 1e9 })}\n`);
