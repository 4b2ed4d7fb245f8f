/** @file Layers, tensors and initial values of an adapter, against PEFT. */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import fixture from "../../../test/fixtures/peft_lora.json" with { type: "json" };
import { PrefineError } from "../../errors.ts";
import type { LinearLayer } from "../network.ts";
import { initLora } from "./initLora.ts";
import { adapterTensors, type LoraSettings, loraAdapter } from "./lora.ts";
import type { ModelModules } from "./loraTargets.ts";
import { fullMatch } from "./pythonPattern.ts";

interface Case {
  model: keyof typeof fixture.models;
  settings: Partial<LoraSettings>;
  error?: string;
  layers?: Record<string, [r: number, scaling: number]>;
  tensors?: Record<string, number[]>;
  drawn?: Record<string, string>;
  target_modules?: string | string[];
}
const cases = fixture.cases as unknown as Case[];

function modulesOf(name: Case["model"]): ModelModules {
  const { modelType, parameters, linears, head } = fixture.models[name];
  const shapes = new Map(Object.entries(parameters as Record<string, number[]>));
  return { modelType, head, linears: linears as LinearLayer[], parameters: shapes };
}

function adapterOf(model: Case["model"], settings: Partial<LoraSettings>) {
  return loraAdapter(modulesOf(model), { r: 2, lora_alpha: 4, lora_dropout: 0, target_modules: null, ...settings });
}

const digest = (data: Float32Array) => createHash("sha256").update(data).digest("hex");

describe(`an adapter equals PEFT ${fixture.versions.peft}'s`, () => {
  test.each(cases.filter(({ error }) => error === undefined))("$model $settings", (expected) => {
    const adapter = adapterOf(expected.model, expected.settings);
    const layers = [...adapter.layers.values()].map(({ layer, r, scaling }) => [layer.name, [r, scaling]]);
    expect(Object.fromEntries(layers)).toEqual(expected.layers);
    const { parameters } = modulesOf(expected.model);
    const frozen = [...adapter.frozen].map(([name, parameter]) => ({ name, shape: parameters.get(parameter) }));
    const tensors = [...adapterTensors(adapter), ...frozen].map(({ name, shape }) => [name, shape]);
    expect(Object.fromEntries(tensors)).toEqual(expected.tensors);
    const { targetModules } = adapter;
    expect(typeof targetModules === "string" ? targetModules : targetModules.toSorted()).toEqual(
      expected.target_modules,
    );
    const drawn = initLora(adapter.layers.values(), adapter.init, fixture.seed);
    expect(Object.fromEntries([...drawn].map(([name, { data }]) => [name, digest(data)]))).toEqual(expected.drawn);
  });

  const PLAIN = "c_attn$"; // no name: no fallback
  test.each(cases.filter(({ error }) => error !== undefined))("$model $settings: rejected by both", (invalid) => {
    expect(() => adapterOf(invalid.model, invalid.settings)).toThrow(PrefineError);
  });

  test("a model type without default targets needs names", () => {
    const model = { ...modulesOf("gpt2"), modelType: "other" };
    const settings = { r: 2, lora_alpha: 4, lora_dropout: 0, target_modules: null };
    expect(() => loraAdapter(model, settings)).toThrow('target_modules: no defaults for model_type "other"');
  });

  test("the fixture has cases of both kinds", () => {
    expect(cases.length).toBe(64);
    expect(cases.filter(({ error }) => error !== undefined).length).toBe(8);
    expect(cases.filter(({ tensors }) => JSON.stringify(tensors)?.includes("lora_embedding_A")).length).toBe(11);
    expect(cases.some(({ settings }) => settings.target_modules === PLAIN)).toBe(true);
  });
});

describe("messages that PEFT does not give", () => {
  const rejection = (settings: Partial<LoraSettings>): string => {
    try {
      adapterOf("gpt2", settings);
    } catch (error) {
      return `${(error as PrefineError).code}: ${(error as PrefineError).message} ${(error as PrefineError).hint}`;
    }
    throw new Error("nothing was rejected");
  };

  test("a string that matches nothing and looks like a name selects the layers of that name", () => {
    const adapter = adapterOf("gpt2", { target_modules: "c_attn" });
    expect([...adapter.layers.keys()]).toEqual(["transformer.h.0.attn.c_attn", "transformer.h.1.attn.c_attn"]);
    expect(adapter.targetModules).toEqual(["c_attn"]);
  });

  test("warns about names and patterns without a layer", () => {
    const { warnings } = adapterOf("gpt2", {
      target_modules: ["c_attn", "c_porj"],
      exclude_modules: ["q_proj"],
      modules_to_save: ["lm_head", "score"],
      rank_pattern: { c_fc: 3 },
      alpha_pattern: { "h.7.*": 1, c_attn: 2 },
    });
    expect(warnings).toEqual([
      'modules_to_save: this model has no module "score"',
      "modules_to_save: lm_head is tied to the embedding; a copy of it is trained, no longer tied",
      'target_modules: no layer is called "c_porj"; did you mean "c_proj"?',
      'exclude_modules: nothing is called "q_proj"; no layer was excluded',
      'rank_pattern: no adapted layer matches "c_fc"; it has no effect',
      'alpha_pattern: no adapted layer matches "h.7.*"; it has no effect',
    ]);
  });

  test("warns that an adapted embedding is untied from the unembedding, unless that is trained too", () => {
    const warningsOf = (settings: Partial<LoraSettings>) =>
      adapterOf("gpt2", { target_modules: ["wte"], ...settings }).warnings;
    expect(warningsOf({})).toEqual([
      "target_modules: transformer.wte is tied to lm_head, which does not change: merging unties them",
    ]);
    expect(warningsOf({ modules_to_save: ["lm_head"] })).toEqual([
      "modules_to_save: lm_head is tied to the embedding; a copy of it is trained, no longer tied",
    ]);
    expect(adapterOf("llama", { target_modules: ["embed_tokens"] }).warnings).toEqual([]);
  });

  test("tokens include a tied head unless it has its own; each token once, trained in one way", () => {
    const places = (trainable_token_indices: LoraSettings["trainable_token_indices"]) =>
      adapterOf("gpt2", { trainable_token_indices }).tokens.map((tokens) => [tokens.ids, tokens.places, tokens.from]);
    const [words, head] = ["transformer.wte.weight", "lm_head.weight"];
    expect(places([1, 2])).toEqual([[[1, 2], [words, head], words]]);
    expect(places({ wte: [1], lm_head: [1] })).toEqual([[[1], [words, head], words]]);
    expect(places({ wte: [1], lm_head: [2] })).toEqual([
      [[1], [words], words],
      [[2], [head], words],
    ]);
    expect(places([])).toEqual([]);
    expect(adapterOf("llama", { trainable_token_indices: [1] }).tokens[0].places).toEqual([
      "model.embed_tokens.weight",
    ]);
    const tokens = (trainable_token_indices: number[], settings = {}) =>
      rejection({ trainable_token_indices, ...settings });
    expect(tokens([20])).toMatch(/^config: trainable_token_indices: expected tokens from 0 to 19 of .*wte, found 20/);
    expect(tokens([4, 4])).toMatch(/expected each token once, found 4 twice/);
    expect(tokens([4], { target_modules: ["wte"] })).toMatch(/transformer.wte: expected only one way to train it/);
    expect(tokens([4], { modules_to_save: ["lm_head"] })).toMatch(/found lm_head.weight trained too/);
  });

  test("computes PEFT's fast PiSSA exactly", () => {
    const { init, warnings } = adapterOf("gpt2", { init_lora_weights: "pissa_niter_16" });
    expect(init).toBe("pissa");
    expect(warnings).toEqual(["init_lora_weights: pissa_niter_16 is computed exactly, like pissa"]);
    expect(rejection({ init_lora_weights: "pissa_niter_many" })).toMatch(
      /^config: init_lora_weights: expected a number/,
    );
  });

  test("rejects modules that can't be adapted by name", () => {
    const pissa = { target_modules: ["lm_head"], init_lora_weights: "pissa" };
    expect(rejection(pissa)).toMatch(/^config: init_lora_weights pissa: expected no adapter on lm_head, which is tied/);
    expect(rejection({ target_modules: ["ln_f"] })).toMatch(
      /^config: target_modules: transformer.ln_f: .*another kind/,
    );
    expect(rejection({ target_modules: ".*(" })).toMatch(/^config: target_modules: expected a regular expression/);
    expect(rejection({ target_modules: "all-linear", rank_pattern: { c_fc: 1.5 } })).toMatch(/whole numbers above 0/);
    expect(rejection({ target_modules: ["c_attn"], layers_to_transform: [5] })).toMatch(/no target is in layer 5/);
  });
});

describe("Python's regular expressions", () => {
  test("a pattern that would take exponential time ends with an error", () => {
    const matches = fullMatch("(a+)+b", "target_modules");
    expect(() => matches("a".repeat(100))).toThrow(
      /target_modules: the regular expression "\(a\+\)\+b" takes too many/,
    );
  });

  test.each<[pattern: string, matching: string[], others: string[]]>([
    ["a|bc", ["a", "bc"], ["abc", "ab"]],
    [String.raw`\Ah\.\d{,2}\Z`, ["h.1", "h.12", "h."], ["h.123", "ah.1"]],
    ["(?P<x>a|b)-(?>c*)", ["a-", "b-cc"], ["a", "c-"]],
    ["(?i)Q_Proj", ["q_proj", "Q_PROJ"], ["qproj"]],
    [String.raw`[\w\-.]+\_x`, ["a-b.c_x"], ["a b_x"]],
    [String.raw`(?<!mlp\.)c_proj`, ["c_proj"], ["mlp.c_proj"]],
  ])("%s", (pattern, matching, others) => {
    const matches = fullMatch(pattern, "target_modules");
    expect(matching.filter((name) => !matches(name))).toEqual([]);
    expect(others.filter(matches)).toEqual([]);
  });

  test("rejects syntax that is not supported", () => {
    for (const pattern of ["(?(1)a|b)", "(?P<x>a|b)-(?P=x)", "(a", String.raw`\ga`]) {
      expect(() => fullMatch(pattern, "target_modules"), pattern).toThrow(/expected a regular expression/);
    }
  });
});
