/** @file JSON Lines: bytes -> the byte ranges of its rows, one per line. */

/** A row's bytes [start, end) within the given bytes, and its first line, from 1. */
export interface RowSpan {
  start: number;
  end: number;
  line: number;
}

/** Cuts a file into rows piece by piece, without parsing them. */
export interface RowSplitter {
  /**
   * The rows that end in these bytes. The next call starts with the bytes after `used`.
   * @param last true if no bytes follow.
   */
  split(bytes: Uint8Array, last: boolean): { rows: RowSpan[]; used: number };
  /** Called at the end: a problem of the file as a whole, if any. */
  problem(): { line: number; actual: string } | undefined;
}

const NEWLINE = 0x0a;

/** Splits at line ends; blank lines are no rows. @param firstLine number of the first line of the bytes, from 1. */
export function jsonLinesSplitter(firstLine: number): RowSplitter {
  let line = firstLine;
  return {
    split(bytes, last) {
      const rows: RowSpan[] = [];
      let start = 0;
      while (start < bytes.length) {
        const newline = bytes.indexOf(NEWLINE, start);
        if (newline < 0 && !last) break;
        const end = newline < 0 ? bytes.length : newline;
        if (!isBlank(bytes, start, end)) rows.push({ start, end, line });
        start = end + 1;
        line++;
      }
      return { rows, used: Math.min(start, bytes.length) };
    },
    problem: () => undefined,
  };
}

/** JSON's white space: a line of zeros, as a crash leaves it, is no blank line. */
const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0d || byte === 0x09 || byte === 0x0a;

function isBlank(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (!isSpace(bytes[i])) return false;
  return true;
}
