/** @file The terminal of the command line: width, color, character set, output streams. */
import { printable } from "../phrases.ts";
import { showsUtf8, usesColor } from "./capabilities.ts";
import { wrapText } from "./text.ts";

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
  const shown = color ? printablePainted : printable;
  return {
    columns: process.stdout.columns || Number(env.COLUMNS) || 80,
    isTTY,
    color,
    ascii: !showsUtf8(env),
    write: (text) => void process.stdout.write(shown(text)),
    print: (line = "") => void process.stdout.write(`${shown(line)}\n`),
    info: (line) => void process.stderr.write(`${shown(line)}\n`),
    bold: paint(1),
    dim: paint(2),
  };
}

/** Colors and weights as `bold`, `dim` and plots write them: no text can do more with one than look odd. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence
const PAINT = /(\x1b\[(?:[0-2]|22|3[0-79])m)/;

/** Text that is safe to print, with its paint. */
const printablePainted = (text: string) =>
  text
    .split(PAINT)
    .map((part, i) => (i % 2 === 0 ? printable(part) : part))
    .join("");

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
