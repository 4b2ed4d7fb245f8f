/** @file Kernels on several threads: same bits, same errors, no lost tensors, and the process exits. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { die, double, openOddDevice } from "../../../test/support/oddKernels.ts";
import { runScript } from "../../../test/support/runScript.ts";
import { clippedStep, type SteppedTensor } from "../../learner/clippedStep.ts";
import { type OptimizerSettings, stateOf } from "../../optim/optimizers.ts";
import { Mt19937 } from "../../random.ts";
import type { Device } from "./device.ts";

const devices: Device[] = [];
afterEach(async () => {
  for (const device of devices.splice(0)) await device.dispose();
});
function openDevice(options: { threads: number; sharedFrom?: number }): Device {
  const device = openOddDevice(options);
  devices.push(device);
  return device;
}

/** Several batches of numbers, and small tensors. */
const SHAPES = [[7], [1030, 1024], [300, 2], [1024, 1027], [4096]];
const floats = (shape: readonly number[], data: Float32Array) => ({ dtype: "float32" as const, shape, data });

/** Tensors after three steps with their optimizer state, and the gradient norms. */
async function train(device: Device, optimizer: OptimizerSettings) {
  const random = new Mt19937(5);
  const draw = (shape: readonly number[]) =>
    floats(shape, random.uniform(new Float32Array(shape.reduce((a, b) => a * b, 1)), -1, 1));
  const tensors: SteppedTensor[] = [];
  const slopes = new Map<string, ReturnType<typeof draw>>();
  for (const [i, shape] of SHAPES.entries()) {
    const [name, grad] = [`layer.${i}.weight`, `gradient of ${i}`];
    const slots = Object.entries(stateOf({ name, shape }, optimizer)).map(([key, state]) => {
      return { key, name: `${key}.${name}`, ...state };
    });
    await device.put([[name, draw(shape)]]);
    await device.zeros(slots);
    slopes.set(grad, draw(shape));
    const state = Object.fromEntries(slots.map(({ key, name: place }) => [key, place]));
    tensors.push({ param: name, grad, state, shape, weightDecay: i / 10 });
  }
  const norms: number[] = [];
  for (const step of [1, 2, 3]) {
    for (const { data } of slopes.values()) for (let i = step; i < data.length; i += 3) data[i] *= -0.3;
    await device.put([...slopes]);
    norms.push(await clippedStep(device, tensors, { optimizer, step, learningRate: 0.01, maxGradNorm: 1 }));
  }
  const names = tensors.flatMap(({ param, state }) => [param, ...Object.values(state)]);
  const bits = (await device.read(names)).map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  return { norms, names, bits };
}

const betas = { beta1: 0.9, beta2: 0.999, eps: 1e-8 };
test.each<OptimizerSettings>([
  { kind: "adamw", ...betas },
  { kind: "adamw8bit", ...betas },
  { kind: "sgd", momentum: 0.9, dampening: 0, nesterov: true },
  { kind: "adafactor" },
  { kind: "rmsprop", alpha: 0.99, eps: 1e-8, momentum: 0.9, centered: true },
  { kind: "adagrad", lrDecay: 0.1, eps: 1e-10 },
  { kind: "lion", beta1: 0.9, beta2: 0.99 },
])("$kind: one thread and three compute the same bits", async (optimizer) => {
  const alone = await train(openDevice({ threads: 1, sharedFrom: 1 }), optimizer);
  const shared = await train(openDevice({ threads: 3, sharedFrom: 1 }), optimizer);
  expect(shared.norms).toEqual(alone.norms);
  expect(alone.norms[1]).toBeGreaterThan(1); // clipped
  for (const [i, name] of shared.names.entries()) {
    expect(alone.bits[i].some(Boolean), name).toBe(true);
    expect(shared.bits[i].equals(alone.bits[i]), name).toBe(true);
  }
});

describe("applyEach", () => {
  const items = (names: string[], args: { fails?: boolean } = {}) => names.map((x) => ({ tensors: { x }, args }));
  const ones = (size: number) => floats([size], new Float32Array(size).fill(1));
  const firsts = async (device: Device, names: string[]) => (await device.read(names)).map(({ data }) => data[0]);
  /** Two tensors that share a batch, and two of one batch each. */
  const put = (device: Device) =>
    device.put([
      ["a", ones(3)],
      ["b", ones(2 ** 20)],
      ["c", ones(2 ** 20 + 1)],
      ["d", ones(4)],
    ]);

  test("shares large tensors among threads, with the results in order", async () => {
    const device = openDevice({ threads: 2, sharedFrom: 2 ** 21 });
    await put(device);
    const [main] = await device.applyEach(double, items(["a"])); // too small
    const threads = await device.applyEach(double, items(["a", "b", "c", "d"]));
    expect(threads).not.toContain(main);
    expect(threads[1]).not.toBe(threads[2]);
    expect(threads[0]).toBe(threads[3]); // small ones share a batch
    expect(await firsts(device, ["a", "b", "c", "d"])).toEqual([4, 2, 2, 2]);
    const again = await device.applyEach(double, items(["b", "c"]));
    expect(new Set(again)).toEqual(new Set([threads[1], threads[2]])); // no more threads than the limit
  });

  test("keeps an adapter's tensors, and everything with one thread, in the compute thread", async () => {
    const device = openDevice({ threads: 2 });
    const alone = openDevice({ threads: 1, sharedFrom: 1 });
    for (const each of [device, alone]) {
      await put(each);
      expect(new Set(await each.applyEach(double, items(["a", "b", "c", "d"]))).size).toBe(1);
    }
  });

  test("transfers no memory that another tensor uses", async () => {
    const device = openDevice({ threads: 2, sharedFrom: 1 });
    const [one, whole] = [ones(4), ones(8)];
    await device.put([
      ["a", one],
      ["same", one],
      ["b", floats([4], whole.data.subarray(0, 4))],
      ["c", ones(4)],
    ]);
    for (const name of ["a", "b"]) {
      expect(new Set(await device.applyEach(double, items([name, "c"]))).size).toBe(1);
    }
    expect(new Set(await device.applyEach(double, items(["c"]))).size).toBe(1);
    expect(await firsts(device, ["a", "same", "b", "c"])).toEqual([2, 2, 2, 8]);
  });

  test.each([1, 2])("reports a kernel's error and loses no tensor: %i threads", async (threads) => {
    const device = openDevice({ threads, sharedFrom: 1 });
    await put(device);
    const call = device.applyEach(double, [...items(["b", "a"]), ...items(["c"], { fails: true })]);
    const refusal = { name: "PrefineError", code: "data", message: "too odd", hint: "make it even" };
    await expect(call).rejects.toMatchObject(refusal);
    await expect(device.applyEach(double, items(["b", "missing"]))).rejects.toThrow('no tensor "missing"');
    expect(await firsts(device, ["a", "b", "c"])).toEqual([2, 2, 1]);
    await device.applyEach(double, items(["a", "b", "c"]));
    expect(await firsts(device, ["a", "b", "c"])).toEqual([4, 4, 2]);
  });

  test("reports that a thread has died, then and later", async () => {
    const device = openDevice({ threads: 2, sharedFrom: 1 });
    await put(device);
    for (const kernel of [die, double]) {
      await expect(device.applyEach(kernel, items(["b", "c"]))).rejects.toThrow("a kernel thread has ended");
    }
  });
});

const TWICE = "await Promise.all([device.dispose(), device.dispose()]); await device.dispose();";
test.each(["await device.dispose();", TWICE, ""])("a process with kernel threads exits: %j", async (last) => {
  const folder = mkdtempSync(join(tmpdir(), "prefine-kernels-"));
  const odd = new URL("../../../test/support/oddKernels.ts", import.meta.url).href;
  const script = `
    import { double, openOddDevice } from ${JSON.stringify(odd)};
    const device = openOddDevice({ threads: 2, sharedFrom: 1 });
    const data = () => ({ dtype: "float32" as const, shape: [4], data: new Float32Array(4) });
    await device.put([["a", data()], ["b", data()]]);
    const items = ["a", "b"].map((x) => ({ tensors: { x }, args: {} }));
    console.log((await device.applyEach(double, items)).length);
    ${last}`;
  writeFileSync(join(folder, "process.mts"), script);
  expect(await runScript(join(folder, "process.mts"), folder)).toEqual({ code: 0, stdout: "2\n", stderr: "" });
  rmSync(folder, { recursive: true });
});
