/** @file A learning rate that depends on evaluation results: the only writer of `loop.adaptive`. */
import { continueAdaptive } from "../../optim/adaptiveSchedules.ts";
import type { AdaptiveRate } from "../loopState.ts";
import type { Run } from "../run.ts";
import { metricOf } from "./bestModel.ts";

/** Starts afresh: a checkpoint without an optimizer has no state of the rate for it, as in transformers. */
export function restartRate(run: Pick<Run, "adaptive" | "loop">): void {
  const adaptive: AdaptiveRate = run.loop.adaptive;
  adaptive.state = null;
  continueRate(run);
}

/** Starts afresh, or from the state that a checkpoint has put into `loop` if it is of the same schedule. */
export function continueRate({ adaptive: schedule, loop }: Pick<Run, "adaptive" | "loop">): void {
  const adaptive: AdaptiveRate = loop.adaptive;
  adaptive.state = continueAdaptive(schedule, adaptive.state);
}

/** Updates the learning rate after an evaluation: Trainer._evaluate. */
export function adaptRate({ args, loop, adaptive: schedule }: Run, metrics: Record<string, number>): void {
  const adaptive: AdaptiveRate = loop.adaptive;
  if (!schedule || !adaptive.state) return;
  adaptive.state = schedule.next(adaptive.state, metricOf(metrics, args.metric_for_best_model ?? "loss"));
}
