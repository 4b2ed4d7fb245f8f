/**
 * @file Logits processors and warpers: scores [V] -> scores [V], filtered tokens at -Infinity.
 * Definitions and order follow transformers 5.23 (generation/logits_process.py). V vocabulary.
 */
import { pushAll } from "../lists.ts";
import { epsilonCutoff, etaCutoff, topH } from "./entropyWarpers.ts";
import { kthLargest, type LogitsProcessor, logSoftmax, maximum, toProbabilities } from "./scores.ts";
import {
  badWords,
  endBias,
  forcedAt,
  noRepeatNgram,
  noRepeatPromptNgram,
  repetitionPenalty,
  type SequenceBias,
  sequenceBias,
  suppressed,
} from "./tokenProcessors.ts";

/** Bans the end-of-sequence tokens while the sequence is shorter than `length` tokens, including the prompt. */
export function minLength(length: number, eosTokenIds: readonly number[]): LogitsProcessor {
  return (scores, ids) => {
    if (ids.length >= length) return scores;
    const result = scores.slice();
    for (const id of eosTokenIds) if (id < result.length) result[id] = -Infinity;
    return result;
  };
}

/** Below 1 sharpens the distribution, above 1 flattens it. */
export function temperature(value: number): LogitsProcessor {
  const divisor = Math.fround(value);
  return (scores) => scores.map((score) => score / divisor);
}

/** Keeps the k most likely tokens and ties with the last. @param least minimum number of tokens to keep */
export function topK(k: number, least = 1): LogitsProcessor {
  return (scores) => {
    const smallest = kthLargest(scores, Math.min(Math.max(k, least), scores.length));
    return scores.map((score) => (score < smallest ? -Infinity : score));
  };
}

/**
 * Nucleus sampling: keeps the most likely tokens whose probabilities sum to p (arXiv 1904.09751). Of ties at the
 * threshold, the higher ids are kept.
 * @param least minimum number of tokens to keep
 */
export function topP(p: number, least = 1): LogitsProcessor {
  return (scores) => {
    const ascending = scores.slice().sort(); // native sort: 3 ms for 50 k tokens
    const probabilities = toProbabilities(ascending);
    let removed = 0;
    let mass = 0;
    while (removed < ascending.length - least) {
      mass += probabilities[removed];
      if (mass > 1 - p) break;
      removed++;
    }
    const border = ascending[removed];
    let tiesRemoved = removed - ascending.indexOf(border);
    return scores.map((score) => (score < border || (score === border && tiesRemoved-- > 0) ? -Infinity : score));
  };
}

/**
 * Keeps tokens at least `ratio` times as likely as the most likely one (arXiv 2407.01082).
 * @param least minimum number of tokens to keep
 */
export function minP(ratio: number, least = 1): LogitsProcessor {
  return (scores) => {
    const highest = maximum(scores);
    const border = least === 1 ? highest : kthLargest(scores, Math.min(least, scores.length));
    return scores.map((score) => (score < border && Math.exp(score - highest) < ratio ? -Infinity : score));
  };
}

/**
 * Keeps tokens whose surprisal is closest to the entropy, until their probabilities reach `mass` (arXiv 2202.00666).
 * @param least minimum number of tokens to keep
 */
export function typicalP(mass: number, least = 1): LogitsProcessor {
  return (scores) => {
    const probabilities = toProbabilities(scores);
    let entropy = 0;
    for (const p of probabilities) if (p > 0) entropy -= p * Math.log(p);
    const distance = probabilities.map((p) => Math.abs(-Math.log(p) - entropy)); // Infinity if p is 0
    const order = Uint32Array.from(scores.keys()).filter((id) => distance[id] < Infinity);
    order.sort((a, b) => distance[a] - distance[b] || a - b);
    let last = 0;
    for (let sum = probabilities[order[0]]; sum < mass && last < order.length - 1; sum += probabilities[order[last]])
      last++;
    last = Math.max(last, Math.min(least, order.length) - 1);
    const farthest = distance[order[last]];
    return scores.map((score, id) => (distance[id] > farthest ? -Infinity : score));
  };
}

/** The GenerationConfig options of the chain; absent or neutral values add no processor. */
export interface ProcessorOptions {
  do_sample?: boolean;
  num_beams?: number;
  repetition_penalty?: number;
  no_repeat_ngram_size?: number;
  /** Tokens, including the prompt. */
  min_length?: number;
  /** Tokens after the prompt. */
  min_new_tokens?: number;
  temperature?: number;
  /** 0: all tokens. */
  top_k?: number;
  top_p?: number;
  min_p?: number;
  typical_p?: number;
  epsilon_cutoff?: number;
  eta_cutoff?: number;
  top_h?: number;
  sequence_bias?: SequenceBias;
  /** Above 1: favors tokens of the prompt. */
  encoder_repetition_penalty?: number;
  encoder_no_repeat_ngram_size?: number;
  bad_words_ids?: readonly (readonly number[])[];
  forced_bos_token_id?: number;
  forced_eos_token_id?: readonly number[];
  /** Tokens after the prompt, and the factor per further token. */
  exponential_decay_length_penalty?: readonly [start: number, factor: number];
  suppress_tokens?: readonly number[];
  begin_suppress_tokens?: readonly number[];
  renormalize_logits?: boolean;
}

/** What the processors know of one sequence. */
interface SequenceFacts {
  promptLength: number;
  eosTokenIds: readonly number[];
  /** Maximum number of new tokens. */
  budget?: number;
}

/** The chain for one sequence, in transformers' order; warpers only with sampling. */
export function logitsProcessors(options: ProcessorOptions, sequence: SequenceFacts): LogitsProcessor[] {
  const chain = [
    ...repetitionProcessors(options, sequence),
    ...lengthProcessors(options, sequence),
    ...suppressions(options, sequence),
  ];
  const { eosTokenIds } = sequence;
  if (options.do_sample) pushAll(chain, warpers(options, eosTokenIds.length));
  if (options.renormalize_logits) chain.push(logSoftmax);
  return chain;
}

function repetitionProcessors(options: ProcessorOptions, { promptLength, eosTokenIds }: SequenceFacts) {
  const chain: LogitsProcessor[] = [];
  const penalty = options.repetition_penalty ?? 1;
  const promptPenalty = options.encoder_repetition_penalty ?? 1;
  if (options.sequence_bias?.length) chain.push(sequenceBias(options.sequence_bias));
  if (promptPenalty !== 1) {
    const favor = repetitionPenalty(1 / promptPenalty);
    chain.push((scores, ids) => favor(scores, ids.slice(0, promptLength)));
  }
  if (penalty !== 1) chain.push(repetitionPenalty(penalty));
  if (options.no_repeat_ngram_size) chain.push(noRepeatNgram(options.no_repeat_ngram_size));
  if (options.encoder_no_repeat_ngram_size) {
    chain.push(noRepeatPromptNgram(options.encoder_no_repeat_ngram_size, promptLength));
  }
  if (options.bad_words_ids?.length) chain.push(badWords(options.bad_words_ids, eosTokenIds));
  return chain;
}

function lengthProcessors(options: ProcessorOptions, { promptLength, eosTokenIds, budget }: SequenceFacts) {
  const chain: LogitsProcessor[] = [];
  const { forced_bos_token_id: bos, forced_eos_token_id: eos, exponential_decay_length_penalty: decay } = options;
  if (options.min_length && eosTokenIds.length > 0) chain.push(minLength(options.min_length, eosTokenIds));
  if (options.min_new_tokens && eosTokenIds.length > 0) {
    chain.push(minLength(promptLength + options.min_new_tokens, eosTokenIds));
  }
  if (bos !== undefined) chain.push(forcedAt(1, [bos], "forced_bos_token_id"));
  if (eos && budget !== undefined) chain.push(forcedAt(promptLength + budget - 1, eos, "forced_eos_token_id"));
  if (decay) chain.push(endBias(promptLength + decay[0], decay[1], eosTokenIds));
  return chain;
}

function suppressions(options: ProcessorOptions, { promptLength }: SequenceFacts): LogitsProcessor[] {
  const chain: LogitsProcessor[] = [];
  if (options.suppress_tokens?.length) chain.push(suppressed(options.suppress_tokens));
  // a prompt of one token may be the beginning itself, which forced_bos_token_id follows
  const begin = promptLength + (promptLength === 1 && options.forced_bos_token_id !== undefined ? 1 : 0);
  if (options.begin_suppress_tokens?.length) chain.push(suppressed(options.begin_suppress_tokens, begin));
  return chain;
}

/** @param ends number of end-of-sequence tokens: a beam keeps one more token than these, so that it can continue */
function warpers(options: ProcessorOptions, ends: number): LogitsProcessor[] {
  const chain: LogitsProcessor[] = [];
  const least = (options.num_beams ?? 1) > 1 ? Math.max(ends, 1) + 1 : 1;
  if ((options.temperature ?? 1) !== 1) chain.push(temperature(options.temperature ?? 1));
  if (options.top_h !== undefined) chain.push(topH(options.top_h));
  if (options.top_k) chain.push(topK(options.top_k, least));
  if ((options.top_p ?? 1) < 1) chain.push(topP(options.top_p ?? 1, least));
  if (options.min_p !== undefined) chain.push(minP(options.min_p, least));
  if ((options.typical_p ?? 1) < 1) chain.push(typicalP(options.typical_p ?? 1, least));
  if (isShare(options.epsilon_cutoff)) chain.push(epsilonCutoff(options.epsilon_cutoff, least));
  if (isShare(options.eta_cutoff)) chain.push(etaCutoff(options.eta_cutoff, least));
  return chain;
}

const isShare = (value: number | undefined): value is number => value !== undefined && value > 0 && value < 1;
