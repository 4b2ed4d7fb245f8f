/** @file Weights step in 16 bits: bit for bit the same results as widened ones, and no lasting copies. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { objective } from "../../../test/support/objective.ts";
import { packed } from "../../../test/support/randomGpt2.ts";
import { host } from "../../../test/support/runGraph.ts";
import { openDevice } from "../../device/openDevice.ts";
import { pairFeeds } from "../../dpo/pairFeeds.ts";
import { headMean, stepGraph } from "../../dpo/pairGraphs.ts";
import { compute } from "../../engine/runtime/compute.ts";
import { encodeSafetensors, type SafetensorsTensor } from "../../formats/safetensors.ts";
import { loadModel } from "../../pretrained/loadModel.ts";
import { Mt19937 } from "../../random.ts";
import { loraAdapter } from "../adapters/lora.ts";
import { architectureOf } from "../families/architectures.ts";
import type { LoadedModel } from "../loadedModel.ts";
import { keepNarrow } from "./keepNarrow.ts";

const folder = mkdtempSync(join(tmpdir(), "prefine-narrow-"));
const device = await openDevice({ threads: 1 });
afterAll(async () => {
  await device.dispose();
  rmSync(folder, { recursive: true });
});

const CONFIG = {
  model_type: "qwen3",
  vocab_size: 97,
  hidden_size: 24,
  intermediate_size: 40,
  num_hidden_layers: 2,
  head_dim: 8,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  tie_word_embeddings: true,
};

/** The upper 16 bits of a float32; a float16 of a sign, 5 bits of exponent and 10 of mantissa. */
const bits = {
  BF16: (x: number) => new Uint32Array(Float32Array.of(x).buffer)[0] >>> 16,
  F16: (x: number) => {
    const exponent = Math.max(-14, Math.floor(Math.log2(Math.abs(x))));
    const mantissa = Math.min(1023, Math.round((Math.abs(x) / 2 ** exponent - 1) * 1024));
    return (x < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | Math.max(0, mantissa);
  },
};

/** A random Qwen3 in two shards. */
async function randomModel(dtype: "BF16" | "F16"): Promise<LoadedModel> {
  const random = new Mt19937(3);
  const tensors = new Map<string, SafetensorsTensor>();
  for (const [name, shape] of architectureOf(CONFIG, "config.json").parameters) {
    const values = random.normal(new Float32Array((shape as number[]).reduce((a, b) => a * b, 1)), 0, 0.2);
    const data = Uint16Array.from(values, (v) => bits[dtype](/norm/.test(name) ? 1 + v : v));
    tensors.set(name, { dtype, shape: shape as number[], data });
  }
  const shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
  const weight_map = Object.fromEntries([...tensors.keys()].map((name, i) => [name, shards[i % 2]]));
  for (const shard of shards) {
    const own = new Map([...tensors].filter(([name]) => weight_map[name] === shard));
    writeFileSync(join(folder, shard), encodeSafetensors(own, { format: "pt" }));
  }
  writeFileSync(join(folder, "model.safetensors.index.json"), JSON.stringify({ weight_map }));
  writeFileSync(join(folder, "config.json"), JSON.stringify(CONFIG));
  return loadModel(folder);
}

const pair = packed({ prompt_ids: [4, 5, 6, 7], chosen_ids: [8, 9, 10], rejected_ids: [11, 12] });

/** Loss, scores and gradients of one pair under an adapter that is not neutral. */
async function stepOf({ architecture, weights }: LoadedModel) {
  await device.load([...weights]);
  const settings = { r: 2, lora_alpha: 4, lora_dropout: 0, target_modules: ["q_proj", "v_proj", "down_proj"] };
  const adapter = loraAdapter(architecture, settings);
  const lora = [...adapter.layers.values()].flatMap(({ nameA, nameB, shapeA, shapeB }) => [
    [nameA, shapeA] as const,
    [nameB, shapeB] as const,
  ]);
  const random = new Mt19937(5);
  const start = lora.map(([name, shape]) => {
    const values = random.normal(new Float32Array(shape[0] * shape[1]), 0, 0.3);
    return [name, host([...values], shape)] as const;
  });
  const mean = headMean(architecture);
  await compute(device, "head-mean", { headMean: mean }, { fetches: { headMean: { store: "headMean" } } });
  const options = { architecture, adapter, frozenHead: true, ldAlpha: null, useWeighting: false };
  const trainable = lora.map(([name]) => name);
  const graph = stepGraph({ ...options, dropout: false, trainable }, objective());
  const session = await device.open(graph, "step");
  const feeds = {
    ...Object.fromEntries([...architecture.parameters.keys(), "headMean"].map((name) => [name, name])),
    ...Object.fromEntries(start),
    ...pairFeeds(pair),
    referenceChosen: host([3], [1]),
    referenceRejected: host([0], [1]),
  };
  const outputs = await session.run(feeds);
  return { graph, outputs: Object.fromEntries([...outputs].map(([name, { data }]) => [name, [...data].map(Number)])) };
}

describe.each(["BF16", "F16"] as const)("a model in %s", (dtype) => {
  test("step narrow, it computes the same as widened, bit for bit", async () => {
    const model = await randomModel(dtype);
    const narrow = keepNarrow(model);
    const matrices = [...model.architecture.parameters].filter(([, shape]) => shape.length === 2).map(([name]) => name);
    expect([...(narrow.architecture.stored ?? []).keys()]).toEqual(matrices);
    const wide = await stepOf(model);
    const step = await stepOf(narrow);
    expect(step.outputs).toEqual(wide.outputs);
    expect(wide.outputs.loss[0]).toBeGreaterThan(0);
    const gradients = Object.entries(wide.outputs).filter(([name]) => name.startsWith("grad."));
    expect(gradients).toHaveLength(12);
    for (const [name, values] of gradients) expect(Math.max(...values.map(Math.abs)), name).toBeGreaterThan(0);
  });

  test("widens what an adapter changes or trains in full", async () => {
    const model = await randomModel(dtype);
    const settings = { r: 2, lora_alpha: 4, lora_dropout: 0, target_modules: ["q_proj"] };
    const saving = loraAdapter(model.architecture, { ...settings, modules_to_save: ["embed_tokens"] });
    const changing = loraAdapter(model.architecture, { ...settings, init_lora_weights: "pissa" });
    const [q, k] = ["q_proj", "k_proj"].map((layer) => `model.layers.0.self_attn.${layer}.weight`);
    const kinds = (adapter: typeof saving) => {
      const { architecture, weights } = keepNarrow(model, adapter);
      const names = ["model.embed_tokens.weight", q, k];
      expect(names.map((name) => weights.get(name)?.keep)).toEqual(names.map((name) => architecture.stored?.get(name)));
      return names.map((name) => architecture.stored?.has(name));
    };
    expect(kinds(saving)).toEqual([false, true, true]);
    expect(kinds(changing)).toEqual([true, false, true]);
  });
});
