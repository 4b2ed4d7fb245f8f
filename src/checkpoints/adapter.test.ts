/** @file Adapter folders: PEFT's files byte for byte, and errors. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { folderAt } from "../disk/nodeStorage.ts";
import { PrefineError } from "../errors.ts";
import { decodeSafetensors, encodeSafetensors, type SafetensorsTensor } from "../formats/safetensors.ts";
import { ADAPTER_CONFIG, ADAPTER_WEIGHTS, isAdapterFolder, loadAdapter, saveAdapter } from "./adapter.ts";
import type { AdapterConfig } from "./adapterConfig.ts";

const shared = fileURLToPath(new URL("../../../shared/reference/trajectories/note/final_adapter", import.meta.url));
const CONFIG: AdapterConfig = {
  r: 2,
  lora_alpha: 4,
  lora_dropout: 0.05,
  target_modules: ["c_attn", "mlp.c_proj"],
  base_model_name_or_path: "gpt2",
  fan_in_fan_out: true,
  task_type: "CAUSAL_LM",
  revision: null,
};
const LAYER = "base_model.model.transformer.h.0.attn.c_attn";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "prefine-adapter-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function tensors(shapes: Record<string, number[]> = {}): Map<string, { shape: number[]; data: Float32Array }> {
  const all = { [`${LAYER}.lora_A.weight`]: [2, 3], [`${LAYER}.lora_B.weight`]: [5, 2], ...shapes };
  const filled = Object.entries(all).map(([name, shape]) => {
    const data = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => (i + 1) / 7);
    return [name, { shape, data }] as const;
  });
  return new Map(filled);
}

/** A folder written by another program. */
function writeFolder(config: Record<string, unknown>, shapes: Record<string, number[]> = {}): void {
  writeFileSync(join(dir, ADAPTER_CONFIG), JSON.stringify({ peft_type: "LORA", ...CONFIG, ...config }));
  const named = [...tensors(shapes)].map(([name, tensor]) => [name, { dtype: "F32" as const, ...tensor }] as const);
  writeFileSync(join(dir, ADAPTER_WEIGHTS), encodeSafetensors(new Map(named)));
}

async function refusal(): Promise<PrefineError> {
  const error = await loadAdapter(folderAt(dir)).then(
    () => undefined,
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(PrefineError);
  return error as PrefineError;
}

describe("an adapter folder", () => {
  it("loads with the saved values", async () => {
    expect(await isAdapterFolder(folderAt(dir))).toBe(false);
    await saveAdapter(folderAt(dir), { config: CONFIG, weights: tensors() });
    expect(await isAdapterFolder(folderAt(dir))).toBe(true);
    const loaded = await loadAdapter(folderAt(dir));
    expect(loaded.weights).toEqual(tensors());
    expect(loaded.config).toMatchObject(CONFIG);
  });

  it("loads with every setting, and tensors trained in addition to the layers", async () => {
    const config: AdapterConfig = {
      ...{ ...CONFIG, use_rslora: true, use_dora: true, bias: "all", modules_to_save: ["ln_f"], target_modules: ".*" },
      rank_pattern: { c_attn: 2 },
      alpha_pattern: { "h.0.*": 7.5 },
      exclude_modules: ["c_fc"],
      layers_to_transform: [0],
      layers_pattern: "h",
      init_lora_weights: "gaussian",
    };
    const further = { lora_magnitude_vector: [5], "base_layer.bias": [5] };
    const ofLayer = Object.fromEntries(Object.entries(further).map(([name, shape]) => [`${LAYER}.${name}`, shape]));
    const weights = tensors({ ...ofLayer, "base_model.model.transformer.ln_f.weight": [4] });
    await saveAdapter(folderAt(dir), { config, weights });
    expect(await loadAdapter(folderAt(dir))).toEqual({ config, weights });
    const mlp = "base_model.model.h.0.mlp";
    const copies = {
      "base_model.model.ln_f.original_module.bias": [4],
      [`${mlp}.original_module.c_fc.bias`]: [4],
      [`${mlp}.modules_to_save.default.c_fc.bias`]: [4],
    };
    const saved = { [`${mlp}.c_fc.bias`]: [4], [`${mlp}.c_fc.weight`]: [2, 4] };
    writeFolder({ bias: "all", modules_to_save: ["mlp"] }, { ...saved, ...copies });
    const read = await loadAdapter(folderAt(dir)); // PEFT's duplicates
    expect([...read.weights.keys()].sort()).toEqual([...tensors(saved).keys()].sort());
  });

  it("may have an embedding, which stays in the file", async () => {
    const wte = "base_model.model.transformer.wte";
    const config = { target_modules: ["c_attn", "mlp.c_proj", "wte"] };
    const adapted = { [`${wte}.lora_embedding_A`]: [2, 7], [`${wte}.lora_embedding_B`]: [5, 2] };
    writeFolder(config, { ...adapted, [`${wte}.base_layer.weight`]: [7, 5] });
    const { weights, embeddings } = await loadAdapter(folderAt(dir));
    expect([...weights.keys()]).toEqual([...tensors(adapted).keys()]);
    const file = join(dir, ADAPTER_WEIGHTS);
    const { start, end } = embeddings!.get("transformer.wte.weight")!;
    expect([...embeddings!]).toEqual([["transformer.wte.weight", { file, start, end, dtype: "F32", shape: [7, 5] }]]);
    const bytes = readFileSync(file).subarray(start, end);
    expect(
      bytes.equals(decodeSafetensors(readFileSync(file), file).tensors.get(`${wte}.base_layer.weight`)!.data),
    ).toBe(true);
    writeFolder(config, { [`${wte}.base_layer.weight`]: [7, 5] });
    expect((await refusal()).message).toMatch(/found "base_model.model.transformer.wte.base_layer.weight"/);
    writeFolder(config, { [`${wte}.lora_embedding_A`]: [2, 7] });
    expect((await refusal()).message).toMatch(/but no base_model.model.transformer.wte.lora_embedding_B/);
    writeFolder(config, { ...adapted, [`${wte}.lora_embedding_B`]: [5, 3] });
    expect((await refusal()).message).toMatch(/lora_embedding_B" has shape \[5, 3\], .* r=2 \(expects \[out, 2\]\)/);
  });

  it("may have individually trained tokens", async () => {
    const name = "base_model.model.transformer.wte.token_adapter.trainable_tokens_delta";
    writeFolder({ trainable_token_indices: [3, 1] }, { [name]: [2, 4] });
    const { config, weights } = await loadAdapter(folderAt(dir));
    expect(config.trainable_token_indices).toEqual([3, 1]);
    expect(weights.get(name)?.shape).toEqual([2, 4]);
    writeFolder({}, { [name]: [2, 4] });
    expect((await refusal()).message).toContain(`found "${name}"`);
    writeFolder({ trainable_token_indices: { wte: [-1] } });
    expect((await refusal()).message).toMatch(/trainable_token_indices is \{.*\}, expected ids, or ids by the names/);
  });

  it("may lack r, lora_alpha and target_modules: PEFT's defaults", async () => {
    writeFileSync(join(dir, ADAPTER_CONFIG), JSON.stringify({ peft_type: "LORA", base_model_name_or_path: "gpt2" }));
    const shapes = { A: [8, 3], B: [5, 8] };
    const named = Object.entries(shapes).map(([side, shape]) => [`${LAYER}.lora_${side}.weight`, shape] as const);
    writeFileSync(
      join(dir, ADAPTER_WEIGHTS),
      encodeSafetensors(
        new Map(
          named.map(([name, shape]) => [name, { dtype: "F32", shape, data: new Float32Array(shape[0] * shape[1]) }]),
        ),
      ),
    );
    const { config } = await loadAdapter(folderAt(dir));
    expect(config).toMatchObject({ r: 8, lora_alpha: 8, lora_dropout: 0, target_modules: null, bias: "none" });
  });

  it("may have keys of other PEFT versions and tools, which are warned about, as by PEFT", async () => {
    const keys = {
      unsloth_fixed: true,
      some_group_size: 16,
      runtime_config: { ephemeral_gpu_offload: false },
      nothing: null,
    };
    writeFolder(keys);
    const lines: string[] = [];
    await loadAdapter(folderAt(dir), (line) => lines.push(line));
    expect(lines).toEqual([
      expect.stringMatching(/adapter_config\.json: unsloth_fixed, some_group_size, nothing: unknown to PEFT/),
    ]);
  });

  it.each<[string, (name: string) => string]>([
    ["in memory, with the adapter's name", (name) => name.replace(".weight", ".default.weight")],
    ["under another name", (name) => name.replace(".weight", ".my-adapter_2.weight")],
    ["compiled", (name) => name.replace("base_model.model.", "base_model.model._orig_mod.")],
    ["wrapped twice", (name) => `base_model.model.${name}`],
    ["without PEFT's prefix", (name) => name.replace("base_model.model.", "")],
  ])("may have keys as saved %s", async (_, rename) => {
    writeFolder({}, {});
    const file = new Map([...tensors()].map(([name, tensor]) => [rename(name), { dtype: "F32" as const, ...tensor }]));
    writeFileSync(join(dir, ADAPTER_WEIGHTS), encodeSafetensors(file));
    expect((await loadAdapter(folderAt(dir))).weights).toEqual(tensors());
  });

  it("may name its adapter in every kind of key, and only one", async () => {
    const own = {
      [`${LAYER}.lora_magnitude_vector.me.weight`]: [5],
      "base_model.model.transformer.wte.lora_embedding_A.me": [2, 7],
      "base_model.model.transformer.wte.lora_embedding_B.me": [5, 2],
      "base_model.model.transformer.ln_f.modules_to_save.me.weight": [4],
      "base_model.model.transformer.ln_f.original_module.weight": [4],
      "base_model.model.transformer.wpe.token_adapter.trainable_tokens_delta.me": [1, 4],
    };
    const target_modules = ["c_attn", "wte"];
    const config = { use_dora: true, modules_to_save: ["ln_f"], trainable_token_indices: { wpe: [1] }, target_modules };
    writeFolder(config, own);
    const { weights, embeddings } = await loadAdapter(folderAt(dir));
    expect([...weights.keys()].filter((name) => !name.includes(".lora_")).sort()).toEqual([
      "base_model.model.transformer.ln_f.weight",
      "base_model.model.transformer.wpe.token_adapter.trainable_tokens_delta",
    ]);
    expect(weights.has(`${LAYER}.lora_magnitude_vector`)).toBe(true);
    expect(weights.has("base_model.model.transformer.wte.lora_embedding_A")).toBe(true);
    expect([...embeddings!.keys()]).toEqual(["transformer.ln_f.weight"]);
    writeFolder(config, { ...own, [`${LAYER}.lora_A.other.weight`]: [2, 3], [`${LAYER}.lora_B.other.weight`]: [5, 2] });
    expect((await refusal()).message).toMatch(/are the same one of an adapter|expected tensors of one adapter/);
  });

  it("may not have a tensor twice", async () => {
    writeFolder({}, { [`${LAYER}.lora_A.default.weight`]: [2, 3] });
    expect((await refusal()).message).toMatch(/tensors ".*lora_A.*weight" and ".*lora_A.*weight" are the same one/);
  });

  it("in PEFT's older format alone is named, with the way to convert it", async () => {
    writeFolder({});
    rmSync(join(dir, ADAPTER_WEIGHTS));
    writeFileSync(join(dir, "adapter_model.bin"), "");
    const error = await refusal();
    expect(error.message).toMatch(/found only adapter_model\.bin, whose format can run code/);
    expect(error.hint).toContain('save_file(torch.load("adapter_model.bin", weights_only=True)');
  });

  it("may have half precision and irrelevant keys", async () => {
    writeFolder({
      init_lora_weights: "gaussian",
      something_newer: null,
      layers_to_transform: [0],
      revision: undefined,
    });
    const data = Uint16Array.of(0x3c00, 0xc000, 0, 0, 0, 0); // 1, -2
    const file = new Map<string, SafetensorsTensor>([
      [`${LAYER}.lora_A.weight`, { dtype: "F16", shape: [2, 3], data }],
      [`${LAYER}.lora_B.weight`, { dtype: "F32", ...tensors().get(`${LAYER}.lora_B.weight`)! }],
    ]);
    writeFileSync(join(dir, ADAPTER_WEIGHTS), encodeSafetensors(file));
    const { weights } = await loadAdapter(folderAt(dir));
    expect(Array.from(weights.get(`${LAYER}.lora_A.weight`)!.data)).toEqual([1, -2, 0, 0, 0, 0]);
  });

  it.each<[string, Record<string, number[]>, RegExp]>([
    [
      "another rank",
      { [`${LAYER}.lora_A.weight`]: [8, 3] },
      /lora_A.weight" has shape \[8, 3\], the config says r=2 \(expects \[2, in\]\)/,
    ],
    ["another rank of B", { [`${LAYER}.lora_B.weight`]: [5, 8] }, /expects \[out, 2\]/],
    [
      "half a pair",
      { "base_model.model.transformer.h.0.mlp.c_proj.lora_A.weight": [2, 3] },
      /but no .*mlp.c_proj.lora_B.weight/,
    ],
    [
      "an untargeted layer",
      { "base_model.model.lm_head.lora_A.weight": [2, 3] },
      /matches none .*target_modules \(c_attn, mlp.c_proj\)/,
    ],
    ["a foreign name", { [`${LAYER}.ia3_l`]: [2, 3] }, /expected tensors named .*found ".*c_attn\.ia3_l"/],
  ])("with %s is refused, naming both files", async (_, shapes, message) => {
    writeFolder({}, shapes);
    const error = await refusal();
    expect(error.code).toBe("model");
    expect(error.message).toMatch(message);
    expect(error.message).toContain(join(dir, ADAPTER_WEIGHTS));
    expect(error.message).toContain(join(dir, ADAPTER_CONFIG));
  });

  it.each<[Record<string, unknown>, string, RegExp]>([
    [{ lora_bias: true }, "not-yet", /lora_bias is true/],
    [{ init_lora_weights: "olora" }, "not-yet", /init_lora_weights is "olora"/],
    [{ init_lora_weights: "pissa_niter_4" }, "not-yet", /init_lora_weights is "pissa_niter_4"/],
    [{ bias: "some" }, "model", /bias is "some", expected one of none, all, lora_only/],
    [{ rank_pattern: { c_attn: 0.5 } }, "model", /rank_pattern: c_attn is 0.5, expected a whole number above 0/],
    [{ modules_to_save: "ln_f" }, "model", /modules_to_save is "ln_f", expected a list of names/],
    [{ layers_to_transform: ["x"] }, "model", /layers_to_transform is \["x"\], expected numbers of layers/],
    [{ r: null }, "model", /r is null/],
    [{ use_qalora: true }, "not-yet", /use_qalora is true/],
    [{ target_parameters: ["w"] }, "not-yet", /target_parameters is \["w"\]/],
    [{ layer_replication: [[0, 1]] }, "not-yet", /layer_replication is/],
    [{ peft_type: "IA3" }, "not-yet", /expected peft_type "LORA", found "IA3"/],
    [{ r: 0 }, "model", /r is 0/],
    [{ target_modules: [] }, "model", /target_modules is \[\]/],
  ])("with the config %o is refused", async (config, code, message) => {
    writeFolder(config);
    const error = await refusal();
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  it("names the missing or broken file", async () => {
    expect((await refusal()).message).toContain(ADAPTER_CONFIG);
    writeFolder({});
    rmSync(join(dir, ADAPTER_WEIGHTS));
    expect((await refusal()).message).toContain(ADAPTER_WEIGHTS);
    writeFileSync(join(dir, ADAPTER_CONFIG), "{");
    expect((await refusal()).message).toMatch(/adapter_config.json: expected JSON/);
  });
});

describe.skipIf(!existsSync(shared))("an adapter of PEFT (skipped where ../shared is absent)", () => {
  it("is written byte for byte like PEFT's", async () => {
    const adapter = await loadAdapter(folderAt(shared));
    expect(adapter.weights.size).toBe(12);
    await saveAdapter(folderAt(dir), adapter);
    expect(readFileSync(join(dir, ADAPTER_WEIGHTS)).equals(readFileSync(join(shared, ADAPTER_WEIGHTS)))).toBe(true);
    const text = (path: string) => readFileSync(join(path, ADAPTER_CONFIG), "utf8");
    expect(text(dir)).toBe(text(shared));
  });
});
