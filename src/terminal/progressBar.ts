/** @file Progress and speed of a run on one line, fitted to the width of the terminal. */

import { largest } from "../lists.ts";
import type { BottomLine, TerminalStream } from "./bottomLine.ts";
import { createPace, type ProgressView, partsOf, progressAfter, progressAt, type RunProgress } from "./runProgress.ts";

export interface BarStyle {
  color: boolean;
  /** ASCII characters only. */
  ascii: boolean;
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
 * The line for a terminal of `columns` characters: percent, track, steps, loss, margin, tokens per second, time left.
 * @returns text that takes at most `columns` characters on the screen (escape codes not counted), on one line.
 */
function renderBar(progress: RunProgress, columns: number, style: BarStyle): { text: string; width: number } {
  const share = progress.totalSteps > 0 ? Math.min(1, progress.step / progress.totalSteps) : 0;
  const percent = `${Math.floor(share * 100)}%`.padStart(4);
  const parts = partsOf(progress);
  const lengthOf = () => parts.reduce((sum, { text }) => sum + text.length + 2, percent.length);
  const shed = (room: number, keep: number) => {
    while (columns - lengthOf() < room && parts.some(({ priority }) => priority > keep)) {
      const least = largest(parts.map(({ priority }) => priority));
      parts.splice(
        parts.findIndex(({ priority }) => priority === least),
        1,
      );
    }
  };
  shed(MIN_BAR + 1, 5); // drops the epoch if that makes room for the track
  const room = Math.min(MAX_BAR, columns - lengthOf() - 1);
  const track = room >= MIN_BAR ? ` ${drawTrack(share, room, style)}` : "";
  if (track === "") shed(0, 0);
  const words = parts.map(({ text }) => `  ${text}`).join("");
  const width = percent.length + (track === "" ? 0 : room + 1) + words.length;
  if (width > columns)
    return { text: percent.slice(0, Math.max(0, columns)), width: Math.min(columns, percent.length) };
  return { text: percent + track + words, width };
}

/** Columns left free for a terminal's echo of ctrl-C, "^C", which would otherwise start a new line. */
const ECHO = 2;
/** Minimum time between redraws, in milliseconds. */
const REDRAW_EVERY = 80;
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
): ProgressView {
  let progress: RunProgress | undefined;
  let pace = createPace(0, now);
  let drawnAt = Number.NEGATIVE_INFINITY;
  const draw = () => {
    if (progress === undefined) return;
    drawnAt = now();
    line.draw(renderBar(progress, columns() - ECHO - 1, style));
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
    start: (run) => {
      stop();
      progress = progressAt(run);
      pace = createPace(run.startStep, now);
      stream.on?.("resize", draw);
      process.on("exit", stop); // so that an uncaught error is not printed onto the bar
      draw();
    },
    step: (report) => {
      if (progress === undefined) return;
      progress = progressAfter(progress, report, pace);
      if (now() - drawnAt >= REDRAW_EVERY || progress.step >= progress.totalSteps) draw();
    },
    status: (status) => {
      if (progress === undefined) return;
      const changed = (progress.status === undefined) !== (status === undefined);
      progress = { ...progress, status };
      if (changed || now() - drawnAt >= REDRAW_EVERY) draw();
    },
    linePrinted: () => {}, // the bar stays below printed lines
    stop,
  };
}
