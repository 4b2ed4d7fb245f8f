/** @file Which reference a run has: its description, whether it ties with the policy at the start, what is refused. */

import type { SavedAdapter } from "../../checkpoints/adapter.ts";
import type { DPOConfig } from "../../config/DPOConfig.ts";
import { needsReference } from "../../dpo/losses/losses.ts";
import { PrefineError } from "../../errors.ts";
import type { LoraAdapter } from "../../models/adapters/lora.ts";
import type { LoadedModel } from "../../models/loadedModel.ts";
import type { Architecture } from "../../models/network.ts";
import { counted } from "../../phrases.ts";
import type { ReferenceFacts } from "../run.ts";

/** The models and adapters that determine the reference. */
export interface ReferenceChoice {
  base: LoadedModel;
  /** Null: all weights are trained. */
  adapter: Pick<LoraAdapter, "init" | "layers"> | null;
  /** The adapter that the training starts from, if any. */
  start: SavedAdapter | undefined;
  /** A separate model, from ref_model. */
  referenceModel: LoadedModel | undefined;
  referenceAdapter: SavedAdapter | undefined;
}

/** False if every loss depends on the policy alone. */
export const usesReference = ({ loss_type }: DPOConfig): boolean => needsReference(loss_type);

/** TRL's rule: ref_model if given, else the policy before the first step. */
export function referenceFacts(choice: ReferenceChoice, args: DPOConfig): ReferenceFacts {
  if (!usesReference(args)) return { description: `none: ${args.loss_type.join(", ")} needs none`, tiesAtStart: false };
  const { sync_ref_model, ref_model_mixup_alpha: alpha, ref_model_sync_steps: steps } = args;
  const moves = sync_ref_model
    ? `, moved by ${alpha} toward the policy every ${steps === 1 ? "step" : `${steps} steps`}`
    : "";
  const precomputed = args.precompute_ref_log_probs ? ", its log-probabilities computed before the first step" : "";
  return {
    description: `${nameOf(choice)}${moves}${precomputed}`,
    // a fresh adapter may start from random values, the reference does not
    tiesAtStart: choice.referenceModel === undefined && (choice.start !== undefined || choice.adapter?.init !== false),
  };
}

function nameOf({ base, adapter, start, referenceModel, referenceAdapter }: ReferenceChoice): string {
  if (referenceModel)
    return `${referenceModel.nameOrPath}${referenceAdapter ? " with its adapter" : ""}, another model`;
  if (!adapter) return `a frozen copy of ${base.nameOrPath} from before the first step`;
  const isStart = start !== undefined || adapter.init === "pissa"; // PiSSA: the base lacks the adapter's part
  return isStart
    ? "a frozen copy of the adapter from before the first step"
    : `${base.nameOrPath} with the adapter off`;
}

/**
 * Checks that a separate reference model can read the same pairs, and has the policy's shape if weights are mixed.
 * @param limits.maxLength longest sequence of the data; null: no limit.
 * @throws PrefineError("config") if not.
 */
export function checkReferenceModel(
  { base, adapter, referenceModel, referenceAdapter }: ReferenceChoice,
  args: DPOConfig,
  { maxLength }: { maxLength: number | null },
): void {
  const { sync_ref_model } = args;
  if (sync_ref_model && !usesReference(args)) {
    const message = `sync_ref_model: expected a loss_type with a reference, found ${args.loss_type.join(", ")}`;
    throw new PrefineError("config", message, "Remove it: there is no reference to move.");
  }
  if (!referenceModel) return;
  const where = `ref_model ${referenceModel.nameOrPath}`;
  const [own, other] = [base.architecture, referenceModel.architecture];
  if (maxLength !== null && other.maxPositions < maxLength) {
    const expected = `expected at least ${counted(maxLength, "position")} (max_length)`;
    const message = `${where}: ${expected}, found ${other.maxPositions}`;
    throw new PrefineError("config", message, `Set max_length to ${other.maxPositions} or less.`);
  }
  if (other.vocabSize < own.vocabSize) {
    const expected = `expected a vocabulary of ${counted(own.vocabSize, "token")} or more`;
    const message = `${where}: ${expected}, found ${other.vocabSize}`;
    throw new PrefineError("config", message, "Policy and reference must have the same tokens.");
  }
  if (sync_ref_model) checkMixing({ base, adapter, referenceAdapter }, other, where);
}

/** For sync_ref_model, which moves a separate model's weights toward the policy's. */
function checkMixing(
  { base, adapter, referenceAdapter }: Pick<ReferenceChoice, "base" | "adapter" | "referenceAdapter">,
  other: Architecture,
  where: string,
): void {
  const own = base.architecture;
  if (other.quantized) {
    const message = `${where}: expected float32 weights to mix with the model's, found quantized ones`;
    throw new PrefineError("config", message);
  }
  if (adapter || referenceAdapter) {
    const hint = "Leave ref_model out: the reference is then a copy of the adapter, whose weights are mixed.";
    throw new PrefineError("config", `${where}: expected none with sync_ref_model and an adapter`, hint);
  }
  const wrong = [...own.parameters].find(([name, shape]) => other.parameters.get(name)?.join() !== shape.join());
  if (wrong) {
    const [name, shape] = wrong;
    const shapeThere = other.parameters.get(name);
    const actual = shapeThere ? `[${shapeThere}]` : "none";
    const message = `${where}: expected ${name} of shape [${shape}] to mix with the model's, found ${actual}`;
    throw new PrefineError("config", message, "sync_ref_model needs a reference of the model's shape.");
  }
}
