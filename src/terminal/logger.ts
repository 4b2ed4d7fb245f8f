/** @file A run's console output: a progress bar and log lines on a terminal, plain lines elsewhere. */
import {
  options as anOptions,
  anyFunction,
  bool,
  checkOptions,
  numberAbove0,
  objectWith,
  optionsOf,
} from "../arguments.ts";
import { onOneLine, printable } from "../phrases.ts";
import { createBottomLine, type TerminalStream } from "./bottomLine.ts";
import { type Environment, showsUtf8, usesColor } from "./capabilities.ts";
import { metricCells } from "./logFormat.ts";
import type { Logger } from "./logging.ts";
import { createProgressBar } from "./progressBar.ts";
import { createProgressLines } from "./progressLines.ts";
import { quietStream } from "./quietStream.ts";
import { wrapText } from "./text.ts";

export interface LoggerOptions {
  /** Default: stderr, which keeps stdout for results. */
  stream?: (TerminalStream & { isTTY?: boolean | undefined }) | undefined;
  /** Default: the stream's current width; without a terminal, lines are not cut. */
  columns?: number | undefined;
  /** Default: true on a terminal or with FORCE_COLOR, unless NO_COLOR is set. */
  color?: boolean | undefined;
  /** Default: whether the stream is a terminal; false with CI or TERM=dumb. */
  isTTY?: boolean | undefined;
  /** Draws the bar in ASCII only. Default: true unless the locale is UTF-8. */
  ascii?: boolean | undefined;
  /** Prints warnings only: no progress, no log. */
  disable_tqdm?: boolean | undefined;
  env?: Environment | undefined;
  /** Clock in milliseconds; for tests. */
  now?: (() => number) | undefined;
}

const OPTIONS = optionsOf<LoggerOptions>("createLogger", {
  stream: objectWith("a stream, such as process.stderr", "write"),
  columns: numberAbove0,
  color: bool,
  isTTY: bool,
  ascii: bool,
  disable_tqdm: bool,
  env: anOptions,
  now: anyFunction,
});

const WARNING = "warning:";

/** For a terminal: lines break between words. */
const wrapped = (text: string, columns: number) => wrapText(text, columns, { breakWords: false }).join("\n");

/** Creates the logger of a run. */
export function createLogger(options: LoggerOptions = {}): Logger {
  checkOptions("createLogger", options, OPTIONS);
  const { stream: given = process.stderr, env = process.env, now = Date.now } = options;
  const stream = quietStream(given);
  const plain = Boolean((env.CI && env.CI !== "false") || env.TERM === "dumb");
  const isTTY = options.isTTY ?? (given.isTTY === true && !plain);
  const color = options.color ?? usesColor(isTTY, env);
  const columns = () => options.columns ?? stream.columns ?? 80;
  const fitted = isTTY ? (text: string) => wrapped(text, columns()) : printable;
  const warning = (text: string) => {
    const line = fitted(`${WARNING} ${text}`);
    return color ? `\x1b[33m${WARNING}\x1b[0m${line.slice(WARNING.length)}` : line;
  };
  if (options.disable_tqdm) return warningsOnly((text) => stream.write(`${warning(text)}\n`));
  const line = isTTY ? createBottomLine(stream, columns) : undefined;
  const write = (text: string) => (line ? line.above(text) : stream.write(`${text}\n`));
  const ascii = options.ascii ?? !showsUtf8(env);
  const progress = line
    ? createProgressBar(line, { stream, columns, color, ascii, now })
    : createProgressLines(write, { now });
  const print = (text: string) => {
    write(text);
    progress.linePrinted();
  };
  let stepWidth = 1;
  return {
    info: (text) => print(fitted(text)),
    warn: (text) => print(warning(text)),
    start: (run) => {
      stepWidth = String(run.totalSteps).length;
      progress.start(run);
    },
    step: (report) => progress.step(report),
    status: (text) => progress.status(text),
    metrics: (entry) =>
      print(metricsLine(entry, { columns: isTTY ? columns() - 1 : Number.POSITIVE_INFINITY, stepWidth, color })),
    end: () => progress.stop(),
    close: () => progress.stop(),
  };
}

/** `name value` pairs on one line; evaluation metrics have names in another color. */
function metricsLine(
  entry: Record<string, number>,
  { columns, stepWidth, color }: { columns: number; stepWidth: number; color: boolean },
): string {
  const isEvaluation = Object.keys(entry).some((name) => name.startsWith("eval_"));
  const paint = (name: string) => (color ? `\x1b[${isEvaluation ? "36" : "2"}m${name}\x1b[0m` : name);
  return metricCells(entry, columns, stepWidth)
    .map(({ name, value }) => `${paint(onOneLine(name))} ${value}`)
    .join("  ");
}

/** The logger with disable_tqdm: warnings stay, since they may invalidate a run. */
function warningsOnly(warn: (text: string) => void): Logger {
  const none = () => {};
  return { info: none, warn, start: none, step: none, status: none, metrics: none, end: none, close: none };
}
