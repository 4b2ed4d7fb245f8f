/** @file Precedence of generation options, and warnings about options without effect. */
import { describe, expect, it } from "vitest";
import type { GenerationConfigInput } from "../config/GenerationConfig.ts";
import type { PrefineError } from "../errors.ts";
import { generationSettings } from "./settings.ts";

describe("generation settings", () => {
  it("a call overrides a config, which overrides the model's file, which overrides the defaults", () => {
    const model = {
      temperature: 0.6,
      top_p: 0.9,
      top_k: 7,
      eos_token_id: [3, 4],
      do_sample: true,
      transformers_version: "4",
    };
    const config = { temperature: 0.7, top_k: 9, max_new_tokens: 5 };
    const { settings, warnings } = generationSettings({ call: { top_k: 1, seed: 5 }, config, model });
    expect(settings).toMatchObject({ do_sample: true, temperature: 0.7, top_p: 0.9, top_k: 1, max_new_tokens: 5 });
    expect(settings).toMatchObject({ seed: 5, eosTokenIds: [3, 4], padTokenId: 3, typical_p: 1, stopStrings: [] });
    expect(warnings).toEqual([]);
  });

  it("null in a call disables an option, null in a config leaves it to the model", () => {
    const model = { eos_token_id: 3, do_sample: true };
    expect(generationSettings({ config: { eos_token_id: null, top_k: null }, model }).settings).toMatchObject({
      eosTokenIds: [3],
      top_k: 50,
    });
    const { settings } = generationSettings({ call: { eos_token_id: null, top_k: null }, model });
    expect(settings.eosTokenIds).toEqual([]);
    expect(settings.padTokenId).toBeUndefined();
    expect(settings.top_k).toBeUndefined();
  });

  it("reports sampling options without effect, as transformers does", () => {
    const warned = (sources: Parameters<typeof generationSettings>[0]) =>
      generationSettings(sources).warnings.map((line) => line.split(":")[0]);
    const length = { max_new_tokens: 3 };
    const all = { temperature: 0.5, top_p: 0.5, min_p: 0.1, typical_p: 0.5, top_k: 3 };
    expect(warned({ config: { ...length, ...all } })).toEqual(["temperature", "top_p", "min_p", "typical_p", "top_k"]);
    expect(warned({ config: { ...length, ...all, do_sample: true } })).toEqual([]);
    expect(warned({ call: length, model: all })).toHaveLength(5);
    expect(warned({ call: { ...length, do_sample: false }, model: all })).toEqual([]); // the model's, not the caller's
    expect(warned({ call: { ...length, do_sample: false, top_k: 3 }, model: all })).toEqual(["top_k"]);
    expect(warned({ config: { ...length, temperature: 1, top_k: 50, top_p: 1 } })).toEqual([]);
  });

  it("max_new_tokens wins over max_length; without both there are 20 new tokens", () => {
    const both = generationSettings({ call: { max_new_tokens: 3, max_length: 30 } });
    expect(both.settings).toMatchObject({ max_new_tokens: 3, max_length: 30 });
    expect(both.warnings).toEqual(["max_length: 30 has no effect with max_new_tokens: 3"]);
    const neither = generationSettings({});
    expect(neither.settings.max_new_tokens).toBe(20);
    expect(neither.warnings).toEqual(["max_new_tokens: not set, 20 new tokens by default"]);
    const length = generationSettings({ call: { max_length: 30, min_length: 4, min_new_tokens: 2 } });
    expect(length.settings).toMatchObject({ max_new_tokens: undefined, max_length: 30, min_new_tokens: 2 });
    expect(length.settings.min_length).toBeUndefined();
    expect(length.warnings).toEqual(["min_length: 4 has no effect with min_new_tokens: 2"]);
  });

  it("user and model override a pipeline's defaults, and greedy decoding ignores its warpers", () => {
    const pipeline = { max_new_tokens: 256, do_sample: true, temperature: 0.7 };
    expect(generationSettings({ pipeline }).settings).toMatchObject({ max_new_tokens: 256, temperature: 0.7 });
    const greedy = generationSettings({ pipeline, call: { do_sample: false, max_length: 30 } });
    expect(greedy.settings).toMatchObject({ do_sample: false, temperature: 1, max_length: 30 });
    expect(greedy.settings.max_new_tokens).toBeUndefined();
    expect(greedy.warnings).toEqual([]);
    expect(generationSettings({ pipeline, model: { temperature: 0.6 } }).settings.temperature).toBe(0.6);
  });

  it("reports all problems together, and unsupported features", () => {
    const wrong = () => generationSettings({ call: { temperatur: 1, top_k: -1 } as object });
    expect(wrong).toThrow(/temperatur: unknown key; did you mean temperature\?\n\s+top_k: expected/);
    const groups = () => generationSettings({ call: { num_beams: 4, num_beam_groups: 2 } as object });
    expect(groups).toThrow(expect.objectContaining({ code: "not-yet" }) as PrefineError);
    expect(() => generationSettings({ call: { num_return_sequences: 2 } })).toThrow(/greedy decoding has one answer/);
    expect(
      generationSettings({ call: { num_return_sequences: 2, do_sample: true } }).settings.num_return_sequences,
    ).toBe(2);
  });

  it("uses transformers' defaults for beams, and refuses incompatible options", () => {
    const { settings, warnings } = generationSettings({ call: { num_beams: 3, max_new_tokens: 2 } });
    expect(settings).toMatchObject({ num_beams: 3, early_stopping: false, length_penalty: 1, num_return_sequences: 1 });
    expect(warnings).toEqual([]);
    const with3 = (call: GenerationConfigInput) => generationSettings({ call: { num_beams: 3, ...call } }).settings;
    expect(with3({ num_return_sequences: 3, early_stopping: "never", length_penalty: -0.5 })).toMatchObject({
      num_return_sequences: 3,
      early_stopping: "never",
      length_penalty: -0.5,
    });
    expect(() => with3({ num_return_sequences: 4, do_sample: true })).toThrow(
      "num_return_sequences: expected at most num_beams, found 4 with num_beams: 3",
    );
    expect(() => with3({ low_memory: true })).toThrow("low_memory: removed from transformers' beam search");
    expect(() => with3({ num_beams: 0 })).toThrow("num_beams: expected an integer from 1 to 10000");
  });

  it("reports options without effect without beams, as transformers does", () => {
    const warned = (sources: Parameters<typeof generationSettings>[0]) => generationSettings(sources).warnings;
    const options = { early_stopping: true, length_penalty: 2 };
    const call = { max_new_tokens: 3 };
    expect(warned({ call: { ...call, ...options } })).toEqual([
      "early_stopping: true has no effect without num_beams > 1",
      "length_penalty: 2 has no effect without num_beams > 1",
    ]);
    expect(warned({ call, model: options })).toHaveLength(2);
    expect(warned({ call: { ...call, num_beams: 1 }, model: options })).toEqual([]); // the model's, not the caller's
    expect(warned({ call: { ...call, num_beams: 2, ...options } })).toEqual([]);
    expect(warned({ call: { ...call, early_stopping: false, length_penalty: 1 } })).toEqual([]);
  });

  it("draws a new seed if none is given", () => {
    expect(generationSettings({}).settings.seed).not.toBe(generationSettings({}).settings.seed);
  });
});
