/** @file The models that a run begins with: base model, starting adapter, reference model; hashes and settings. */
import type { SavedAdapter } from "../../checkpoints/adapter.ts";
import type { Fingerprint } from "../../checkpoints/fingerprint.ts";
import { hashTensors } from "../../checkpoints/referenceCache.ts";
import type { DPOConfig } from "../../config/DPOConfig.ts";
import type { Storage } from "../../disk/storage.ts";
import { adapterIdentity } from "../fingerprint.ts";
import { hashModel } from "../reference/modelHash.ts";
import type { TrainedModel } from "./models.ts";

type Weights = NonNullable<Fingerprint["weights"]>;

/** @returns a function that computes them when it is first called: the first step need not wait. */
export function startWeights(trained: TrainedModel, storage: Storage): () => Promise<Weights> {
  let computed: Promise<Weights> | undefined;
  return () => {
    computed ??= hashAll(trained, storage);
    computed.catch(() => {
      computed = undefined; // tried again
    });
    return computed;
  };
}

/**
 * What a model computes beside its weights: its config.json's settings, and a reference adapter's scaling. Rates of
 * dropout count only if there is dropout.
 */
export function modelSettings(
  { base, referenceModel, referenceAdapter }: Pick<TrainedModel, "base" | "referenceModel" | "referenceAdapter">,
  { disable_dropout }: Pick<DPOConfig, "disable_dropout">,
): NonNullable<Fingerprint["models"]> {
  const { dropout, ...settings } = base.architecture.settings;
  const { dropout: _, ...reference } = referenceModel?.architecture.settings ?? {};
  return {
    model: disable_dropout ? settings : { ...settings, dropout },
    ...(referenceModel ? { ref_model: reference } : {}),
    ...(referenceAdapter ? { "ref_model's adapter": adapterIdentity(referenceAdapter.config, null) } : {}),
  };
}

async function hashAll(
  { base, start, referenceModel, referenceAdapter }: TrainedModel,
  storage: Storage,
): Promise<Weights> {
  const tensors = (adapter: SavedAdapter) => hashTensors(adapter.weights, storage.sha256());
  return {
    model: await hashModel(base, storage),
    ...(start ? { adapter: tensors(start) } : {}),
    ...(referenceModel ? { ref_model: await hashModel(referenceModel, storage) } : {}),
    ...(referenceAdapter ? { "ref_model's adapter": tensors(referenceAdapter) } : {}),
  };
}
