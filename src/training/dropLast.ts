/** @file dataloader_drop_last: batches that are not whole are left out, of an epoch as of an evaluation. */
import { countBatches } from "./plan.ts";
import { evaluationSetName } from "./prepare/data.ts";
import type { Run } from "./run.ts";

/**
 * Warns of pairs that the run never looks at: transformers says nothing. In a random order it is other pairs in every
 * epoch, which needs no warning.
 * @throws PrefineError("data") for an evaluation set that is smaller than a batch.
 */
export function checkDropped({ args, train, evals, plan, observer }: Run): void {
  if (!args.dataloader_drop_last) return;
  const batchSize = args.per_device_eval_batch_size;
  for (const { prefix, pairs } of evals) {
    const set = evaluationSetName(prefix);
    const dropped = pairs.length - batchSize * countBatches(pairs.length, { batchSize, dropLast: true, set });
    if (dropped > 0) observer.warn(unseen(dropped, `${pairs.length} pairs of ${set} are never evaluated`));
  }
  const left = train.pairs.length - plan.batchSize * plan.batchesPerEpoch;
  if (left > 0 && args.train_sampling_strategy === "sequential")
    observer.warn(unseen(left, `${train.pairs.length} pairs of train_dataset are never trained on`));
}

const unseen = (count: number, rest: string) => `dataloader_drop_last: the last ${count} of ${rest}`;
