/** @file The cache of precomputed reference log-probabilities: its folder and its key. */
import { hashTensors } from "../../checkpoints/referenceCache.ts";
import type { DPOConfig } from "../../config/DPOConfig.ts";
import type { Truncation } from "../../data/preferences/packPair.ts";
import type { Tokenizer } from "../../data/tokenizers/tokenizer.ts";
import { sha256 } from "../../formats/sha256.ts";
import { describeQuantization } from "../../models/precision/quantize.ts";
import type { Platform } from "../platform.ts";
import type { ReferenceCache } from "../run.ts";
import { hashModel } from "./modelHash.ts";
import { type ReferenceChoice, usesReference } from "./reference.ts";

interface Subject {
  truncation: Truncation;
  tokenizer: Tokenizer;
  /** ONNX Runtime's kind and version: kernels of another version round differently. */
  runtime: { kind: string; version: string };
  platform: Platform;
}

/**
 * Everything that the log-probabilities depend on besides the pairs: the reference's weights and config, lengths,
 * template, runtime. A change of any of these gives another file. Settings without an effect on them (beta, the
 * adapter's rank, learning rates) are left out, so a series of runs computes them once. Cost: half a second for GPT-2.
 * @returns undefined when nothing is precomputed, or precompute_ref_cache is false.
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
    weights: await hashModel(model, storage),
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

/** PiSSA's adapter and the remaining base add up to the base model, but with rounding that depends on the ranks. */
function ranksOf(layers: NonNullable<ReferenceChoice["adapter"]>["layers"]): [string, number][] {
  return [...layers].map(([name, { shapeA }]) => [name, shapeA[0]]);
}
