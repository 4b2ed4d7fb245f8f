/** @file Metrics of a micro-batch and of an evaluation, against values calculated by hand. */

import { describe, expect, it } from "vitest";
import { readState } from "../../../test/support/savedState.ts";
import { ToyLearner } from "../../../test/support/toyLearner.ts";
import { toyPairs } from "../../../test/support/toyPairs.ts";
import type { PairScores } from "../../dpo/learner.ts";
import { createReferenceLogps } from "../reference/referenceLogps.ts";
import { pairsInMemory } from "../run.ts";
import { evaluateSet, speedMetrics } from "./evaluate.ts";
import { addMetrics, batchMetrics, type MetricSums, meanMetrics } from "./metrics.ts";

function scores(
  chosen: number,
  rejected: number,
  tokens: [number, number],
  more: Partial<PairScores> = {},
): PairScores {
  return {
    logps: { chosen, rejected },
    plainChosenLogps: chosen,
    weight: 1,
    completionLengths: { chosen: tokens[0], rejected: tokens[1] },
    entropySum: 2 * (tokens[0] + tokens[1]),
    logitsSum: { chosen: 3 * tokens[0], rejected: -tokens[1] },
    chosenCorrect: 1,
    tokens: { chosen: tokens[0], rejected: tokens[1] },
    ...more,
  };
}

describe("batchMetrics", () => {
  it("weights tokens equally over the batch, and rewards by pair", () => {
    const batch = [scores(-10, -20, [2, 3]), scores(-30, -31, [4, 1], { entropySum: 20 }), scores(-5, -5, [1, 1])];
    const reference = [
      { chosen: -11, rejected: -21 }, // both rewards 0.5: a tie is no success
      { chosen: -34, rejected: -30 },
      { chosen: -5, rejected: -4 },
    ];
    const metrics = batchMetrics(batch, reference, { beta: 0.5, rewards: "logratios", totalTrainTokens: 77 });
    expect(metrics).toEqual({
      entropy: Math.fround((10 + 20 + 4) / 12),
      num_tokens: 77,
      "logits/chosen": 3,
      "logits/rejected": -1,
      mean_token_accuracy: Math.fround(3 / 7),
      "rewards/chosen": (0.5 + 2 + 0) / 3,
      "rewards/rejected": (0.5 - 0.5 - 0.5) / 3,
      "rewards/accuracies": 0.6666666865348816, // 2/3 in float32, as TRL logs it
      "rewards/margins": (0 + 2.5 + 0.5) / 3,
      "logps/chosen": -15,
      "logps/rejected": -56 / 3,
    });
  });

  it("takes rewards from the log-probabilities themselves if there is no reference", () => {
    const batch = [scores(-10, -20, [2, 5]), scores(-30, -5, [4, 1])];
    const rewardsOf = (rewards: "logps" | "averaged logps") => {
      const metrics = batchMetrics(batch, null, { beta: 0.5, rewards, totalTrainTokens: 0 });
      return [metrics["rewards/chosen"], metrics["rewards/rejected"], metrics["rewards/accuracies"]];
    };
    expect(rewardsOf("logps")).toEqual([-10, -6.25, 0.5]);
    expect(rewardsOf("averaged logps")).toEqual([(-2.5 - 3.75) / 2, (-2 - 2.5) / 2, 0]);
  });

  it("has TRL's order, and does not divide by zero tokens", () => {
    const metrics = batchMetrics([scores(-1, -1, [0, 0])], [{ chosen: -1, rejected: -1 }], {
      beta: 1,
      rewards: "logratios",
      totalTrainTokens: 0,
    });
    expect(Object.entries(metrics).slice(0, 5)).toEqual([
      ["entropy", 0],
      ["num_tokens", 0],
      ["logits/chosen", 0],
      ["logits/rejected", 0],
      ["mean_token_accuracy", 0],
    ]);
  });
});

describe("meanMetrics", () => {
  it("weights all micro-batches equally, and takes the last num_tokens", () => {
    const sums: MetricSums = {};
    addMetrics(sums, { entropy: 1, num_tokens: 10 });
    addMetrics(sums, { entropy: 4, num_tokens: 25 });
    expect(meanMetrics(sums, "eval_")).toEqual({ eval_entropy: 2.5, eval_num_tokens: 25 });
  });
});

describe("evaluateSet", () => {
  it("weights the loss by pairs and the metrics by batches; the last batch is smaller", async () => {
    const learner = new ToyLearner();
    const state = await readState(learner);
    const { data } = state.weights.get("base_model.model.toy.proj.lora_B.weight")!;
    data.set(data.map((_, i) => Math.sin(i))); // away from the reference
    await learner.writeState(state);
    const pairs = toyPairs(5);
    const referenceLogps = createReferenceLogps(learner, 5);
    const options = { batchSize: 2, beta: 0.1, totalTrainTokens: 9, signal: undefined, metrics: null };
    const { values: metrics, pairs: evaluated } = await evaluateSet(
      learner,
      { pairs: pairsInMemory(pairs), referenceLogps, prefix: "eval" },
      options,
    );
    const losses: number[] = [];
    const margins: number[] = [];
    for (const pair of pairs) {
      const [score, [logps]] = [await learner.score(pair), await referenceLogps.of([pair])];
      losses.push(await learner.lossOf([score], [logps]));
      margins.push(batchMetrics([score], [logps], { ...options, rewards: "logratios" })["rewards/margins"]);
    }
    expect(new Set(losses).size).toBe(5);
    expect(metrics.eval_loss).toBeCloseTo(losses.reduce((sum, loss) => sum + loss) / 5, 6);
    const [a, b, c, d, e] = margins;
    expect(evaluated.map((pair) => pair["rewards/margins"])).toEqual(margins);
    expect(evaluated.map(({ row }) => row)).toEqual([0, 1, 2, 3, 4]);
    expect(metrics["eval_rewards/margins"]).toBeCloseTo(((a + b) / 2 + (c + d) / 2 + e) / 3, 10);
    expect(metrics.eval_num_tokens).toBe(9);
  });
});

describe("speedMetrics", () => {
  it("rounds as transformers does", () => {
    expect(speedMetrics("eval", 1.23456, { samples: 10, steps: 3 })).toEqual({
      eval_runtime: 1.2346,
      eval_samples_per_second: 8.1,
      eval_steps_per_second: 2.43,
    });
  });
});
