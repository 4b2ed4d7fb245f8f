/** @file What makes a run the same run, on checkpoints of earlier versions too. */
import { expect, test } from "vitest";
import { DPOConfig } from "../config/DPOConfig.ts";
import { fingerprintOf } from "./trainingArguments.ts";

test("the hashes of data and tensors stay those that checkpoints hold", async () => {
  const train = [
    { prompt_ids: [1, 2], chosen_ids: [3], rejected_ids: [50256, 4] },
    { prompt_ids: [], chosen_ids: [7, 8, 9], rejected_ids: [10] },
  ];
  const evals = new Map([["eval", train.slice(1)]]);
  const trainable = [{ name: "a.weight", shape: [2, 3] }];
  const { data, objective } = await fingerprintOf({
    args: DPOConfig(),
    maxLength: 10,
    train,
    evals,
    adapter: null,
    trainable,
  });
  // Made with node:crypto at 43e7fb2: little-endian int32, each list behind its length; the tensors' as JSON.
  expect(data).toEqual({
    train_dataset: "2 pairs, sha256 c907a9caaeb35db9",
    eval_dataset: "1 pairs, sha256 7e62ada80594fcb7",
  });
  expect(objective).toMatchObject({ trainable: "0cfeab6418fbbf3b" });
});
