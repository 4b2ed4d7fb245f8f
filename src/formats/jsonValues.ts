/** @file JSON objects one after another, over any number of lines: bytes -> the byte ranges of its rows. */
import type { RowSpan, RowSplitter } from "./jsonl.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const TAB = 0x09;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/**
 * Splits after the brace that closes an object. Anything else between two objects but white space is a row of its own,
 * which then fails to be read. @param firstLine number of the first line of the bytes, from 1.
 */
export function jsonValuesSplitter(firstLine: number): RowSplitter {
  let line = firstLine;
  let open: number | undefined; // the line of a row without an end
  return {
    split(bytes, last) {
      const rows: RowSpan[] = [];
      let at = 0;
      open = undefined;
      while (at < bytes.length) {
        while (at < bytes.length && isSpace(bytes[at])) line += isLineEnd(bytes, at++) ? 1 : 0;
        if (at === bytes.length) return { rows, used: at };
        const end = endOfObject(bytes, at);
        if (end === undefined && !last) return { rows, used: at };
        if (end === undefined) open = line;
        rows.push({ start: at, end: end ?? bytes.length, line });
        for (const to = end ?? bytes.length; at < to; at++) if (isLineEnd(bytes, at)) line++;
      }
      return { rows, used: at };
    },
    problem: () => (open === undefined ? undefined : { line: open, actual: "an object without an end" }),
  };
}

const isSpace = (byte: number) => byte === SPACE || byte === NEWLINE || byte === RETURN || byte === TAB;

/** LF, or CR without one after it. */
function isLineEnd(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === NEWLINE || (bytes[at] === RETURN && bytes[at + 1] !== NEWLINE);
}

/** Behind the brace that closes the object which begins here; behind one byte if none begins. */
function endOfObject(bytes: Uint8Array, start: number): number | undefined {
  if (bytes[start] !== OPEN) return start + 1;
  let depth = 0;
  let inString = false;
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at];
    if (inString) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === OPEN) depth++;
    else if (byte === CLOSE && --depth === 0) return at + 1;
  }
  return undefined;
}
