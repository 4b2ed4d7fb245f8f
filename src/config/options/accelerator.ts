/** @file How accelerate feeds the devices: transformers' AcceleratorConfig (5.23), the value of accelerator_config. */
import { atLeast, bool, int, json, nullable } from "../kinds.ts";
import { group, noEffect, notYet, same } from "../option.ts";

const SUMMED = "gradients of processes are summed once per optimizer step: the same mean";

export const ACCELERATOR_OPTIONS = group("AcceleratorConfig", {
  split_batches: noEffect(
    bool,
    false,
    "Split batches across devices.",
    "one process has all of a batch; of several processes, each has batches of its own: true is an error there",
  ),
  dispatch_batches: noEffect(
    nullable(bool),
    null,
    "Load data in the main process only.",
    "each process loads its own data; true is an error for several processes, except with a stream, for which TRL " +
      "sets it to false",
  ),
  even_batches: noEffect(
    bool,
    true,
    "Repeat rows so that all devices have equally many.",
    "one process has all rows; several processes must have equally many: false is an error there",
  ),
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
