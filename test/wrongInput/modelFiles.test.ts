/**
 * @file Wrong model files: folders without a model, config.json that contradicts the weights, truncated and damaged
 * files, another model's tokenizer. Each with training and generation, which must report the same.
 */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { cut, editJson, editTensors, refusalOf, train, useWorkbench } from "../support/workbench.ts";

useWorkbench();

/** The errors of training and generation for the model. */
async function modelRefusal(model = "model"): Promise<string> {
  const refusal = await train("--model_name_or_path", model);
  expect(await refusalOf("generate", model, "--prompt", "hi")).toBe(refusal);
  return refusal;
}

const TOGETHER = "Do config.json and the weights belong together?";
const SHAPES = "A model's folder has config.json and model.safetensors.";

describe("a model's folder", () => {
  it("that does not exist or is not a model", async () => {
    mkdirSync("empty");
    expect(await modelRefusal("empty")).toBe(
      `error: empty: expected a model, found no config.json in empty\n${SHAPES}`,
    );
    expect(await modelRefusal("run.yaml")).toBe(
      "error: run.yaml: expected a model's folder, GGUF file or hub id, found a file\n" +
        "Give the folder with config.json and model.safetensors.",
    );
    expect(await modelRefusal("./nowhere")).toBe(
      "error: ./nowhere: no such folder, and not a hub id\n" +
        "A model is a folder with config.json and model.safetensors, or a hub id such as gpt2.",
    );
  });

  it("without weights, or with those of another format", async () => {
    rmSync("model/model.safetensors");
    expect(await modelRefusal()).toBe(`error: model: expected a model, found no model.safetensors in model\n${SHAPES}`);
    writeFileSync("model/pytorch_model.bin", "");
    expect(await modelRefusal()).toMatch(/\nOnly safetensors is supported: save the model again with save_pretrained/);
  });

  it("whose shards are missing", async () => {
    const map = { "wte.weight": "model-00001-of-00002.safetensors", "wpe.weight": 7 };
    rmSync("model/model.safetensors");
    writeFileSync("model/model.safetensors.index.json", JSON.stringify({ weight_map: map }));
    expect(await modelRefusal()).toMatch(
      /index\.json: weight_map: expected the name of a \.safetensors file for "wpe\.weight", found 7\n/,
    );
    const whole = { weight_map: { ...map, "wpe.weight": "model-00002-of-00002.safetensors" } };
    writeFileSync("model/model.safetensors.index.json", JSON.stringify(whole));
    expect(await modelRefusal()).toMatch(
      /^error: model\/model-00001-of-00002\.safetensors: expected weights, found no such file\nIs a shard missing\?$/,
    );
  });
});

describe("config.json", () => {
  it.each([
    [
      { n_embd: 32 },
      'model/model.safetensors: tensor "transformer.wte.weight" has shape [257, 16], model/config.json says [257, 32]',
    ],
    [
      { vocab_size: 300 },
      'model/model.safetensors: tensor "transformer.wte.weight" has shape [257, 16], model/config.json says [300, 16]',
    ],
    [
      { n_positions: 64 },
      'model/model.safetensors: tensor "transformer.wpe.weight" has shape [128, 16], model/config.json says [64, 16]',
    ],
    [
      { n_inner: 32 },
      'model/model.safetensors: tensor "transformer.h.0.mlp.c_fc.weight" has shape [16, 64], model/config.json says [16, 32]',
    ],
    [
      { n_layer: 3 },
      'model: the weights have no tensor "transformer.h.2.ln_1.weight", which model/config.json requires',
    ],
    [
      { n_layer: 1 },
      'model/model.safetensors: tensor "transformer.h.1.attn.c_attn.bias" is in none of the 1 layers of model/config.json',
    ],
  ])("that contradicts the weights: %j; both files are named", async (changes, message) => {
    editJson("model/config.json", changes);
    expect(await modelRefusal()).toBe(`error: ${message}\n${TOGETHER}`);
  });

  it.each([
    [{ n_layer: "two" }, 'n_layer: expected a whole number from 1 to 1000, found "two"'],
    [{ n_layer: 1e9 }, "n_layer: expected a whole number from 1 to 1000, found 1000000000"],
    [{ n_head: 5 }, "n_embd 16 is not a multiple of n_head 5"],
    [{ attn_pdrop: 2 }, "attn_pdrop: expected a number from 0, below 1, found 2"],
    [{ layer_norm_epsilon: -1 }, "layer_norm_epsilon: expected a number of at least 0, found -1"],
    [{ model_type: undefined }, "expected model_type, found nothing"],
    [{ model_type: "gptx" }, 'model_type "gptx" is not built yet'],
    [{ activation_function: "relu6" }, 'activation_function "relu6" is not built yet'],
    [
      { quantization_config: { quant_method: "gptq" } },
      'quantization_config: weights quantized by "gptq" are not read',
    ],
  ])("with %j", async (changes, message) => {
    editJson("model/config.json", changes);
    expect(await modelRefusal()).toContain(`error: model/config.json: ${message}\n`);
  });

  it("that is truncated, empty or not an object", async () => {
    cut("model/config.json", 50);
    expect(await modelRefusal()).toMatch(
      /^error: model\/config\.json: expected JSON, found: .*\nDownload or save the file again\.$/,
    );
    writeFileSync("model/config.json", "");
    expect(await modelRefusal()).toMatch(/^error: model\/config\.json: expected JSON, found: /);
    writeFileSync("model/config.json", "[]");
    expect(await modelRefusal()).toMatch(/^error: model\/config\.json: expected a JSON object, found \[\]\n/);
  });
});

describe("model.safetensors", () => {
  const WHOLE = "Is the file truncated or a Git LFS pointer? Download it again.";

  it.each([
    ["empty", () => writeFileSync("model/model.safetensors", ""), /expected at least 8 bytes, found 0/],
    [
      "truncated in its header",
      () => cut("model/model.safetensors", 100),
      /the header ends at byte \d+, the file at byte 100/,
    ],
    [
      "truncated in its data",
      () => cut("model/model.safetensors", 0.8),
      /the header describes \d+ bytes, the file has \d+/,
    ],
    [
      "a Git LFS pointer",
      () => writeFileSync("model/model.safetensors", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
      /expected a header of at most 100000000 bytes, found \d+/,
    ],
  ])("that is %s", async (_, damage, message) => {
    damage();
    const refusal = await modelRefusal();
    expect(refusal).toMatch(message);
    expect(refusal.startsWith("error: model/model.safetensors: not a whole safetensors file: ")).toBe(true);
    expect(refusal.endsWith(WHOLE)).toBe(true);
  });

  it("with a tensor of another dtype", async () => {
    editTensors("model/model.safetensors", (name, tensor) =>
      name.endsWith("wpe.weight") ? [name, { ...tensor, dtype: "I32" }] : [name, tensor],
    );
    expect(await modelRefusal()).toMatch(/tensor "transformer\.wpe\.weight" has type I32, expected F32, F16 or BF16/);
  });
});

describe("a tokenizer", () => {
  const DAMAGED = "The file may be truncated or damaged: download or save the tokenizer again.";

  it("that is truncated, or not a tokenizer", async () => {
    cut("model/tokenizer.json", 0.5);
    expect(await modelRefusal()).toMatch(
      /^error: model\/tokenizer\.json: expected JSON, found: .*\nThe file may be truncated/,
    );
    writeFileSync("model/tokenizer.json", "{}");
    expect(await modelRefusal()).toBe(
      `error: model/tokenizer.json: expected a model with a vocabulary, found none\n${DAMAGED}`,
    );
    rmSync("model/tokenizer.json");
    expect(await modelRefusal()).toMatch(
      /^error: model: expected tokenizer\.json, or GPT-2's vocab\.json and merges\.txt/,
    );
  });

  it("with a larger vocabulary than the model's: the row and the token are named", async () => {
    const json = JSON.parse(readFileSync("model/tokenizer.json", "utf8"));
    const rain = { ...json.added_tokens[0], id: 257, content: "bread", special: false };
    writeFileSync("model/tokenizer.json", JSON.stringify({ ...json, added_tokens: [...json.added_tokens, rain] }));
    expect(await train()).toBe(
      'error: train row 1 (train.jsonl): token "bread" has id 257, the model\'s vocabulary ends at 256\n' +
        "Do the tokenizer (model) and the model belong together?",
    );
    expect(await refusalOf("generate", "model", "--prompt", "bread?")).toBe(
      "error: generate: prompt 0: expected ids below 257 (the model's vocabulary size), found 257\n" +
        "Does the tokenizer belong to the model?",
    );
  });

  it("of another model", async () => {
    cpSync("model", "smaller", { recursive: true });
    editJson("smaller/config.json", { vocab_size: 100 });
    editTensors("smaller/model.safetensors", (name, tensor) =>
      name.endsWith("wte.weight")
        ? [name, { ...tensor, shape: [100, 16], data: (tensor.data as Uint8Array).slice(0, 100 * 16 * 4) }]
        : [name, tensor],
    );
    expect(await train("--model_name_or_path", "smaller")).toMatch(
      /^error: train row 0 \(train\.jsonl\): token ".+" has id \d+, the model's vocabulary ends at 99\n/,
    );
  });
});
