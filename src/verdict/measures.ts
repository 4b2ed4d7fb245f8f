/** @file The numbers of a log that a verdict is drawn from. */

import { largest, smallest } from "../lists.ts";
import type { RunFacts } from "./facts.ts";

/** One entry of log_history; Python's logs may have null where a value was not finite. */
export type LoggedEntry = Readonly<Record<string, number | null>>;

/** How much more likely, in nats, whole answers became since the start; a mean over pairs. */
export interface Move {
  chosen: number;
  rejected: number;
  /** chosen - rejected, which DPO raises. */
  margin: number;
}

/** The losses of one evaluation set. */
export interface EvaluatedSet {
  /** What its metrics begin with: eval, eval_NAME. */
  name: string;
  evaluations: number;
  first: number;
  best: number;
  best_step: number;
  /** The lower of the last two: one evaluation is no trend. */
  last: number;
  /** Whether the training loss was still falling after the best evaluation. */
  fell_since: boolean;
  /** rewards/accuracies of the last evaluation; null: not logged. */
  accuracy: number | null;
  /** Nats by which the margin of whole answers had grown then; null where the reference is not the start. */
  margin: number | null;
}

/** The first logged value, and the mean over the last third. */
export interface Course {
  first: number;
  last: number;
}

export interface Measures {
  /** Entries of training. */
  points: number;
  is_finite: boolean;
  loss: Course;
  /** mean_token_accuracy and entropy of the model on the answers; null: not logged. */
  token_accuracy: Course | null;
  entropy: Course | null;
  /** rewards/accuracies and rewards/margins, means over the last third; null: not logged. */
  accuracy: number | null;
  margin: number | null;
  /** Null: the log does not show it. */
  moved: Move | null;
  /**
   * In standard errors of the last third: its mean of rewards/margins where these began at 0 (a reference that is the
   * start), else their growth since the first third. Null: too few points.
   */
  certainty: number | null;
  /** Nats that chosen answers lost, and the size of logps/chosen at the start. */
  chosen_lost: number | null;
  chosen_scale: number;
  /** Median gradient norm of the last third, by the largest; null: not logged. */
  grad_share: number | null;
  evaluated: EvaluatedSet[];
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);

/** The values of a metric in the order of the log. */
const valuesOf = (log: readonly LoggedEntry[], name: string) =>
  log.flatMap((entry) => entry[name] ?? []).filter(isNumber);

/** The last third, which is past most of the learning, and never fewer than three. */
const lastThird = <T>(values: readonly T[]) => values.slice(-Math.max(3, Math.ceil(values.length / 3)));
const firstThird = <T>(values: readonly T[]) => values.slice(0, Math.max(3, Math.ceil(values.length / 3)));
const meanOrNull = (values: readonly number[]) => (values.length > 0 ? mean(values) : null);

/** @param log log_history as it is. */
export function measure(log: readonly LoggedEntry[], facts: RunFacts): Measures {
  const train = log.filter((entry) => "loss" in entry);
  const losses = valuesOf(train, "loss");
  const gradients = valuesOf(train, "grad_norm");
  const areFinite = train.every(({ loss, grad_norm = 0 }) => isNumber(loss) && isNumber(grad_norm));
  const steepest = largest(gradients);
  return {
    points: train.length,
    is_finite: areFinite,
    loss: courseOf(losses) ?? { first: 0, last: 0 },
    token_accuracy: courseOf(valuesOf(train, "mean_token_accuracy")),
    entropy: courseOf(valuesOf(train, "entropy")),
    accuracy: meanOrNull(lastThird(valuesOf(train, "rewards/accuracies"))),
    margin: meanOrNull(lastThird(valuesOf(train, "rewards/margins"))),
    moved: movedByRewards(train, facts) ?? movedByEvaluations(log),
    certainty: certaintyOf(valuesOf(train, "rewards/margins"), facts),
    ...chosenLoss(train, facts),
    grad_share: steepest > 0 ? median(lastThird(gradients)) / steepest : null,
    evaluated: evaluatedSets(log, train, facts),
  };
}

const courseOf = (values: readonly number[]): Course | null =>
  values.length > 0 ? { first: values[0], last: mean(lastThird(values)) } : null;

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1];

/** Rewards are beta times the log-ratio to the model at the start: divided by beta they say how far it has moved. */
function movedByRewards(train: readonly LoggedEntry[], { reference, beta }: RunFacts): Move | null {
  if (reference !== "start" || beta <= 0) return null;
  const at = (side: string) => meanOrNull(lastThird(valuesOf(train, `rewards/${side}`)));
  const [chosen, rejected] = [at("chosen"), at("rejected")];
  if (chosen === null || rejected === null) return null;
  return { chosen: chosen / beta, rejected: rejected / beta, margin: (chosen - rejected) / beta };
}

/** Between an evaluation before the first step (eval_on_start) and the last one: the same pairs, so no noise. */
function movedByEvaluations(log: readonly LoggedEntry[]): Move | null {
  const moves = setNames(log).flatMap((name): Move[] => {
    const entries = log.filter((entry) => `${name}_logps/chosen` in entry);
    const [first, last] = [entries[0], entries[entries.length - 1]];
    if (entries.length < 2 || first.step !== 0) return [];
    const by = (side: string) => Number(last[`${name}_logps/${side}`]) - Number(first[`${name}_logps/${side}`]);
    const [chosen, rejected] = [by("chosen"), by("rejected")];
    return isNumber(chosen) && isNumber(rejected) ? [{ chosen, rejected, margin: chosen - rejected }] : [];
  });
  if (moves.length === 0) return null;
  const average = (part: keyof Move) => mean(moves.map((move) => move[part]));
  return { chosen: average("chosen"), rejected: average("rejected"), margin: average("margin") };
}

function certaintyOf(margins: readonly number[], { reference }: RunFacts): number | null {
  if (margins.length < 6) return null;
  const last = lastThird(margins);
  const variance = (all: readonly number[]) => mean(all.map((value) => (value - mean(all)) ** 2)) / (all.length - 1);
  if (reference === "start") return ratio(mean(last), Math.sqrt(variance(last)));
  const first = firstThird(margins);
  return ratio(mean(last) - mean(first), Math.sqrt(variance(first) + variance(last)));
}

/** Values that are all the same are certain; JSON has no infinity. */
const ratio = (value: number, error: number) => value / Math.max(error, 1e-6 * Math.abs(value), Number.MIN_VALUE);

/** Without a reference that is the start, other pairs at the end than at the start: good for large losses only. */
function chosenLoss(train: readonly LoggedEntry[], { reference, beta }: RunFacts) {
  const logps = valuesOf(train, "logps/chosen");
  if (logps.length === 0) return { chosen_lost: null, chosen_scale: 0 };
  const last = mean(lastThird(logps));
  const rewards = valuesOf(train, "rewards/chosen");
  if (reference === "start" && beta > 0 && rewards.length > 0) {
    const lost = -mean(lastThird(rewards)) / beta;
    return { chosen_lost: lost, chosen_scale: Math.abs(last + lost) };
  }
  return { chosen_lost: logps[0] - last, chosen_scale: Math.abs(logps[0]) };
}

/** eval, or eval_NAME of each of several sets. */
function setNames(log: readonly LoggedEntry[]): string[] {
  const names = log.flatMap((entry) => Object.keys(entry).filter((name) => /^eval(_.+)?_loss$/.test(name)));
  return [...new Set(names)].map((name) => name.slice(0, -"_loss".length));
}

function evaluatedSets(
  log: readonly LoggedEntry[],
  train: readonly LoggedEntry[],
  { reference, beta }: RunFacts,
): EvaluatedSet[] {
  return setNames(log).flatMap((name): EvaluatedSet[] => {
    const points = log.flatMap((entry) => {
      const loss = entry[`${name}_loss`];
      return isNumber(loss) ? [{ loss, step: entry.step ?? 0 }] : [];
    });
    if (points.length === 0) return [];
    const accuracy = valuesOf(log, `${name}_rewards/accuracies`).at(-1) ?? null;
    const margin = valuesOf(log, `${name}_rewards/margins`).at(-1) ?? null;
    const best = points.reduce((least, point) => (point.loss < least.loss ? point : least));
    return [
      {
        name,
        evaluations: points.length,
        first: points[0].loss,
        best: best.loss,
        best_step: best.step,
        last: smallest(points.slice(-2).map(({ loss }) => loss)),
        fell_since: fellSince(train, best.step),
        accuracy,
        margin: margin !== null && reference === "start" && beta > 0 ? margin / beta : null,
      },
    ];
  });
}

/** Whether the training loss at the end is below what it was around a step. */
function fellSince(train: readonly LoggedEntry[], step: number): boolean {
  const until = valuesOf(
    train.filter((entry) => (entry.step ?? 0) <= step),
    "loss",
  ).slice(-3);
  const then = until.length > 0 ? mean(until) : valuesOf(train, "loss")[0];
  const after = valuesOf(
    train.filter((entry) => (entry.step ?? 0) > step),
    "loss",
  ).slice(-3);
  return after.length > 0 && mean(after) < then;
}
