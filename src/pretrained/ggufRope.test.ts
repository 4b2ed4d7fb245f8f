/**
 * @file Rotary keys of GGUF files against llama.cpp's own formula (ggml's rope_yarn, llama_context's factors), and
 * keys that would change results, each refused by name.
 */
import { describe, expect, test } from "vitest";
import { architectureOf } from "../models/families/architectures.ts";
import { readDecoderConfig } from "../models/families/decoderConfig.ts";
import { LLAMA as FAMILY } from "../models/families/llama.ts";
import { ggufConfig } from "./ggufConfig.ts";

const HEAD = 16;
const LLAMA = {
  "general.architecture": "llama",
  "llama.context_length": 256,
  "llama.embedding_length": 64,
  "llama.block_count": 2,
  "llama.attention.head_count": 4,
  "llama.feed_forward_length": 32,
  "llama.attention.layer_norm_rms_epsilon": 1e-5,
};
const tensors = new Map([["token_embd.weight", { dtype: "F32" as const, shape: [32, 64], start: 0, end: 0 }]]);

function configOf(keys: Record<string, unknown>, factors?: number[], family = "llama") {
  const all = Object.entries({ ...LLAMA, ...keys }).map(([key, value]): [string, unknown] => {
    return [key.replace(/^llama\./, `${family}.`), key === "general.architecture" ? family : value];
  });
  return ggufConfig({ metadata: new Map(all), tensors }, "x.gguf", factors && { rope_freqs: factors }).config;
}

interface Scaling {
  type?: string;
  factor?: number;
  attention?: number;
  original?: number;
  theta?: number;
  factors?: number[];
}

/** llama.cpp: angle per position and factor of cosine and sine of each channel pair. */
function llamaCpp({ type = "linear", factor = 0, attention = 1, original = 256, theta = 10_000, factors }: Scaling) {
  const scale = type === "none" || factor === 0 ? 1 : 1 / factor;
  const isYarn = type === "yarn";
  const corner = (turns: number) => (HEAD * Math.log(original / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
  const [low, high] = [Math.max(0, Math.floor(corner(32))), Math.min(HEAD - 1, Math.ceil(corner(1)))];
  const times = 1 / scale;
  const temperature = times <= 1 ? 1 : 0.1 * Math.log(times) + 1;
  const adjusted = isYarn ? temperature / (1 + 0.1 * Math.log(times)) : 1;
  const frequencies = Array.from({ length: HEAD / 2 }, (_, i) => {
    const plain = theta ** ((-2 * i) / HEAD) / (factors ? factors[i] : 1);
    if (!isYarn) return plain * scale;
    const ramp = 1 - Math.min(1, Math.max(0, (i - low) / Math.max(0.001, high - low)));
    return plain * scale * (1 - ramp) + plain * ramp;
  });
  return { frequencies, scale: adjusted * attention * (isYarn ? 1 + 0.1 * Math.log(times) : 1) };
}

const names: Record<keyof Omit<Scaling, "factors">, string> = {
  type: "rope.scaling.type",
  factor: "rope.scaling.factor",
  attention: "rope.scaling.attn_factor",
  original: "rope.scaling.original_context_length",
  theta: "rope.freq_base",
};
const FACTORS = [1, 1, 1.5, 2, 2.5, 4, 8, 8];

test.each<Scaling>([
  {},
  { type: "linear", factor: 4 },
  { factor: 4 }, // linear is llama.cpp's default
  { type: "none", factor: 4 },
  { type: "linear" },
  { attention: 1.25 },
  { type: "none", attention: 0.5, factor: 3 },
  { type: "linear", factor: 2, attention: 1.25 },
  { type: "yarn", factor: 4, original: 64 },
  { type: "yarn", factor: 4, original: 64, attention: 1.25, theta: 500_000 },
  { type: "yarn", factor: 0.5, original: 64, attention: 0.75 },
  { type: "yarn", factor: 8 },
  { type: "yarn" },
  { factors: FACTORS },
  { factors: FACTORS, factor: 2, attention: 1.5, theta: 20_000 },
])("%o turns as in llama.cpp", (scaling) => {
  const given = Object.entries(scaling).filter(([name]) => name !== "factors");
  const keys = Object.fromEntries(given.map(([name, value]) => [`llama.${names[name as keyof typeof names]}`, value]));
  const [rope] = readDecoderConfig(FAMILY, configOf(keys, scaling.factors), "x.gguf").ropes;
  const expected = llamaCpp(scaling);
  expect(rope.scale).toBeCloseTo(expected.scale, 6);
  for (const [i, value] of expected.frequencies.entries()) {
    expect(Math.abs(rope.frequencies[i] / value - 1), `channel ${i}`).toBeLessThan(1e-6);
  }
});

test("the old key of a linear factor is read, unless there is the new one", () => {
  const { rope_scaling } = configOf({ "llama.rope.scale_linear": 4 });
  expect(rope_scaling).toEqual({ rope_type: "linear", factor: 4 });
  const both = configOf({ "llama.rope.scale_linear": 4, "llama.rope.scaling.factor": 2 });
  expect(both.rope_scaling).toEqual({ rope_type: "linear", factor: 2 });
});

describe("a key that would change results is refused by name", () => {
  test.each<[key: string, value: unknown]>([
    ["rope.dimension_count", 8],
    ["rope.scaling.type", "longrope"],
    ["rope.scaling.alpha", 1000],
    ["rope.scaling.yarn_log_multiplier", 0.1],
    ["rope.scaling.yarn_ext_factor", 0.5],
    ["rope.scaling.yarn_attn_factor", 1.2],
    ["rope.scaling.yarn_beta_fast", 16],
    ["rope.scaling.yarn_beta_slow", 2],
    ["rope.dimension_sections", [2, 3, 3, 0]],
    ["rope.freq_base_swa", 1000],
    ["rope.some_new_key", 3],
    ["attention.causal", false],
    ["attention.scale", 0.5],
    ["attention.clamp_kqv", 8],
    ["attention.max_alibi_bias", 8],
    ["attention.sliding_window", 64],
    ["attention.value_length", 8],
    ["attention.temperature_scale", 0.1],
    ["attention.some_new_key", true],
    ["attn_logit_softcapping", 50],
    ["final_logit_softcapping", 30],
    ["logit_scale", 0.5],
    ["residual_scale", 2],
    ["embedding_scale", 12],
    ["expert_count", 8],
    ["nextn_predict_layers", 1],
    ["attention.head_count", [4, 2]],
    ["feed_forward_length", [32, 16]],
  ])("%s %o", (key, value) => {
    const name = key.startsWith("rope.scaling.type") ? "type" : key;
    expect(() => configOf({ [`llama.${key}`]: value })).toThrow(name);
  });

  test("nor is rotary scaling beside the file's own factors, with yarn", () => {
    const yarn = { "llama.rope.scaling.type": "yarn", "llama.rope.scaling.factor": 2 };
    expect(() => configOf(yarn, FACTORS)).toThrow(
      /rope_freqs\.weight with rope\.scaling\.type "yarn" is not supported/,
    );
  });
});

test("values that mean not used are read past, and lists of one value per layer are that value", () => {
  const neutral = {
    "rope.scaling.finetuned": true,
    "rope.scaling.yarn_ext_factor": -1,
    "rope.scaling.yarn_beta_fast": 32,
    "rope.scaling.yarn_beta_slow": 1,
    "attention.causal": true,
    "attention.scale": Math.fround(0.25),
    "attention.sliding_window": 256,
    "attention.key_length": 16,
    "attention.value_length": 16,
    "attention.head_count": [4, 4],
    "attention.head_count_kv": [2, 2],
    feed_forward_length: [32, 32],
    expert_count: 0,
    logit_scale: 1,
    vocab_size: 32,
  };
  const keys = Object.fromEntries(Object.entries(neutral).map(([key, value]) => [`llama.${key}`, value]));
  const plain = configOf({ "llama.attention.head_count_kv": 2 });
  expect(configOf(keys)).toEqual(plain);
});

test("a window is read for mistral alone; without one there is none", () => {
  const windows = (keys: Record<string, unknown>) => architectureOf(configOf(keys, undefined, "mistral"), "x").windows;
  expect(windows({ "llama.attention.sliding_window": 64 })).toEqual([64, 64]);
  expect(windows({})).toEqual([null, null]);
});
