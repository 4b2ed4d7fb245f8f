/** @file Gemma 3 with its vision part: the text part runs, the rest is copied into what is saved. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FAMILIES } from "../../test/support/randomModel.ts";
import { type SavedAdapter, saveAdapter } from "../checkpoints/adapter.ts";
import type { AdapterConfig } from "../checkpoints/adapterConfig.ts";
import { folderAt } from "../disk/nodeStorage.ts";
import { merge_and_unload } from "../exporting/mergeAndUnload.ts";
import { decodeSafetensors, encodeSafetensors, type SafetensorsTensor } from "../formats/safetensors.ts";
import { adapterTensors, loraAdapter } from "../models/adapters/lora.ts";
import { architectureOf } from "../models/families/architectures.ts";
import { Mt19937 } from "../random.ts";
import { AutoModelForCausalLM } from "./autoModel.ts";
import { loadModel } from "./loadModel.ts";

const folder = mkdtempSync(join(tmpdir(), "prefine-gemma3-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const { model_type: _, tie_word_embeddings: __, ...TEXT } = FAMILIES.gemma3_text;
const CONFIG = { model_type: "gemma3", text_config: TEXT, vision_config: { hidden_size: 16 }, mm_tokens_per_image: 4 };
const PATH = "model.language_model";
const HUB_NAME: Record<string, (name: string) => string> = {
  "transformers 4": (name) => name.replace(PATH, "language_model.model"),
  "transformers 5 in memory": (name) => name,
};
const VISION = [
  "vision_tower.vision_model.embeddings.patch_embedding.weight",
  "multi_modal_projector.mm_soft_emb_norm.weight",
];

const floats = (shape: readonly number[], seed: number) =>
  new Mt19937(seed).normal(new Float32Array(shape.reduce((product, size) => product * size, 1)), 0, 0.15);

/** A model's folder as on the hub, with two tensors of the vision part. */
function writeGemma3(name: string, rename: (name: string) => string): string {
  const tensors = new Map<string, SafetensorsTensor>();
  for (const [parameter, shape] of architectureOf(CONFIG, "config.json").parameters) {
    tensors.set(rename(parameter), { dtype: "F32", shape, data: floats(shape, 1) } as SafetensorsTensor);
  }
  for (const vision of VISION) tensors.set(vision, { dtype: "F32", shape: [8], data: floats([8], 2) });
  const path = join(folder, name.replaceAll(" ", "-"));
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "config.json"), JSON.stringify(CONFIG));
  writeFileSync(join(path, "model.safetensors"), encodeSafetensors(tensors));
  return path;
}

const tensorsIn = (path: string) => decodeSafetensors(readFileSync(join(path, "model.safetensors")), path).tensors;

describe.each(Object.entries(HUB_NAME))("files of %s", (name, rename) => {
  let base = "";
  beforeAll(() => {
    base = writeGemma3(name, rename);
  });

  test("a line says what is left out", async () => {
    const warnings: string[] = [];
    const model = await loadModel(base, { onWarning: (line) => warnings.push(line) });
    expect(warnings).toEqual([
      `${join(base, "config.json")}: only the text part of this model is used: the vision part is left out`,
    ]);
    expect([...(model.leftOut ?? new Map()).keys()]).toEqual(VISION.toSorted());
    expect(model.architecture.head).toBe(`${PATH}.embed_tokens.weight`);
  });

  test("an adapter has PEFT's names; its tensors of the vision part are left out; merged, the model is whole", async () => {
    const config: AdapterConfig = {
      r: 2,
      lora_alpha: 4,
      lora_dropout: 0,
      target_modules: ["q_proj", "v_proj"],
      fan_in_fan_out: false,
      base_model_name_or_path: base,
      task_type: "CAUSAL_LM",
      revision: null,
    };
    const weights: SavedAdapter["weights"] = new Map();
    for (const { name: key, shape } of adapterTensors(loraAdapter(architectureOf(CONFIG, "config.json"), config))) {
      expect(key).toMatch(
        /^base_model\.model\.model\.language_model\.layers\.\d\.self_attn\.[qv]_proj\.lora_[AB]\.weight$/,
      );
      weights.set(key, { shape: [...shape], data: floats(shape, 3) });
    }
    for (const side of ["A", "B"]) {
      const key = `base_model.model.model.vision_tower.encoder.layers.0.self_attn.q_proj.lora_${side}.weight`;
      weights.set(key, { shape: side === "A" ? [2, 8] : [8, 2], data: floats([16], 4) });
    }
    const run = `${base}-adapter`;
    await saveAdapter(folderAt(run), { config, weights });
    const warnings: string[] = [];
    const output_dir = `${base}-merged`;
    const merged = await merge_and_unload(run, { output_dir, onWarning: (line) => warnings.push(line) });
    expect(warnings).toContain(
      `${join(run, "adapter_model.safetensors")}: 2 tensors are of the model's vision part, which is left out`,
    );
    expect(merged.largest_difference).toBeLessThan(1e-5);
    const [before, after] = [tensorsIn(base), tensorsIn(output_dir)];
    for (const vision of VISION) expect(after.get(vision)).toEqual(before.get(vision));
    expect([...after.keys()].sort()).toEqual(
      [...before.keys()].map((key) => key.replace("language_model.model", PATH)).sort(),
    );
    expect(JSON.parse(readFileSync(join(output_dir, "config.json"), "utf8"))).toMatchObject(CONFIG);
    const { loaded, adapter } = await AutoModelForCausalLM.from_pretrained(run, { onWarning: () => {} });
    expect([loaded.architecture.modelType, adapter?.weights.size]).toEqual(["gemma3", 8]);
    const older = [...weights].map(([key, tensor]) => [key.replace(PATH, "language_model.model"), tensor] as const);
    await saveAdapter(folderAt(`${run}-older`), { config, weights: new Map(older) });
    const again = await AutoModelForCausalLM.from_pretrained(`${run}-older`, { onWarning: () => {} });
    expect(again.adapter).toEqual(adapter);
  });
});

test.each<[changes: Record<string, unknown>, message: string]>([
  [{ text_config: 3 }, "config.json: text_config: expected an object, found 3"],
  [{ text_config: { ...TEXT, head_dim: 7 } }, "config.json: text_config: head_dim 7"],
  [{ tie_word_embeddings: "no" }, 'config.json: text_config: tie_word_embeddings: expected true or false, found "no"'],
])("%o", (changes, message) => {
  expect(() => architectureOf({ ...CONFIG, ...changes }, "config.json")).toThrow(message);
});

test("the text part's defaults are those of gemma3_text", () => {
  const [nested, alone] = [
    architectureOf({ model_type: "gemma3", text_config: {} }, "config.json"),
    architectureOf({ model_type: "gemma3_text" }, "config.json"),
  ];
  expect([...nested.parameters.values()]).toEqual([...alone.parameters.values()]);
  expect(nested.windows).toEqual(alone.windows);
});
