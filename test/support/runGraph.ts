/** @file Runs a graph on a new device, and compares gradients with central finite differences. */
import { grad, input, mul, sumAll, type Tensor } from "../../src/engine/graph/index.ts";
import { arrayOf, type Dtype } from "../../src/engine/graph/tensor.ts";
import { lowerGraph } from "../../src/engine/onnx/lower.ts";
import { compute } from "../../src/engine/runtime/compute.ts";
import type { Device, HostTensor } from "../../src/engine/runtime/device.ts";

export function host(values: readonly number[], shape: readonly number[], dtype: Dtype = "float32"): HostTensor {
  return { dtype, shape, data: arrayOf(dtype, values) };
}

/** A graph input of the shape and dtype of a value. */
export function inputLike(name: string, { shape, dtype }: HostTensor): Tensor {
  if (dtype === "float16" || dtype === "bfloat16") return input(name, shape, "float32", dtype);
  return input(name, shape, dtype);
}

/** Deterministic numbers in (-1, 1), far from zero and from each other. */
export function numbers(count: number, seed = 1): number[] {
  let state = seed * 2654435761;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const value = state / 2 ** 31 - 1;
    return Math.abs(value) < 0.05 ? value + 0.1 : value;
  });
}

export function evaluate(
  device: Device,
  outputs: Record<string, Tensor>,
  feeds: Record<string, HostTensor>,
): Promise<Map<string, HostTensor>> {
  return compute(device, "graph", outputs, { feeds });
}

/**
 * The largest difference between the gradient and central differences, over every element of every input in `wrt`,
 * relative to the largest entry of that input's gradient.
 * @param build the op under test; its output is reduced by fixed weights to a scalar.
 */
export async function gradientError(
  device: Device,
  feeds: Record<string, HostTensor>,
  wrt: readonly string[],
  build: (inputs: Record<string, Tensor>) => Tensor,
  step: number,
): Promise<number> {
  const inputs = Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, inputLike(name, value)]));
  const output = build(inputs);
  const size = output.shape.reduce<number>((n, dim) => n * (dim as number), 1);
  const weights = host(numbers(size, 7), output.shape as number[], output.dtype);
  const loss = sumAll(mul(output, inputLike("weights", weights)));
  const gradients = grad(
    loss,
    wrt.map((name) => inputs[name]),
  );
  const all = { ...feeds, weights };
  const named = Object.fromEntries(wrt.map((name, i) => [`grad.${name}`, gradients[i]]));
  const exact = await evaluate(device, named, all);
  const session = await device.open(lowerGraph({ loss }), "loss");
  let worst = 0;
  for (const name of wrt) {
    const { data, dtype, shape } = feeds[name];
    const found = exact.get(`grad.${name}`)?.data as Float64Array;
    const scale = Math.max(1e-3, ...Array.from(found, Math.abs));
    for (let i = 0; i < data.length; i++) {
      const at = async (delta: number) => {
        const moved = Array.from(data as Float64Array, (v, j) => (j === i ? v + delta : v));
        return Number((await session.run({ ...all, [name]: host(moved, shape, dtype as Dtype) })).get("loss")?.data[0]);
      };
      const difference = ((await at(step)) - (await at(-step))) / (2 * step);
      worst = Math.max(worst, Math.abs(difference - found[i]) / scale);
    }
  }
  await session.release();
  return worst;
}
