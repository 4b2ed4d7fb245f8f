/** @file transformers.GenerationConfig as interfaces. Written by `npm run docs`: edit the table of options. */
import type { OneOrMore } from "../kinds.ts";

/**
 * Input of {@link GenerationConfig}: the options of transformers.GenerationConfig, all optional; undefined is as left
 * out.
 *
 * Not built, and an error where they are set: guidance_scale, token_healing, watermarking_config, penalty_alpha,
 * dola_layers, diversity_penalty, num_beam_groups, constraints, force_words_ids.
 */
export interface GenerationConfigInput {
  /**
   * Maximum number of new tokens.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly max_new_tokens?: number | null | undefined;
  /**
   * Maximum tokens of prompt and answer; max_new_tokens overrides it.
   *
   * Default: the model's, else `20`. Same as transformers.
   */
  readonly max_length?: number | null | undefined;
  /**
   * Minimum number of new tokens.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly min_new_tokens?: number | null | undefined;
  /**
   * Minimum tokens of prompt and answer.
   *
   * Default: the model's, else `0`. Same as transformers.
   */
  readonly min_length?: number | null | undefined;
  /**
   * Strings that end generation.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly stop_strings?: OneOrMore<string> | null | undefined;
  /**
   * Maximum time of a call in seconds; the token that is computed meanwhile is the last.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly max_time?: number | null | undefined;
  /**
   * Sample; false: greedy decoding or beam search.
   *
   * Default: the model's, else `false`. Same as transformers.
   */
  readonly do_sample?: boolean | null | undefined;
  /**
   * Sampling temperature; below 1 favors likely tokens.
   *
   * Default: the model's, else `1`. Same as transformers.
   */
  readonly temperature?: number | null | undefined;
  /**
   * Sample from the k most likely tokens; 0 = all.
   *
   * Default: the model's, else `50`. Same as transformers.
   */
  readonly top_k?: number | null | undefined;
  /**
   * Nucleus sampling: smallest set of tokens whose probabilities sum to top_p.
   *
   * Default: the model's, else `1`. Same as transformers.
   */
  readonly top_p?: number | null | undefined;
  /**
   * Drop tokens less likely than min_p times the most likely one.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly min_p?: number | null | undefined;
  /**
   * Locally typical sampling: probability mass to keep.
   *
   * Default: the model's, else `1`. Same as transformers.
   */
  readonly typical_p?: number | null | undefined;
  /**
   * Penalty on tokens that already occurred; 1 = none.
   *
   * Default: the model's, else `1`. Same as transformers.
   */
  readonly repetition_penalty?: number | null | undefined;
  /**
   * Size of n-grams that may occur only once; 0 = off.
   *
   * Default: the model's, else `0`. Same as transformers.
   */
  readonly no_repeat_ngram_size?: number | null | undefined;
  /**
   * Random seed.
   *
   * Default: `null`. Prefine's own.
   */
  readonly seed?: number | null | undefined;
  /**
   * Answers per prompt; more than one requires do_sample or num_beams.
   *
   * Default: the model's, else `1`. Same as transformers.
   */
  readonly num_return_sequences?: number | null | undefined;
  /**
   * Epsilon sampling: minimum token probability; none outside of 0 to 1.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly epsilon_cutoff?: number | null | undefined;
  /**
   * Eta sampling: minimum probability that falls with the entropy; none outside of 0 to 1.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly eta_cutoff?: number | null | undefined;
  /**
   * Top-H sampling: fraction of the entropy to keep.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly top_h?: number | null | undefined;
  /**
   * Token sequences that are never generated.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly bad_words_ids?: OneOrMore<number | readonly number[]> | null | undefined;
  /**
   * Tokens that are never generated.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly suppress_tokens?: OneOrMore<number> | null | undefined;
  /**
   * Tokens that are never generated first.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly begin_suppress_tokens?: OneOrMore<number> | null | undefined;
  /**
   * Bias on token sequences: [[5, 6], -2.0], ...
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly sequence_bias?: OneOrMore<readonly [readonly number[], number]> | null | undefined;
  /**
   * Exponentially growing bias toward the end of the answer: the token after which it begins, and its factor.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly exponential_decay_length_penalty?: readonly [number, number] | null | undefined;
  /**
   * Token forced after a prompt of one token.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly forced_bos_token_id?: number | null | undefined;
  /**
   * Token forced at max_length, or several.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly forced_eos_token_id?: OneOrMore<number> | null | undefined;
  /**
   * Renormalize the scores after all processors.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly renormalize_logits?: boolean | null | undefined;
  /**
   * Remove NaN and infinite scores.
   *
   * Default: `null`. No effect: non-finite scores stop generation with an error.
   */
  readonly remove_invalid_values?: boolean | null | undefined;
  /**
   * Number of beams; 1 = no beam search.
   *
   * Default: the model's, else `1`. Same as transformers.
   */
  readonly num_beams?: number | null | undefined;
  /**
   * Stop beam search when num_beams answers are complete.
   *
   * Default: the model's, else `false`. Same as transformers.
   */
  readonly early_stopping?: boolean | "never" | null | undefined;
  /**
   * Length exponent of beam scores; above 0 favors longer answers.
   *
   * Default: the model's, else `1`. Same as transformers.
   */
  readonly length_penalty?: number | null | undefined;
  /**
   * Padding token.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly pad_token_id?: number | null | undefined;
  /**
   * Beginning-of-sequence token; starts an empty prompt.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly bos_token_id?: number | null | undefined;
  /**
   * End-of-sequence token, or several.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly eos_token_id?: number | OneOrMore<number> | null | undefined;
  /**
   * Use the KV cache.
   *
   * Default: `null`. No effect: there is always a cache: results are the same.
   */
  readonly use_cache?: boolean | null | undefined;
  /**
   * Cache implementation.
   *
   * Default: `null`. No effect: there is one cache.
   */
  readonly cache_implementation?: string | null | undefined;
  /**
   * Cache settings.
   *
   * Default: `null`. No effect: the cache has no settings.
   */
  readonly cache_config?: Record<string, unknown> | null | undefined;
  /**
   * Size of a static cache.
   *
   * Default: `null`. No effect: the cache grows.
   */
  readonly max_cache_len?: number | null | undefined;
  /**
   * Chunk size of the prefill.
   *
   * Default: `null`. No effect: the prompt is read at once.
   */
  readonly prefill_chunk_size?: number | null | undefined;
  /**
   * Compilation settings.
   *
   * Default: `null`. No effect: the graph is always compiled.
   */
  readonly compile_config?: Record<string, unknown> | null | undefined;
  /**
   * Disable compilation.
   *
   * Default: `null`. No effect: the graph is always compiled.
   */
  readonly disable_compile?: boolean | null | undefined;
  /**
   * Continuous batching settings.
   *
   * Default: `null`. No effect: there is no continuous batching.
   */
  readonly continuous_batching_config?: Record<string, unknown> | null | undefined;
  /**
   * Compute beams one at a time.
   *
   * Default: `null`. No effect: removed in transformers.
   */
  readonly low_memory?: boolean | null | undefined;
  /**
   * Multi-token prediction.
   *
   * Default: `null`. No effect: assisted generation is not built.
   */
  readonly use_mtp?: boolean | null | undefined;
  /**
   * Return attentions.
   *
   * Default: `null`. No effect: generate returns tokens and texts only.
   */
  readonly output_attentions?: boolean | null | undefined;
  /**
   * Return hidden states.
   *
   * Default: `null`. No effect: generate returns tokens and texts only.
   */
  readonly output_hidden_states?: boolean | null | undefined;
  /**
   * Return scores.
   *
   * Default: `null`. No effect: generate returns tokens and texts only.
   */
  readonly output_scores?: boolean | null | undefined;
  /**
   * Return logits.
   *
   * Default: `null`. No effect: generate returns tokens and texts only.
   */
  readonly output_logits?: boolean | null | undefined;
  /**
   * Return a dictionary.
   *
   * Default: `null`. No effect: generate returns tokens and texts only.
   */
  readonly return_dict_in_generate?: boolean | null | undefined;
  /**
   * Version of transformers that wrote the file.
   *
   * Default: `null`. No effect: prefine does not need it.
   */
  readonly transformers_version?: string | null | undefined;
  /**
   * Whether it was made from the model's config.
   *
   * Default: `null`. No effect: prefine does not need it.
   */
  readonly _from_model_config?: boolean | null | undefined;
  /**
   * Whether this is the assistant model.
   *
   * Default: `null`. No effect: assisted generation is not built.
   */
  readonly is_assistant?: boolean | null | undefined;
  /**
   * Tokens per draft of the assistant.
   *
   * Default: `null`. No effect: assisted generation is not built.
   */
  readonly num_assistant_tokens?: number | null | undefined;
  /**
   * Schedule of num_assistant_tokens.
   *
   * Default: `null`. No effect: assisted generation is not built.
   */
  readonly num_assistant_tokens_schedule?: string | null | undefined;
  /**
   * Minimum confidence of the assistant.
   *
   * Default: `null`. No effect: assisted generation is not built.
   */
  readonly assistant_confidence_threshold?: number | null | undefined;
  /**
   * Tokens per draft in prompt lookup.
   *
   * Default: `null`. No effect: assisted generation is not built.
   */
  readonly prompt_lookup_num_tokens?: number | null | undefined;
  /**
   * Longest n-gram to match in prompt lookup.
   *
   * Default: `null`. No effect: assisted generation is not built.
   */
  readonly max_matching_ngram_size?: number | null | undefined;
  /**
   * Layer for early exit.
   *
   * Default: `null`. No effect: assisted generation is not built.
   */
  readonly assistant_early_exit?: number | null | undefined;
  /**
   * Assistant tokens to realign.
   *
   * Default: `null`. No effect: assisted generation is not built.
   */
  readonly assistant_lookbehind?: number | null | undefined;
  /**
   * Target tokens to realign.
   *
   * Default: `null`. No effect: assisted generation is not built.
   */
  readonly target_lookbehind?: number | null | undefined;
  /**
   * Weight of the assistant in an ensemble.
   *
   * Default: `null`. No effect: assisted generation is not built.
   */
  readonly assistant_ensemble_weight?: number | null | undefined;
  /**
   * Type of speculative decoding.
   *
   * Default: `null`. No effect: assisted generation is not built.
   */
  readonly speculation_type?: string | null | undefined;
  /**
   * Penalty on tokens that are not in the prompt.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly encoder_repetition_penalty?: number | null | undefined;
  /**
   * Size of n-grams of the prompt that are never generated; 0 = off.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly encoder_no_repeat_ngram_size?: number | null | undefined;
  /**
   * First decoder token of encoder-decoder models.
   *
   * Default: `null`. No effect: decoder-only models have no encoder.
   */
  readonly decoder_start_token_id?: number | null | undefined;
}

/** transformers.GenerationConfig: all options, checked and complete; frozen. */
export interface GenerationConfig {
  /**
   * Maximum number of new tokens.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly max_new_tokens: number | null;
  /**
   * Maximum tokens of prompt and answer; max_new_tokens overrides it.
   *
   * Default: the model's, else `20`. Same as transformers.
   */
  readonly max_length: number | null;
  /**
   * Minimum number of new tokens.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly min_new_tokens: number | null;
  /**
   * Minimum tokens of prompt and answer.
   *
   * Default: the model's, else `0`. Same as transformers.
   */
  readonly min_length: number | null;
  /**
   * Strings that end generation.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly stop_strings: string[] | null;
  /**
   * Maximum time of a call in seconds; the token that is computed meanwhile is the last.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly max_time: number | null;
  /**
   * Sample; false: greedy decoding or beam search.
   *
   * Default: the model's, else `false`. Same as transformers.
   */
  readonly do_sample: boolean | null;
  /**
   * Sampling temperature; below 1 favors likely tokens.
   *
   * Default: the model's, else `1`. Same as transformers.
   */
  readonly temperature: number | null;
  /**
   * Sample from the k most likely tokens; 0 = all.
   *
   * Default: the model's, else `50`. Same as transformers.
   */
  readonly top_k: number | null;
  /**
   * Nucleus sampling: smallest set of tokens whose probabilities sum to top_p.
   *
   * Default: the model's, else `1`. Same as transformers.
   */
  readonly top_p: number | null;
  /**
   * Drop tokens less likely than min_p times the most likely one.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly min_p: number | null;
  /**
   * Locally typical sampling: probability mass to keep.
   *
   * Default: the model's, else `1`. Same as transformers.
   */
  readonly typical_p: number | null;
  /**
   * Penalty on tokens that already occurred; 1 = none.
   *
   * Default: the model's, else `1`. Same as transformers.
   */
  readonly repetition_penalty: number | null;
  /**
   * Size of n-grams that may occur only once; 0 = off.
   *
   * Default: the model's, else `0`. Same as transformers.
   */
  readonly no_repeat_ngram_size: number | null;
  /**
   * Random seed.
   *
   * Default: `null`. Prefine's own.
   */
  readonly seed: number | null;
  /**
   * Answers per prompt; more than one requires do_sample or num_beams.
   *
   * Default: the model's, else `1`. Same as transformers.
   */
  readonly num_return_sequences: number | null;
  /**
   * Epsilon sampling: minimum token probability; none outside of 0 to 1.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly epsilon_cutoff: number | null;
  /**
   * Eta sampling: minimum probability that falls with the entropy; none outside of 0 to 1.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly eta_cutoff: number | null;
  /**
   * Top-H sampling: fraction of the entropy to keep.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly top_h: number | null;
  /**
   * Token sequences that are never generated.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly bad_words_ids: number[][] | null;
  /**
   * Tokens that are never generated.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly suppress_tokens: number[] | null;
  /**
   * Tokens that are never generated first.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly begin_suppress_tokens: number[] | null;
  /**
   * Bias on token sequences: [[5, 6], -2.0], ...
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly sequence_bias: [number[], number][] | null;
  /**
   * Exponentially growing bias toward the end of the answer: the token after which it begins, and its factor.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly exponential_decay_length_penalty: [number, number] | null;
  /**
   * Token forced after a prompt of one token.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly forced_bos_token_id: number | null;
  /**
   * Token forced at max_length, or several.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly forced_eos_token_id: number[] | null;
  /**
   * Classifier-free guidance scale.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly guidance_scale: number | null;
  /**
   * Renormalize the scores after all processors.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly renormalize_logits: boolean | null;
  /**
   * Remove NaN and infinite scores.
   *
   * Default: `null`. No effect: non-finite scores stop generation with an error.
   */
  readonly remove_invalid_values: boolean | null;
  /**
   * Token healing: regenerate the end of the prompt.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly token_healing: boolean | null;
  /**
   * Watermarking settings.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly watermarking_config: Record<string, unknown> | null;
  /**
   * Number of beams; 1 = no beam search.
   *
   * Default: the model's, else `1`. Same as transformers.
   */
  readonly num_beams: number | null;
  /**
   * Stop beam search when num_beams answers are complete.
   *
   * Default: the model's, else `false`. Same as transformers.
   */
  readonly early_stopping: boolean | "never" | null;
  /**
   * Length exponent of beam scores; above 0 favors longer answers.
   *
   * Default: the model's, else `1`. Same as transformers.
   */
  readonly length_penalty: number | null;
  /**
   * Padding token.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly pad_token_id: number | null;
  /**
   * Beginning-of-sequence token; starts an empty prompt.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly bos_token_id: number | null;
  /**
   * End-of-sequence token, or several.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly eos_token_id: number | number[] | null;
  /**
   * Use the KV cache.
   *
   * Default: `null`. No effect: there is always a cache: results are the same.
   */
  readonly use_cache: boolean | null;
  /**
   * Cache implementation.
   *
   * Default: `null`. No effect: there is one cache.
   */
  readonly cache_implementation: string | null;
  /**
   * Cache settings.
   *
   * Default: `null`. No effect: the cache has no settings.
   */
  readonly cache_config: Record<string, unknown> | null;
  /**
   * Size of a static cache.
   *
   * Default: `null`. No effect: the cache grows.
   */
  readonly max_cache_len: number | null;
  /**
   * Chunk size of the prefill.
   *
   * Default: `null`. No effect: the prompt is read at once.
   */
  readonly prefill_chunk_size: number | null;
  /**
   * Compilation settings.
   *
   * Default: `null`. No effect: the graph is always compiled.
   */
  readonly compile_config: Record<string, unknown> | null;
  /**
   * Disable compilation.
   *
   * Default: `null`. No effect: the graph is always compiled.
   */
  readonly disable_compile: boolean | null;
  /**
   * Continuous batching settings.
   *
   * Default: `null`. No effect: there is no continuous batching.
   */
  readonly continuous_batching_config: Record<string, unknown> | null;
  /**
   * Compute beams one at a time.
   *
   * Default: `null`. No effect: removed in transformers.
   */
  readonly low_memory: boolean | null;
  /**
   * Multi-token prediction.
   *
   * Default: `null`. No effect: assisted generation is not built.
   */
  readonly use_mtp: boolean | null;
  /**
   * Return attentions.
   *
   * Default: `null`. No effect: generate returns tokens and texts only.
   */
  readonly output_attentions: boolean | null;
  /**
   * Return hidden states.
   *
   * Default: `null`. No effect: generate returns tokens and texts only.
   */
  readonly output_hidden_states: boolean | null;
  /**
   * Return scores.
   *
   * Default: `null`. No effect: generate returns tokens and texts only.
   */
  readonly output_scores: boolean | null;
  /**
   * Return logits.
   *
   * Default: `null`. No effect: generate returns tokens and texts only.
   */
  readonly output_logits: boolean | null;
  /**
   * Return a dictionary.
   *
   * Default: `null`. No effect: generate returns tokens and texts only.
   */
  readonly return_dict_in_generate: boolean | null;
  /**
   * Version of transformers that wrote the file.
   *
   * Default: `null`. No effect: prefine does not need it.
   */
  readonly transformers_version: string | null;
  /**
   * Whether it was made from the model's config.
   *
   * Default: `null`. No effect: prefine does not need it.
   */
  readonly _from_model_config: boolean | null;
  /**
   * Whether this is the assistant model.
   *
   * Default: `null`. No effect: assisted generation is not built.
   */
  readonly is_assistant: boolean | null;
  /**
   * Tokens per draft of the assistant.
   *
   * Default: `null`. No effect: assisted generation is not built.
   */
  readonly num_assistant_tokens: number | null;
  /**
   * Schedule of num_assistant_tokens.
   *
   * Default: `null`. No effect: assisted generation is not built.
   */
  readonly num_assistant_tokens_schedule: string | null;
  /**
   * Minimum confidence of the assistant.
   *
   * Default: `null`. No effect: assisted generation is not built.
   */
  readonly assistant_confidence_threshold: number | null;
  /**
   * Tokens per draft in prompt lookup.
   *
   * Default: `null`. No effect: assisted generation is not built.
   */
  readonly prompt_lookup_num_tokens: number | null;
  /**
   * Longest n-gram to match in prompt lookup.
   *
   * Default: `null`. No effect: assisted generation is not built.
   */
  readonly max_matching_ngram_size: number | null;
  /**
   * Layer for early exit.
   *
   * Default: `null`. No effect: assisted generation is not built.
   */
  readonly assistant_early_exit: number | null;
  /**
   * Assistant tokens to realign.
   *
   * Default: `null`. No effect: assisted generation is not built.
   */
  readonly assistant_lookbehind: number | null;
  /**
   * Target tokens to realign.
   *
   * Default: `null`. No effect: assisted generation is not built.
   */
  readonly target_lookbehind: number | null;
  /**
   * Weight of the assistant in an ensemble.
   *
   * Default: `null`. No effect: assisted generation is not built.
   */
  readonly assistant_ensemble_weight: number | null;
  /**
   * Type of speculative decoding.
   *
   * Default: `null`. No effect: assisted generation is not built.
   */
  readonly speculation_type: string | null;
  /**
   * Penalty on tokens that are not in the prompt.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly encoder_repetition_penalty: number | null;
  /**
   * Size of n-grams of the prompt that are never generated; 0 = off.
   *
   * Default: the model's, else unset. Same as transformers.
   */
  readonly encoder_no_repeat_ngram_size: number | null;
  /**
   * First decoder token of encoder-decoder models.
   *
   * Default: `null`. No effect: decoder-only models have no encoder.
   */
  readonly decoder_start_token_id: number | null;
  /**
   * Contrastive search: degeneration penalty.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly penalty_alpha: number | null;
  /**
   * DoLa: layers to contrast.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly dola_layers: "low" | "high" | number[] | null;
  /**
   * Diversity penalty between groups of beams.
   *
   * Default: `null`. Not built: removed in transformers 5, which has only beam search and beam sampling; set num_beams
   * alone.
   */
  readonly diversity_penalty: number | null;
  /**
   * Number of beam groups.
   *
   * Default: `null`. Not built: removed in transformers 5, which has only beam search and beam sampling; set num_beams
   * alone.
   */
  readonly num_beam_groups: number | null;
  /**
   * Constraints of constrained beam search.
   *
   * Default: `null`. Not built: removed in transformers 5, which has only beam search and beam sampling; set num_beams
   * alone.
   */
  readonly constraints: Record<string, unknown>[] | null;
  /**
   * Words that must occur.
   *
   * Default: `null`. Not built: removed in transformers 5, which has only beam search and beam sampling; set num_beams
   * alone.
   */
  readonly force_words_ids: number[][] | null;
}
