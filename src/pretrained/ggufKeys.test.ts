/**
 * @file Keys of the architectures in GGUF files: read into config.json's fields, with llama.cpp's defaults where a file
 * has none, or refused by name.
 */
import { describe, expect, test } from "vitest";
import { architectureOf } from "../models/families/architectures.ts";
import { ggufConfig } from "./ggufConfig.ts";
import { GGUF_FAMILIES } from "./ggufFamilies.ts";

const ALL = {
  context_length: 256,
  embedding_length: 64,
  block_count: 6,
  feed_forward_length: 32,
  "attention.head_count": 4,
  "attention.layer_norm_rms_epsilon": 1e-5,
  "attention.layer_norm_epsilon": 1e-5,
};
/** What llama.cpp requires of one architecture. */
const OWN: Record<string, Record<string, unknown>> = {
  granite: { logit_scale: 8 },
  gptneox: { use_parallel_residual: true },
};
const matrix = { dtype: "F32" as const, shape: [32, 64], start: 0, end: 0 };

function configOf(
  architecture: string,
  keys: Record<string, unknown> = {},
  more: { tensors?: string[]; factors?: object } = {},
) {
  const own = Object.entries({ ...ALL, ...OWN[architecture], ...keys });
  const metadata = new Map([
    ["general.architecture", architecture as unknown],
    ...own.map(([key, value]): [string, unknown] => [`${architecture}.${key}`, value]),
  ]);
  const tensors = new Map(["token_embd.weight", ...(more.tensors ?? [])].map((name) => [name, matrix]));
  return ggufConfig({ metadata, tensors }, "x.gguf", more.factors).config;
}

const architectures = Object.keys(GGUF_FAMILIES);

test.each(architectures)("%s is a config that the family reads", (name) => {
  const { modelType, windows } = architectureOf(configOf(name), "x.gguf");
  expect(modelType).toBe(GGUF_FAMILIES[name].type);
  expect(windows.some((window) => window !== null)).toBe(name === "gemma2"); // which has one without a key
});

describe("keys and defaults", () => {
  test.each<[architecture: string, keys: Record<string, unknown>, fields: Record<string, unknown>]>([
    ["gemma", {}, { hidden_act: "gelu_pytorch_tanh", tie_word_embeddings: true, rope_theta: 10_000 }],
    ["gemma2", {}, { sliding_window: 4096, attn_logit_softcapping: 50, final_logit_softcapping: 30 }],
    ["gemma2", { attn_logit_softcapping: 0 }, { attn_logit_softcapping: null }],
    ["gemma2", { "attention.key_length": 8, "attention.value_length": 8 }, { query_pre_attn_scalar: 8 }],
    [
      "gemma2",
      { block_count: 46, "attention.key_length": 8, "attention.value_length": 8 },
      { query_pre_attn_scalar: 16 },
    ],
    [
      "gemma3",
      { block_count: 62, "attention.key_length": 8, "attention.value_length": 8 },
      { query_pre_attn_scalar: 16 },
    ],
    [
      "gemma3",
      {},
      { sliding_window: null, layer_types: Array(6).fill("full_attention"), rope_local_base_freq: 10_000 },
    ],
    [
      "gemma3",
      { "rope.freq_base_swa": 20_000, "rope.freq_base": 1e6 },
      { rope_local_base_freq: 20_000, rope_theta: 1e6 },
    ],
    [
      "gemma3",
      { "rope.scaling.type": "linear", "rope.scaling.factor": 8 },
      { rope_scaling: { rope_type: "linear", factor: 8 } },
    ],
    ["gemma3", { final_logit_softcapping: Math.fround(0.3) }, { final_logit_softcapping: 0.3 }],
    ["phi3", { "attention.sliding_window": 0 }, { sliding_window: null }],
    ["phi3", { block_count: 32, context_length: 4096 }, { sliding_window: 2047 }],
    ["phi3", { block_count: 32, context_length: 4096, "attention.sliding_window": 0 }, { sliding_window: null }],
    ["phi3", { "rope.dimension_count": 12 }, { partial_rotary_factor: 0.75 }],
    ["smollm3", { "rope.dimension_count": 16 }, { no_rope_layer_interval: 4 }],
    ["granite", {}, { attention_multiplier: 0.25, embedding_multiplier: 1, residual_multiplier: 1, logits_scaling: 8 }],
    [
      "granite",
      { residual_scale: Math.fround(0.22), "attention.scale": Math.fround(0.0078125) },
      { residual_multiplier: 0.22, attention_multiplier: 0.0078125 },
    ],
    ["granite", { embedding_scale: 12, "rope.scaling.finetuned": true }, { embedding_multiplier: 12 }],
    ["gptneox", { use_parallel_residual: false }, { use_parallel_residual: false, hidden_act: "gelu", rotary_pct: 1 }],
    [
      "gptneox",
      { block_count: 44, embedding_length: 6144, "rope.dimension_count": 24, "attention.head_count": 64 },
      { hidden_act: "gelu_fast", rotary_pct: 0.25 },
    ],
    ["starcoder2", {}, { use_bias: false, sliding_window: null, norm_epsilon: 1e-5 }],
    ["starcoder2", { block_count: 30, context_length: 16_384 }, { sliding_window: 4096 }],
  ])("%s %o", (architecture, keys, fields) => {
    expect(configOf(architecture, keys)).toMatchObject(fields);
  });

  const types = (keys: Record<string, unknown>, name = "gemma3") =>
    (configOf(name, { "attention.sliding_window": 64, ...keys }).layer_types as string[])
      .map((type) => type[0])
      .join("");

  test("the pattern of windows is llama.cpp's, a number, or a flag for each layer", () => {
    expect(types({ block_count: 7 })).toBe("sssssfs");
    expect(types({}, "gemma2")).toBe("sfsfsf");
    expect(types({ "attention.sliding_window_pattern": 3 })).toBe("ssfssf");
    expect(types({ "attention.sliding_window_pattern": 1 })).toBe("ffffff");
    expect(types({ "attention.sliding_window_pattern": 0 })).toBe("ssssss");
    expect(types({ "attention.sliding_window_pattern": [true, false, true, true, false, false] })).toBe("sfssff");
    expect(types({ "attention.sliding_window_pattern": [1, 0, 1, 1, 0, 0, 1] })).toBe("sfssff");
    expect(() => types({ "attention.sliding_window_pattern": [1, 0] })).toThrow(
      /expected a flag for each of 6 layers, found/,
    );
  });

  test("biases are those of the first layer", () => {
    const withBias = (name: string, module: string) => configOf(name, {}, { tensors: [`blk.0.${module}.bias`] });
    for (const name of ["gemma", "gemma2", "gemma3", "olmo2", "granite", "smollm3", "gptneox", "llama", "qwen3"]) {
      const module = name === "gptneox" ? "attn_qkv" : "attn_q";
      expect([name, withBias(name, module).attention_bias, configOf(name).attention_bias]).toEqual([name, true, false]);
    }
    for (const name of ["granite", "smollm3", "llama"]) expect(withBias(name, "ffn_up").mlp_bias).toBe(true);
    expect(withBias("starcoder2", "ffn_up").use_bias).toBe(true);
  });

  test("a head of its own is one that the file has", () => {
    for (const name of architectures) {
      expect(configOf(name, {}, { tensors: ["output.weight"] }).tie_word_embeddings).toBe(false);
      expect(configOf(name).tie_word_embeddings).toBe(true);
    }
  });

  test("Phi-3's factors are LongRoPE's", () => {
    const factors = { rope_factors_short: [1, 1.5], rope_factors_long: [2, 4] };
    const keys = {
      "rope.dimension_count": 4,
      "rope.scaling.original_context_length": 64,
      "rope.scaling.attn_factor": 1.25,
    };
    const config = configOf("phi3", keys, { factors });
    const scaling = { rope_type: "longrope", short_factor: [1, 1.5], long_factor: [2, 4], attention_factor: 1.25 };
    expect(config).toMatchObject({
      partial_rotary_factor: 0.25,
      original_max_position_embeddings: 64,
      rope_scaling: scaling,
    });
    expect(() => configOf("phi3", keys, { factors: { rope_factors_short: [1, 1.5] } })).toThrow(
      /rope_factors_long\.weight: expected 2 numbers above 0, found 0 numbers/,
    );
    expect(() => configOf("phi3", { ...keys, "rope.scaling.factor": 2 }, { factors })).toThrow(
      /rope_factors_long\.weight with type "linear", factor 2 is not supported/,
    );
  });
});

test("keys that llama.cpp writes with its defaults when it saves a model change nothing", () => {
  const SAVED = {
    ...{ router_logit_softcapping: 30, token_shift_count: 2, decoder_start_token_id: -1, expert_group_scale: 0.05 },
    ...{ pooling_type: 4_294_967_295, deepstack_mapping: [-1, -1], swiglu_clamp_exp: [0, 0], embedding_length_out: 64 },
    ...{ "attention.rope_pattern": 1, "attention.indexer.kpool_select_tail": true, "activation.situ_beta": 1 },
    ...{ "kda.gate_lower_bound": Number.NEGATIVE_INFINITY, "attention.recurrent_layers": false, vocab_size: 32 },
    ...{ "attention.key_length_swa": 16, "attention.value_length_swa": 16, "rope.dimension_count_swa": 16 },
  };
  for (const name of architectures) {
    const { keys } = GGUF_FAMILIES[name];
    const caps = Object.entries({ attn_logit_softcapping: 50, final_logit_softcapping: 30 });
    const local = keys.includes("attention.sliding_window") ? [] : [["rope.freq_base_swa", 10_000]];
    const unread = Object.fromEntries([...caps.filter(([key]) => !keys.includes(key)), ...local]);
    const scaled = { "rope.freq_base": 20_000 };
    expect(configOf(name, { ...scaled, ...SAVED, ...unread }), name).toEqual(configOf(name, scaled));
  }
});

describe("a key that would change results is refused by name", () => {
  test.each<[architecture: string, key: string, value: unknown]>([
    ["gemma", "attn_logit_softcapping", 50],
    ["gemma", "attention.sliding_window", 64],
    ["gemma2", "attention.scale", 0.5],
    ["gemma2", "rope.freq_base_swa", 20_000],
    ["gemma3", "attn_logit_softcapping", 50],
    ["gemma3", "rope.scaling.attn_factor", 1.5],
    ["gemma3", "rope.scaling.type", "yarn"],
    ["gemma3", "dense_2_feat_out", 3072],
    ["gemma3", "rope.global.freq_base", 1e6],
    ["gemma3", "rope.dimension_count", 8],
    ["phi3", "rope.dimension_count", 7],
    ["phi3", "rope.dimension_count", 32],
    ["phi3", "rope.scaling.type", "longrope"],
    ["phi3", "expert_count", 16],
    ["smollm3", "attention.sliding_window", 64],
    ["smollm3", "attention.rope_pattern", [1, 1, 0, 1, 1, 0]],
    ["olmo2", "attention.sliding_window", 64],
    ["olmo2", "attention.clamp_kqv", 8],
    ["granite", "rope.scaling.finetuned", false],
    ["granite", "logit_scale", undefined],
    ["granite", "deepstack_mapping", [-1, 1]],
    ["granite", "expert_shared_count", 1],
    ["gptneox", "use_parallel_residual", undefined],
    ["gptneox", "attention.head_count_kv", 2],
    ["gptneox", "attention.max_alibi_bias", 8],
    ["starcoder2", "logit_scale", 2],
    ["starcoder2", "attention.layer_norm_epsilon", undefined],
    ["starcoder2", "hidden_activation", "relu"],
  ])("%s.%s %o", (architecture, key, value) => {
    const read = () => configOf(architecture, { [key]: value });
    expect(read).toThrow(expect.objectContaining({ name: "PrefineError" }));
    expect(read).toThrow(
      key.replace(/^rope\.scaling\.(type|attn_factor)/, "$1").replace("attention.head_count_kv", "attention"),
    );
  });
});

test("an architecture that is not read names the nearest that is", () => {
  const nearest = {
    gemma3n: "gemma3",
    phimoe: "phi3",
    olmoe: "olmo2",
    granitehybrid: "granite",
    qwen3moe: "qwen3",
    qwen2vl: "qwen2",
  };
  for (const [name, near] of Object.entries({ ...nearest, starcoder: "starcoder2", gptj: "gptneox", llama4: "llama" }))
    expect(() => configOf(name)).toThrow(
      expect.objectContaining({ hint: expect.stringContaining(`The nearest that is: ${near}.`) }),
    );
  expect(() => configOf("mamba")).toThrow(
    expect.objectContaining({ hint: expect.stringMatching(/^Supported families: llama, /) }),
  );
});
