/** @file transformers.GenerationConfig as interfaces. Written by `npm run docs`: edit the table of options. */
import type { OneOrMore } from "../kinds.ts";

/**
 * Input of {@link GenerationConfig}: the options of transformers.GenerationConfig, all optional; undefined is as left
 * out.
 *
 * Not built, and an error where they are set: max_time, epsilon_cutoff, eta_cutoff, top_h, bad_words_ids,
 * suppress_tokens, begin_suppress_tokens, sequence_bias, exponential_decay_length_penalty, forced_bos_token_id,
 * forced_eos_token_id, guidance_scale, token_healing, watermarking_config, assistant_ensemble_weight,
 * encoder_repetition_penalty, encoder_no_repeat_ngram_size, penalty_alpha, dola_layers, diversity_penalty,
 * num_beam_groups, constraints, force_words_ids.
 */
export interface GenerationConfigInput {
  /**
   * Tokens to generate at most.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly max_new_tokens?: number | null | undefined;
  /**
   * Tokens of prompt and answer at most; max_new_tokens wins.
   *
   * Default: the model's, else `20`. Same as transformers.
   */
  readonly max_length?: number | null | undefined;
  /**
   * Tokens to generate at least.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly min_new_tokens?: number | null | undefined;
  /**
   * Tokens of prompt and answer at least.
   *
   * Default: the model's, else `0`. Same as transformers.
   */
  readonly min_length?: number | null | undefined;
  /**
   * Texts that end an answer.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly stop_strings?: OneOrMore<string> | null | undefined;
  /**
   * Draw tokens at random instead of taking the likeliest.
   *
   * Default: the model's, else `false`. Same as transformers.
   */
  readonly do_sample?: boolean | null | undefined;
  /**
   * Below 1: likelier tokens become likelier.
   *
   * Default: the model's, else `1`. Same as transformers.
   */
  readonly temperature?: number | null | undefined;
  /**
   * Draw from the k likeliest tokens (0: all).
   *
   * Default: the model's, else `50`. Same as transformers.
   */
  readonly top_k?: number | null | undefined;
  /**
   * Draw from the likeliest tokens of this total probability.
   *
   * Default: the model's, else `1`. Same as transformers.
   */
  readonly top_p?: number | null | undefined;
  /**
   * Drop tokens below this share of the likeliest one's.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly min_p?: number | null | undefined;
  /**
   * Draw from tokens of typical information.
   *
   * Default: the model's, else `1`. Same as transformers.
   */
  readonly typical_p?: number | null | undefined;
  /**
   * Above 1: tokens that occurred become less likely.
   *
   * Default: the model's, else `1`. Same as transformers.
   */
  readonly repetition_penalty?: number | null | undefined;
  /**
   * Sequences of this length occur once.
   *
   * Default: the model's, else `0`. Same as transformers.
   */
  readonly no_repeat_ngram_size?: number | null | undefined;
  /**
   * Seed of the draws.
   *
   * Default: `null`. Prefine's own.
   */
  readonly seed?: number | null | undefined;
  /**
   * Answers to a prompt; several need do_sample or beams.
   *
   * Default: the model's, else `1`. Same as transformers.
   */
  readonly num_return_sequences?: number | null | undefined;
  /**
   * Make log-probabilities of the processed scores.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly renormalize_logits?: boolean | null | undefined;
  /**
   * Replace NaN and infinity.
   *
   * Default: `null`. No effect: they stop generation.
   */
  readonly remove_invalid_values?: boolean | null | undefined;
  /**
   * Texts to search with side by side for the likeliest.
   *
   * Default: the model's, else `1`. Same as transformers.
   */
  readonly num_beams?: number | null | undefined;
  /**
   * End the search when num_beams answers are found.
   *
   * Default: the model's, else `false`. Same as transformers.
   */
  readonly early_stopping?: boolean | "never" | null | undefined;
  /**
   * Above 0: longer answers are preferred.
   *
   * Default: the model's, else `1`. Same as transformers.
   */
  readonly length_penalty?: number | null | undefined;
  /**
   * Fills shorter answers of a batch.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly pad_token_id?: number | null | undefined;
  /**
   * Starts an empty prompt.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly bos_token_id?: number | null | undefined;
  /**
   * Ends an answer.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly eos_token_id?: number | OneOrMore<number> | null | undefined;
  /**
   * Keep keys and values of earlier tokens.
   *
   * Default: the model's, else `true`. Same as transformers.
   */
  readonly use_cache?: true | null | undefined;
  /**
   * Kind of cache.
   *
   * Default: `null`. No effect: there is one.
   */
  readonly cache_implementation?: string | null | undefined;
  /**
   * Settings of the cache.
   *
   * Default: `null`. No effect: there are none.
   */
  readonly cache_config?: Record<string, unknown> | null | undefined;
  /**
   * Size of a static cache.
   *
   * Default: `null`. No effect: the cache grows.
   */
  readonly max_cache_len?: number | null | undefined;
  /**
   * Read the prompt in parts.
   *
   * Default: `null`. No effect: it is read at once.
   */
  readonly prefill_chunk_size?: number | null | undefined;
  /**
   * Compilation.
   *
   * Default: `null`. No effect: the graph is always compiled.
   */
  readonly compile_config?: Record<string, unknown> | null | undefined;
  /**
   * No compilation.
   *
   * Default: `null`. No effect: the graph is always compiled.
   */
  readonly disable_compile?: boolean | null | undefined;
  /**
   * Continuous batching.
   *
   * Default: `null`. No effect: there is none.
   */
  readonly continuous_batching_config?: Record<string, unknown> | null | undefined;
  /**
   * One beam at a time.
   *
   * Default: `null`. No effect: gone from transformers.
   */
  readonly low_memory?: boolean | null | undefined;
  /**
   * Predict several tokens.
   *
   * Default: `null`. No effect: there is no assisted generation yet.
   */
  readonly use_mtp?: boolean | null | undefined;
  /**
   * Return attentions.
   *
   * Default: `null`. No effect: generate returns tokens.
   */
  readonly output_attentions?: boolean | null | undefined;
  /**
   * Return hidden states.
   *
   * Default: `null`. No effect: generate returns tokens.
   */
  readonly output_hidden_states?: boolean | null | undefined;
  /**
   * Return scores.
   *
   * Default: `null`. No effect: generate returns tokens.
   */
  readonly output_scores?: boolean | null | undefined;
  /**
   * Return logits.
   *
   * Default: `null`. No effect: generate returns tokens.
   */
  readonly output_logits?: boolean | null | undefined;
  /**
   * Return an object.
   *
   * Default: `null`. No effect: generate returns tokens.
   */
  readonly return_dict_in_generate?: boolean | null | undefined;
  /**
   * Version that wrote the file.
   *
   * Default: `null`. No effect: not needed.
   */
  readonly transformers_version?: string | null | undefined;
  /**
   * Where the file comes from.
   *
   * Default: `null`. No effect: not needed.
   */
  readonly _from_model_config?: boolean | null | undefined;
  /**
   * This model assists.
   *
   * Default: `null`. No effect: there is no assisted generation yet.
   */
  readonly is_assistant?: boolean | null | undefined;
  /**
   * Tokens ahead.
   *
   * Default: `null`. No effect: there is no assisted generation yet.
   */
  readonly num_assistant_tokens?: number | null | undefined;
  /**
   * Their schedule.
   *
   * Default: `null`. No effect: there is no assisted generation yet.
   */
  readonly num_assistant_tokens_schedule?: string | null | undefined;
  /**
   * Least confidence.
   *
   * Default: `null`. No effect: there is no assisted generation yet.
   */
  readonly assistant_confidence_threshold?: number | null | undefined;
  /**
   * Candidates from the prompt.
   *
   * Default: `null`. No effect: there is no assisted generation yet.
   */
  readonly prompt_lookup_num_tokens?: number | null | undefined;
  /**
   * Longest match.
   *
   * Default: `null`. No effect: there is no assisted generation yet.
   */
  readonly max_matching_ngram_size?: number | null | undefined;
  /**
   * Layer to leave at.
   *
   * Default: `null`. No effect: there is no assisted generation yet.
   */
  readonly assistant_early_exit?: number | null | undefined;
  /**
   * Tokens to align.
   *
   * Default: `null`. No effect: there is no assisted generation yet.
   */
  readonly assistant_lookbehind?: number | null | undefined;
  /**
   * Tokens to align.
   *
   * Default: `null`. No effect: there is no assisted generation yet.
   */
  readonly target_lookbehind?: number | null | undefined;
  /**
   * Kind of speculation.
   *
   * Default: `null`. No effect: there is no assisted generation yet.
   */
  readonly speculation_type?: string | null | undefined;
  /**
   * For encoder-decoders.
   *
   * Default: `null`. No effect: GPT-2 and its like have no encoder.
   */
  readonly decoder_start_token_id?: number | null | undefined;
}

/** transformers.GenerationConfig: all options, checked and complete; frozen. */
export interface GenerationConfig {
  /**
   * Tokens to generate at most.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly max_new_tokens: number | null;
  /**
   * Tokens of prompt and answer at most; max_new_tokens wins.
   *
   * Default: the model's, else `20`. Same as transformers.
   */
  readonly max_length: number | null;
  /**
   * Tokens to generate at least.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly min_new_tokens: number | null;
  /**
   * Tokens of prompt and answer at least.
   *
   * Default: the model's, else `0`. Same as transformers.
   */
  readonly min_length: number | null;
  /**
   * Texts that end an answer.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly stop_strings: string[] | null;
  /**
   * Seconds to generate at most.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly max_time: number | null;
  /**
   * Draw tokens at random instead of taking the likeliest.
   *
   * Default: the model's, else `false`. Same as transformers.
   */
  readonly do_sample: boolean | null;
  /**
   * Below 1: likelier tokens become likelier.
   *
   * Default: the model's, else `1`. Same as transformers.
   */
  readonly temperature: number | null;
  /**
   * Draw from the k likeliest tokens (0: all).
   *
   * Default: the model's, else `50`. Same as transformers.
   */
  readonly top_k: number | null;
  /**
   * Draw from the likeliest tokens of this total probability.
   *
   * Default: the model's, else `1`. Same as transformers.
   */
  readonly top_p: number | null;
  /**
   * Drop tokens below this share of the likeliest one's.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly min_p: number | null;
  /**
   * Draw from tokens of typical information.
   *
   * Default: the model's, else `1`. Same as transformers.
   */
  readonly typical_p: number | null;
  /**
   * Above 1: tokens that occurred become less likely.
   *
   * Default: the model's, else `1`. Same as transformers.
   */
  readonly repetition_penalty: number | null;
  /**
   * Sequences of this length occur once.
   *
   * Default: the model's, else `0`. Same as transformers.
   */
  readonly no_repeat_ngram_size: number | null;
  /**
   * Seed of the draws.
   *
   * Default: `null`. Prefine's own.
   */
  readonly seed: number | null;
  /**
   * Answers to a prompt; several need do_sample or beams.
   *
   * Default: the model's, else `1`. Same as transformers.
   */
  readonly num_return_sequences: number | null;
  /**
   * Least probability.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly epsilon_cutoff: number | null;
  /**
   * Least probability by entropy.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly eta_cutoff: number | null;
  /**
   * Limit on entropy.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly top_h: number | null;
  /**
   * Sequences that never occur.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly bad_words_ids: number[][] | null;
  /**
   * Tokens that never occur.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly suppress_tokens: number[] | null;
  /**
   * Tokens that never come first.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly begin_suppress_tokens: number[] | null;
  /**
   * Bias on sequences.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly sequence_bias: Record<string, unknown> | Record<string, unknown>[] | null;
  /**
   * Growing wish to end.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly exponential_decay_length_penalty: number[] | null;
  /**
   * Token that comes first.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly forced_bos_token_id: number | null;
  /**
   * Token that comes last.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly forced_eos_token_id: number[] | null;
  /**
   * Classifier-free guidance.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly guidance_scale: number | null;
  /**
   * Make log-probabilities of the processed scores.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly renormalize_logits: boolean | null;
  /**
   * Replace NaN and infinity.
   *
   * Default: `null`. No effect: they stop generation.
   */
  readonly remove_invalid_values: boolean | null;
  /**
   * Regrow the prompt's last token.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly token_healing: boolean | null;
  /**
   * Watermark.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly watermarking_config: Record<string, unknown> | null;
  /**
   * Texts to search with side by side for the likeliest.
   *
   * Default: the model's, else `1`. Same as transformers.
   */
  readonly num_beams: number | null;
  /**
   * End the search when num_beams answers are found.
   *
   * Default: the model's, else `false`. Same as transformers.
   */
  readonly early_stopping: boolean | "never" | null;
  /**
   * Above 0: longer answers are preferred.
   *
   * Default: the model's, else `1`. Same as transformers.
   */
  readonly length_penalty: number | null;
  /**
   * Fills shorter answers of a batch.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly pad_token_id: number | null;
  /**
   * Starts an empty prompt.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly bos_token_id: number | null;
  /**
   * Ends an answer.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly eos_token_id: number | number[] | null;
  /**
   * Keep keys and values of earlier tokens.
   *
   * Default: the model's, else `true`. Same as transformers.
   */
  readonly use_cache: true | null;
  /**
   * Kind of cache.
   *
   * Default: `null`. No effect: there is one.
   */
  readonly cache_implementation: string | null;
  /**
   * Settings of the cache.
   *
   * Default: `null`. No effect: there are none.
   */
  readonly cache_config: Record<string, unknown> | null;
  /**
   * Size of a static cache.
   *
   * Default: `null`. No effect: the cache grows.
   */
  readonly max_cache_len: number | null;
  /**
   * Read the prompt in parts.
   *
   * Default: `null`. No effect: it is read at once.
   */
  readonly prefill_chunk_size: number | null;
  /**
   * Compilation.
   *
   * Default: `null`. No effect: the graph is always compiled.
   */
  readonly compile_config: Record<string, unknown> | null;
  /**
   * No compilation.
   *
   * Default: `null`. No effect: the graph is always compiled.
   */
  readonly disable_compile: boolean | null;
  /**
   * Continuous batching.
   *
   * Default: `null`. No effect: there is none.
   */
  readonly continuous_batching_config: Record<string, unknown> | null;
  /**
   * One beam at a time.
   *
   * Default: `null`. No effect: gone from transformers.
   */
  readonly low_memory: boolean | null;
  /**
   * Predict several tokens.
   *
   * Default: `null`. No effect: there is no assisted generation yet.
   */
  readonly use_mtp: boolean | null;
  /**
   * Return attentions.
   *
   * Default: `null`. No effect: generate returns tokens.
   */
  readonly output_attentions: boolean | null;
  /**
   * Return hidden states.
   *
   * Default: `null`. No effect: generate returns tokens.
   */
  readonly output_hidden_states: boolean | null;
  /**
   * Return scores.
   *
   * Default: `null`. No effect: generate returns tokens.
   */
  readonly output_scores: boolean | null;
  /**
   * Return logits.
   *
   * Default: `null`. No effect: generate returns tokens.
   */
  readonly output_logits: boolean | null;
  /**
   * Return an object.
   *
   * Default: `null`. No effect: generate returns tokens.
   */
  readonly return_dict_in_generate: boolean | null;
  /**
   * Version that wrote the file.
   *
   * Default: `null`. No effect: not needed.
   */
  readonly transformers_version: string | null;
  /**
   * Where the file comes from.
   *
   * Default: `null`. No effect: not needed.
   */
  readonly _from_model_config: boolean | null;
  /**
   * This model assists.
   *
   * Default: `null`. No effect: there is no assisted generation yet.
   */
  readonly is_assistant: boolean | null;
  /**
   * Tokens ahead.
   *
   * Default: `null`. No effect: there is no assisted generation yet.
   */
  readonly num_assistant_tokens: number | null;
  /**
   * Their schedule.
   *
   * Default: `null`. No effect: there is no assisted generation yet.
   */
  readonly num_assistant_tokens_schedule: string | null;
  /**
   * Least confidence.
   *
   * Default: `null`. No effect: there is no assisted generation yet.
   */
  readonly assistant_confidence_threshold: number | null;
  /**
   * Candidates from the prompt.
   *
   * Default: `null`. No effect: there is no assisted generation yet.
   */
  readonly prompt_lookup_num_tokens: number | null;
  /**
   * Longest match.
   *
   * Default: `null`. No effect: there is no assisted generation yet.
   */
  readonly max_matching_ngram_size: number | null;
  /**
   * Layer to leave at.
   *
   * Default: `null`. No effect: there is no assisted generation yet.
   */
  readonly assistant_early_exit: number | null;
  /**
   * Tokens to align.
   *
   * Default: `null`. No effect: there is no assisted generation yet.
   */
  readonly assistant_lookbehind: number | null;
  /**
   * Tokens to align.
   *
   * Default: `null`. No effect: there is no assisted generation yet.
   */
  readonly target_lookbehind: number | null;
  /**
   * Mixture with the assistant.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly assistant_ensemble_weight: number | null;
  /**
   * Kind of speculation.
   *
   * Default: `null`. No effect: there is no assisted generation yet.
   */
  readonly speculation_type: string | null;
  /**
   * Penalty by the prompt.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly encoder_repetition_penalty: number | null;
  /**
   * The prompt's sequences never occur.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly encoder_no_repeat_ngram_size: number | null;
  /**
   * For encoder-decoders.
   *
   * Default: `null`. No effect: GPT-2 and its like have no encoder.
   */
  readonly decoder_start_token_id: number | null;
  /**
   * Contrastive search.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly penalty_alpha: number | null;
  /**
   * Decoding by contrasting layers.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly dola_layers: "low" | "high" | number[] | null;
  /**
   * For groups of beams.
   *
   * Default: `null`. Not built: gone from transformers 5, where only beam search and beam sampling are left; set
   * num_beams alone.
   */
  readonly diversity_penalty: number | null;
  /**
   * Groups of beams.
   *
   * Default: `null`. Not built: gone from transformers 5, where only beam search and beam sampling are left; set
   * num_beams alone.
   */
  readonly num_beam_groups: number | null;
  /**
   * Constraints.
   *
   * Default: `null`. Not built: gone from transformers 5, where only beam search and beam sampling are left; set
   * num_beams alone.
   */
  readonly constraints: Record<string, unknown>[] | null;
  /**
   * Words that must occur.
   *
   * Default: `null`. Not built: gone from transformers 5, where only beam search and beam sampling are left; set
   * num_beams alone.
   */
  readonly force_words_ids: number[][] | null;
}
