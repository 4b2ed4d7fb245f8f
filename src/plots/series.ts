/** @file log_history -> plot lines: points per metric, run and split, smoothed and thinned out. */

import { checkValue, describeValue, isPromise } from "../arguments.ts";
import { nearestName, PrefineError, show } from "../errors.ts";
import { pushAll } from "../lists.ts";

/**
 * One entry of `log_history` in the file, written by prefine or transformers: TRL's metric names, `epoch`, `step`.
 * Values may be null if Python wrote NaN.
 */
export type RawLogEntry = Record<string, unknown>;

export interface PlottedRun {
  /** Name in the legend. */
  name: string;
  log_history: RawLogEntry[];
  /** From training_args.json, if there is one. */
  settings?: Readonly<Record<string, unknown>> | undefined;
}

/** A logged value that is not finite (null, NaN) has y = NaN and leaves a gap in the line. */
export interface Point {
  x: number;
  y: number;
}

export interface Series {
  run: number;
  split: "train" | "eval";
  /** With several evaluation sets: this one's index and name. */
  set?: { index: number; name: string };
  metric: string;
  points: Point[];
}

export interface PlotData {
  /** Unit of the horizontal axis. */
  xLabel: "epoch" | "step";
  metrics: string[];
  series: Series[];
}

const DEFAULT_METRICS = ["loss", "rewards/margins", "rewards/accuracies"];

const isFiniteNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);

/** Names of a log's evaluation sets in log order, from its `eval_NAME_loss` keys. */
function evaluationSets(log: RawLogEntry[]): string[] {
  const keys = new Set<string>();
  for (const entry of log) for (const key of Object.keys(entry)) if (/^eval_.+_loss$/.test(key)) keys.add(key);
  return [...keys].map((key) => key.slice("eval_".length, -"_loss".length));
}

/** Finds the set whose prefix `eval_NAME_` a key has; of several, the first of the log. By lengths, for many sets. */
function setFinder(names: readonly string[]): (key: string) => string | undefined {
  const places = new Map(names.map((name, i) => [name, i]));
  const lengths = [...new Set(names.map(({ length }) => length))];
  const start = "eval_".length;
  return (key) => {
    if (!key.startsWith("eval_")) return undefined;
    let first = names.length;
    for (const length of lengths) {
      if (key[start + length] === "_") first = Math.min(first, places.get(key.slice(start, start + length)) ?? first);
    }
    return names[first];
  };
}

/** All metrics that can be plotted, without their `eval_` or `eval_NAME_` prefix. */
function loggedMetrics(runs: PlottedRun[]): Set<string> {
  const names = new Set<string>();
  for (const { log_history } of runs) {
    const setOf = setFinder(evaluationSets(log_history));
    for (const entry of log_history) {
      for (const [key, value] of Object.entries(entry)) {
        if (!isFiniteNumber(value) || key === "epoch" || key === "step") continue;
        const set = setOf(key);
        names.add(set === undefined ? key.replace(/^eval_/, "") : key.slice(`eval_${set}_`.length));
      }
    }
  }
  return names;
}

const A_LOG = { expected: "a list of log entries, such as trainer.state.log_history", accepts: Array.isArray };
const FROM_FOLDERS = "Logs of runs on disk: await readTrainerState(folder), or plotRunFolders([folder]).";

/** @throws PrefineError("config") for anything but logs with their names. @param where the function, for messages. */
export function checkRuns(where: string, runs: unknown): void {
  const expected = "a list of runs, each { name, log_history }";
  checkValue(where, runs, { expected, accepts: Array.isArray }, FROM_FOLDERS);
  for (const [i, run] of (runs as unknown[]).entries()) {
    if (typeof run === "object" && run !== null && !isPromise(run) && "log_history" in run) {
      checkValue(`${where}: runs[${i}].log_history`, run.log_history, A_LOG, FROM_FOLDERS);
      continue;
    }
    const message = `${where}: runs[${i}]: expected { name, log_history }, found ${describeValue(run)}`;
    throw new PrefineError("config", message, FROM_FOLDERS);
  }
}

/** @throws PrefineError("config") for anything but a list of log entries. */
export function checkLog(where: string, log: unknown): void {
  checkValue(where, log, A_LOG, FROM_FOLDERS);
}

/** What people call some metrics. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  acc: "rewards/accuracies",
  accuracy: "rewards/accuracies",
  rewards: "rewards/chosen",
  reward: "rewards/chosen",
  lr: "learning_rate",
  gradient_norm: "grad_norm",
};

/** Points of some keys ordered by x, in one pass; of several entries of a step (a repeated evaluation), the last. */
function pointsOf(log: RawLogEntry[], wanted: ReadonlySet<string>, xLabel: "epoch" | "step"): Map<string, Point[]> {
  const byKey = new Map<string, Map<unknown, Point>>();
  for (const entry of log) {
    const x = entry[xLabel];
    if (!isFiniteNumber(x)) continue;
    for (const [key, value] of Object.entries(entry)) {
      if (!wanted.has(key)) continue;
      const byStep = byKey.get(key) ?? new Map<unknown, Point>();
      byStep.set(entry.step ?? x, { x, y: isFiniteNumber(value) ? value : Number.NaN });
      byKey.set(key, byStep);
    }
  }
  const all = [...byKey].map(([key, points]) => [key, [...points.values()].sort((a, b) => a.x - b.x)] as const);
  return new Map(all.filter(([, points]) => points.some(({ y }) => Number.isFinite(y))));
}

function chooseMetrics(runs: PlottedRun[], request: string[] | undefined): string[] {
  const logged = loggedMetrics(runs);
  if (request === undefined) return DEFAULT_METRICS.filter((metric) => logged.has(metric));
  const metrics = [...new Set(request.map((name) => name.replace(/^eval_/, "")))];
  for (const metric of metrics) {
    if (logged.has(metric)) continue;
    if (metric.includes(",")) {
      const message = `plot: expected names of metrics, found ${show(metric)}`;
      throw new PrefineError(
        "data",
        message,
        `Separate them: --metrics ${metric.split(/[\s,]+/).join(" ")}, or a list.`,
      );
    }
    const other = OTHER_NAMES[metric];
    const near = other && logged.has(other) ? other : nearestName(metric, logged);
    const hint = logged.size > 0 ? `The log has ${[...logged].sort().join(", ")}.` : "The log has no numbers.";
    throw new PrefineError("data", `plot: no run has logged ${metric}`, near ? `Did you mean ${near}?` : hint);
  }
  return metrics;
}

/**
 * Collects the series to plot.
 * @param request metric names as TRL logs them, with or without `eval_`; default: loss, margins and accuracies, if
 *   logged.
 * @throws PrefineError `data` if there is no run, a run has nothing to plot, or no run logged a requested metric.
 */
export function collectSeries(runs: PlottedRun[], request?: string[]): PlotData {
  if (runs.length === 0)
    throw new PrefineError("data", "plot: expected at least one run, found none", "Pass the output_dir of a run.");
  const hasEpochs = runs.some((run) => run.log_history.some((entry) => isFiniteNumber(entry.epoch)));
  const xLabel = hasEpochs ? "epoch" : "step";
  const metrics = chooseMetrics(runs, request);
  if (metrics.length > MOST_PANELS) throw tooMany(runs, "metrics", MOST_PANELS, metrics.length);
  const series: Series[] = [];
  runs.forEach(({ name, log_history }, run) => {
    const lines = linesOf(log_history, metrics);
    const points = pointsOf(log_history, new Set(lines.map(({ key }) => key)), xLabel);
    const own = lines.flatMap(({ key, ...line }): Series[] => {
      const all = points.get(key);
      return all ? [{ run, ...line, points: all }] : [];
    });
    if (own.length === 0) throw nothingToDraw(name, log_history.length, request ?? DEFAULT_METRICS);
    pushAll(series, own);
  });
  const lines = "lines (runs x metrics x evaluation sets)";
  if (series.length > MOST_LINES) throw tooMany(runs, lines, MOST_LINES, series.length);
  return { xLabel, metrics, series };
}

type Line = Omit<Series, "run" | "points"> & { key: string };

/** The lines that a log may have, with their keys, in the order of the plot. */
function linesOf(log: RawLogEntry[], metrics: string[]): Line[] {
  const sets = evaluationSets(log).map((name, index) => ({ name, index }));
  return metrics.flatMap((metric): Line[] => [
    { key: metric, split: "train", metric },
    { key: `eval_${metric}`, split: "eval", metric },
    ...sets.map((set): Line => ({ key: `eval_${set.name}_${metric}`, split: "eval", set, metric })),
  ]);
}

/** More can't be told apart, and take minutes. */
const MOST_LINES = 1000;
const MOST_PANELS = 100;

function tooMany(runs: PlottedRun[], what: string, most: number, count: number): PrefineError {
  const where = runs.length === 1 ? runs[0].name : `${runs[0].name} and others`;
  const message = `${where}: expected at most ${most} ${what}, found ${count}`;
  return new PrefineError("data", message, "Name fewer runs, or fewer metrics.");
}

function nothingToDraw(name: string, entries: number, metrics: string[]): PrefineError {
  const some = entries === 1 ? "its only log entry has none" : `none of its ${entries} log entries has one`;
  const reason = entries === 0 ? "log_history is empty" : some;
  const expected = metrics.length > 1 ? `${metrics.slice(0, -1).join(", ")} or ${metrics.at(-1)}` : metrics[0];
  return new PrefineError(
    "data",
    `${name}: expected logged values of ${expected}, found nothing to draw: ${reason}`,
    "A run shorter than logging_steps logs nothing: set logging_steps lower, or logging_first_step: true.",
  );
}

/** Lines with more points than this are drawn pale, with their moving average on top. */
export const SMOOTH_ABOVE = 60;

/**
 * Exponential moving average over about a twentieth of the run (at least ten points), without the bias toward the
 * first value (Adam's correction). Gaps are kept.
 */
export function smooth(points: Point[]): Point[] {
  const alpha = 2 / (Math.max(10, points.length / 20) + 1);
  let mean = 0;
  let weight = 0;
  return points.map(({ x, y }) => {
    if (!Number.isFinite(y)) return { x, y };
    mean += alpha * (y - mean);
    weight += alpha * (1 - weight);
    return { x, y: mean / weight };
  });
}

/** Keeps the lowest and highest point of each of `buckets` ranges: the line looks the same in a smaller file. */
export function thinOut(points: Point[], buckets: number): Point[] {
  if (points.length <= 2 * buckets) return points;
  const extremes: Point[] = [];
  const size = points.length / buckets;
  for (let bucket = 0; bucket < buckets; bucket++) {
    const slice = points.slice(Math.round(bucket * size), Math.round((bucket + 1) * size));
    const gap = slice.find(({ y }) => !Number.isFinite(y));
    const finite = slice.filter(({ y }) => Number.isFinite(y));
    const lowest = finite.reduce((least, point) => (point.y < least.y ? point : least), finite[0]);
    const highest = finite.reduce((most, point) => (point.y >= most.y ? point : most), finite[0]);
    const picks = new Set([lowest, highest, gap]);
    pushAll(
      extremes,
      slice.filter((point) => picks.has(point)),
    );
  }
  return extremes;
}
