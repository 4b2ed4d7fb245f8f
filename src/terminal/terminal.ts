/** @file What the terminal can do: its width, colours, characters; and where the command line writes. */
import { printable, wrapText } from "./text.ts";

export interface Terminal {
  /** Width in characters: the terminal's, else $COLUMNS, else 80. */
  readonly columns: number;
  /** Whether stdout is a terminal. */
  readonly isTTY: boolean;
  readonly isColored: boolean;
  /** Whether characters beyond ASCII are shown. */
  readonly isUtf8: boolean;
  /** Results, on stdout. */
  write(text: string): void;
  /** A line of results. */
  print(line?: string): void;
  /** A line for the person at the terminal, on stderr. */
  say(line: string): void;
  bold(text: string): string;
  dim(text: string): string;
}

/** Colour for a terminal or with FORCE_COLOR; none where NO_COLOR (no-color.org) or TERM=dumb ask for none. */
function usesColor(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): boolean {
  if (env.NO_COLOR || env.TERM === "dumb") return false;
  return stream.isTTY === true || Boolean(env.FORCE_COLOR && env.FORCE_COLOR !== "0");
}

/** UTF-8 by the locale variables; Windows terminals show it too. */
function showsUtf8(env: NodeJS.ProcessEnv): boolean {
  return process.platform === "win32" || /utf-?8/i.test(env.LC_ALL || env.LC_CTYPE || env.LANG || "");
}

export function openTerminal(env: NodeJS.ProcessEnv = process.env): Terminal {
  const isColored = usesColor(process.stdout, env);
  const paint = (code: number) => (text: string) => (isColored ? `\x1b[${code}m${text}\x1b[0m` : text);
  return {
    columns: process.stdout.columns || Number(env.COLUMNS) || 80,
    isTTY: process.stdout.isTTY === true,
    isColored,
    isUtf8: showsUtf8(env),
    write: (text) => void process.stdout.write(text),
    print: (line = "") => void process.stdout.write(`${line}\n`),
    say: (line) => void process.stderr.write(`${line}\n`),
    bold: paint(1),
    dim: paint(2),
  };
}

/**
 * `error: message`, and what to do, on stderr. Never a stack trace; what a file holds does not move the cursor. In a
 * terminal, lines break between words; paths stay whole.
 */
export function printError(message: string, hint?: string, env: NodeJS.ProcessEnv = process.env): void {
  const { isTTY, columns } = process.stderr;
  const text = `error: ${message}${hint ? `\n${hint}` : ""}`;
  const lines = isTTY && columns > 0 ? wrapText(text, columns, { breakWords: false }) : [printable(text)];
  const told = lines.join("\n");
  const label = usesColor(process.stderr, env) ? "\x1b[31merror:\x1b[0m" : "error:";
  process.stderr.write(`${label}${told.slice("error:".length)}\n`);
}
