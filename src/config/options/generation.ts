/**
 * @file How to generate: transformers.GenerationConfig (5.23), and prefine's seed. Unset (null) values come from the
 * model's generation_config.json, then from GENERATION_DEFAULTS.
 */
import { above, atLeast, between, bool, either, float, int, json, listOf, nullable, oneOf, string } from "../kinds.ts";
import { group, noEffect, notYet, same } from "../option.ts";
import { growth, tokenIds, weightedIds } from "./tokenKinds.ts";

const ASSISTED = "assisted generation is not built";
const OUTPUTS = "generate returns tokens and texts only";
const GONE = "removed in transformers";
const GONE_BEAMS = "removed in transformers 5, which has only beam search and beam sampling; set num_beams alone";

/** Sizes beyond any model's: a larger number in a damaged file would exhaust memory, or never end. */
const MOST_TOKENS = 2 ** 31 - 1;
const MOST_SEQUENCES = 10_000;

const id = nullable(atLeast(0, int));
const length = group("Length", {
  max_new_tokens: same(nullable(between(1, MOST_TOKENS, int)), null, "Maximum number of new tokens.", { common: true }),
  max_length: same(
    nullable(between(1, MOST_TOKENS, int)),
    null,
    "Maximum tokens of prompt and answer; max_new_tokens overrides it.",
  ),
  min_new_tokens: same(nullable(between(0, MOST_TOKENS, int)), null, "Minimum number of new tokens."),
  min_length: same(nullable(between(0, MOST_TOKENS, int)), null, "Minimum tokens of prompt and answer."),
  stop_strings: same(nullable(listOf(string)), null, "Strings that end generation.", {
    common: true,
    literal: true,
  }),
  max_time: same(
    nullable(float),
    null,
    "Maximum time of a call in seconds; the token that is computed meanwhile is the last.",
  ),
});

const choice = group("Choice of tokens", {
  do_sample: same(nullable(bool), null, "Sample; false: greedy decoding or beam search.", { common: true }),
  temperature: same(nullable(above(0, float)), null, "Sampling temperature; below 1 favors likely tokens.", {
    common: true,
    whenWrong: (value) =>
      Number(value) === 0 ? "greedy decoding is do_sample: false, without a temperature" : undefined,
  }),
  top_k: same(nullable(atLeast(0, int)), null, "Sample from the k most likely tokens; 0 = all.", { common: true }),
  top_p: same(
    nullable(between(0, 1, float)),
    null,
    "Nucleus sampling: smallest set of tokens whose probabilities sum to top_p.",
    {
      common: true,
    },
  ),
  min_p: same(nullable(between(0, 1, float)), null, "Drop tokens less likely than min_p times the most likely one.", {
    common: true,
  }),
  typical_p: same(
    nullable(above(0, between(0, 1, float))),
    null,
    "Locally typical sampling: probability mass to keep.",
    {
      common: true,
    },
  ),
  repetition_penalty: same(nullable(above(0, float)), null, "Penalty on tokens that already occurred; 1 = none.", {
    common: true,
  }),
  no_repeat_ngram_size: same(
    nullable(between(0, MOST_TOKENS, int)),
    null,
    "Size of n-grams that may occur only once; 0 = off.",
    {
      common: true,
    },
  ),
  seed: same(nullable(int), null, "Random seed.", { common: true, own: true }),
  num_return_sequences: same(
    nullable(between(1, MOST_SEQUENCES, int)),
    null,
    "Answers per prompt; more than one requires do_sample or num_beams.",
  ),
  epsilon_cutoff: same(nullable(float), null, "Epsilon sampling: minimum token probability; none outside of 0 to 1."),
  eta_cutoff: same(
    nullable(float),
    null,
    "Eta sampling: minimum probability that falls with the entropy; none outside of 0 to 1.",
  ),
  top_h: same(nullable(above(0, between(0, 1, float))), null, "Top-H sampling: fraction of the entropy to keep."),
  bad_words_ids: same(nullable(listOf(tokenIds)), null, "Token sequences that are never generated."),
  suppress_tokens: same(nullable(listOf(int)), null, "Tokens that are never generated."),
  begin_suppress_tokens: same(nullable(listOf(int)), null, "Tokens that are never generated first."),
  sequence_bias: same(nullable(listOf(weightedIds)), null, "Bias on token sequences: [[5, 6], -2.0], ..."),
  exponential_decay_length_penalty: same(
    nullable(growth),
    null,
    "Exponentially growing bias toward the end of the answer: the token after which it begins, and its factor.",
  ),
  forced_bos_token_id: same(id, null, "Token forced after a prompt of one token."),
  forced_eos_token_id: same(nullable(listOf(atLeast(0, int))), null, "Token forced at max_length, or several."),
  guidance_scale: notYet(nullable(float), null, "Classifier-free guidance scale.", { ready: [1] }),
  renormalize_logits: same(nullable(bool), null, "Renormalize the scores after all processors."),
  remove_invalid_values: noEffect(
    nullable(bool),
    null,
    "Remove NaN and infinite scores.",
    "non-finite scores stop generation with an error",
  ),
  token_healing: notYet(nullable(bool), null, "Token healing: regenerate the end of the prompt.", { ready: [false] }),
  watermarking_config: notYet(nullable(json), null, "Watermarking settings."),
});

const beams = group("Beams", {
  num_beams: same(nullable(between(1, MOST_SEQUENCES, int)), null, "Number of beams; 1 = no beam search.", {
    common: true,
  }),
  early_stopping: same(
    nullable(either(bool, oneOf("never"))),
    null,
    "Stop beam search when num_beams answers are complete.",
    {
      common: true,
    },
  ),
  length_penalty: same(nullable(float), null, "Length exponent of beam scores; above 0 favors longer answers.", {
    common: true,
  }),
});

const tokens = group("Special tokens", {
  pad_token_id: same(id, null, "Padding token."),
  bos_token_id: same(id, null, "Beginning-of-sequence token; starts an empty prompt."),
  eos_token_id: same(
    nullable(either(atLeast(0, int), listOf(atLeast(0, int)))),
    null,
    "End-of-sequence token, or several.",
  ),
});

const machinery = group("Machinery", {
  use_cache: noEffect(nullable(bool), null, "Use the KV cache.", "there is always a cache: results are the same"),
  cache_implementation: noEffect(nullable(string), null, "Cache implementation.", "there is one cache"),
  cache_config: noEffect(nullable(json), null, "Cache settings.", "the cache has no settings"),
  max_cache_len: noEffect(nullable(int), null, "Size of a static cache.", "the cache grows"),
  prefill_chunk_size: noEffect(nullable(int), null, "Chunk size of the prefill.", "the prompt is read at once"),
  compile_config: noEffect(nullable(json), null, "Compilation settings.", "the graph is always compiled"),
  disable_compile: noEffect(nullable(bool), null, "Disable compilation.", "the graph is always compiled"),
  continuous_batching_config: noEffect(
    nullable(json),
    null,
    "Continuous batching settings.",
    "there is no continuous batching",
  ),
  low_memory: noEffect(nullable(bool), null, "Compute beams one at a time.", GONE),
  use_mtp: noEffect(nullable(bool), null, "Multi-token prediction.", ASSISTED),
  output_attentions: noEffect(nullable(bool), null, "Return attentions.", OUTPUTS),
  output_hidden_states: noEffect(nullable(bool), null, "Return hidden states.", OUTPUTS),
  output_scores: noEffect(nullable(bool), null, "Return scores.", OUTPUTS),
  output_logits: noEffect(nullable(bool), null, "Return logits.", OUTPUTS),
  return_dict_in_generate: noEffect(nullable(bool), null, "Return a dictionary.", OUTPUTS),
  transformers_version: noEffect(
    nullable(string),
    null,
    "Version of transformers that wrote the file.",
    "prefine does not need it",
  ),
  _from_model_config: noEffect(
    nullable(bool),
    null,
    "Whether it was made from the model's config.",
    "prefine does not need it",
  ),
});

const assisted = group("Assisted generation", {
  is_assistant: noEffect(nullable(bool), null, "Whether this is the assistant model.", ASSISTED),
  num_assistant_tokens: noEffect(nullable(int), null, "Tokens per draft of the assistant.", ASSISTED),
  num_assistant_tokens_schedule: noEffect(nullable(string), null, "Schedule of num_assistant_tokens.", ASSISTED),
  assistant_confidence_threshold: noEffect(nullable(float), null, "Minimum confidence of the assistant.", ASSISTED),
  prompt_lookup_num_tokens: noEffect(nullable(int), null, "Tokens per draft in prompt lookup.", ASSISTED),
  max_matching_ngram_size: noEffect(nullable(int), null, "Longest n-gram to match in prompt lookup.", ASSISTED),
  assistant_early_exit: noEffect(nullable(int), null, "Layer for early exit.", ASSISTED),
  assistant_lookbehind: noEffect(nullable(int), null, "Assistant tokens to realign.", ASSISTED),
  target_lookbehind: noEffect(nullable(int), null, "Target tokens to realign.", ASSISTED),
  assistant_ensemble_weight: noEffect(nullable(float), null, "Weight of the assistant in an ensemble.", ASSISTED),
  speculation_type: noEffect(nullable(string), null, "Type of speculative decoding.", ASSISTED),
});

const elsewhere = group("Other models and removed methods", {
  encoder_repetition_penalty: same(nullable(above(0, float)), null, "Penalty on tokens that are not in the prompt."),
  encoder_no_repeat_ngram_size: same(
    nullable(between(0, MOST_TOKENS, int)),
    null,
    "Size of n-grams of the prompt that are never generated; 0 = off.",
  ),
  decoder_start_token_id: noEffect(
    nullable(int),
    null,
    "First decoder token of encoder-decoder models.",
    "decoder-only models have no encoder",
  ),
  penalty_alpha: notYet(nullable(float), null, "Contrastive search: degeneration penalty.", { ready: [0] }),
  dola_layers: notYet(nullable(either(oneOf("low", "high"), listOf(int))), null, "DoLa: layers to contrast."),
  diversity_penalty: notYet(nullable(float), null, "Diversity penalty between groups of beams.", {
    ready: [0],
    note: GONE_BEAMS,
  }),
  num_beam_groups: notYet(nullable(int), null, "Number of beam groups.", { ready: [1], note: GONE_BEAMS }),
  constraints: notYet(nullable(listOf(json)), null, "Constraints of constrained beam search.", { note: GONE_BEAMS }),
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
