/** @file What makes precomputed reference log-probabilities the same: their cache's place and identity. */
import { hashStoredWeights, hashTensors } from "../../checkpoints/referenceCache.ts";
import type { DPOConfig } from "../../config/DPOConfig.ts";
import type { Truncation } from "../../data/preferences/packPair.ts";
import type { Tokenizer } from "../../data/tokenizers/tokenizer.ts";
import { sha256 } from "../../formats/sha256.ts";
import { describeQuantization } from "../../models/precision/quantize.ts";
import type { Platform } from "../platform.ts";
import type { ReferenceCache } from "../run.ts";
import { type ReferenceChoice, usesReference } from "./reference.ts";

interface Subject {
  truncation: Truncation;
  tokenizer: Tokenizer;
  /** What computes: kernels of another make round differently. */
  runtime: { kind: string; version: string };
  platform: Platform;
}

/**
 * Everything that the numbers depend on besides the pairs: the reference's weights and config, lengths, template,
 * runtime. A change of any of it is another file. What they don't depend on (beta, the adapter's rank, learning rates)
 * is left out, so that a series of runs computes them once. Cost: half a second for GPT-2's weights.
 * @returns undefined where nothing is precomputed, or precompute_ref_cache is false.
 */
export async function referenceCacheOf(
  choice: ReferenceChoice,
  args: DPOConfig,
  { truncation, tokenizer, runtime, platform }: Subject,
): Promise<ReferenceCache | undefined> {
  const { precompute_ref_log_probs, precompute_ref_cache: place, ld_alpha } = args;
  if (!precompute_ref_log_probs || place === false || !usesReference(args)) return undefined;
  const { storage, machine } = platform;
  const { base, adapter, start, referenceModel, referenceAdapter } = choice;
  const model = referenceModel ?? base;
  const saved = referenceModel ? referenceAdapter : start;
  const identity = {
    format: 1,
    weights: await hashStoredWeights(model.weights, storage),
    config: model.config,
    quantization: describeQuantization(model.architecture),
    adapter: saved ? { config: saved.config, weights: hashTensors(saved.weights, storage.sha256()) } : null,
    principal: !saved && !referenceModel && adapter?.init === "pissa" ? ranksOf(adapter.layers) : null,
    ...truncation,
    ld_alpha,
    tokenizer: [...tokenizer.files].map(([name, bytes]) => [name, sha256(bytes)]),
    runtime: `${runtime.kind} ${runtime.version}, ${machine}`,
  };
  const folder = typeof place === "string" ? storage.folder(place) : storage.cacheFolder("reference_logps");
  return { folder, identity };
}

/** PiSSA's adapter and what it leaves of the base are the base together, but round in their own way. */
function ranksOf(layers: NonNullable<ReferenceChoice["adapter"]>["layers"]): [string, number][] {
  return [...layers].map(([name, { shapeA }]) => [name, shapeA[0]]);
}
