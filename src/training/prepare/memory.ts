/** @file Whether a training fits into memory; where nothing was said, gradient checkpointing makes room. */
import type { DPOConfig } from "../../config/DPOConfig.ts";
import type { PackedSize } from "../../data/preferences/packPair.ts";
import type { LearnerOptions } from "../../dpo/learnerOptions.ts";
import { checkMemory, needsCheckpointing } from "../../dpo/memoryNeed.ts";
import type { RunObserver } from "../run.ts";

/**
 * @returns `options`, with gradient checkpointing as the config says or memory asks for.
 * @throws PrefineError("training") when it does not fit even so.
 */
export function withinMemory(
  options: LearnerOptions,
  { args, largest, observer }: { args: DPOConfig; largest: PackedSize; observer: RunObserver },
): LearnerOptions {
  const pairsPerStep = args.per_device_train_batch_size * args.gradient_accumulation_steps;
  const asked = args.activation_checkpointing ?? args.gradient_checkpointing;
  const gradientCheckpointing = asked ?? needsCheckpointing({ ...options, pairsPerStep }, largest);
  if (asked === null && gradientCheckpointing) {
    observer.warn("gradient_checkpointing: memory is short, so layers are computed again in the backward pass");
  }
  const fitted = { ...options, gradientCheckpointing };
  checkMemory({ ...fitted, pairsPerStep }, largest);
  return fitted;
}
