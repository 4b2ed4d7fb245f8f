/** @file config.json as transformers' own classes read it (test/fixtures/config-fields.json), field by field. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { CONFIG_FIELDS } from "../scripts/configFields.ts";
import { PrefineError } from "../src/errors.ts";
import { architectureOf, MODEL_TYPES } from "../src/models/families/architectures.ts";
import { GPT2_COMMON_NAMES } from "../src/models/families/gpt2.ts";

interface Fixture {
  fields: Record<string, string[]>;
  attribute_map: Record<string, Record<string, string>>;
  windows: { family: string; config: Record<string, unknown>; windows: (number | null)[] | null }[];
  sizes: { config: Record<string, unknown>; sizes: Record<string, number> }[];
}
const file = new URL("fixtures/config-fields.json", import.meta.url);
const fixture = JSON.parse(readFileSync(file, "utf8")) as Fixture;
const read = (family: string, config: Record<string, unknown>) =>
  architectureOf({ model_type: family, ...config }, "config.json");

test("COMPATIBILITY.md names every field of every supported config class", () => {
  expect(Object.keys(fixture.fields)).toEqual(MODEL_TYPES);
  for (const [family, fields] of Object.entries(fixture.fields)) {
    const known = CONFIG_FIELDS.filter(({ families }) => !families || families.includes(family));
    expect(fields.filter((field) => !known.some(({ names }) => names.includes(field)))).toEqual([]);
  }
});

test("the common names are those of transformers' attribute_map", () => {
  const swapped = Object.entries(GPT2_COMMON_NAMES).map(([own, common]) => [common, own]);
  const none = Object.fromEntries(MODEL_TYPES.map((family) => [family, {}]));
  const gemma3 = expect.objectContaining({ image_token_id: "image_token_index" }); // of its vision part
  expect(fixture.attribute_map).toEqual({ ...none, gemma3, gpt2: Object.fromEntries(swapped) });
});

test.each(fixture.sizes)("sizes of $config", ({ config, sizes }) => {
  const { hiddenSize, layers, heads, maxPositions } = read("gpt2", config);
  expect({ n_embd: hiddenSize, n_layer: layers, n_head: heads, n_positions: maxPositions }).toEqual(sizes);
});

test("a wrong value is reported by the name that it has in the file", () => {
  expect(() => read("gpt2", { hidden_size: "16" })).toThrow("config.json: hidden_size: expected a whole number");
  expect(() => read("gpt2", { n_embd: "16" })).toThrow("config.json: n_embd: expected a whole number");
});

describe("windows equal transformers', and what fails there is refused", () => {
  test.each(fixture.windows)("$family $config", ({ family, config, windows }) => {
    const fails = windows === null || windows.includes(0); // 0 hides every key: transformers computes garbage
    if (fails) expect(() => read(family, config)).toThrow(PrefineError);
    else expect(read(family, config).windows).toEqual(windows);
  });

  test("the fixture has all cases", () => expect(fixture.windows).toHaveLength(51));
});

const DECODER = { hidden_size: 16, num_attention_heads: 2, num_hidden_layers: 2, num_key_value_heads: 1 };

test.each<[family: string, config: Record<string, unknown>, message: string]>([
  ["llama", { is_causal: false }, "is_causal false"],
  ["gpt2", { is_causal: false }, "is_causal false"],
  ["qwen3", { is_encoder_decoder: true }, "is_encoder_decoder true"],
  ["qwen2", { per_layer_config: { "1": { intermediate_size: 8 } } }, "per_layer_config"],
  ["llama", { sliding_window: 16 }, "sliding_window 16"],
  ["gpt2", { sliding_window: 16 }, "sliding_window 16"],
  ["olmo2", { sliding_window: 16 }, "sliding_window 16"],
  ["gemma", { use_bidirectional_attention: true }, "use_bidirectional_attention true"],
  ["llama", { attention_chunk_size: 16 }, "attention_chunk_size 16"],
  ["starcoder2", { attention_chunk_size: 16 }, "attention_chunk_size 16"],
  ["mistral", { attention_chunk_size: 16, sliding_window: null }, "attention_chunk_size 16"],
])("%s %o is refused", (family, config, message) => {
  const sizes = family === "gpt2" ? {} : DECODER;
  expect(() => read(family, { ...sizes, ...config })).toThrow(`config.json: ${message}`);
});

test.each<[family: string, config: Record<string, unknown>]>([
  ["llama", { sliding_window: 2048, is_causal: true, is_encoder_decoder: false, per_layer_config: null }],
  ["llama", { sliding_window: 16, layer_types: ["full_attention", "full_attention"] }],
  ["llama", { sliding_window: null, attention_chunk_size: null, pretraining_tp: 4 }],
  ["qwen2", { attention_bias: false, mlp_bias: true, head_dim: null, sliding_window: 16 }],
  ["mistral", { attention_bias: true, attention_chunk_size: 16, use_sliding_window: false }],
])("%s %o changes nothing", (family, config) => {
  const [plain, read_] = [read(family, DECODER), read(family, { ...DECODER, ...config })];
  expect([...read_.parameters]).toEqual([...plain.parameters]);
  expect(read_.windows).toEqual(plain.windows);
});
