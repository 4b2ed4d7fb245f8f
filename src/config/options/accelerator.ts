/** @file How accelerate feeds the devices: transformers' AcceleratorConfig (5.23), the value of accelerator_config. */
import { atLeast, bool, int, json, nullable } from "../kinds.ts";
import { group, noEffect, notYet, same } from "../option.ts";

const ONE_DEVICE = "prefine trains on one device";

export const ACCELERATOR_OPTIONS = group("AcceleratorConfig", {
  split_batches: noEffect(bool, false, "Split batches over the devices.", ONE_DEVICE),
  dispatch_batches: noEffect(nullable(bool), null, "Load in the main process only.", ONE_DEVICE),
  even_batches: noEffect(bool, true, "Repeat rows until all devices have as many.", ONE_DEVICE),
  use_seedable_sampler: notYet(bool, true, "Draw the order of an epoch by seed and epoch.", {
    note: "torch's generator of the whole process would draw it",
  }),
  non_blocking: noEffect(bool, false, "Move batches to the GPU in the background.", ONE_DEVICE),
  gradient_accumulation_kwargs: same(nullable(json), null, "Of GradientAccumulationPlugin: num_steps."),
  use_configured_state: noEffect(bool, false, "Take the process's own AcceleratorState.", ONE_DEVICE),
});

/** accelerate's GradientAccumulationPlugin. */
export const ACCUMULATION_OPTIONS = group("GradientAccumulationPlugin", {
  num_steps: same(nullable(atLeast(1, int)), null, "Stands for gradient_accumulation_steps."),
  adjust_scheduler: noEffect(bool, true, "Adjust the schedule.", "transformers' Trainer steps the schedule itself"),
  sync_with_dataloader: noEffect(bool, true, "Step at the end of the data.", "transformers' Trainer always does"),
  sync_each_batch: noEffect(bool, false, "Synchronize gradients at each batch.", ONE_DEVICE),
});
