/** @file Progress and speed of a run, for a bar on a terminal and for lines elsewhere. */
import { onOneLine } from "../phrases.ts";
import { formatCount, formatDuration, formatNumber } from "./logFormat.ts";
import type { StepReport } from "./logging.ts";

/** A run at one point in time. */
export interface RunProgress {
  step: number;
  totalSteps: number;
  epoch: number;
  epochs: number;
  loss?: number;
  margin?: number;
  tokensPerSecond?: number;
  /** Seconds. */
  secondsLeft?: number;
  /** Seconds since the start, shown at the end; undefined before the first step. */
  elapsed?: number;
  /** Current work other than training steps, such as an evaluation. */
  status?: string;
}

interface Part {
  text: string;
  /** Parts with a higher number are dropped first if the line is too narrow. */
  priority: number;
}

/** The parts of a progress line, from left to right. */
export function partsOf(progress: RunProgress): Part[] {
  const { step, totalSteps, epoch, epochs, loss, margin, tokensPerSecond, secondsLeft = 0, status } = progress;
  const { elapsed } = progress;
  const time = step < totalSteps ? `${formatDuration(secondsLeft)} left` : `in ${formatDuration(elapsed ?? 0)}`;
  const part = (text: string | undefined | false, priority: number): Part[] => (text ? [{ text, priority }] : []);
  return [
    ...part(`${step}/${totalSteps}`, 1),
    ...part(status && onOneLine(status), 2),
    ...part(epochs > 0 && `epoch ${epoch.toFixed(2)}/${Number(epochs.toFixed(2))}`, 6),
    ...part(loss !== undefined && `loss ${formatNumber(loss)}`, 3),
    ...part(margin !== undefined && `margin ${formatNumber(margin)}`, 4),
    ...part(tokensPerSecond !== undefined && `${formatCount(tokensPerSecond)} tok/s`, 5),
    ...part(elapsed !== undefined && time, 2),
  ];
}

/** Number of steps for the median speed, which ignores evaluations and checkpoints in between. */
const SPEED_WINDOW = 15;

function median(values: number[]): number {
  const ascending = [...values].sort((a, b) => a - b);
  return (ascending[(ascending.length - 1) >> 1] + ascending[ascending.length >> 1]) / 2;
}

/** Estimates speed and time left from when steps finished. */
export function createPace(startStep: number, now: () => number) {
  let last = now();
  let first: { at: number; step: number } | undefined;
  const origin = { at: last, step: startStep };
  const speeds: number[] = [];
  return {
    done: ({ step, tokens }: StepReport) => {
      const at = now();
      first ??= { at, step };
      speeds.push((1000 * tokens) / Math.max(1, at - last));
      if (speeds.length > SPEED_WINDOW) speeds.shift();
      last = at;
    },
    tokensPerSecond: () => median(speeds),
    elapsed: () => (last - origin.at) / 1000,
    /** Ignores the first step, which is slower, once there are enough others. */
    secondsLeft: (step: number, totalSteps: number) => {
      const from = first && step - first.step >= 3 ? first : origin;
      return ((last - from.at) / 1000 / Math.max(1, step - from.step)) * (totalSteps - step);
    },
  };
}

export interface RunStart {
  totalSteps: number;
  startStep: number;
  epochs: number;
}

/** A run at its start, possibly from a checkpoint. */
export function progressAt({ startStep, ...run }: RunStart): RunProgress {
  const epoch = run.totalSteps > 0 ? (run.epochs * startStep) / run.totalSteps : 0;
  return { ...run, step: startStep, epoch };
}

/** The run after a step, with speed and times from `pace`. */
export function progressAfter(progress: RunProgress, report: StepReport, pace: Pace): RunProgress {
  pace.done(report);
  const { step, epoch, loss = progress.loss, margin = progress.margin } = report;
  const tokensPerSecond = pace.tokensPerSecond();
  const secondsLeft = pace.secondsLeft(step, progress.totalSteps);
  const measured = { tokensPerSecond, secondsLeft, elapsed: pace.elapsed() };
  return { ...progress, step, epoch, loss, margin, ...measured, status: undefined };
}

type Pace = ReturnType<typeof createPace>;

/** Shows a run between its log lines. */
export interface ProgressView {
  start(run: RunStart): void;
  step(report: StepReport): void;
  status(text: string | undefined): void;
  /** Another line was printed. */
  linePrinted(): void;
  stop(): void;
}
