/**
 * @file How to generate: transformers.GenerationConfig (5.23), and prefine's seed. Unset (null) values come from the
 * model's generation_config.json, then from GENERATION_DEFAULTS.
 */
import { above, atLeast, between, bool, either, float, int, json, listOf, nullable, oneOf, string } from "../kinds.ts";
import { group, noEffect, notYet, same } from "../option.ts";

const ASSISTED = "there is no assisted generation yet";
const OUTPUTS = "generate returns tokens";
const GONE = "gone from transformers";
const GONE_BEAMS = "gone from transformers 5, where only beam search and beam sampling are left; set num_beams alone";

const id = nullable(atLeast(0, int));
const length = group("Length", {
  max_new_tokens: same(nullable(above(0, int)), null, "Tokens to generate at most.", { common: true }),
  max_length: same(nullable(above(0, int)), null, "Tokens of prompt and answer at most; max_new_tokens wins."),
  min_new_tokens: same(nullable(atLeast(0, int)), null, "Tokens to generate at least."),
  min_length: same(nullable(atLeast(0, int)), null, "Tokens of prompt and answer at least."),
  stop_strings: same(nullable(listOf(string)), null, "Texts that end an answer.", { common: true }),
  max_time: notYet(nullable(float), null, "Seconds to generate at most."),
});

const choice = group("Choice of tokens", {
  do_sample: same(nullable(bool), null, "Draw tokens at random instead of taking the likeliest.", { common: true }),
  temperature: same(nullable(above(0, float)), null, "Below 1: likelier tokens become likelier.", { common: true }),
  top_k: same(nullable(atLeast(0, int)), null, "Draw from the k likeliest tokens (0: all).", { common: true }),
  top_p: same(nullable(between(0, 1, float)), null, "Draw from the likeliest tokens of this total probability.", {
    common: true,
  }),
  min_p: same(nullable(between(0, 1, float)), null, "Drop tokens below this share of the likeliest one's.", {
    common: true,
  }),
  typical_p: same(nullable(between(0, 1, float)), null, "Draw from tokens of typical information.", { common: true }),
  repetition_penalty: same(nullable(above(0, float)), null, "Above 1: tokens that occurred become less likely.", {
    common: true,
  }),
  no_repeat_ngram_size: same(nullable(atLeast(0, int)), null, "Sequences of this length occur once.", {
    common: true,
  }),
  seed: same(nullable(int), null, "Seed of the draws.", { common: true, own: true }),
  num_return_sequences: same(nullable(above(0, int)), null, "Answers to a prompt; several need do_sample or beams."),
  epsilon_cutoff: notYet(nullable(float), null, "Least probability.", { ready: [0] }),
  eta_cutoff: notYet(nullable(float), null, "Least probability by entropy.", { ready: [0] }),
  top_h: notYet(nullable(float), null, "Limit on entropy."),
  bad_words_ids: notYet(nullable(listOf(listOf(int))), null, "Sequences that never occur."),
  suppress_tokens: notYet(nullable(listOf(int)), null, "Tokens that never occur."),
  begin_suppress_tokens: notYet(nullable(listOf(int)), null, "Tokens that never come first."),
  sequence_bias: notYet(nullable(either(json, listOf(json))), null, "Bias on sequences."),
  exponential_decay_length_penalty: notYet(nullable(listOf(float)), null, "Growing wish to end."),
  forced_bos_token_id: notYet(id, null, "Token that comes first."),
  forced_eos_token_id: notYet(nullable(listOf(int)), null, "Token that comes last."),
  guidance_scale: notYet(nullable(float), null, "Classifier-free guidance.", { ready: [1] }),
  renormalize_logits: same(nullable(bool), null, "Make log-probabilities of the processed scores."),
  remove_invalid_values: noEffect(nullable(bool), null, "Replace NaN and infinity.", "they stop generation"),
  token_healing: notYet(nullable(bool), null, "Regrow the prompt's last token.", { ready: [false] }),
  watermarking_config: notYet(nullable(json), null, "Watermark."),
});

const beams = group("Beams", {
  num_beams: same(nullable(above(0, int)), null, "Texts to search with side by side for the likeliest.", {
    common: true,
  }),
  early_stopping: same(
    nullable(either(bool, oneOf("never"))),
    null,
    "End the search when num_beams answers are found.",
    {
      common: true,
    },
  ),
  length_penalty: same(nullable(float), null, "Above 0: longer answers are preferred.", { common: true }),
});

const tokens = group("Special tokens", {
  pad_token_id: same(id, null, "Fills shorter answers of a batch."),
  bos_token_id: same(id, null, "Starts an empty prompt."),
  eos_token_id: same(nullable(either(atLeast(0, int), listOf(atLeast(0, int)))), null, "Ends an answer."),
});

const machinery = group("Machinery", {
  use_cache: same(nullable(bool), null, "Keep keys and values of earlier tokens.", { ready: [true] }),
  cache_implementation: noEffect(nullable(string), null, "Kind of cache.", "there is one"),
  cache_config: noEffect(nullable(json), null, "Settings of the cache.", "there are none"),
  max_cache_len: noEffect(nullable(int), null, "Size of a static cache.", "the cache grows"),
  prefill_chunk_size: noEffect(nullable(int), null, "Read the prompt in parts.", "it is read at once"),
  compile_config: noEffect(nullable(json), null, "Compilation.", "the graph is always compiled"),
  disable_compile: noEffect(nullable(bool), null, "No compilation.", "the graph is always compiled"),
  continuous_batching_config: noEffect(nullable(json), null, "Continuous batching.", "there is none"),
  low_memory: noEffect(nullable(bool), null, "One beam at a time.", GONE),
  use_mtp: noEffect(nullable(bool), null, "Predict several tokens.", ASSISTED),
  output_attentions: noEffect(nullable(bool), null, "Return attentions.", OUTPUTS),
  output_hidden_states: noEffect(nullable(bool), null, "Return hidden states.", OUTPUTS),
  output_scores: noEffect(nullable(bool), null, "Return scores.", OUTPUTS),
  output_logits: noEffect(nullable(bool), null, "Return logits.", OUTPUTS),
  return_dict_in_generate: noEffect(nullable(bool), null, "Return an object.", OUTPUTS),
  transformers_version: noEffect(nullable(string), null, "Version that wrote the file.", "not needed"),
  _from_model_config: noEffect(nullable(bool), null, "Where the file comes from.", "not needed"),
});

const assisted = group("Assisted generation", {
  is_assistant: noEffect(nullable(bool), null, "This model assists.", ASSISTED),
  num_assistant_tokens: noEffect(nullable(int), null, "Tokens ahead.", ASSISTED),
  num_assistant_tokens_schedule: noEffect(nullable(string), null, "Their schedule.", ASSISTED),
  assistant_confidence_threshold: noEffect(nullable(float), null, "Least confidence.", ASSISTED),
  prompt_lookup_num_tokens: noEffect(nullable(int), null, "Candidates from the prompt.", ASSISTED),
  max_matching_ngram_size: noEffect(nullable(int), null, "Longest match.", ASSISTED),
  assistant_early_exit: noEffect(nullable(int), null, "Layer to leave at.", ASSISTED),
  assistant_lookbehind: noEffect(nullable(int), null, "Tokens to align.", ASSISTED),
  target_lookbehind: noEffect(nullable(int), null, "Tokens to align.", ASSISTED),
  assistant_ensemble_weight: notYet(nullable(float), null, "Mixture with the assistant."),
  speculation_type: noEffect(nullable(string), null, "Kind of speculation.", ASSISTED),
});

const elsewhere = group("Other models and removed methods", {
  encoder_repetition_penalty: notYet(nullable(float), null, "Penalty by the prompt.", { ready: [1] }),
  encoder_no_repeat_ngram_size: notYet(nullable(int), null, "The prompt's sequences never occur.", { ready: [0] }),
  decoder_start_token_id: noEffect(nullable(int), null, "For encoder-decoders.", "GPT-2 and its like have no encoder"),
  penalty_alpha: notYet(nullable(float), null, "Contrastive search.", { ready: [0] }),
  dola_layers: notYet(nullable(either(oneOf("low", "high"), listOf(int))), null, "Decoding by contrasting layers."),
  diversity_penalty: notYet(nullable(float), null, "For groups of beams.", { ready: [0], note: GONE_BEAMS }),
  num_beam_groups: notYet(nullable(int), null, "Groups of beams.", { ready: [1], note: GONE_BEAMS }),
  constraints: notYet(nullable(listOf(json)), null, "Constraints.", { note: GONE_BEAMS }),
  force_words_ids: notYet(nullable(listOf(listOf(int))), null, "Words that must occur.", { note: GONE_BEAMS }),
});

export const GENERATION_OPTIONS = {
  ...length,
  ...choice,
  ...beams,
  ...tokens,
  ...machinery,
  ...assisted,
  ...elsewhere,
};

/** What transformers (5.23) takes for a value that neither the caller nor the model sets. */
export const GENERATION_DEFAULTS = {
  max_length: 20,
  min_length: 0,
  do_sample: false,
  use_cache: true,
  early_stopping: false,
  num_beams: 1,
  length_penalty: 1,
  temperature: 1,
  top_k: 50,
  top_p: 1,
  typical_p: 1,
  repetition_penalty: 1,
  no_repeat_ngram_size: 0,
  num_return_sequences: 1,
} as const;
