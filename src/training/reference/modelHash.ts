/** @file SHA-256 of a model's weights. */
import { hashStoredWeights } from "../../checkpoints/referenceCache.ts";
import type { Storage } from "../../disk/storage.ts";
import type { LoadedModel } from "../../models/loadedModel.ts";

/** By the weights' locations: trainers of one process often share a model. */
const hashes = new WeakMap<LoadedModel["weights"], Promise<string>>();

/**
 * SHA-256 of a model's weights as they are in its files, whatever the files are called and however they are split.
 * Reads in pieces, so that the event loop stays free; a second per 1.5 GB, once.
 */
export function hashModel({ weights }: LoadedModel, storage: Storage): Promise<string> {
  const earlier = hashes.get(weights);
  if (earlier) return earlier;
  const hash = hashStoredWeights(weights, storage);
  hashes.set(weights, hash);
  hash.catch(() => hashes.delete(weights)); // tried again
  return hash;
}
