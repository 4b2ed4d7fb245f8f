/** @file The scale of a metric: the minimum range of its axis, and its value before any learning. */
import { LOSS_NAMES, type LossName, lossTraits } from "../config/options/lossTypes.ts";
import type { PlottedRun, Series } from "./series.ts";

/** A value marked on an axis. */
export interface Mark {
  value: number;
  label: string;
}

const LN2: Mark = { value: Math.LN2, label: "ln 2" };
const CHANCE: Mark = { value: 0.5, label: "0.5" };
/** Allowed distance of the first logged loss (a mean over steps) from ln 2 if the run's loss_type is not known. */
const NEAR_LN2 = 0.02;

const isAccuracy = (metric: string) => /accurac(y|ies)$/.test(metric);

/** The value of a model that prefers neither answer: ln 2 for losses that start there, 0.5 for accuracies. */
export function markOf(metric: string, runs: readonly PlottedRun[]): Mark | undefined {
  if (metric === "rewards/accuracies") return CHANCE;
  return metric === "loss" && runs.some(startsAtLn2) ? LN2 : undefined;
}

/** Judged by the run's settings; without them (a TRL run), by the first loss. */
function startsAtLn2({ settings, log_history }: PlottedRun): boolean {
  const losses = settings && [settings.loss_type].flat().filter(isLossName);
  if (losses && losses.length > 0) return losses.length === 1 && lossTraits(losses[0]).startsAtLn2 === true;
  const first = log_history.flatMap(({ loss, eval_loss }) => loss ?? eval_loss ?? []).at(0);
  return typeof first === "number" && Math.abs(first - Math.LN2) < NEAR_LN2;
}

const isLossName = (name: unknown): name is LossName => (LOSS_NAMES as unknown[]).includes(name);

/**
 * Minimum range of an axis, so that noise does not look like a trend. The DPO loss falls by a tenth of a nat when pairs
 * go from even odds to 55 : 45, which takes a margin of 0.2. Larger losses get a tenth of their value.
 */
const LEAST_LOSS = 0.1;
const LEAST_REWARD = 0.2;

/**
 * Values that the axis of a metric must include: its points, the full range of an accuracy, the mark, zero for a
 * reward, and the minimum range.
 */
export function axisValues(metric: string, series: readonly Series[], mark: Mark | undefined): number[] {
  if (isAccuracy(metric)) return [0, 1];
  const values = series.flatMap(({ points }) => points.map(({ y }) => y)).filter(Number.isFinite);
  if (mark) values.push(mark.value);
  const isReward = metric.startsWith("rewards/");
  if (isReward) values.push(0);
  if (metric !== "loss" && !isReward) return values;
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  // a loop, since spreading the values of a long run overflows the stack
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  const least = isReward ? LEAST_REWARD : Math.max(LEAST_LOSS, 0.1 * Math.max(Math.abs(low), Math.abs(high)));
  const room = Math.max(0, least - (high - low)) / 2;
  if (room === 0) return values;
  const from = low >= 0 && !isReward ? Math.max(0, low - room) : low - room; // not below 0 for positive losses
  return [from, from + least];
}
