/** @file SHA-256 of the weights that a run begins with: base model, starting adapter, reference model. */
import type { SavedAdapter } from "../../checkpoints/adapter.ts";
import type { Fingerprint } from "../../checkpoints/fingerprint.ts";
import { hashTensors } from "../../checkpoints/referenceCache.ts";
import type { Storage } from "../../disk/storage.ts";
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
