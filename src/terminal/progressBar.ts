/** @file One line that shows how far a run is and how fast it goes, fitted to the width of the terminal. */
import type { BottomLine, TerminalStream } from "./bottomLine.ts";
import { formatCount, formatDuration, formatNumber } from "./logFormat.ts";
import type { StepReport } from "./logging.ts";

/** What the bar says at a moment. */
interface BarState {
  step: number;
  totalSteps: number;
  epoch: number;
  epochs: number;
  loss?: number;
  margin?: number;
  tokensPerSecond?: number;
  /** Seconds. */
  secondsLeft?: number;
  /** Seconds since the start: shown when nothing is left; undefined until there is a step to go by. */
  elapsed?: number;
  /** What runs instead of training steps just now, such as an evaluation. */
  status?: string;
}

export interface BarStyle {
  color: boolean;
  /** No characters beyond ASCII. */
  ascii: boolean;
}

interface Part {
  text: string;
  /** Parts with a higher number go first where the line is too narrow. */
  priority: number;
}

function partsOf(progress: BarState): Part[] {
  const { step, totalSteps, epoch, epochs, loss, margin, tokensPerSecond, secondsLeft = 0, status } = progress;
  const { elapsed } = progress;
  const time = step < totalSteps ? `${formatDuration(secondsLeft)} left` : `in ${formatDuration(elapsed ?? 0)}`;
  const part = (text: string | undefined | false, priority: number): Part[] => (text ? [{ text, priority }] : []);
  return [
    ...part(`${step}/${totalSteps}`, 1),
    ...part(status, 2),
    ...part(epochs > 0 && `epoch ${epoch.toFixed(2)}/${Number(epochs.toFixed(2))}`, 6),
    ...part(loss !== undefined && `loss ${formatNumber(loss)}`, 3),
    ...part(margin !== undefined && `margin ${formatNumber(margin)}`, 4),
    ...part(tokensPerSecond !== undefined && `${formatCount(tokensPerSecond)} tok/s`, 5),
    ...part(elapsed !== undefined && time, 2),
  ];
}

const MIN_BAR = 8;
const MAX_BAR = 40;
const GREEN = "\x1b[32m";
const DIM = "\x1b[2m";
const RESET = "\x1b[0m";

function drawTrack(share: number, width: number, { color, ascii }: BarStyle): string {
  const filled = Math.min(width, Math.floor(share * width));
  const [full, empty] = ascii ? ["#", "."] : color ? ["━", "━"] : ["█", "░"];
  const [done, rest] = [full.repeat(filled), empty.repeat(width - filled)];
  return color ? `${GREEN}${done}${RESET}${DIM}${rest}${RESET}` : done + rest;
}

/**
 * The line for a terminal of `columns` characters: percent, track, steps, loss, margin, tokens a second, time left.
 * @returns text that takes at most `columns` characters on the screen (escape codes not counted), on one line.
 */
function renderBar(progress: BarState, columns: number, style: BarStyle): { text: string; width: number } {
  const share = progress.totalSteps > 0 ? Math.min(1, progress.step / progress.totalSteps) : 0;
  const percent = `${Math.floor(share * 100)}%`.padStart(4);
  const parts = partsOf(progress);
  const lengthOf = () => parts.reduce((sum, { text }) => sum + text.length + 2, percent.length);
  const shed = (room: number, keep: number) => {
    while (columns - lengthOf() < room && parts.some(({ priority }) => priority > keep)) {
      const least = Math.max(...parts.map(({ priority }) => priority));
      parts.splice(
        parts.findIndex(({ priority }) => priority === least),
        1,
      );
    }
  };
  shed(MIN_BAR + 1, 5); // for a visible track, the epoch goes
  const room = Math.min(MAX_BAR, columns - lengthOf() - 1);
  const track = room >= MIN_BAR ? ` ${drawTrack(share, room, style)}` : "";
  if (track === "") shed(0, 0);
  const words = parts.map(({ text }) => `  ${text}`).join("");
  const width = percent.length + (track === "" ? 0 : room + 1) + words.length;
  if (width > columns)
    return { text: percent.slice(0, Math.max(0, columns)), width: Math.min(columns, percent.length) };
  return { text: percent + track + words, width };
}

export interface ProgressBar {
  start(run: { totalSteps: number; startStep: number; epochs: number }): void;
  step(report: StepReport): void;
  status(text: string | undefined): void;
  stop(): void;
}

/** Redraws at most this often, in milliseconds. */
const REDRAW_EVERY = 80;
/** Steps whose median speed is shown: evaluations and checkpoints in between don't count. */
const SPEED_WINDOW = 15;

function median(values: number[]): number {
  const ascending = [...values].sort((a, b) => a - b);
  return (ascending[(ascending.length - 1) >> 1] + ascending[ascending.length >> 1]) / 2;
}

/** Speed and time left, from the moments at which steps were done. */
function createPace(startStep: number, now: () => number) {
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
    /** The first step, slower than the others, is left out once there are others to go by. */
    secondsLeft: (step: number, totalSteps: number) => {
      const from = first && step - first.step >= 3 ? first : origin;
      return ((last - from.at) / 1000 / Math.max(1, step - from.step)) * (totalSteps - step);
    },
  };
}

export interface ProgressBarOptions extends BarStyle {
  stream: TerminalStream;
  columns: () => number;
  /** Milliseconds. */
  now: () => number;
}

/** Keeps the bar on `line` up to date; between start and stop it also follows the terminal's width. */
export function createProgressBar(
  line: BottomLine,
  { stream, columns, now, ...style }: ProgressBarOptions,
): ProgressBar {
  let progress: BarState | undefined;
  let pace = createPace(0, now);
  let drawnAt = Number.NEGATIVE_INFINITY;
  const draw = () => {
    if (progress === undefined) return;
    drawnAt = now();
    line.draw(renderBar(progress, columns() - 1, style));
  };
  const stop = () => {
    if (progress === undefined) return;
    draw();
    progress = undefined;
    line.finish();
    stream.off?.("resize", draw);
    process.off("exit", stop);
  };
  return {
    start: ({ startStep, ...run }) => {
      stop();
      progress = { ...run, step: startStep, epoch: run.totalSteps > 0 ? (run.epochs * startStep) / run.totalSteps : 0 };
      pace = createPace(startStep, now);
      stream.on?.("resize", draw);
      process.on("exit", stop); // an error that nobody catches must not be printed onto the bar
      draw();
    },
    step: (report) => {
      if (progress === undefined) return;
      pace.done(report);
      const { step, epoch, loss = progress.loss, margin = progress.margin } = report;
      const tokensPerSecond = pace.tokensPerSecond();
      const secondsLeft = pace.secondsLeft(step, progress.totalSteps);
      const measured = { tokensPerSecond, secondsLeft, elapsed: pace.elapsed() };
      progress = { ...progress, step, epoch, loss, margin, ...measured, status: undefined };
      if (now() - drawnAt >= REDRAW_EVERY || step >= progress.totalSteps) draw();
    },
    status: (status) => {
      if (progress === undefined) return;
      const changed = (progress.status === undefined) !== (status === undefined);
      progress = { ...progress, status };
      if (changed || now() - drawnAt >= REDRAW_EVERY) draw();
    },
    stop,
  };
}
