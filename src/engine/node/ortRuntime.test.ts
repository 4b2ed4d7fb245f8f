/** @file Which runtime is chosen and what it reports; WebAssembly computes the same values as the native one. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { objective } from "../../../test/support/objective.ts";
import { ADAMW, packed, randomGpt2, randomPairTokens } from "../../../test/support/randomGpt2.ts";
import { host, inputLike, numbers } from "../../../test/support/runGraph.ts";
import { readState } from "../../../test/support/savedState.ts";
import { openDevice } from "../../device/openDevice.ts";
import { createLearner } from "../../dpo/engineLearner.ts";
import { loraAdapter } from "../../models/adapters/lora.ts";
import * as ops from "../graph/index.ts";
import { lowerGraph } from "../onnx/lower.ts";
import type { Ort } from "../runtime/ort.ts";
import { checkWasmMemory, explainWasmFailure, wasmCopies } from "../runtime/wasmMemory.ts";
import { type Candidate, loadRuntime } from "./ortRuntime.ts";

const folder = mkdtempSync(join(tmpdir(), "prefine-runtime-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function candidate(kind: Candidate["kind"], failure?: { code: string; message: string }): Candidate {
  return {
    kind,
    load: () => {
      if (failure) return Promise.reject(Object.assign(new Error(failure.message), { code: failure.code }));
      return Promise.resolve({ ort: { env: { wasm: {} } } as Ort, version: "1.2.3" });
    },
  };
}
const there = (kind: Candidate["kind"]) => candidate(kind);
const absent = (kind: Candidate["kind"]) => candidate(kind, { code: "MODULE_NOT_FOUND", message: "not there" });
const broken = (kind: Candidate["kind"], message: string) => candidate(kind, { code: "ERR_DLOPEN_FAILED", message });

describe("the runtime", () => {
  test("is the native one, without a notice, if it loads", async () => {
    const candidates = [absent("native"), there("native"), there("wasm")];
    expect(await loadRuntime({ candidates })).toMatchObject({ kind: "native", version: "1.2.3", notice: null });
  });

  test.each([
    ["linux-x64", "npm install onnxruntime-node --ignore-scripts"],
    ["win32-arm64", "npm install onnxruntime-node --ignore-scripts"],
    ["linux-x64-musl", "node:22-slim"],
    ["darwin-x64", "4 to 5 times slower."], // no native build exists
  ])("is WebAssembly if there is no native one for %s, and says so", async (platform, advice) => {
    const candidates = [absent("native"), absent("native"), there("wasm")];
    const { kind, notice } = await loadRuntime({ candidates, platform });
    expect(kind).toBe("wasm");
    expect(notice).toContain(`no native ONNX Runtime for ${platform}`);
    expect(notice).toContain(advice);
  });

  test.each([
    ["linux-x64", "libstdc++.so.6: cannot open shared object file", "libstdc++ 6"],
    ["linux-x64", "libonnxruntime.so.1: file too short\nRequire stack:", "Install prefine again"],
    ["linux-arm64-musl", "Error loading shared library ld-linux-aarch64.so.1", "node:22-slim"],
    ["win32-x64", "The specified module could not be found.", "Visual C++"],
  ])("is WebAssembly if the native one is broken on %s: %j", async (platform, message, advice) => {
    const { kind, notice } = await loadRuntime({ candidates: [broken("native", message), there("wasm")], platform });
    expect(kind).toBe("wasm");
    expect(notice).toContain(`does not load (${message.split("\n")[0]})`);
    expect(notice).toContain(advice);
    expect(notice).not.toContain("\n");
  });

  test("is prefine's own if an installed onnxruntime-node is broken, and says so", async () => {
    const { kind, notice } = await loadRuntime({ candidates: [broken("native", "bad ELF"), there("native")] });
    expect([kind, notice]).toEqual(["native", "onnxruntime-node: bad ELF; using prefine's own copy"]);
  });

  test("is the requested one, or an error", async () => {
    const candidates = [there("native"), there("wasm")];
    expect(await loadRuntime({ only: "wasm", candidates })).toMatchObject({ kind: "wasm", notice: null });
    await expect(loadRuntime({ only: "cuda", candidates })).rejects.toThrow(
      'PREFINE_RUNTIME: expected native or wasm, found "cuda"',
    );
    const only = { only: "native", candidates: [broken("native", "bad ELF"), there("wasm")] };
    await expect(loadRuntime(only)).rejects.toMatchObject({ name: "PrefineError", code: "io" });
    await expect(loadRuntime(only)).rejects.toThrow("(PREFINE_RUNTIME=native): bad ELF");
  });

  test("is a whole error of the device if its name is unknown", async () => {
    const device = await openDevice({ runtime: "abacus" });
    await expect(device.runtime()).rejects.toMatchObject({ name: "PrefineError", code: "config" });
    await device.dispose();
  });
});

describe("WebAssembly's memory", () => {
  const gigabytes = (count: number) => [{ byteLength: count * 1e9 }];

  test("rejects weights that leave too little of it", () => {
    checkWasmMemory([...gigabytes(1), ...gigabytes(2)]);
    expect(() => checkWasmMemory([...gigabytes(2), ...gigabytes(2)])).toThrow("weights and inputs are 4.0 GB");
  });

  test("running out during a run gives advice; other failures are unchanged", () => {
    expect(() => explainWasmFailure(new Error("ERROR_MESSAGE: std::bad_alloc"))).toThrow("out of memory");
    expect(() => explainWasmFailure(new Error("Invalid rank"))).toThrow("Invalid rank");
  });

  test("is mentioned if copying into it costs time", () => {
    expect(wasmCopies([{ byteLength: 1e6 }])).toBe("");
    expect(wasmCopies(gigabytes(0.5))).toBe(" The weights (0.5 GB) are also copied for every step.");
  });
});

/** The largest difference relative to the largest value. */
function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  const scale = Math.max(...Array.from(b, Math.abs));
  expect(scale).toBeGreaterThan(0);
  return Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i]))) / scale;
}

describe("WebAssembly computes what the native runtime computes", () => {
  test("a graph with the contrib ops, results stored, written into a tensor and sent back", async () => {
    const x = host(numbers(6 * 8), [6, 8]);
    const w = host(numbers(8 * 8, 2), [8, 8]);
    const [tx, tw] = [inputLike("x", x), inputLike("w", w)];
    const product = ops.matmul(tx, tw);
    const graph = lowerGraph({ a: ops.geluNew(product), b: ops.sumAll(product), c: ops.softmax(product) });
    const results: Float32Array[][] = [];
    for (const runtime of ["native", "wasm"]) {
      const device = await openDevice({ runtime, threads: 1 });
      expect(await device.runtime()).toMatchObject({ kind: runtime, notice: null });
      await device.put([["c", host(new Array(48).fill(0), [6, 8])]]);
      const session = await device.open(graph, "contrib");
      const sent = await session.run({ x, w }, { a: { store: "a" }, c: { into: "c" } });
      const stored = await device.read(["a", "c"]);
      results.push([sent.get("b"), ...stored].map((tensor) => tensor?.data as Float32Array));
      await device.dispose();
    }
    const [native, wasm] = results;
    for (const [i, value] of wasm.entries()) expect(difference(value, native[i])).toBeLessThan(1e-4);
  });

  test("a training step", async () => {
    const model = await randomGpt2(join(folder, "model"));
    const pair = packed(randomPairTokens(1)[0]);
    const before = process.env.PREFINE_RUNTIME;
    const results: { loss: number; gradNorm: number; weights: Float32Array[] }[] = [];
    for (const runtime of ["native", "wasm"]) {
      process.env.PREFINE_RUNTIME = runtime;
      const learner = await createLearner(
        {
          model,
          adapter: loraAdapter(model.architecture, {
            r: 4,
            lora_alpha: 8,
            lora_dropout: 0,
            target_modules: ["c_attn", "c_proj"],
          }),
          objective: objective(),
          dropout: false,
          seed: 3,
          optimizer: { settings: ADAMW, weightDecay: () => 0 },
        },
        await openDevice(),
      );
      expect(learner.runtime.kind).toBe(runtime);
      const reference = [await learner.referenceLogps(pair)];
      const { loss } = await learner.accumulate([pair], reference, { scale: 1, dropoutStep: 0 });
      const { gradNorm } = await learner.step({ learningRate: 0.01, maxGradNorm: 1 });
      const { weights } = await readState(learner);
      results.push({ loss, gradNorm, weights: [...weights.values()].map(({ data }) => data) });
      await learner.dispose();
    }
    if (before === undefined) delete process.env.PREFINE_RUNTIME;
    else process.env.PREFINE_RUNTIME = before;
    const [native, wasm] = results;
    expect(difference([wasm.loss], [native.loss])).toBeLessThan(1e-4);
    expect(difference([wasm.gradNorm], [native.gradNorm])).toBeLessThan(1e-4);
    for (const [i, value] of wasm.weights.entries()) expect(difference(value, native.weights[i])).toBeLessThan(1e-4);
  });
});

describe("PREFINE_EXECUTION_PROVIDERS", () => {
  afterEach(() => vi.unstubAllEnvs());
  const graph = () => lowerGraph({ y: ops.mul(ops.input("x", [2]), 2) });
  const x = host([1, 2], [2]);

  test("names the runtime in use", async () => {
    vi.stubEnv("PREFINE_EXECUTION_PROVIDERS", " cpu, ");
    const device = await openDevice();
    const session = await device.open(graph(), "double");
    expect((await session.run({ x }, { y: "return" })).get("y")?.data).toEqual(Float32Array.of(2, 4));
    await device.dispose();
  });

  test("missing from this ONNX Runtime is an error that says so", async () => {
    vi.stubEnv("PREFINE_EXECUTION_PROVIDERS", "abacus");
    const device = await openDevice();
    await expect(device.open(graph(), "double")).rejects.toMatchObject({
      name: "PrefineError",
      code: "config",
      message: expect.stringMatching(/^PREFINE_EXECUTION_PROVIDERS=abacus: /),
      hint: expect.stringContaining("install onnxruntime-node"),
    });
    await device.dispose();
  });
});
