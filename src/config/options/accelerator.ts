/** @file How accelerate feeds the devices: transformers' AcceleratorConfig (5.23), the value of accelerator_config. */
import { atLeast, bool, int, json, nullable } from "../kinds.ts";
import { group, noEffect, notYet, same } from "../option.ts";

const UNSPLIT = "a process of its own has no batches to share; under mpirun only the default works";
const SUMMED = "gradients of processes are summed once per optimizer step: the same mean";

export const ACCELERATOR_OPTIONS = group("AcceleratorConfig", {
  split_batches: noEffect(bool, false, "Split batches across devices.", UNSPLIT),
  dispatch_batches: noEffect(nullable(bool), null, "Load data in the main process only.", UNSPLIT),
  even_batches: noEffect(bool, true, "Repeat rows so that all devices have equally many.", UNSPLIT),
  use_seedable_sampler: notYet(bool, true, "Shuffle each epoch by seed and epoch.", {
    note: "false would shuffle with torch's global generator",
  }),
  non_blocking: noEffect(
    bool,
    false,
    "Copy batches to the GPU asynchronously.",
    "pairs are handed over as they are needed",
  ),
  gradient_accumulation_kwargs: same(nullable(json), null, "GradientAccumulationPlugin settings: num_steps."),
  use_configured_state: noEffect(
    bool,
    false,
    "Use the AcceleratorState that is already initialized.",
    "prefine has no such state",
  ),
});

/** accelerate's GradientAccumulationPlugin. */
export const ACCUMULATION_OPTIONS = group("GradientAccumulationPlugin", {
  num_steps: same(nullable(atLeast(1, int)), null, "Same as gradient_accumulation_steps."),
  adjust_scheduler: noEffect(
    bool,
    true,
    "Adjust the scheduler for gradient accumulation.",
    "transformers' Trainer steps the schedule itself",
  ),
  sync_with_dataloader: noEffect(
    bool,
    true,
    "Take a step at the end of the data.",
    "transformers' Trainer always does",
  ),
  sync_each_batch: noEffect(bool, false, "Synchronize gradients after each batch.", SUMMED),
});
