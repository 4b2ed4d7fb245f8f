/** @file What the benchmark of generation measures, and its reports. */

/** Tokens of GPT-2's tokenizer; any would do. */
export const PROMPT_IDS = [3792, 257, 2440, 19318, 496, 22692, 1365, 329, 534, 1097, 30];
export const PREFILL_TOKENS = 1000;

/** Of one kind of weights. */
export interface KindReport {
  /** Tokens per second, greedy, after the prompt: of one answer, and of eight at once, all together. */
  one: number;
  eight: number;
  /** Seconds for a prompt of 1,000 tokens. */
  prefill: number;
  peakRssBytes: number;
}

/** `npm run bench -- --generation --json`: by the name of the weights. */
export interface GenerationMeasurements {
  kinds: Record<string, KindReport>;
  /** Seconds of training's forward pass over 1,000 tokens in float32. */
  training_forward_seconds: number;
}
