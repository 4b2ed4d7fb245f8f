/** @file What a person sees of a run: a progress bar on a terminal, a line at each log, plain lines everywhere else. */
import { createBottomLine, type TerminalStream } from "./bottomLine.ts";
import { type Environment, showsUtf8, usesColor } from "./capabilities.ts";
import { metricCells } from "./logFormat.ts";
import type { Logger } from "./logging.ts";
import { createProgressBar } from "./progressBar.ts";
import { createProgressLines } from "./progressLines.ts";

export interface LoggerOptions {
  /** Default: stderr, so that stdout stays for results. */
  stream?: (TerminalStream & { isTTY?: boolean | undefined }) | undefined;
  /** Default: the stream's, at every moment; without a terminal, lines are as long as they are. */
  columns?: number | undefined;
  /** Default: on a terminal, or where FORCE_COLOR is set; not where NO_COLOR is. */
  color?: boolean | undefined;
  /** Default: whether the stream is a terminal, unless NO_COLOR, CI or TERM=dumb ask for plain lines. */
  isTTY?: boolean | undefined;
  /** No characters beyond ASCII in the bar; default: unless the locale is UTF-8. */
  ascii?: boolean | undefined;
  /** Warnings are all that is printed: neither progress nor the log. */
  disable_tqdm?: boolean | undefined;
  env?: Environment | undefined;
  /** Milliseconds; for tests. */
  now?: (() => number) | undefined;
}

/** Creates the logger of a run; see the options for where and how it writes. */
export function createLogger(options: LoggerOptions = {}): Logger {
  const { stream = process.stderr, env = process.env, now = Date.now } = options;
  const plain = Boolean(env.NO_COLOR || (env.CI && env.CI !== "false") || env.TERM === "dumb");
  const isTTY = options.isTTY ?? (stream.isTTY === true && !plain);
  const color = options.color ?? usesColor(isTTY, env);
  const warning = (text: string) => `${color ? "\x1b[33mwarning:\x1b[0m" : "warning:"} ${text}`;
  if (options.disable_tqdm) return warningsOnly((text) => stream.write(`${warning(text)}\n`));
  const columns = () => options.columns ?? stream.columns ?? 80;
  const line = isTTY ? createBottomLine(stream, columns) : undefined;
  const write = (text: string) => (line ? line.above(text) : stream.write(`${text}\n`));
  const ascii = options.ascii ?? !showsUtf8(env);
  const progress = line
    ? createProgressBar(line, { stream, columns, color, ascii, now })
    : createProgressLines(write, { now });
  const print = (text: string) => {
    write(text);
    progress.heard();
  };
  let stepWidth = 1;
  return {
    info: print,
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

/** `name value` side by side; the names of an evaluation in another color. */
function metricsLine(
  entry: Record<string, number>,
  { columns, stepWidth, color }: { columns: number; stepWidth: number; color: boolean },
): string {
  const isEvaluation = Object.keys(entry).some((name) => name.startsWith("eval_"));
  const paint = (name: string) => (color ? `\x1b[${isEvaluation ? "36" : "2"}m${name}\x1b[0m` : name);
  return metricCells(entry, columns, stepWidth)
    .map(({ name, value }) => `${paint(name)} ${value}`)
    .join("  ");
}

/** What disable_tqdm leaves: a warning may say that a run is worth nothing. */
function warningsOnly(warn: (text: string) => void): Logger {
  const none = () => {};
  return { info: none, warn, start: none, step: none, status: none, metrics: none, end: none, close: none };
}
