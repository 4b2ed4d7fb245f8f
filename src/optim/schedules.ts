/**
 * @file Learning-rate schedules: transformers.get_scheduler, name for name and bit for bit.
 *
 * A schedule is a factor of the base learning rate as a function of the steps taken: the first update uses factor(0).
 */

import { nearestName, PrefineError } from "../errors.ts";
import { preciseCos } from "./preciseCos.ts";
import { ScheduleArgs, type ScheduleKwargs } from "./scheduleArgs.ts";

export interface ScheduleOptions {
  lr_scheduler_type: string;
  lr_scheduler_kwargs?: ScheduleKwargs | null;
  /** Peak learning rate. */
  learning_rate: number;
  /** Steps, or below 1 a fraction of all steps (rounded up). */
  warmup_steps: number;
  /** Optimizer steps of the whole run. */
  trainingSteps: number;
}

/** Learning rate of the update after `stepsTaken` updates. */
export type Schedule = (stepsTaken: number) => number;

interface Shape {
  warmup: number;
  total: number;
  peak: number;
  kwargs: ScheduleArgs;
}
type Factor = (step: number) => number;

/** warmup_steps as a number of steps: TrainingArguments.get_warmup_steps. */
export function warmupSteps(warmup: number, trainingSteps: number): number {
  return warmup >= 1 ? Math.trunc(warmup) : Math.ceil(trainingSteps * warmup);
}

/**
 * @throws PrefineError("config") for an unknown lr_scheduler_type, and unknown, missing or contradictory kwargs.
 */
export function createSchedule(options: ScheduleOptions): Schedule {
  const { lr_scheduler_type: name, learning_rate: peak, trainingSteps } = options;
  const build = Object.hasOwn(SCHEDULES, name) ? SCHEDULES[name as ScheduleName] : undefined;
  if (!build) {
    const near = nearestName(name, Object.keys(SCHEDULES));
    throw new PrefineError(
      "config",
      `lr_scheduler_type: expected one of ${Object.keys(SCHEDULES).join(", ")}; found "${name}"`,
      near ? `Did you mean "${near}"?` : undefined,
    );
  }
  const kwargs = new ScheduleArgs(name, options.lr_scheduler_kwargs ?? {});
  const factor = build({
    warmup: warmupSteps(options.warmup_steps, trainingSteps),
    total: trainingSteps,
    peak,
    kwargs,
  });
  kwargs.refuseRest();
  return (stepsTaken) => peak * factor(stepsTaken);
}

/** Linear warmup from 0 to 1, then `after`. */
function warmThen(warmup: number, after: Factor): Factor {
  return (step) => (step < warmup ? step / Math.max(1, warmup) : after(step));
}

/** Fraction of the steps after warmup that are done. */
function progressAfter({ warmup, total }: Shape): Factor {
  return (step) => (step - warmup) / Math.max(1, total - warmup);
}

/** `cycles` full waves from 1 down to 0 and back; 0.5 only goes down. */
function cosineWave(progress: number, cycles: number): number {
  return 0.5 * (1 + preciseCos(Math.PI * cycles * 2 * progress));
}

function linear({ warmup, total }: Shape): Factor {
  return warmThen(warmup, (step) => Math.max(0, (total - step) / Math.max(1, total - warmup)));
}

function cosine(shape: Shape): Factor {
  const cycles = shape.kwargs.number("num_cycles", 0.5);
  const progress = progressAfter(shape);
  return warmThen(shape.warmup, (step) => Math.max(0, cosineWave(progress(step), cycles)));
}

function cosineWithRestarts(shape: Shape): Factor {
  const cycles = shape.kwargs.number("num_cycles", 1);
  const progress = progressAfter(shape);
  return warmThen(shape.warmup, (step) => {
    const p = progress(step);
    return p >= 1 ? 0 : Math.max(0, 0.5 * (1 + preciseCos(Math.PI * ((cycles * p) % 1))));
  });
}

function polynomial({ warmup, total, peak, kwargs }: Shape): Factor {
  const end = kwargs.number("lr_end", 1e-7);
  const power = kwargs.number("power", 1);
  if (!(peak > end)) throw kwargs.error("lr_end", `expected less than learning_rate ${peak}, found ${end}`);
  return warmThen(warmup, (step) => {
    if (step > total) return end / peak;
    const remaining = 1 - (step - warmup) / (total - warmup);
    return ((peak - end) * remaining ** power + end) / peak;
  });
}

function constant(): Factor {
  return () => 1;
}

function constantWithWarmup({ warmup }: Shape): Factor {
  return warmThen(warmup, () => 1);
}

function inverseSqrt({ warmup, kwargs }: Shape): Factor {
  const timescale = kwargs.number("timescale", warmup || 10_000);
  return warmThen(warmup, (step) => 1 / Math.sqrt((step + timescale - warmup) / timescale));
}

/** min_lr or min_lr_rate, exactly one of them, as a fraction of the peak. */
function lowestRate({ peak, kwargs }: Shape): number {
  const [lowest, rate] = [kwargs.number("min_lr"), kwargs.number("min_lr_rate")];
  if (lowest !== undefined && rate !== undefined)
    throw kwargs.error("min_lr", "expected min_lr or min_lr_rate, found both");
  if (lowest !== undefined) return lowest / peak;
  if (rate !== undefined) return rate;
  throw kwargs.error("min_lr", "expected min_lr or min_lr_rate, found neither");
}

function cosineWithMinLr(shape: Shape): Factor {
  const cycles = shape.kwargs.number("num_cycles", 0.5);
  const lowest = lowestRate(shape);
  const progress = progressAfter(shape);
  return warmThen(shape.warmup, (step) => Math.max(0, cosineWave(progress(step), cycles) * (1 - lowest) + lowest));
}

/** As cosine_with_min_lr, but the warmup starts above 0 and the wave is one step ahead. */
function cosineWarmupWithMinLr(shape: Shape): Factor {
  const { warmup, total, kwargs } = shape;
  const cycles = kwargs.number("num_cycles", 0.5);
  const lowest = lowestRate(shape);
  const start = kwargs.number("warmup_lr_rate");
  return (step) => {
    if (step < warmup && start === undefined) return (step + 1) / Math.max(1, warmup);
    if (step < warmup) return start! + ((1 - start!) * step) / Math.max(1, warmup - 1);
    const progress = (step - warmup + 1) / Math.max(1, total - warmup);
    return Math.max(0, cosineWave(progress, cycles) * (1 - lowest) + lowest);
  };
}

const RAMPS = ["linear", "cosine", "1-sqrt"];

/** Warmup, a plateau at the peak, a decay: warmup_stable_decay. */
function warmupStableDecay({ warmup, total, kwargs }: Shape): Factor {
  const decay = kwargs.number("num_decay_steps");
  if (decay === undefined) throw kwargs.error("num_decay_steps", "expected a number of steps, found nothing");
  const stable = kwargs.number("num_stable_steps", total - warmup - decay);
  const lowest = kwargs.number("min_lr_ratio", 0);
  const cycles = kwargs.number("num_cycles", 0.5);
  const rise = kwargs.oneOf("warmup_type", RAMPS, "linear");
  const fall = kwargs.oneOf("decay_type", RAMPS, "cosine");
  const above = (factor: number): number => Math.max(0, factor * (1 - lowest) + lowest);
  return (step) => {
    if (step < warmup) return above(riseAt(rise, step / Math.max(1, warmup)));
    if (step < warmup + stable) return 1;
    if (step < warmup + stable + decay)
      return above(fallAt(fall, (step - warmup - stable) / Math.max(1, decay), cycles));
    return lowest;
  };
}

function riseAt(ramp: string, progress: number): number {
  if (ramp === "linear") return progress;
  return ramp === "cosine" ? 0.5 * (1 - preciseCos(Math.PI * progress)) : 1 - Math.sqrt(1 - progress);
}

function fallAt(ramp: string, progress: number, cycles: number): number {
  if (ramp === "linear") return 1 - progress;
  return ramp === "cosine" ? cosineWave(progress, cycles) : 1 - Math.sqrt(progress);
}

const SCHEDULES = {
  linear,
  cosine,
  cosine_with_restarts: cosineWithRestarts,
  polynomial,
  constant,
  constant_with_warmup: constantWithWarmup,
  inverse_sqrt: inverseSqrt,
  cosine_with_min_lr: cosineWithMinLr,
  cosine_warmup_with_min_lr: cosineWarmupWithMinLr,
  warmup_stable_decay: warmupStableDecay,
} satisfies Record<string, (shape: Shape) => Factor>;

type ScheduleName = keyof typeof SCHEDULES;
