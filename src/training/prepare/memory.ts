/** @file Whether a training fits into memory; where nothing was said, gradient checkpointing makes room. */
import type { DPOConfig } from "../../config/DPOConfig.ts";
import type { PackedSize } from "../../data/preferences/packPair.ts";
import type { LearnerOptions } from "../../dpo/learnerOptions.ts";
import { memoryDemand, needsCheckpointing } from "../../dpo/memoryNeed.ts";
import type { Platform } from "../platform.ts";
import type { RunObserver } from "../run.ts";

interface Fitting {
  args: DPOConfig;
  /** The longest pair. */
  largest: PackedSize;
  observer: RunObserver;
  memory: Platform["memory"];
}

/**
 * @returns `options`, with gradient checkpointing as the config says or memory asks for.
 * @throws PrefineError("training") when it does not fit even so.
 */
export function withinMemory(options: LearnerOptions, { args, largest, observer, memory }: Fitting): LearnerOptions {
  const pairsPerStep = args.per_device_train_batch_size * args.gradient_accumulation_steps;
  const asked = args.activation_checkpointing ?? args.gradient_checkpointing;
  const gradientCheckpointing = asked ?? needsCheckpointing({ ...options, pairsPerStep }, largest, memory.available());
  if (asked === null && gradientCheckpointing) {
    observer.warn("gradient_checkpointing: memory is short, so layers are computed again in the backward pass");
  }
  const fitted = { ...options, gradientCheckpointing };
  memory.refuseBeyond(memoryDemand({ ...fitted, pairsPerStep }, largest));
  return fitted;
}
