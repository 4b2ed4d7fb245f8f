/**
 * @file The one table of numbers that verdicts are drawn by, and the runs that they were drawn from.
 *
 * The runs: scripts/verdict/recipes.ts has their settings and what each of them is, test/fixtures/verdict-runs.json
 * their logs, and `npx tsx scripts/verdictRuns.ts --table` prints all that was measured; a test holds every verdict to
 * them. Those next to the thresholds, most of 40 steps of 4 pairs (GPT-2's shape: 16 steps of 1 pair):
 *
 * | kind         | model, what is trained, loss, learning rate, beta, seed                    | measured, in nats    |
 * |--------------|----------------------------------------------------------------------------|----------------------|
 * | did not move | demo, LoRA, sigmoid, 1e-6 / 1e-5 / 1e-4, 0.1, 42                           | 0.0002, 0.002, 0.03 |
 * |              | demo, all weights, sigmoid, 1e-7 / 1e-6, 0.1, 42                           | 0.002, 0.02          |
 * |              | demo, LoRA, simpo, 1e-6, 2, 42                                             | 0.0002               |
 * |              | tiny GPT-2, LoRA, 1e-6; tiny Llama, all, 1e-7; GPT-2's shape, LoRA, 1e-6   | 0.002, 0.007, 0.0005 |
 * | unclear      | demo, all weights, sigmoid, 1e-5, 0.1, 42                                  | 0.16                 |
 * |              | GPT-2's shape, LoRA, 1e-3, 16 pairs seen once                              | 0.6, certainty 0.3   |
 * | learning     | demo, LoRA, sigmoid / ipo / hinge, 5e-4, 0.5 / 0.1 / 0.1, 42               | 0.32, 0.33, 0.33     |
 * |              | demo, LoRA, sigmoid / simpo / orpo, 1e-3, 0.1 / 2 / 0.1, 42                | 1.2, 1.1, 1.1        |
 * |              | demo, all weights, sigmoid, 1e-4, 0.1, 42                                  | 1.6                  |
 * |              | tiny GPT-2, LoRA, 3e-4; tiny Llama, all, 1e-5; both beta 0.5               | 0.8, 0.7             |
 * |              | GPT-2's shape, LoRA, 3e-4, 4 pairs                                         | 17, certainty 6.1    |
 * |              | demo, LoRA, sigmoid, 2e-3, 0.1, 12 pairs, half of them swapped             | eval at its best     |
 * | overfitting  | demo, LoRA, sigmoid, 5e-3, 0.5, seed 3, 12 pairs, half of them swapped     | eval +46 % of start  |
 * |              | tiny GPT-2, LoRA, 3e-2, 0.5, seed 8; tiny Llama, all, 3e-3, 0.5; 12 pairs  | eval +87 %, +669 %   |
 * | saturated    | demo, LoRA, sigmoid, 2e-3, 0.1, 12 pairs, 60 steps                         | margins 6.7          |
 * |              | tiny GPT-2, LoRA, 3e-3, 0.5                                                | margins 4.2          |
 * |              | GPT-2's shape, LoRA, 3e-3, 0.5, 3 pairs; demo, all weights, 5e-4, 0.5      | margins 32, 15       |
 * | collapsed    | demo, LoRA, sigmoid, 3e-2 / 1e-1, 0.1; simpo, 1e-1, 2                      | lost 278, 237, 311   |
 * |              | demo, all weights, sigmoid, 3e-3, 0.5, seed 4                              | lost 110             |
 * |              | tiny Llama, all weights, 1e-1, 0.1                                         | lost 716 of 385      |
 *
 * No run of GPT-2's shape is among the overfitted and the collapsed: its weights are random, and answers that are as
 * unlikely as any text have nothing to lose.
 */
import { optimizerKind } from "../optim/optimizers.ts";

export const THRESHOLDS = {
  /** Logged points of training. Below, the last third is two or three micro-batches. */
  points: 10,
  collapsed: {
    /** Nats that chosen answers lost: this much, and this share of what they had. */
    lostNats: 20,
    lostShare: 0.5,
    /** Or: the loss is this many times its start, with accuracies no better than a coin's. */
    lossRatio: 2,
    coinFlip: 0.6,
    /** Or: entropy rose by this many nats, while mean_token_accuracy fell to this share of its start. */
    entropyRise: 1,
    tokenShare: 0.5,
  },
  overfitting: {
    evaluations: 3,
    /** Of the first evaluation's loss: how far the last ones are above the best. */
    rise: 0.05,
  },
  /** Held-out pairs that show nothing of what was learned: accuracies of a coin, and this share of the margin. */
  heldOut: { accuracy: 0.6, share: 0.1 },
  saturated: {
    accuracy: 0.99,
    /** rewards/margins of losses of the sigmoid: the gradient is 1.8 % of a pair's that is not yet ordered. */
    margin: 4,
    /** Any loss: gradient norms by their largest. */
    gradShare: 0.05,
  },
  /** Nats of a whole answer: odds of chosen against rejected change by a tenth at most. */
  didNotMove: 0.1,
  learning: {
    /** Nats by which the margin of whole answers grew. */
    margin: 0.2,
    /** With a reference that is the start: half of all pairs would be ordered by chance. */
    accuracy: 0.6,
    /** Standard errors of rewards/margins. */
    certainty: 4,
    /** Nats below which greedy answers are often still the same. */
    visible: 1,
  },
} as const;

/** Optimizers whose steps are AdamW's, up to rounding. For others there are no runs. */
export const isAdamw = (optim: string): boolean => ["adamw", "adamw8bit"].includes(optimizerKind(optim) ?? "");

/** Learning rates of AdamW: outside of `works` a run gets a line before its first step. */
export const RATES = {
  adapter: { what: "LoRA", works: [5e-6, 1e-2], usual: [1e-5, 1e-3] },
  full: { what: "training all weights", works: [1e-7, 1e-3], usual: [1e-6, 1e-4] },
} as const;
