/** @file Text for terminals: width in cells, cutting and wrapping by cells, tables. */
import { graphemes, onOneLine, printable } from "../phrases.ts";

/** East Asian wide and emoji blocks, [first, last] code points; covers most of Unicode's EastAsianWidth W and F. */
const WIDE: ReadonlyArray<readonly [number, number]> = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f900, 0x1faff],
  [0x20000, 0x3fffd],
];
const ZERO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
const EMOJI = /\p{Emoji_Presentation}|\ufe0f/u;
/** Cells of one grapheme: 0, 1 or 2. */
function graphemeWidth(grapheme: string): number {
  const code = grapheme.codePointAt(0) ?? 0;
  if (EMOJI.test(grapheme)) return 2;
  if (ZERO_WIDTH.test(grapheme)) return 0;
  return WIDE.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
}

/** Most text: a cell per character. */
const PLAIN = /^[ -~]*$/;

/** Width of `text` (one line, no escape codes) in terminal cells. */
export function textWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const grapheme of graphemes(text)) width += graphemeWidth(grapheme);
  return width;
}

/** `text` on one line of at most `width` cells, ending in "..." if cut. */
export function cutText(text: string, width: number): string {
  const line = onOneLine(text);
  if (line.length <= width && textWidth(line) <= width) return line;
  return `${takeCells(line, Math.max(0, width - 3))}...`;
}

/** The longest beginning of `text` in at most `width` cells. */
function takeCells(text: string, width: number): string {
  let beginning = "";
  let used = 0;
  for (const grapheme of graphemes(text.slice(0, width * 16))) {
    used += graphemeWidth(grapheme);
    if (used > width) break;
    beginning += grapheme;
  }
  return beginning;
}

interface WrapOptions {
  /**
   * Breaks words longer than a line, so that no line exceeds the width. Default: true. With false, the terminal
   * breaks them, and paths and commands can still be copied.
   */
  breakWords?: boolean;
}

/** Lines of at most `width` cells, broken at spaces if possible; newlines in `text` are kept. */
export function wrapText(text: string, width: number, { breakWords = true }: WrapOptions = {}): string[] {
  return printable(text)
    .replaceAll("\t", "  ")
    .split("\n")
    .flatMap((line) => wrapLine(line, width, breakWords));
}

function wrapLine(line: string, width: number, breakWords: boolean): string[] {
  const lines: string[] = [];
  let current = "";
  let used = 0; // cells of `current`
  for (const word of line.split(/(?<= )(?=[^ ])/)) {
    const cells = textWidth(word.trimEnd());
    if (used + cells <= width) {
      current += word;
      used += textWidth(word);
      continue;
    }
    const isBroken = breakWords && cells > width;
    const fills = isBroken && !PLAIN.test(word) && width - used >= 2; // Chinese text is one word
    const left = fills ? width - used : 0;
    const pieces = isBroken ? breakWord(word, width, left || width) : [word];
    if (left > 0) current += pieces.shift() ?? "";
    if (current.trim() !== "") lines.push(current.trimEnd());
    current = pieces.pop() ?? "";
    for (const piece of pieces) lines.push(piece);
    used = textWidth(current);
  }
  lines.push(current.trimEnd());
  return lines;
}

/**
 * Splits a word that may be longer than a line (a URL, Chinese text) into pieces of at most `width` cells.
 * @param first of the first one.
 */
function breakWord(word: string, width: number, first: number): string[] {
  const pieces = [""];
  let used = width - first;
  for (const grapheme of graphemes(word)) {
    const cells = graphemeWidth(grapheme);
    if (used + cells > width && grapheme !== " ") {
      pieces.push("");
      used = 0;
    }
    pieces[pieces.length - 1] += grapheme;
    used += cells;
  }
  return pieces;
}

/** Pads `text` with spaces to `width` cells. */
export function padText(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - textWidth(text)));
}

/** Rows of cells as aligned lines; `right` is the set of right-aligned columns. */
export function tableLines(rows: string[][], right: ReadonlySet<number> = new Set()): string[] {
  const widths = rows[0].map((_, column) => rows.reduce((most, row) => Math.max(most, textWidth(row[column])), 0));
  return rows.map((row) => {
    const cells = row.map((cell, column) => {
      const filler = " ".repeat(widths[column] - textWidth(cell));
      return right.has(column) ? filler + cell : cell + filler;
    });
    return cells.join("  ").trimEnd();
  });
}

/** Number of words separated by white space. */
export function countWords(text: string): number {
  return text.split(/\s+/).filter(Boolean).length;
}
