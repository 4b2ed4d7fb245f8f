/** @file A model's own generation settings: what transformers 5.23 ignores or warns about never stops a generation. */
import { describe, expect, it, test } from "vitest";
import type { LoadedModel } from "../models/loadedModel.ts";
import { logitsProcessors } from "./logitsProcessors.ts";
import { settingsOf } from "./modelSettings.ts";
import { generationSettings } from "./settings.ts";

const call = { max_new_tokens: 4 };
const read = (model: Record<string, unknown>, more: object = {}) =>
  generationSettings({ model, call: { ...call, ...more } });

// each of these generates in transformers as if the key were absent
test.each<Record<string, unknown>>([
  { use_cache: false },
  { temperature: 0 },
  { temperature: 0, do_sample: false },
  { temperature: -1 },
  { top_k: -1 },
  { top_p: 2 },
  { top_p: 2, do_sample: true },
  { min_p: 3 },
  { typical_p: -1 },
  { top_h: 3 },
  { dola_layers: "low", num_beams: 2 },
  { pad_token_id: -1 },
  { bos_token_id: -1 },
  { eos_token_id: -1 },
  { min_length: -1 },
  { min_new_tokens: -1 },
  { no_repeat_ngram_size: -1 },
  { encoder_no_repeat_ngram_size: -1 },
  { num_beam_groups: 2 },
  { diversity_penalty: 1, num_beams: 2 },
  { penalty_alpha: 0.6, do_sample: true },
  { length_penalty: "x" },
  { guidance_scale: 1 },
  { token_healing: false },
  { cache_implementation: "hybrid", max_cache_len: "x", cache_config: 3 },
  { output_scores: true, output_attentions: 1, return_dict_in_generate: "yes" },
  { assistant_ensemble_weight: 0.5, prompt_lookup_num_tokens: 3, num_assistant_tokens_schedule: "constant" },
  { remove_invalid_values: true, decoder_start_token_id: 3, prefill_chunk_size: 2, speculation_type: 1 },
  { some_future_option: 3 },
  { max_length: 0, max_new_tokens: 4 },
  { max_length: -1 },
  { num_return_sequences: 0 },
  { bos_token_id: [1] },
  { max_length: 1e12 },
])("%o changes nothing", (file) => {
  const { do_sample, num_beams } = file;
  const plain = read({ ...(do_sample === undefined ? {} : { do_sample }), ...(num_beams ? { num_beams } : {}) });
  expect(read(file).settings).toEqual({ ...plain.settings, seed: expect.any(Number) });
});

test.each<Record<string, unknown>>([
  { epsilon_cutoff: 0.1 },
  { eta_cutoff: 0.1 },
  { top_h: 0.3 },
  { epsilon_cutoff: 1, eta_cutoff: -1, do_sample: true },
  { suppress_tokens: [], begin_suppress_tokens: [] },
  { encoder_repetition_penalty: 1, encoder_no_repeat_ngram_size: 0 },
  { min_new_tokens: 0, min_length: 30 },
  { penalty_alpha: 0.6, top_k: 1 },
])("%o has no processor", (file) => {
  const chain = (model: Record<string, unknown>) =>
    logitsProcessors(read(model).settings, { promptLength: 3, eosTokenIds: [2], budget: 4 });
  expect(chain(file)).toHaveLength(chain({ do_sample: file.do_sample }).length);
});

describe("a value that would change results, or fails in transformers, is refused by its file and key", () => {
  it.each<[file: Record<string, unknown>, key: string]>([
    [{ temperature: 0, do_sample: true }, "temperature"],
    [{ top_k: -1, do_sample: true }, "top_k"],
    [{ top_p: -1, do_sample: true }, "top_p"],
    [{ typical_p: -0.5, do_sample: true }, "typical_p"],
    [{ typical_p: 0, do_sample: true }, "typical_p"],
    [{ top_h: 0, do_sample: true }, "top_h"],
    [{ epsilon_cutoff: "low", do_sample: true }, "epsilon_cutoff"],
    [{ repetition_penalty: 0 }, "repetition_penalty"],
    [{ guidance_scale: 2 }, "guidance_scale"],
    [{ forced_eos_token_id: -5 }, "forced_eos_token_id"],
    [{ bad_words_ids: [[]] }, "bad_words_ids"],
    [{ sequence_bias: [[3, 2]] }, "sequence_bias"],
    [{ exponential_decay_length_penalty: [3] }, "exponential_decay_length_penalty"],
    [{ encoder_repetition_penalty: 0 }, "encoder_repetition_penalty"],
    [{ token_healing: true }, "token_healing"],
    [{ watermarking_config: {} }, "watermarking_config"],
    [{ dola_layers: "low" }, "dola_layers"],
    [{ force_words_ids: [[3]] }, "force_words_ids"],
    [{ num_beam_groups: 2, num_beams: 4 }, "num_beam_groups"],
    [{ penalty_alpha: 0.6 }, "penalty_alpha"],
    [{ early_stopping: "maybe" }, "early_stopping"],
    [{ eos_token_id: "two" }, "eos_token_id"],
    [{ max_time: "soon" }, "max_time"],
    [{ num_beams: 0 }, "num_beams"],
    [{ num_beams: 1e9 }, "num_beams"],
    [{ num_return_sequences: 1e9, do_sample: true }, "num_return_sequences"],
    [{ min_new_tokens: 1e12 }, "min_new_tokens"],
  ])("%o", (file, key) => {
    expect(() => read(file)).toThrow(`generation_config.json: ${key}: `);
    expect(() => generationSettings({ model: file, modelFile: "config.json", call })).toThrow(`config.json: ${key}: `);
  });

  it("unless the call gives another value", () => {
    const file = { temperature: 0, do_sample: true, num_beams: 1e9, max_new_tokens: 1e12, guidance_scale: 2 };
    const more = { temperature: 0.5, num_beams: 1, guidance_scale: null };
    expect(read(file, more).settings).toMatchObject({ temperature: 0.5, num_beams: 1, max_new_tokens: 4 });
    expect(read({ temperature: 0, do_sample: true }, { do_sample: false }).settings.do_sample).toBe(false);
  });

  it("in a call, too", () => {
    expect(() => generationSettings({ call: { max_new_tokens: 1e12 } })).toThrow(
      /max_new_tokens: expected an integer from 1 to/,
    );
    expect(() => generationSettings({ call: { num_beams: 1e9 } })).toThrow(/num_beams: expected an integer from 1 to/);
  });
});

it("warns of what it ignores as transformers does", () => {
  expect(read({ pad_token_id: -1, eos_token_id: [2, -1] }).warnings).toEqual([
    "generation_config.json: pad_token_id: -1 is no token, and is ignored",
  ]);
  expect(read({ eos_token_id: [2, -1] }).settings).toMatchObject({ eosTokenIds: [2], padTokenId: 2 });
  expect(read({ temperature: 0 }).warnings).toEqual(["temperature: 0 has no effect without do_sample: true"]);
  expect(read({ temperature: 0 }, { do_sample: false }).warnings).toEqual([]); // the model's, not the caller's
  expect(read({ use_cache: false, output_scores: true }).warnings).toEqual([]);
});

it("config.json has the settings of a model without generation_config.json", () => {
  const config = { model_type: "llama", eos_token_id: 2, do_sample: true, temperature: 0.5, vocab_size: 32 };
  const model = { config, generationConfig: {}, configFile: "some/folder/config.json" } as unknown as LoadedModel;
  const values = { eos_token_id: 2, do_sample: true, temperature: 0.5 };
  expect(settingsOf(model)).toEqual({ where: "config.json", values });
  const own = { ...model, generationConfig: { eos_token_id: 3 } };
  expect(settingsOf(own)).toEqual({ where: "generation_config.json", values: { eos_token_id: 3 } });
  expect(settingsOf({ ...own, configFile: "a\\model.gguf" }).where).toBe("model.gguf");
});
