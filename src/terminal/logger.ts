/** @file What a person sees of a run: a progress bar on a terminal, a line at each log, plain lines everywhere else. */
import { createBottomLine, type TerminalStream } from "./bottomLine.ts";
import { type Environment, showsUtf8, usesColor } from "./capabilities.ts";
import { metricCells } from "./logFormat.ts";
import type { Logger } from "./logging.ts";
import { createProgressBar } from "./progressBar.ts";

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
  /** Nothing is printed at all. */
  disable_tqdm?: boolean | undefined;
  env?: Environment | undefined;
  /** Milliseconds; for tests. */
  now?: (() => number) | undefined;
}

const SILENT: Logger = {
  info: () => {},
  warn: () => {},
  start: () => {},
  step: () => {},
  status: () => {},
  metrics: () => {},
  end: () => {},
  close: () => {},
};

/** Creates the logger of a run; see the options for where and how it writes. */
export function createLogger(options: LoggerOptions = {}): Logger {
  if (options.disable_tqdm) return SILENT;
  const { stream = process.stderr, env = process.env } = options;
  const plain = Boolean(env.NO_COLOR || (env.CI && env.CI !== "false") || env.TERM === "dumb");
  const isTTY = options.isTTY ?? (stream.isTTY === true && !plain);
  const color = options.color ?? usesColor(isTTY, env);
  const columns = () => options.columns ?? stream.columns ?? 80;
  const line = isTTY ? createBottomLine(stream, columns) : undefined;
  const print = (text: string) => (line ? line.above(text) : stream.write(`${text}\n`));
  const ascii = options.ascii ?? !showsUtf8(env);
  const bar = line && createProgressBar(line, { stream, columns, color, ascii, now: options.now ?? Date.now });
  let stepWidth = 1;
  return {
    info: print,
    warn: (text) => print(`${color ? "\x1b[33mwarning:\x1b[0m" : "warning:"} ${text}`),
    start: (run) => {
      stepWidth = String(run.totalSteps).length;
      bar?.start(run);
    },
    step: (report) => bar?.step(report),
    status: (text) => bar?.status(text),
    metrics: (entry) => {
      const cells = metricCells(entry, isTTY ? columns() - 1 : Number.POSITIVE_INFINITY, stepWidth);
      const isEvaluation = Object.keys(entry).some((name) => name.startsWith("eval_"));
      const paint = (name: string) => (color ? `\x1b[${isEvaluation ? "36" : "2"}m${name}\x1b[0m` : name);
      print(cells.map(({ name, value }) => `${paint(name)} ${value}`).join("  "));
    },
    end: () => bar?.stop(),
    close: () => bar?.stop(),
  };
}
