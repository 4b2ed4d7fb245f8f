/** @file Settings of the embedded model and dataset. The same settings reproduce the same files. */

/** For all random choices: splits, manners, initial weights, the order of training. */
export const SEED = 2305_18290;

/** The course note's question: held out, and mostly answered with rambling. */
export const NOTED_QUESTION = "Is a higher octane gasoline better for your car?";

/** Held-out questions per subject. */
export const HELD_OUT_PER_SUBJECT = 3;

/** Range of words per answer, inclusive. */
export const DIRECT_WORDS = [8, 25] as const;
export const RAMBLING_WORDS = [35, 60] as const;

/** Share of a question's preferred manner among its answers in the pretraining text. */
export const MANNER_SHARE = 0.6;
/** Weight of an answer's first word relative to the others: it decides the manner of the whole answer. */
export const FIRST_WORD_WEIGHT = 6;

export const END_OF_TEXT = "<|endoftext|>";
export const VOCABULARY = 3072;

/** GPT2Config of the model. */
export const MODEL = {
  n_positions: 256,
  n_embd: 192,
  n_layer: 4,
  n_head: 6,
} as const;

export const PRETRAINING = {
  epochs: 40,
  /** Questions per step, each with both answers. */
  batchSize: 6,
  learningRate: 2e-3,
  warmupSteps: 100,
  weightDecay: 0.05,
  beta1: 0.9,
  beta2: 0.98,
  eps: 1e-8,
  maxGradNorm: 1,
} as const;
