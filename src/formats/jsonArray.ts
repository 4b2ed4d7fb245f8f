/** @file A JSON list of rows, `[{...}, {...}]`: bytes -> the byte ranges of its elements. */
import type { RowSpan, RowSplitter } from "./jsonl.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const NEWLINE = 0x0a;
const COMMA = 0x2c;
const SPACE = 0x20;

function isOpening(byte: number): boolean {
  return byte === 0x5b || byte === 0x7b; // [ {
}

function isClosing(byte: number): boolean {
  return byte === 0x5d || byte === 0x7d; // ] }
}

/** State of a scan. */
interface Scan {
  line: number;
  /** Open brackets: 0 before and after the list, 1 between its elements. */
  depth: number;
  /** True after the list's closing bracket. */
  closed: boolean;
  /** True while an element must follow: after a comma. */
  expectsElement: boolean;
  /** Beginning of the current element, or of text after the list. */
  current: RowSpan | undefined;
  rows: RowSpan[];
}

/**
 * Splits at the commas of the outer list. Elements are cut out without parsing; an empty one is a row of zero bytes.
 * @param inside true if the bytes begin with an element, after the opening bracket, and end with one.
 * @param firstLine number of the first line of the bytes, from 1.
 */
export function jsonArraySplitter(inside: boolean, firstLine: number): RowSplitter {
  const scan: Scan = {
    line: firstLine,
    depth: inside ? 1 : 0,
    closed: false,
    expectsElement: false,
    current: undefined,
    rows: [],
  };
  return {
    split(bytes, last) {
      scan.rows = [];
      walk(bytes, scan);
      if (last && inside) endElement(scan, bytes.length);
      const rows = scan.rows;
      const open = scan.current;
      if (!open || scan.closed) return { rows, used: bytes.length };
      // An incomplete element is scanned again, from its first byte, together with the next bytes.
      [scan.depth, scan.line, scan.current] = [1, open.line, undefined];
      return { rows, used: open.start };
    },
    problem() {
      if (scan.closed) return scan.current && { line: scan.current.line, actual: "text after the end of the list" };
      return inside ? undefined : { line: scan.line, actual: "a list without an end; is the file truncated?" };
    },
  };
}

function walk(bytes: Uint8Array, scan: Scan): void {
  let inString = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === NEWLINE) scan.line++;
    if (inString) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) inString = false;
    } else if (byte > SPACE) {
      inString = byte === QUOTE;
      step(byte, i, scan);
    }
  }
}

/** One byte outside strings and white space. */
function step(byte: number, at: number, scan: Scan): void {
  if (scan.depth === 0) {
    if (scan.closed || byte !== 0x5b) scan.current ??= { start: at, end: at, line: scan.line };
    else scan.depth = 1;
    return;
  }
  if (scan.depth === 1 && byte === COMMA) {
    scan.current ??= { start: at, end: at, line: scan.line }; // nothing between two commas
    endElement(scan, at);
    scan.expectsElement = true;
  } else if (scan.depth === 1 && isClosing(byte)) {
    if (scan.expectsElement) scan.current ??= { start: at, end: at, line: scan.line };
    endElement(scan, at);
    [scan.depth, scan.closed] = [0, true];
  } else {
    scan.current ??= { start: at, end: at, line: scan.line };
    if (isOpening(byte)) scan.depth++;
    else if (isClosing(byte)) scan.depth--;
  }
}

function endElement(scan: Scan, end: number): void {
  if (scan.current) scan.rows.push({ ...scan.current, end });
  scan.current = undefined;
  scan.expectsElement = false;
}
