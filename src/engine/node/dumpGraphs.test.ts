/** @file PREFINE_DUMP: a device's graphs as numbered files, and as text. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, test, vi } from "vitest";
import { decodeOnnxModel } from "../../../test/support/decodeOnnxModel.ts";
import { objective } from "../../../test/support/objective.ts";
import { ADAMW, randomGpt2 } from "../../../test/support/randomGpt2.ts";
import { openDevice } from "../../device/openDevice.ts";
import { createLearner } from "../../dpo/engineLearner.ts";
import { loraAdapter } from "../../models/adapters/lora.ts";
import { add, constant, gatherRows, input, layerNorm, linearLogps, matmul, mul, sumAll } from "../graph/index.ts";
import { type LoweredGraph, lowerGraph } from "../onnx/lower.ts";
import { printGraph } from "../onnx/printGraph.ts";

const folder = mkdtempSync(join(tmpdir(), "prefine-dump-"));
afterEach(() => vi.unstubAllEnvs());
afterAll(() => rmSync(folder, { recursive: true }));

/** Short and long constants, a scalar, a contrib op, a node with several outputs, and attributes of all kinds. */
function graphOf(scale = 0.5): LoweredGraph {
  const x = input("x", ["T", 4]);
  const normed = layerNorm(x, input("gain", [4]), input("bias", [4]), 1e-5);
  const picked = gatherRows(normed, constant([0, 2, 1, 0, 1], "int32"));
  const product = matmul(picked, input("w", [3, 4]), { transB: true });
  return lowerGraph({ y: mul(add(product, constant([1, 2, 3])), scale), total: sumAll(product) });
}

test("two devices save their graphs in one folder, numbered in order", async () => {
  const place = join(folder, "made", "by", "it");
  vi.stubEnv("PREFINE_DUMP", place);
  const devices = [await openDevice({ threads: 1 }), await openDevice({ threads: 1 })];
  await devices[0].open(graphOf(), "first");
  await devices[1].open(graphOf(0.25), "second");
  await devices[0].open(graphOf(), "first");
  for (const device of devices) await device.dispose();
  const names = ["01-first", "02-second", "03-first"];
  expect(readdirSync(place).sort()).toEqual(names.flatMap((name) => [`${name}.onnx`, `${name}.txt`]));
  const read = (name: string) => readFileSync(join(place, name));
  expect([...read("02-second.onnx")]).toEqual([...graphOf(0.25).bytes]);
  expect(decodeOnnxModel(read("03-first.onnx")).outputs.map(({ name }) => name)).toEqual(["y", "total"]);
  expect(read("03-first.txt")).toEqual(read("01-first.txt"));
  expect(read("02-second.txt").toString()).toBe(printGraph("second", graphOf(0.25)));
});

test("prints a graph with shapes and inlines short constants", () => {
  expect(printGraph("norm", graphOf()).split("\n")).toEqual([
    "norm: 7 nodes; ai.onnx 21, com.microsoft 1",
    "",
    "inputs",
    "  x: float32 [T, 4]",
    "  gain: float32 [4]",
    "  bias: float32 [4]",
    "  w: float32 [3, 4]",
    "",
    "outputs",
    "  y: float32 [5, 3]",
    "  total: float32 []",
    "",
    "constants",
    "  constant_2: int32 [5] = 0, 2, 1, 0, 1",
    "",
    "nodes",
    "  layerNorm_1: float32 [T, 4], _, _ = LayerNormalization(x, gain, bias) {axis=-1, epsilon=0.00001}",
    "  gatherRows_3: float32 [5, 4] = Gather(layerNorm_1, constant_2) {axis=0}",
    "  matmul_4: float32 [5, 3] = com.microsoft.FusedMatMul(gatherRows_3, w) {transA=0, transB=1, alpha=1}",
    "  add_6: float32 [5, 3] = Add(matmul_4, [1, 2, 3])",
    "  y: float32 [5, 3] = Mul(add_6, 0.5)",
    "  sum_10: float32 [1, 1] = ReduceSum(matmul_4, [0, 1]) {keepdims=1}",
    "  total: float32 [] = Reshape(sum_10, [])",
    "",
  ]);
});

test("names the rows of a partial input", () => {
  const h = input("h", ["N", 2]);
  const { logps } = linearLogps(h, input("w", [9000, 2]), input("labels", ["N"], "int32"));
  expect(printGraph("logps", lowerGraph({ logps }))).toContain(
    "\n  w#4500:9000: float32 [4500, 2], rows 4500 to 8999 of w\n",
  );
});

test("a learner's graphs have descriptive names", async () => {
  const model = await randomGpt2(join(folder, "model"));
  const adapter = loraAdapter(model.architecture, { r: 2, lora_alpha: 4, lora_dropout: 0, target_modules: ["c_attn"] });
  vi.stubEnv("PREFINE_DUMP", join(folder, "learner"));
  const optimizer = { settings: ADAMW, weightDecay: () => 0 };
  const options = { model, adapter, objective: objective(), dropout: false, seed: 1, optimizer };
  await (await createLearner(options, await openDevice({ threads: 1 }))).dispose();
  const graphs = readdirSync(join(folder, "learner")).filter((name) => name.endsWith(".onnx"));
  expect(graphs.sort()).toEqual([
    "01-head-mean.onnx",
    "02-score.onnx",
    "03-step.onnx",
    "04-reference.onnx",
    "05-loss.onnx",
  ]);
});

test("a folder that can't be created is an error before anything is loaded", async () => {
  writeFileSync(join(folder, "file"), "");
  vi.stubEnv("PREFINE_DUMP", join(folder, "file", "dump"));
  await expect(openDevice()).rejects.toMatchObject({
    name: "PrefineError",
    code: "io",
    message: expect.stringMatching(
      /^PREFINE_DUMP: expected a folder that can be written; .*file.dump: cannot write: .*file is a file, not a .*ENOTDIR/,
    ),
    hint: "Name another folder, or leave PREFINE_DUMP out.",
  });
  vi.stubEnv("PREFINE_DUMP", join(folder, "file"));
  await expect(openDevice()).rejects.toMatchObject({
    message: expect.stringMatching(/file: cannot write: it is a file, not a folder \(ENOTDIR\)$/),
  });
});

test("a blank PREFINE_DUMP is unset, and ~ is the home folder", async () => {
  vi.stubEnv("HOME", join(folder, "home"));
  vi.stubEnv("PREFINE_DUMP", " ");
  await (await openDevice({ threads: 1 })).dispose();
  expect(existsSync(" ")).toBe(false);
  vi.stubEnv("PREFINE_DUMP", "~/dump");
  await (await openDevice({ threads: 1 })).dispose();
  expect(existsSync(join(folder, "home", "dump"))).toBe(true);
});

test("reports a folder that disappears later", async () => {
  const place = join(folder, "gone");
  vi.stubEnv("PREFINE_DUMP", place);
  const device = await openDevice({ threads: 1 });
  rmSync(place, { recursive: true });
  await expect(device.open(graphOf(), "first")).rejects.toMatchObject({ name: "PrefineError", code: "io" });
  await device.dispose();
});
