/** @file The forms of a preference pair: token ids, one packed row, log-probabilities. */

/** Ids of one row, under TRL's column names. Completions start where the three texts' tokens differ. */
export interface PairTokens {
  prompt_ids: number[];
  chosen_ids: number[];
  rejected_ids: number[];
  winRates?: WinRates | undefined;
}

/** How often each answer wins against the policy's own, from 0 to 1: chosen_probs_win and chosen_probs_lose. */
export interface WinRates {
  chosen: number;
  rejected: number;
}

/**
 * One pair as one row of T packed tokens: `shared | chosen | rejected`. The shared prefix is computed once
 * (prefix sharing, arXiv 2410.20305); tokens of `rejected` see `shared` and themselves, never `chosen`.
 * Already truncated to max_length per sequence, as TRL's collator does.
 */
export interface PackedPair {
  /** Row number in the prepared dataset (after dropping); key of the reference cache, and used in messages. */
  index: number;
  /** [T] token ids. */
  tokens: Int32Array;
  /** [T] position ids: those of the unpacked sequences. */
  positions: Int32Array;
  /** Tokens of the shared prefix: packed rows [0, sharedLength). */
  sharedLength: number;
  /** Packed rows [sharedLength, sharedLength + chosenLength) are the rest of prompt + chosen. */
  chosenLength: number;
  /** Packed rows [sharedLength + chosenLength, T) are the rest of prompt + rejected. */
  rejectedLength: number;
  /** [N] packed row whose hidden state predicts target n; the chosen targets come first. */
  predictFrom: Int32Array;
  /** [N] the token id to predict. */
  labels: Int32Array;
  /** How many of the N targets belong to chosen. */
  chosenTargets: number;
  /** Tokens of the two completions; with no prompt left, the first token is counted here but not predicted. */
  completionLengths: { chosen: number; rejected: number };
  winRates?: WinRates | undefined;
}

/** Sums of log-probabilities of the two completions, in nats. */
export interface PairLogps {
  chosen: number;
  rejected: number;
}
