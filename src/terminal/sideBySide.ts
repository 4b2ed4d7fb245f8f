/** @file Two texts in columns that fit the terminal, or one below the other if it is too narrow. */
import { padText, wrapText } from "./text.ts";

const NARROW = 50; // below this width, two columns are unreadable
const WIDEST = 160; // longer lines than half of this are hard to read

export interface Side {
  title: string;
  text: string;
}

export interface SideBySideOptions {
  /** Width of the terminal, characters. */
  columns: number;
  /** ASCII characters only. */
  ascii?: boolean;
  bold?: (text: string) => string;
}

/** Lines of the two texts under their titles. */
export function sideBySide(left: Side, right: Side, options: SideBySideOptions): string[] {
  const { columns, ascii = false, bold = (text: string) => text } = options;
  const [bar, line, cross] = ascii ? ["|", "-", "+"] : ["│", "─", "┼"];
  if (columns < NARROW) {
    return [left, right].flatMap(({ title, text }) => [
      ...wrapText(title, columns).map(bold),
      ...body(text, columns),
      "",
    ]);
  }
  const width = Math.floor((Math.min(columns, WIDEST) - 3) / 2);
  const join = (a: string, b: string, paint = (text: string) => text) =>
    `${paint(padText(a, width))} ${bar} ${paint(b)}`.trimEnd();
  const rows = (a: string[], b: string[], paint?: (text: string) => string) =>
    Array.from({ length: Math.max(a.length, b.length) }, (_, i) => join(a[i] ?? "", b[i] ?? "", paint));
  return [
    ...rows(wrapText(left.title, width), wrapText(right.title, width), bold),
    `${line.repeat(width + 1)}${cross}${line.repeat(width + 1)}`,
    ...rows(body(left.text, width), body(right.text, width)),
  ];
}

function body(text: string, width: number): string[] {
  const trimmed = text.trim();
  return wrapText(trimmed === "" ? "(nothing)" : trimmed, width);
}
