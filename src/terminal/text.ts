/** @file Text for terminals: how many cells it takes, cutting and wrapping by cells, columns side by side. */

/** East Asian wide and emoji blocks, [first, last] code points; most of Unicode's EastAsianWidth W and F. */
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
const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });

const graphemes = (text: string) => Array.from(segmenter.segment(text), ({ segment }) => segment);

/** Cells of one grapheme: 0, 1 or 2. */
function graphemeWidth(grapheme: string): number {
  const code = grapheme.codePointAt(0) ?? 0;
  if (EMOJI.test(grapheme)) return 2;
  if (ZERO_WIDTH.test(grapheme)) return 0;
  return WIDE.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
}

/** Cells that `text` (of one line, without escapes) takes in a terminal. */
export function textWidth(text: string): number {
  return graphemes(text).reduce((sum, grapheme) => sum + graphemeWidth(grapheme), 0);
}

/** `text` on one line of at most `width` cells; "..." where something was cut. */
export function cutText(text: string, width: number): string {
  const line = onOneLine(text);
  if (line.length <= width && textWidth(line) <= width) return line;
  return `${takeCells(line, Math.max(0, width - 3))}...`;
}

/** The longest beginning of `text` in at most `width` cells. */
function takeCells(text: string, width: number): string {
  let beginning = "";
  let used = 0;
  for (const { segment } of segmenter.segment(text.slice(0, width * 16))) {
    used += graphemeWidth(segment);
    if (used > width) break;
    beginning += segment;
  }
  return beginning;
}

/** Newlines and tabs as `\n` and `\t`, other control characters as their code: nothing in `text` moves the cursor. */
export function onOneLine(text: string): string {
  return text.replaceAll("\n", "\\n").replaceAll("\t", "\\t").replace(CONTROLS, escapeControl);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
const escapeControl = (character: string) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;

/** Text from a model or a data set, safe to print: tabs and newlines stay, other controls are shown. */
export function printable(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(CONTROLS, escapeControl);
}

interface WrapOptions {
  /**
   * Whether a word longer than a line is broken, so that no line exceeds the width. Default: true. Otherwise the
   * terminal breaks it, and a path or a command can still be copied.
   */
  breakWords?: boolean;
}

/** Lines of at most `width` cells, broken at spaces where possible; newlines of `text` are kept. */
export function wrapText(text: string, width: number, { breakWords = true }: WrapOptions = {}): string[] {
  return printable(text)
    .replaceAll("\t", "  ")
    .split("\n")
    .flatMap((line) => wrapLine(line, width, breakWords));
}

function wrapLine(line: string, width: number, breakWords: boolean): string[] {
  const lines: string[] = [];
  let current = "";
  for (const word of line.split(/(?<= )(?=[^ ])/)) {
    if (textWidth((current + word).trimEnd()) <= width) {
      current += word;
      continue;
    }
    if (current.trim() !== "") lines.push(current.trimEnd());
    const pieces = breakWords ? breakWord(word, width) : [word];
    lines.push(...pieces.slice(0, -1));
    current = pieces.at(-1) ?? "";
  }
  return [...lines, current.trimEnd()];
}

/** A word that may be longer than a line (a URL, Chinese) in pieces of at most `width` cells. */
function breakWord(word: string, width: number): string[] {
  const pieces = [""];
  let used = 0;
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

/** `text` with spaces up to `width` cells. */
export function padText(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - textWidth(text)));
}

/** Rows of cells as lines, columns as wide as their widest cell; `right` names the columns that are numbers. */
export function tableLines(rows: string[][], right: ReadonlySet<number> = new Set()): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => textWidth(row[column]))));
  return rows.map((row) => {
    const cells = row.map((cell, column) => {
      const filler = " ".repeat(widths[column] - textWidth(cell));
      return right.has(column) ? filler + cell : cell + filler;
    });
    return cells.join("  ").trimEnd();
  });
}

/** Words as people count them: what white space separates. */
export function countWords(text: string): number {
  return text.split(/\s+/).filter(Boolean).length;
}
