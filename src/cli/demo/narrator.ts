/** @file Output of the demo: numbered chapters, indented paragraphs and fields, as wide as the terminal. */

import { largest } from "../../lists.ts";
import { onOneLine } from "../../phrases.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { cutText, padText, tableLines, textWidth, wrapText } from "../../terminal/text.ts";

const INDENT = "   ";
const WIDEST = 100; // longer lines are hard to read
const PROSE = { breakWords: false }; // keeps paths whole

export interface Narrator {
  readonly terminal: Terminal;
  /** Columns of an indented line. */
  readonly width: number;
  /** Starts a numbered chapter. @param code the line of code that does it. */
  chapter(title: string, code?: string): void;
  paragraph(text: string): void;
  /** Names and values, each cut to one line, or wrapped with `whole`. */
  fields(entries: readonly (readonly [string, string])[], options?: { whole?: boolean }): void;
  /** Cells in columns; `right` is the set of right-aligned columns. */
  table(rows: string[][], right?: ReadonlySet<number>): void;
  /** Commands, each below its purpose; never cut, so that they can be copied. */
  commands(entries: readonly (readonly [string, string])[]): void;
  /** Prints lines unchanged. */
  lines(lines: readonly string[]): void;
}

export function createNarrator(terminal: Terminal): Narrator {
  const { print, dim, bold } = terminal;
  const width = Math.min(terminal.columns, WIDEST) - INDENT.length;
  const lines = (all: readonly string[]) => {
    for (const line of all) print(`${INDENT}${line}`.trimEnd());
  };
  let chapters = 0;
  return {
    terminal,
    width,
    lines,
    chapter: (title, code) => {
      chapters++;
      print();
      print(bold(`${chapters}. ${title}`));
      if (code) for (const line of wrapText(code, width, PROSE)) print(`${INDENT}${dim(line)}`);
    },
    table: (rows, right) => lines(tableLines(rows, right).map((line) => `  ${line}`)),
    commands: (entries) => lines(entries.flatMap(([purpose, command]) => [purpose, `  ${command}`])),
    paragraph: (text) => lines(wrapText(text, width, PROSE)),
    fields: (entries, { whole = false } = {}) => {
      const nameWidth = largest(entries.map(([name]) => textWidth(name)));
      for (const [name, value] of entries) {
        const room = Math.max(20, width - nameWidth - 4);
        const parts = whole ? wrapText(value, room) : [cutText(onOneLine(value), room)];
        const names = parts.map((_, i) => dim(padText(i === 0 ? name : "", nameWidth)));
        lines(parts.map((part, i) => `  ${names[i]}  ${part}`));
      }
    },
  };
}
