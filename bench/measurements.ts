/** @file The benchmark's measurements, with the names in `--json`. */

/** One JSON object; null for values that could not be measured here. */
export interface Measurements {
  /** Mean over the steps of the second epoch: reference log-probs are cached, metrics are logged. */
  seconds_per_step: number;
  /** Packed tokens per second at that speed. */
  tokens_per_second: number;
  /** 10^9 floating point operations per second, without recomputation. */
  gflops: number;
  /** gflops / those of plain matrix products of the same sizes. */
  matmul_share: number;
  /** Additional time of a step that includes the pair's reference pass. */
  reference_seconds: number;
  /** From the start of the process to the end of the first optimizer step. */
  first_step_seconds: number;
  /** Peak resident set of the training process, at batch 1. */
  peak_rss_bytes: number;
  batch8_seconds_per_pair: number;
  batch8_peak_rss_bytes: number;
  /** With gradient_checkpointing, at batch 1. */
  checkpointing_seconds_per_step: number;
  checkpointing_peak_rss_bytes: number;
  /** All weights trained with AdamW, at batch 1, with gradient_checkpointing. */
  full_seconds_per_step: number;
  full_peak_rss_bytes: number;
  /** Greedy, one prompt, 100 new tokens. */
  generate_tokens_per_second: number;
  /** Of a server: greedy, 100 new tokens for one client, and for each of eight at once, all together. */
  serve_tokens_per_second: number;
  serve_8_clients_tokens_per_second: number;
  /** TRL and transformers on the same model and rows; null without Python with trl. */
  trl: TrlMeasurements | null;
}

export interface TrlMeasurements {
  /** TRL's defaults, in float32. */
  seconds_per_step: number;
  peak_rss_bytes: number;
  /** Its fastest: no gradient checkpointing, reference log-probs precomputed. */
  best_seconds_per_step: number;
  best_peak_rss_bytes: number;
  generate_tokens_per_second: number;
}

/** The report of the training process. */
export interface TrainingReport {
  /** Seconds of each optimizer step, in order. */
  steps: number[];
  /** Milliseconds since the epoch at the end of the first step, to compare with the start of the process. */
  firstStepAt: number;
  peakRssBytes: number;
}

/** The report of a job's first rank, or of a process of its own (null). */
export interface RanksReport {
  /** Seconds of each optimizer step, in order. */
  steps: number[];
  /** Seconds of each step's sum of gradients over the ranks, waiting for other ranks excluded. */
  exchanges: number[];
  /** The MPI library. */
  library: string | null;
}

/** `npm run bench -- --ranks N --json`. */
export interface RanksMeasurements {
  ranks: number;
  library: string;
  /** Of N ranks of one thread, for each turn beside one process of N threads. */
  ratios: number[];
  ratio: number;
  seconds_per_pair: number;
  one_process_seconds_per_pair: number;
  /** The sum of an adapter's gradient, and its share of a step. */
  adapter_numbers: number;
  adapter_exchange_seconds: number;
  adapter_exchange_share: number;
  all_numbers: number;
  all_exchange_seconds: number;
  all_exchange_share: number;
  /** A step of all weights, of as many pairs. */
  all_seconds_per_pair: number;
}

/** Median; NaN for an empty list. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}

/** Mean; NaN for an empty list. */
export const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;
