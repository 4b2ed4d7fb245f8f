/** @file Which rows each rank of a job trains and evaluates on: as in TRL's runs on 2 and 3 processes. */
import { describe, expect, test } from "vitest";
import { clusterNames, isOtherCluster, needsCluster, readClusterCase } from "../../test/support/clusterCases.ts";
import { epochOrder } from "../data/preferences/sampling.ts";
import {
  batchesOf,
  countBatches,
  endsEpoch,
  epochAfter,
  placesOf,
  planTraining,
  positionAfter,
  rowsOf,
} from "./plan.ts";

describe.skipIf(clusterNames.length === 0)(`TRL's runs on several processes${needsCluster}`, () => {
  test.skipIf(isOtherCluster)("are twelve", () => expect(clusterNames).toHaveLength(12));

  test.each(clusterNames)("%s", (name) => {
    const { world, rows_kept, max_steps, dpo_config, order, eval_order, log, evalRows } = readClusterCase(name);
    const plan = planTraining(rows_kept, { max_steps: -1, ...dpo_config, ranks: world });
    expect(plan.maxSteps).toBe(max_steps);
    expect(order).toHaveLength(world);
    for (const rank of order.keys()) expect(trainedRows(plan, rank)).toEqual(order[rank]);
    const logged = log.flatMap(({ epoch, loss }) => (loss === undefined ? [] : [epoch]));
    const steps = Array.from({ length: plan.maxSteps }, (_, step) => epochAfter(plan, positionAfter(plan, step)));
    expect(steps).toEqual(logged.map((epoch) => expect.closeTo(epoch, 9)));

    const { per_device_eval_batch_size: batchSize, dataloader_drop_last: dropLast = false } = dpo_config;
    const batches = countBatches(evalRows, { batchSize, dropLast, ranks: world, set: "eval_dataset" });
    const evaluations = eval_order[0].length / batches;
    for (const rank of eval_order.keys()) {
      const pass = { rows: evalRows, batchSize, ranks: world };
      const once = Array.from({ length: batches }, (_, i) => placesOf(pass, i, rank));
      expect(Array.from({ length: evaluations }, () => once).flat()).toEqual(eval_order[rank]);
    }
  });
});

/** All micro-batches of a run, step by step. */
function trainedRows(plan: ReturnType<typeof planTraining>, rank: number): number[][] {
  return Array.from({ length: plan.maxSteps }, (_, step) => {
    const position = positionAfter(plan, step);
    const order = epochOrder({ n: plan.rows, epoch: position.epoch, seed: 42, strategy: "random" });
    return batchesOf(plan, position).map((batch) => rowsOf(plan, batch, order, rank));
  }).flat();
}

describe("accelerate's BatchSamplerShard", () => {
  /** Transcribed from accelerate 1.15's _iter_with_no_split: all batches of one rank. */
  function shardOf({ rows, size, ranks, rank }: { rows: number; size: number; ranks: number; rank: number }) {
    const batches: number[][] = [];
    for (let at = 0; at < rows; at += size) {
      batches.push(Array.from({ length: Math.min(size, rows - at) }, (_, i) => at + i));
    }
    const given: number[][] = [];
    let initial: number[] = [];
    let own: number[] = [];
    let index = 0;
    let batch: number[] = [];
    for ([index, batch] of batches.entries()) {
      if (index < ranks) initial.push(...batch);
      if (index % ranks === rank) own = batch;
      if (index % ranks !== ranks - 1 || batch.length !== size) continue;
      given.push(own);
      own = [];
    }
    if (own.length === size) given.push(own);
    while (initial.length < ranks * size) initial = [...initial, ...initial];
    if (batch.length === size) {
      batch = [];
      index += 1;
    }
    for (let at = 0; index % ranks !== 0 || batch.length > 0; index++, batch = []) {
      const end = at + size - batch.length;
      const filled = [...batch, ...initial.slice(at, end)];
      if (index % ranks === rank) given.push(filled);
      at = end;
    }
    return given;
  }

  test("for every number of rows, of pairs per batch and of ranks", () => {
    let compared = 0;
    for (let rows = 1; rows <= 26; rows++) {
      for (let size = 1; size <= 5; size++) {
        for (let ranks = 2; ranks <= 5; ranks++) {
          const batches = countBatches(rows, { batchSize: size, ranks, set: "rows" });
          for (let rank = 0; rank < ranks; rank++) {
            const own = Array.from({ length: batches }, (_, i) => placesOf({ rows, batchSize: size, ranks }, i, rank));
            expect(own, `${rows} rows, ${size} per batch, rank ${rank} of ${ranks}`).toEqual(
              shardOf({ rows, size, ranks, rank }),
            );
            compared++;
          }
        }
      }
    }
    expect(compared).toBe(26 * 5 * (2 + 3 + 4 + 5));
  });
});

test("dataloader_drop_last needs a whole batch for every rank", () => {
  const options = { batchSize: 2, dropLast: true, ranks: 3, set: "train_dataset" };
  expect(countBatches(6, options)).toBe(1);
  expect(countBatches(13, options)).toBe(2);
  expect(() => countBatches(5, options)).toThrow(
    "train_dataset: expected at least one batch of 2 pairs for each of 3 ranks with dataloader_drop_last, found 5",
  );
});

test("samples of a run: those of all ranks", () => {
  const args = { num_train_epochs: 2, per_device_train_batch_size: 2, gradient_accumulation_steps: 3 };
  expect(planTraining(11, { ...args, max_steps: 4, ranks: 2 })).toMatchObject({ samples: 48, stepsPerEpoch: 1 });
  expect(planTraining(11, { ...args, max_steps: -1, ranks: 2 })).toMatchObject({ samples: 22, maxSteps: 2 });
});

test("one process has a smaller last batch instead", () => {
  const plan = planTraining(5, {
    max_steps: -1,
    num_train_epochs: 1,
    per_device_train_batch_size: 2,
    gradient_accumulation_steps: 2,
  });
  const order = [4, 3, 2, 1, 0];
  expect(batchesOf(plan, { epoch: 0, step: 1 }).map((batch) => rowsOf(plan, batch, order))).toEqual([[0]]);
  expect(endsEpoch(plan, { epoch: 0, step: 1 })).toBe(true);
});
