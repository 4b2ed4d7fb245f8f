/** @file What to know before training a model whose rotary frequencies change with a text's length (LongRoPE). */
import type { DPOConfig } from "../../config/DPOConfig.ts";
import type { Architecture } from "../../models/network.ts";

type BatchSizes = Pick<DPOConfig, "per_device_train_batch_size" | "per_device_eval_batch_size">;

/**
 * TRL pads a batch to its longest text, and transformers takes the frequencies of that length for all of it.
 * @param length of the longest text that the run may have.
 * @returns the warning; undefined if every batch has TRL's values.
 */
export function mixedRotations(
  { cacheLimit }: Pick<Architecture, "cacheLimit">,
  { per_device_train_batch_size, per_device_eval_batch_size }: BatchSizes,
  length: number,
): string | undefined {
  const largest = Math.max(per_device_train_batch_size, per_device_eval_batch_size);
  if (cacheLimit === undefined || length <= cacheLimit || largest === 1) return undefined;
  return (
    `max_length: above ${cacheLimit} tokens this model's rotary frequencies change (LongRoPE): here by the pair, in ` +
    "TRL by the longest text of a batch; batches of longer and shorter pairs give other values than TRL's, " +
    "unless per_device_train_batch_size and per_device_eval_batch_size are 1"
  );
}
