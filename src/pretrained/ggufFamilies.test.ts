/**
 * @file Small models of the families in GGUF files as llama.cpp's converter writes them, their matrices in blocks:
 * logits of transformers (scripts/make_gguf_families.py), with and without cached keys; fewer bits, and training.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { referenceOf, scoresOf, trainSteps, useLearners } from "../../test/support/learnerBench.ts";
import { writeModel } from "../../test/support/randomModel.ts";
import { largestDifference } from "../../test/support/shared.ts";
import { type GgufTensorToWrite, writeGguf } from "../../test/support/writeGguf.ts";
import { BitsAndBytesConfig } from "../config/BitsAndBytesConfig.ts";
import type { HostTensor } from "../engine/runtime/protocol.ts";
import { readStored } from "../engine/runtime/readTensor.ts";
import { memorySource } from "../formats/byteSource.ts";
import { readGguf } from "../formats/gguf.ts";
import type { SafetensorsTensor } from "../formats/safetensors.ts";
import { loraAdapter } from "../models/adapters/lora.ts";
import type { LoadedModel } from "../models/loadedModel.ts";
import { quantizeModel } from "../models/precision/quantize.ts";
import { loadModel } from "./loadModel.ts";
import { openDecoder } from "./openDecoder.ts";

const folder = new URL("../../test/fixtures/gguf-families/", import.meta.url);
const at = (name: string) => fileURLToPath(new URL(`${name}.gguf`, folder));
const fixture = JSON.parse(readFileSync(new URL("logits.json", folder), "utf8")) as {
  tokens: number[];
  lengths: number[];
  logits: Record<string, number[][]>;
};
const { tokens, lengths } = fixture;
/** ggml's numbers. */
const TYPES: Partial<Record<string, number>> = { F32: 0, F16: 1, Q4_0: 2, Q8_0: 8 };
const files = Object.keys(fixture.logits);

beforeEach(() => void vi.stubEnv("PREFINE_NUM_THREADS", "1")); // small models; results don't depend on it
afterEach(() => vi.unstubAllEnvs());

test("there are nine families, two of them twice", () => expect(files).toHaveLength(11));

describe("logits equal those of transformers", () => {
  /** The scores after so many tokens: first those at once, then one by one with cached keys. */
  async function logitsOf(name: string, ...stops: number[]): Promise<Float32Array[]> {
    const decoder = await openDecoder(await loadModel(at(name)));
    const step = async (from: number, to: number) => {
      const positions = Int32Array.from({ length: to - from }, (_, i) => from + i);
      const inputs = Int32Array.from(tokens.slice(from, to));
      return (await decoder.step(inputs, positions, { batch: 1, length: to - from })).slice();
    };
    try {
      const after = [await step(0, stops[0])];
      for (let i = stops[0]; i < (stops.at(-1) as number); i++) after.push(await step(i, i + 1));
      return stops.map((stop) => after[stop - stops[0]]);
    } finally {
      await decoder.dispose();
    }
  }

  test.each(files)("%s", async (name) => {
    // Phi-3's long factors are those of a whole text
    const isLong = name === "phi3-long";
    const stops = isLong ? lengths.map((length) => [length]) : [lengths];
    const found = [];
    for (const each of stops) found.push(...(await logitsOf(name, ...each)));
    for (const [i, expected] of fixture.logits[name].entries()) {
      expect(largestDifference(found[i], expected).difference, `${lengths[i]} tokens`).toBeLessThan(1e-4);
    }
  });
});

describe("the model of the numbers in a file", () => {
  const bench = useLearners();
  const made: string[] = [];
  afterAll(() => made.map((path) => rmSync(path, { recursive: true, force: true })));

  /** All tensors in memory, by name. */
  async function storedOf({ weights }: LoadedModel): Promise<Map<string, HostTensor>> {
    const read = async (file: string, start: number, end: number) =>
      new Uint8Array(readFileSync(file).subarray(start, end));
    const stored: [string, HostTensor][] = [];
    for (const [name, range] of weights) stored.push(...(await readStored(read, name, range)));
    return new Map(stored);
  }

  /** As safetensors with the file's config. */
  async function asSafetensors(model: LoadedModel): Promise<LoadedModel> {
    const stored = [...(await storedOf(model))].map(([name, { shape, data }]): [string, SafetensorsTensor] => {
      return [name, { dtype: "F32", shape: [...shape], data: data as Float32Array }];
    });
    const path = mkdtempSync(join(tmpdir(), "prefine-gguf-families-"));
    made.push(path);
    return writeModel(path, model.config, new Map(stored));
  }

  test.each(files)("has the same 4 and 8 bits: %s", async (name) => {
    const model = await loadModel(at(name));
    const plain = await asSafetensors(model);
    for (const format of [{ load_in_4bit: true, bnb_4bit_quant_type: "nf4" } as const, { load_in_8bit: true }]) {
      const settings = BitsAndBytesConfig(format);
      const expected = await storedOf(quantizeModel(plain, settings));
      expect(await storedOf(quantizeModel(model, settings))).toEqual(expected);
    }
  });

  test.each(["granite", "gemma"])("is the same with queries, keys and values in one tensor: %s", async (name) => {
    const file = join(mkdtempSync(join(tmpdir(), "prefine-gguf-families-")), "fused.gguf");
    made.push(dirname(file));
    const bytes = readFileSync(at(name));
    const { metadata, tensors } = await readGguf(memorySource(bytes), name);
    const fused: Record<string, GgufTensorToWrite> = {};
    for (const [tensor, { dtype, shape, start, end }] of tensors) {
      const target = tensor.replace(/attn_[qkv]\.(weight|bias)$/, "attn_qkv.$1");
      const before = fused[target] ?? { shape: [0, ...shape.slice(1)], bytes: new Uint8Array() };
      fused[target] = {
        type: TYPES[dtype] as number,
        shape: [before.shape[0] + shape[0], ...shape.slice(1)],
        bytes: Buffer.concat([before.bytes, bytes.subarray(start, end)]),
      };
    }
    const own = [...metadata].filter(([key]) => /^(general|gemma|granite)\./.test(key)) as [string, string | number][];
    writeGguf(file, Object.fromEntries(own), fused);
    expect(await storedOf(await loadModel(file))).toEqual(await storedOf(await loadModel(at(name))));
  });

  test.each([
    ["gemma2", ["q_proj", "v_proj"]],
    ["gptneox", ["query_key_value"]],
  ])("trains the same adapter: %s", async (name, target_modules) => {
    const numbersOf = async (model: LoadedModel) => {
      const settings = { r: 4, lora_alpha: 8, lora_dropout: 0, target_modules };
      const learner = await bench.learner({ model, adapter: loraAdapter(model.architecture, settings) });
      const before = await referenceOf(learner);
      await trainSteps(learner, 2);
      const after = await scoresOf(learner);
      expect(after).not.toEqual(before);
      return [...before, ...after];
    };
    const model = await loadModel(at(name));
    expect(await numbersOf(model)).toEqual(await numbersOf(await asSafetensors(model)));
  });
});
