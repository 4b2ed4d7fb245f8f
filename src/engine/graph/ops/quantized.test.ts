/** @file Products with quantized matrices: compared with the dequantized matrix and with finite differences. */
import { afterAll, describe, expect, it } from "vitest";
import { gradientError, host, numbers } from "../../../../test/support/runGraph.ts";
import { openDevice } from "../../../device/openDevice.ts";
import { dequantizeBlocks, NESTED_VALUES, quantizeBlocks, quantizedParts } from "../../../formats/quantizedBlocks.ts";
import { compute } from "../../runtime/compute.ts";
import type { HostTensor } from "../../runtime/device.ts";
import { constant, input, type Tensor } from "../tensor.ts";
import { dequantize, type QuantizedMatrix, quantizedMatmul } from "./quantized.ts";

const device = await openDevice({ threads: 1 });
afterAll(() => device.dispose());

const nested = constant([...NESTED_VALUES]);
const ROWS = 4;

interface Case {
  format: "nf4" | "fp4" | "int8";
  nested: boolean;
  /** [out, in] */
  shape: [number, number];
}

const shapes: Case["shape"][] = [
  [6, 64],
  [24, 32],
  [5, 13], // a partial block, and half a byte
  [300, 80], // more than 256 blocks
];
const cases: Case[] = shapes.flatMap((shape) => [
  { format: "nf4", nested: false, shape },
  { format: "nf4", nested: true, shape },
  { format: "fp4", nested: false, shape },
  { format: "int8", nested: false, shape },
]);

function matrixOf({ format, nested: isNested, shape: [outFeatures, inFeatures] }: Case) {
  const quantization = { format, nested: isNested };
  const elements = outFeatures * inFeatures;
  const values = Float32Array.from(numbers(elements, 5));
  const data = quantizeBlocks(values, quantization);
  const parts = quantizedParts(quantization, elements);
  const inputs = parts.map(({ suffix, shape, dtype }) => input(suffix, shape, dtype));
  const feeds = Object.fromEntries(
    parts.map(({ suffix, shape, dtype }, i): [string, HostTensor] => [suffix, { dtype, shape, data: data[i] }]),
  );
  const matrix: QuantizedMatrix = { format, outFeatures, inFeatures, parts: isNested ? [...inputs, nested] : inputs };
  return { matrix, feeds, floats: dequantizeBlocks(data, quantization, elements) };
}

async function run(output: Tensor, feeds: Record<string, HostTensor>): Promise<Float32Array> {
  const outputs = await compute(device, "quantized", { output }, { feeds });
  return outputs.get("output")?.data as Float32Array;
}

describe.each(cases)("$format, nested $nested, $shape", (one) => {
  const { matrix, feeds, floats } = matrixOf(one);
  const [outFeatures, inFeatures] = one.shape;

  it("dequantizes its parts, bit for bit", async () => {
    expect((await run(dequantize(matrix), feeds)).map((x) => x + 0)).toEqual(floats.map((x) => x + 0));
  });

  it("multiplies from both sides", async () => {
    const x = host(numbers(ROWS * inFeatures, 2), [ROWS, inFeatures]);
    const product = await run(quantizedMatmul(input("x", x.shape), matrix), { ...feeds, x });
    const dy = host(numbers(ROWS * outFeatures, 3), [ROWS, outFeatures]);
    const back = await run(quantizedMatmul(input("x", dy.shape), matrix, { transB: false }), { ...feeds, x: dy });
    let worst = 0;
    for (let row = 0; row < ROWS; row++) {
      for (let o = 0; o < outFeatures; o++) {
        let sum = 0;
        for (let i = 0; i < inFeatures; i++) sum += Number(x.data[row * inFeatures + i]) * floats[o * inFeatures + i];
        worst = Math.max(worst, Math.abs(sum - product[row * outFeatures + o]));
      }
      for (let i = 0; i < inFeatures; i++) {
        let sum = 0;
        for (let o = 0; o < outFeatures; o++)
          sum += Number(dy.data[row * outFeatures + o]) * floats[o * inFeatures + i];
        worst = Math.max(worst, Math.abs(sum - back[row * inFeatures + i]));
      }
    }
    expect(worst).toBeLessThan(2e-5);
  });

  it.runIf(outFeatures < 10)("has the gradient of finite differences", async () => {
    const x = host(numbers(2 * inFeatures, 2), [2, inFeatures]);
    // the product is linear in x, so any step gives the exact difference quotient
    const error = await gradientError(
      device,
      { x, ...feeds },
      ["x"],
      (inputs) => {
        const parts = matrix.parts.map((part) => (part.source.kind === "input" ? inputs[part.source.name] : part));
        return quantizedMatmul(inputs.x, { ...matrix, parts });
      },
      0.5,
    );
    expect(error).toBeLessThan(1e-4);
  });
});

it("rejects an input of another width", () => {
  const { matrix } = matrixOf(cases[0]);
  expect(() => quantizedMatmul(input("x", [2, 63]), matrix)).toThrow("quantizedMatmul: expected [M, 64]");
});
