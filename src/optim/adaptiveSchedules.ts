/**
 * @file Learning rates that follow an evaluation metric: torch's ReduceLROnPlateau and transformers' GreedyLR (arXiv
 * 2512.14527), as transformers' Trainer steps them. Their state is plain data, for checkpoints.
 */
import { ScheduleArgs, type ScheduleKwargs } from "./scheduleArgs.ts";

export interface AdaptiveState {
  /** The initial lr_scheduler_type and learning_rate; a state of another schedule or rate is not continued. */
  kind: string;
  peak: number;
  /** Learning rate of the next steps. */
  rate: number;
  /** Null: none yet. */
  best: number | null;
  /** Consecutive evaluations that were better, or not. */
  good: number;
  bad: number;
  /** Evaluations that still don't count, after the rate went down, or up. */
  cooldown: number;
  warmup: number;
  /** Attempts left to go below the lowest rate before greedy starts over. */
  resets: number;
  /** The last metrics and their sum, if they are smoothed. */
  window: { values: number[]; sum: number };
}

export interface AdaptiveSchedule {
  /** Before the first evaluation. */
  start(): AdaptiveState;
  /** After an evaluation that gave `metric`. */
  next(state: AdaptiveState, metric: number): AdaptiveState;
}

export interface AdaptiveOptions {
  lr_scheduler_type: string;
  lr_scheduler_kwargs?: ScheduleKwargs | null;
  learning_rate: number;
}

interface Rule {
  mode: string;
  factor: number;
  patience: number;
  threshold: number;
  threshold_mode: string;
  cooldown: number;
  min_lr: number;
  /** Smaller changes of the rate are not made. */
  eps: number;
}

/** @returns undefined for a schedule that uses no metric. @throws PrefineError("config") for invalid arguments. */
export function createAdaptiveSchedule(options: AdaptiveOptions): AdaptiveSchedule | undefined {
  const { lr_scheduler_type: kind, learning_rate: peak } = options;
  if (kind !== "reduce_lr_on_plateau" && kind !== "greedy") return undefined;
  const kwargs = new ScheduleArgs(kind, options.lr_scheduler_kwargs ?? {});
  const begin = (resets: number): AdaptiveState => ({
    kind,
    peak,
    rate: peak,
    best: null,
    good: 0,
    bad: 0,
    cooldown: 0,
    warmup: 0,
    resets,
    window: { values: [], sum: 0 },
  });
  const schedule = kind === "greedy" ? greedy(kwargs, begin) : reduceOnPlateau(kwargs, begin);
  kwargs.refuseRest();
  return schedule;
}

/** The state in a checkpoint, if it is of this schedule and initial rate. */
export function continueAdaptive(
  schedule: AdaptiveSchedule | undefined,
  saved: AdaptiveState | null | undefined,
): AdaptiveState | null {
  const fresh = schedule?.start() ?? null;
  return fresh && saved?.kind === fresh.kind && saved.peak === fresh.peak ? saved : fresh;
}

const MODES = ["min", "max"];
const THRESHOLD_MODES = ["rel", "abs"];

function readRule(kwargs: ScheduleArgs, defaults: Omit<Rule, "mode" | "cooldown" | "eps">): Rule {
  const factor = kwargs.number("factor", defaults.factor);
  if (factor >= 1) throw kwargs.error("factor", `expected a number below 1, found ${factor}`);
  return {
    mode: kwargs.oneOf("mode", MODES, "min"),
    factor,
    patience: kwargs.number("patience", defaults.patience),
    threshold: kwargs.number("threshold", defaults.threshold),
    threshold_mode: kwargs.oneOf("threshold_mode", THRESHOLD_MODES, defaults.threshold_mode),
    cooldown: kwargs.number("cooldown", 0),
    min_lr: kwargs.number("min_lr", defaults.min_lr),
    eps: kwargs.number("eps", 1e-8),
  };
}

/** Whether `metric` is better than `best` by more than the threshold. */
function isBetter({ mode, threshold, threshold_mode }: Rule, metric: number, best: number | null): boolean {
  if (mode === "min") {
    const bar = best ?? Number.POSITIVE_INFINITY;
    return metric < (threshold_mode === "rel" ? bar * (1 - threshold) : bar - threshold);
  }
  const bar = best ?? Number.NEGATIVE_INFINITY;
  return metric > (threshold_mode === "rel" ? bar * (threshold + 1) : bar + threshold);
}

function reduced({ factor, min_lr, eps }: Rule, rate: number): number {
  const lower = Math.max(rate * factor, min_lr);
  return rate - lower > eps ? lower : rate;
}

/** torch.optim.lr_scheduler.ReduceLROnPlateau. */
function reduceOnPlateau(kwargs: ScheduleArgs, begin: (resets: number) => AdaptiveState): AdaptiveSchedule {
  const defaults = { factor: 0.1, patience: 10, threshold: 1e-4, threshold_mode: "rel", min_lr: 0 };
  const rule = readRule(kwargs, defaults);
  return {
    start: () => begin(0),
    next: (state, metric) => {
      const better = isBetter(rule, metric, state.best);
      const isCooling = state.cooldown > 0;
      const cooldown = isCooling ? state.cooldown - 1 : 0;
      const bad = better || isCooling ? 0 : state.bad + 1;
      const next = { ...state, best: better ? metric : state.best, bad, cooldown };
      if (bad <= rule.patience) return next;
      return { ...next, rate: reduced(rule, state.rate), bad: 0, cooldown: rule.cooldown };
    },
  };
}

/** transformers.optimization.GreedyLR: up while evaluations improve, down while they do not. */
function greedy(kwargs: ScheduleArgs, begin: (resets: number) => AdaptiveState): AdaptiveSchedule {
  const defaults = { factor: 0.95, patience: 10, threshold: 1e-6, threshold_mode: "abs", min_lr: 1e-3 };
  const rule = readRule(kwargs, defaults);
  const [warmup, max_lr] = [kwargs.number("warmup", 0), kwargs.number("max_lr", 1)];
  const [smooth, windowSize] = [kwargs.boolean("smooth", false), kwargs.number("window_size", 50)];
  const resets = kwargs.number("reset_start", 500);
  kwargs.boolean("verbose", false); // only affects printing
  const raise = (state: AdaptiveState): AdaptiveState => {
    const higher = Math.min(state.rate / rule.factor, max_lr);
    const rate = higher - state.rate > rule.eps ? higher : state.rate;
    return { ...state, rate, good: 0, warmup, resets };
  };
  const lower = (state: AdaptiveState): AdaptiveState => {
    const next = { ...state, rate: reduced(rule, state.rate), bad: 0, cooldown: rule.cooldown };
    if (next.rate > rule.min_lr) return next;
    const left = state.resets - 1;
    return left > 0 ? { ...next, resets: left } : { ...begin(resets), cooldown: rule.cooldown };
  };
  return {
    start: () => begin(resets),
    next: (before, metric) => {
      const window = smooth ? pushed(before.window, metric, windowSize) : before.window;
      const state = { ...before, window };
      if (state.cooldown > 0) return { ...state, cooldown: state.cooldown - 1, good: 0, bad: 0 };
      if (state.warmup > 0) return { ...state, warmup: state.warmup - 1, good: 0, bad: 0 };
      const current = smooth ? window.sum / window.values.length : metric;
      const better = isBetter(rule, current, state.best);
      const counted = better
        ? { ...state, best: current, bad: 0, good: state.good + 1 }
        : { ...state, bad: state.bad + 1, good: 0 };
      if (counted.good > rule.patience) return raise(counted);
      return counted.bad > rule.patience ? lower(counted) : counted;
    },
  };
}

/** transformers' StreamingAverage, with its order of summation. */
function pushed({ values, sum }: AdaptiveState["window"], metric: number, size: number): AdaptiveState["window"] {
  const all = [...values, metric];
  const total = sum + metric;
  return all.length > size ? { values: all.slice(1), sum: total - all[0] } : { values: all, sum: total };
}
