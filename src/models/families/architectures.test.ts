/** @file Every field of config.json that can be wrong: the message names the file, the field and the value. */
import { describe, expect, test } from "vitest";
import { FAMILIES as GRAPH_MODELS } from "../../../test/support/graphModels.ts";
import { FAMILIES as RANDOM_MODELS } from "../../../test/support/randomModel.ts";
import { PrefineError } from "../../errors.ts";
import { loraAdapter } from "../adapters/lora.ts";
import { architectureOf, MODEL_TYPES } from "./architectures.ts";

const DECODER = { hidden_size: 32, num_attention_heads: 4, num_key_value_heads: 2, num_hidden_layers: 2, head_dim: 8 };
const BASES: Record<string, Record<string, unknown>> = {
  gpt2: { n_embd: 32, n_head: 4, n_layer: 2, vocab_size: 50 },
  llama: DECODER,
  mistral: DECODER,
  qwen2: DECODER,
  qwen3: DECODER,
  gemma: DECODER,
  gemma2: DECODER,
  gemma3_text: DECODER,
  gemma3: { text_config: DECODER },
  phi3: DECODER,
  smollm3: DECODER,
  olmo2: DECODER,
  granite: DECODER,
  gpt_neox: { hidden_size: 64, num_attention_heads: 4, num_hidden_layers: 2 },
  starcoder2: DECODER,
};
/** PEFT has no default targets for these. */
const WITHOUT_TARGETS = ["gemma3", "phi3", "smollm3", "olmo2", "granite", "starcoder2"];
const read = (type: string, config: Record<string, unknown>) =>
  architectureOf({ model_type: type, ...BASES[type], ...config }, "config.json");

type Wrong = [type: string, config: Record<string, unknown>, message: string];
const whole = "expected a whole number from 1 to";
const flag = "expected true or false";

const SIZES: Wrong[] = [
  ["llama", { vocab_size: 0 }, `vocab_size: ${whole} 2147483647, found 0`],
  ["llama", { hidden_size: "32" }, `hidden_size: ${whole} 2147483647, found "32"`],
  ["llama", { intermediate_size: 1.5 }, `intermediate_size: ${whole} 2147483647, found 1.5`],
  ["llama", { num_hidden_layers: 4000 }, `num_hidden_layers: ${whole} 1000, found 4000`],
  ["llama", { num_attention_heads: -4 }, `num_attention_heads: ${whole} 2147483647, found -4`],
  ["qwen3", { num_key_value_heads: 3 }, "num_attention_heads 4 is not a multiple of num_key_value_heads 3"],
  ["llama", { head_dim: null, num_attention_heads: 5 }, "hidden_size 32 is not a multiple of num_attention_heads 5"],
  ["qwen3", { head_dim: 7 }, "head_dim 7: a rotary embedding needs an even number"],
  ["mistral", { max_position_embeddings: {} }, `max_position_embeddings: ${whole} 2147483647, found {}`],
  ["llama", { rms_norm_eps: "small" }, 'rms_norm_eps: expected a number of at least 0, found "small"'],
  ["gpt2", { n_embd: 30 }, "n_embd 30 is not a multiple of n_head 4"],
  ["gpt2", { n_inner: 0 }, `n_inner: ${whole} 2147483647, found 0`],
  ["gpt2", { n_positions: true }, `n_positions: ${whole} 2147483647, found true`],
  ["gpt2", { layer_norm_epsilon: -1 }, "layer_norm_epsilon: expected a number of at least 0, found -1"],
];

const SETTINGS: Wrong[] = [
  ["llama", { attention_bias: 1 }, `attention_bias: ${flag}, found 1`],
  ["llama", { mlp_bias: "no" }, `mlp_bias: ${flag}, found "no"`],
  ["qwen3", { attention_bias: [] }, `attention_bias: ${flag}, found []`],
  ["llama", { tie_word_embeddings: "yes" }, `tie_word_embeddings: ${flag}, found "yes"`],
  ["gpt2", { tie_word_embeddings: 0 }, `tie_word_embeddings: ${flag}, found 0`],
  ["llama", { attention_dropout: 1 }, "attention_dropout: expected a number from 0, below 1, found 1"],
  ["llama", { hidden_act: "relu6" }, 'hidden_act "relu6" is not built yet'],
  ["llama", { hidden_act: 3 }, "hidden_act 3 is not built yet"],
  ["gpt2", { activation_function: "mish" }, 'activation_function "mish" is not built yet'],
  ["gpt2", { scale_attn_weights: "no" }, `scale_attn_weights: ${flag}, found "no"`],
  ["gpt2", { scale_attn_by_inverse_layer_idx: 1 }, `scale_attn_by_inverse_layer_idx: ${flag}, found 1`],
  ["gpt2", { reorder_and_upcast_attn: 1 }, `reorder_and_upcast_attn: ${flag}, found 1`],
  ["gpt2", { add_cross_attention: true }, "add_cross_attention: prefine runs only decoders, the config says true"],
  ["gpt2", { embd_pdrop: 2 }, "embd_pdrop: expected a number from 0, below 1, found 2"],
  ["mistral", { sliding_window: 0 }, `sliding_window: ${whole} 2147483647, found 0`],
  ["qwen2", { use_sliding_window: "yes" }, `use_sliding_window: ${flag}, found "yes"`],
  [
    "qwen2",
    { use_sliding_window: true, max_window_layers: -1 },
    "max_window_layers: expected a number of at least 0, found -1",
  ],
  [
    "qwen3",
    { layer_types: ["full_attention"] },
    'layer_types: expected 2 times "full_attention" or "sliding_attention", found ["full_attention"]',
  ],
  [
    "qwen3",
    { layer_types: ["full_attention", "chunked_attention"] },
    'layer_types: expected 2 times "full_attention" or "sliding_attention", found',
  ],
  [
    "qwen3",
    { layer_types: ["full_attention", "sliding_attention"] },
    "layer_types: sliding_attention needs use_sliding_window: true and a sliding_window",
  ],
];

const NEW_FIELDS: Wrong[] = [
  ["gemma", { use_bidirectional_attention: true }, "use_bidirectional_attention true is not built yet"],
  ["gemma2", { attn_logit_softcapping: 0 }, "attn_logit_softcapping: expected a number above 0, found 0"],
  ["gemma2", { final_logit_softcapping: "30" }, 'final_logit_softcapping: expected a number above 0, found "30"'],
  ["gemma2", { sliding_window: null }, "sliding_window: expected the window of its layers of sliding_attention, found"],
  ["gemma2", { query_pre_attn_scalar: -1 }, "query_pre_attn_scalar: expected a number above 0, found -1"],
  ["gemma2", { hidden_activation: "mish" }, 'hidden_activation "mish" is not built yet'],
  ["gemma3_text", { sliding_window_pattern: 0 }, `sliding_window_pattern: ${whole} 2147483647, found 0`],
  ["gemma3_text", { rope_local_base_freq: 0 }, "rope_local_base_freq: expected a number above 0, found 0"],
  [
    "gemma3_text",
    { rope_parameters: { full_attention: 3 } },
    "rope_parameters.full_attention: expected an object with rope_type, found 3",
  ],
  [
    "gemma3_text",
    { rope_parameters: { full_attention: { rope_type: "linear" } } },
    "rope_parameters.full_attention: factor: expected a number above 0, found nothing",
  ],
  [
    "phi3",
    { partial_rotary_factor: 0.01 },
    "rope_parameters: partial_rotary_factor: expected some of the 8 channels of a head, found 0.01",
  ],
  ["smollm3", { no_rope_layers: [1] }, "no_rope_layers: expected 0 or 1 for each of 2 layers, found [1]"],
  ["smollm3", { no_rope_layer_interval: 0 }, `no_rope_layer_interval: ${whole} 2147483647, found 0`],
  ["granite", { logits_scaling: 0 }, "logits_scaling: expected a number other than 0, found 0"],
  ["granite", { residual_multiplier: "x" }, 'residual_multiplier: expected a finite number, found "x"'],
  ["granite", { attention_multiplier: -1 }, "attention_multiplier: expected a number of at least 0, found -1"],
  ["gpt_neox", { use_parallel_residual: 1 }, `use_parallel_residual: ${flag}, found 1`],
  ["gpt_neox", { rotary_pct: 0 }, "rotary_pct: expected a number above 0, found 0"],
  ["gpt_neox", { hidden_dropout: 1 }, "hidden_dropout: expected a number from 0, below 1, found 1"],
  ["starcoder2", { use_bias: 0 }, `use_bias: ${flag}, found 0`],
  ["starcoder2", { norm_epsilon: -1 }, "norm_epsilon: expected a number of at least 0, found -1"],
];

describe("every family", () => {
  test("has a small model in each list that tests use", () => {
    const lists = { "BASES here": BASES, "test/support/graphModels.ts": GRAPH_MODELS };
    // gemma3 is gemma3_text under other names
    const alone = MODEL_TYPES.filter((type) => type !== "gemma3").toSorted();
    for (const [where, models] of Object.entries({ ...lists, "test/support/randomModel.ts": RANDOM_MODELS })) {
      const types = Object.keys(models).filter((type) => type !== "gemma3");
      expect(types.toSorted(), `add the family to ${where}`).toEqual(alone);
    }
  });

  const settings = { r: 2, lora_alpha: 4, lora_dropout: 0, target_modules: null };
  const withTargets = MODEL_TYPES.filter((type) => !WITHOUT_TARGETS.includes(type));
  test.each(withTargets)("%s has PEFT's default targets", (type) => {
    const { layers, warnings } = loraAdapter(read(type, {}), settings);
    expect(layers.size, "DEFAULT_TARGETS in adapters/loraTargets.ts").toBeGreaterThan(0);
    expect(warnings).toEqual([]);
  });

  test.each(WITHOUT_TARGETS)("%s has no default targets, as in PEFT", (type) => {
    expect(() => loraAdapter(read(type, {}), settings)).toThrow(`no defaults for model_type "${type}"`);
  });
});

describe("a config that is invalid, or of a model not built yet", () => {
  test.each([...SIZES, ...SETTINGS, ...NEW_FIELDS])("%s %o", (type, config, message) => {
    expect(() => read(type, config)).toThrow(PrefineError);
    expect(() => read(type, config)).toThrow(`config.json: ${message}`);
  });

  test("a family that is not built, or missing; the nearest one is named", () => {
    expect(() => read("bloom", {})).toThrow('config.json: model_type "bloom" is not built yet');
    const nearest = { olmo3: "olmo2", qwen3_moe: "qwen3", gemma4_text: "gemma3", granitemoe: "granite", phi: "phi3" };
    for (const [type, family] of Object.entries({
      ...nearest,
      gpt_oss: "llama",
      gptj: "gpt_neox",
      smollm: "smollm3",
    })) {
      const hint = expect.stringContaining(`The nearest one that is built is ${family}. These are: gpt2, llama,`);
      expect(() => read(type, {})).toThrow(expect.objectContaining({ hint }));
    }
    const hint = expect.stringMatching(/^These are: gpt2/);
    expect(() => read("bert", {})).toThrow(expect.objectContaining({ hint }));
    expect(() => read("llama", { model_type: null })).toThrow("config.json: expected model_type, found null");
  });
});

test("windows equal transformers'", () => {
  const windows = (type: string, config: Record<string, unknown>) => read(type, config).windows;
  expect(windows("mistral", {})).toEqual([4096, 4096]);
  expect(windows("mistral", { sliding_window: null })).toEqual([null, null]);
  expect(windows("qwen2", { sliding_window: 6, max_window_layers: 0 })).toEqual([null, null]);
  const on = { use_sliding_window: true, sliding_window: 6 };
  expect(windows("qwen2", on)).toEqual([null, null]); // max_window_layers 28
  expect(windows("qwen2", { ...on, max_window_layers: 1 })).toEqual([null, 6]);
  expect(windows("qwen3", { ...on, layer_types: ["sliding_attention", "full_attention"] })).toEqual([6, null]);
  expect(windows("qwen3", { ...on, sliding_window: null, max_window_layers: 0 })).toEqual([null, null]);
  expect(windows("gemma", {})).toEqual([null, null]);
  expect(windows("gemma2", {})).toEqual([4096, null]);
  expect(windows("gemma3_text", { sliding_window: 8 })).toEqual([8, 8]);
  expect(windows("gemma3_text", { sliding_window: 8, sliding_window_pattern: 2 })).toEqual([8, null]);
  expect(windows("phi3", {})).toEqual([null, null]);
  expect(windows("phi3", { sliding_window: 8 })).toEqual([8, 8]);
  expect(windows("smollm3", { sliding_window: 8 })).toEqual([null, null]);
  expect(windows("smollm3", { ...on, no_rope_layers: [0, 1] })).toEqual([6, null]);
  expect(windows("starcoder2", {})).toEqual([null, null]);
  expect(windows("starcoder2", { sliding_window: 5 })).toEqual([5, 5]);
});
