/** @file What makes precomputed reference log-probabilities the same: their cache's place and identity. */
import { createHash } from "node:crypto";
import { hashStoredWeights, hashTensors, referenceCacheFolder } from "../../checkpoints/referenceCache.ts";
import type { DPOConfig } from "../../config/DPOConfig.ts";
import type { Truncation } from "../../data/preferences/packPair.ts";
import type { Tokenizer } from "../../data/tokenizers/tokenizer.ts";
import { describeQuantization } from "../../models/precision/quantize.ts";
import { usesReference } from "../objective.ts";
import type { ReferenceCache, ReferenceChoice } from "./reference.ts";

interface Subject {
  truncation: Truncation;
  tokenizer: Tokenizer;
  /** What computes: kernels of another make round differently. */
  runtime: { kind: string; version: string };
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
  { truncation, tokenizer, runtime }: Subject,
): Promise<ReferenceCache | undefined> {
  const { precompute_ref_log_probs, precompute_ref_cache: place, ld_alpha } = args;
  if (!precompute_ref_log_probs || place === false || !usesReference(args)) return undefined;
  const { base, lora, start, reference, referenceAdapter } = choice;
  const model = reference ?? base;
  const adapter = reference ? referenceAdapter : start;
  const identity = {
    format: 1,
    weights: await hashStoredWeights(model.weights),
    config: model.config,
    quantization: describeQuantization(model.architecture),
    adapter: adapter ? { config: adapter.config, weights: hashTensors(adapter.weights) } : null,
    principal: !adapter && !reference && lora?.init === "pissa" ? ranksOf(lora.layers) : null,
    ...truncation,
    ld_alpha,
    tokenizer: [...tokenizer.files].map(([name, bytes]) => [name, createHash("sha256").update(bytes).digest("hex")]),
    runtime: `${runtime.kind} ${runtime.version}, ${process.platform} ${process.arch}`,
  };
  return { folder: typeof place === "string" ? place : referenceCacheFolder(), identity };
}

/** PiSSA's adapter and what it leaves of the base are the base together, but round in their own way. */
function ranksOf(layers: NonNullable<ReferenceChoice["lora"]>["layers"]): [string, number][] {
  return [...layers].map(([name, { shapeA }]) => [name, shapeA[0]]);
}
