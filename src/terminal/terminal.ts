/** @file The terminal of the command line: width, color, character set, output streams. */
import { showsUtf8, usesColor } from "./capabilities.ts";
import { printable, wrapText } from "./text.ts";

export interface Terminal {
  /** Width in characters: the terminal's, else $COLUMNS, else 80. */
  readonly columns: number;
  /** Whether stdout is a terminal. */
  readonly isTTY: boolean;
  readonly color: boolean;
  /** ASCII characters only. */
  readonly ascii: boolean;
  /** Writes results to stdout. */
  write(text: string): void;
  /** Writes a line of results to stdout. */
  print(line?: string): void;
  /** Writes a line of information for the user to stderr. */
  info(line: string): void;
  bold(text: string): string;
  dim(text: string): string;
}

export function openTerminal(env: NodeJS.ProcessEnv = process.env): Terminal {
  const isTTY = process.stdout.isTTY === true;
  const color = usesColor(isTTY, env);
  const paint = (code: number) => (text: string) => (color ? `\x1b[${code}m${text}\x1b[0m` : text);
  return {
    columns: process.stdout.columns || Number(env.COLUMNS) || 80,
    isTTY,
    color,
    ascii: !showsUtf8(env),
    write: (text) => void process.stdout.write(text),
    print: (line = "") => void process.stdout.write(`${line}\n`),
    info: (line) => void process.stderr.write(`${line}\n`),
    bold: paint(1),
    dim: paint(2),
  };
}

/**
 * Prints `error: message` and the hint to stderr. No stack trace; control characters are escaped. On a terminal, lines
 * break between words and paths stay whole.
 */
export function printError(message: string, hint?: string, env: NodeJS.ProcessEnv = process.env): void {
  const { isTTY, columns } = process.stderr;
  const text = `error: ${message}${hint ? `\n${hint}` : ""}`;
  const lines = isTTY && columns > 0 ? wrapText(text, columns, { breakWords: false }) : [printable(text)];
  const label = usesColor(isTTY === true, env) ? "\x1b[31merror:\x1b[0m" : "error:";
  process.stderr.write(`${label}${lines.join("\n").slice("error:".length)}\n`);
}
