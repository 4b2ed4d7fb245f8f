/** @file A small loss plot for a terminal, in braille dots or plain ASCII. */

import { options as anOptions, bool, checkOptions, numberAbove0, optionsOf, text } from "../arguments.ts";
import { largest } from "../lists.ts";
import { onOneLine } from "../phrases.ts";
import { axisValues, markOf } from "../plots/scale.ts";
import {
  checkLog,
  collectSeries,
  type Point,
  type RawLogEntry,
  type Series,
  SMOOTH_ABOVE,
  smooth,
} from "../plots/series.ts";
import { niceAxis } from "../plots/ticks.ts";
import { showsUtf8 } from "./capabilities.ts";

export interface TerminalPlotOptions {
  /** Total width in characters; default 80. */
  columns?: number | undefined;
  /** Height of the plot area in lines; default 12. */
  rows?: number | undefined;
  /** ANSI colors; default false. */
  color?: boolean | undefined;
  /** ASCII characters only. Default: true unless the locale is UTF-8. */
  ascii?: boolean | undefined;
  /** Metric, by its TRL name; default loss. */
  metric?: string | undefined;
  /** From training_args.json: loss_type decides whether ln 2 is marked. Default: judged by the first logged loss. */
  settings?: Readonly<Record<string, unknown>> | undefined;
}

const OPTIONS = optionsOf<TerminalPlotOptions>("plotTerminal", {
  columns: numberAbove0,
  rows: numberAbove0,
  color: bool,
  ascii: bool,
  metric: text,
  settings: anOptions,
});

/** Bits of a braille character's code point, by dot (2 wide, 4 high). */
const BRAILLE_BITS = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
];
const COLORS = { train: "\x1b[34m", eval: "\x1b[33m" };

type Split = Series["split"];
/** Dots set in one character cell, per split. */
type Cell = Partial<Record<Split, number>>;

interface Canvas {
  cells: Cell[][];
  /** Dots per character in each direction: 2 x 4 in braille, 1 x 1 in ASCII. */
  dotsX: number;
  dotsY: number;
}

function setDot({ cells, dotsX, dotsY }: Canvas, x: number, y: number, split: Split): void {
  const cell = cells[Math.floor(y / dotsY)]?.[Math.floor(x / dotsX)];
  if (cell) cell[split] = (cell[split] ?? 0) | (dotsX === 1 ? 1 : BRAILLE_BITS[y % dotsY][x % dotsX]);
}

/** Draws a straight line of dots (Bresenham), without gaps in steep parts. */
function drawLine(canvas: Canvas, from: Point, to: Point, split: Split): void {
  const length = Math.max(Math.abs(to.x - from.x), Math.abs(to.y - from.y), 1);
  for (let i = 0; i <= length; i++) {
    const share = i / length;
    const x = Math.round(from.x + share * (to.x - from.x));
    if (split === "eval" && canvas.dotsX > 1 && x % 4 > 1) continue; // dotted, to be distinguishable without color
    setDot(canvas, x, Math.round(from.y + share * (to.y - from.y)), split);
  }
}

/** Fills a whole character for an isolated point: one dot is easily missed. */
function drawPoint(canvas: Canvas, { x, y }: Point, split: Split): void {
  const { dotsX, dotsY } = canvas;
  const [left, top] = [x - (x % dotsX), y - (y % dotsY)];
  for (let i = 0; i < dotsX * dotsY; i++) setDot(canvas, left + (i % dotsX), top + Math.floor(i / dotsX), split);
}

function drawSeries(canvas: Canvas, points: Point[], split: Split, toDots: (point: Point) => Point): void {
  const curve = points.length > SMOOTH_ABOVE ? smooth(points) : points;
  const finite = curve.filter(({ y }) => Number.isFinite(y)).map(toDots);
  if (finite.length === 1) drawPoint(canvas, finite[0], split);
  finite.forEach((point, i) => {
    drawLine(canvas, finite[Math.max(0, i - 1)], point, split);
  });
}

interface Look {
  ascii: boolean;
  color: boolean;
}

function cellText(cell: Cell, { ascii, color }: Look): string {
  const both = (cell.train ?? 0) | (cell.eval ?? 0);
  if (both === 0) return " ";
  const split: Split = cell.eval === undefined ? "train" : "eval";
  const char = ascii ? (split === "eval" ? "o" : "*") : String.fromCodePoint(0x2800 + both);
  return color ? `${COLORS[split]}${char}\x1b[39m` : char;
}

/** One line of text, with the dotted line of a mark behind the curves if `isMarked`. */
function rowText(row: Cell[], isMarked: boolean, look: Look): string {
  const mark = look.ascii ? "." : "┈";
  const behind = look.color ? `\x1b[2m${mark}\x1b[22m` : mark;
  const cells = row.map((cell) => cellText(cell, look));
  return isMarked ? cells.map((cell) => (cell === " " ? behind : cell)).join("") : cells.join("").trimEnd();
}

/** Adds the y axis with its labels, one per line or empty. */
function frame(body: string[], labels: string[], gutter: number, ascii: boolean): string[] {
  const bar = ascii ? "|" : "┤";
  const plain = ascii ? "|" : "│";
  return body.map((line, i) => `${labels[i].padStart(gutter)} ${labels[i] ? bar : plain}${line}`);
}

/**
 * Plots the loss (or another metric) over epochs, train and eval, as text of `columns` x (`rows` + 3) characters.
 * @returns lines joined by newlines, without a trailing one.
 * @throws PrefineError `data` if there is nothing to draw.
 */
export function plotTerminal(log_history: RawLogEntry[], options: TerminalPlotOptions = {}): string {
  checkLog("plotTerminal", log_history);
  checkOptions("plotTerminal", options, OPTIONS);
  const { columns = 80, rows = 12, color = false, metric = "loss", settings } = options;
  const ascii = options.ascii ?? !showsUtf8(process.env);
  const run = { name: "plot", log_history, settings };
  const data = collectSeries([run], [metric]);
  const mark = markOf(metric, [run]);
  const values = axisValues(metric, data.series, mark);
  const { domain, ticks } = niceAxis(values, Math.max(2, Math.round(rows / 3)));
  const last = Math.max(0, largest(data.series.map(({ points }) => points[points.length - 1].x))) || 1;
  const [low, high] = [ticks.labels[0], ticks.labels[ticks.labels.length - 1]].map((t) => t.replaceAll("−", "-"));
  const share = (y: number) => (domain[1] - y) / (domain[1] - domain[0]);
  const markedRow = mark ? Math.round(share(mark.value) * (rows - 1)) : -1;
  const labels = Array.from({ length: rows }, (_, i) => (i === markedRow && mark ? mark.label : ""));
  [labels[0], labels[rows - 1]] = [high, low];
  const gutter = largest(labels.map((label) => label.length));
  const width = Math.max(10, columns - gutter - 3);
  const cells = Array.from({ length: rows }, () => Array.from({ length: width }, (): Cell => ({})));
  const canvas: Canvas = { cells, dotsX: ascii ? 1 : 2, dotsY: ascii ? 1 : 4 };
  const within = (share: number, dots: number) => Math.round(Math.min(1, Math.max(0, share)) * (dots - 1));
  const toDots = ({ x, y }: Point): Point => ({
    x: within(x / last, width * canvas.dotsX),
    y: within(share(y), rows * canvas.dotsY),
  });
  for (const { points, split } of data.series) drawSeries(canvas, points, split, toDots);
  const body = cells.map((row, i) => rowText(row, i === markedRow, { ascii, color }));
  const indent = " ".repeat(gutter + 1);
  const axis = `${indent}${ascii ? "+" : "└"}${(ascii ? "-" : "─").repeat(width)}`;
  const end = String(Number(last.toPrecision(3)));
  const xLine = `${indent} 0${data.xLabel.padStart(Math.floor(width / 2)).padEnd(width - 1 - end.length)}${end}`;
  return [legend(metric, data.series, { ascii, color }), ...frame(body, labels, gutter, ascii), axis, xLine].join("\n");
}

function legend(metric: string, series: Series[], { ascii, color }: Look): string {
  const marks = ascii ? { train: "*", eval: "o" } : { train: "⠤⠤⠤", eval: "⠤⠀⠤" };
  const paint = (split: Split) => (color ? `${COLORS[split]}${marks[split]}\x1b[39m` : marks[split]);
  return `${onOneLine(metric)}: ${series.map(({ split }) => `${paint(split)} ${split}`).join("  ")}`;
}
