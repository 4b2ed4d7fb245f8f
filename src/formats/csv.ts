/** @file CSV as pandas reads it: text -> records of fields. The states are those of its C parser. */

export interface CsvDialect {
  /** One character between fields. */
  separator: string;
  /** Around a field that holds separators, line ends or quotes; undefined: no quoting. */
  quote: string | undefined;
  /** Two quotes within quotes are one. */
  doubleQuote: boolean;
  /** The character after this one is as it is. */
  escape: string | undefined;
  /** Begins a comment, up to the end of its line. */
  comment: string | undefined;
  skipInitialSpace: boolean;
  /** Lines of nothing but blanks are no records. */
  skipBlankLines: boolean;
}

export interface CsvRecords {
  records: string[][];
  /** The line on which each record begins, counted from the first line of the text: 0. */
  lines: number[];
  /** Index after the last whole record. */
  used: number;
  /** Lines in the part that was used. */
  usedLines: number;
  /** Set where a quote is still open at the end of the text: the line of its record. */
  openQuote: number | undefined;
}

/**
 * The records of a text. A quote counts only where a field begins; after the closing one, text continues the field.
 * Lines end with LF, CRLF or CR.
 * @param isLast false: more text follows, and the record at the end may be incomplete.
 */
export function readCsv(text: string, dialect: CsvDialect, isLast: boolean): CsvRecords {
  const scan: Scan = { text, dialect, at: 0, line: 0 };
  const result: CsvRecords = { records: [], lines: [], used: 0, usedLines: 0, openQuote: undefined };
  while (scan.at < text.length) {
    const line = scan.line;
    const record = readRecord(scan, isLast);
    if (record === "incomplete") break;
    if (record === "open quote") {
      result.openQuote = line;
      break;
    }
    if (record !== "blank") {
      result.records.push(record);
      result.lines.push(line);
    }
    result.used = scan.at;
    result.usedLines = scan.line;
  }
  return result;
}

interface Scan {
  text: string;
  dialect: CsvDialect;
  at: number;
  /** Line ends passed. */
  line: number;
}

/** Moves behind the line end here. @returns false if there is none, undefined if more text may belong to it. */
function passLineEnd(scan: Scan, isLast: boolean): boolean | undefined {
  const character = scan.text[scan.at];
  if (character !== "\n" && character !== "\r") return false;
  if (character === "\r" && scan.at + 1 === scan.text.length && !isLast) return undefined;
  scan.at += character === "\r" && scan.text[scan.at + 1] === "\n" ? 2 : 1;
  scan.line++;
  return true;
}

/** Whether the line here is a comment or has nothing but blanks; moves to its end. */
function passBlanks(scan: Scan): boolean {
  const { text, dialect } = scan;
  let end = scan.at;
  if (dialect.comment !== undefined && text[end] === dialect.comment) end = lineEnd(text, end);
  else if (!dialect.skipBlankLines) return false;
  else while ((text[end] === " " || text[end] === "\t") && text[end] !== dialect.separator) end++;
  if (end < text.length && text[end] !== "\n" && text[end] !== "\r") return false;
  scan.at = end;
  return true;
}

function lineEnd(text: string, from: number): number {
  let end = from;
  while (end < text.length && text[end] !== "\n" && text[end] !== "\r") end++;
  return end;
}

type Incomplete = "incomplete" | "open quote";

function readRecord(scan: Scan, isLast: boolean): string[] | "blank" | Incomplete {
  const { text, dialect } = scan;
  if (passBlanks(scan)) {
    if (scan.at === text.length) return isLast ? "blank" : "incomplete";
    return passLineEnd(scan, isLast) === undefined ? "incomplete" : "blank";
  }
  const record: string[] = [];
  while (true) {
    const field = readField(scan, isLast);
    if (field === "open" || field === "cut") return field === "open" && isLast ? "open quote" : "incomplete";
    record.push(field.text);
    if (scan.at >= text.length) return isLast ? record : "incomplete";
    if (text[scan.at] === dialect.separator) {
      scan.at++;
      if (scan.at < text.length) continue;
      if (!isLast) return "incomplete";
      return [...record, ""];
    }
    if (dialect.comment !== undefined && text[scan.at] === dialect.comment) {
      scan.at = lineEnd(text, scan.at);
      if (scan.at >= text.length) return isLast ? record : "incomplete";
    }
    return passLineEnd(scan, isLast) === undefined ? "incomplete" : record;
  }
}

/** One field, up to a separator, a line end, a comment or the end. "open": within quotes; "cut": after an escape. */
function readField(scan: Scan, isLast: boolean): { text: string } | "open" | "cut" {
  const { text, dialect } = scan;
  if (dialect.skipInitialSpace) while (text[scan.at] === " ") scan.at++;
  let field = "";
  if (dialect.quote !== undefined && text[scan.at] === dialect.quote) {
    scan.at++;
    const quoted = readQuoted(scan);
    if (quoted === undefined) return "open";
    field = quoted;
    if (scan.at >= text.length && !isLast) return "cut"; // another quote may follow
  }
  const ends = endsOf(dialect);
  while (true) {
    ends.lastIndex = scan.at;
    const end = ends.exec(text)?.index ?? text.length;
    field += text.slice(scan.at, end);
    scan.at = end;
    if (dialect.escape === undefined || text[end] !== dialect.escape) return { text: field };
    if (end + 1 >= text.length) return isLast ? { text: field } : "cut";
    field += text[end + 1];
    scan.at = end + 2;
  }
}

/** Text up to the closing quote; undefined if there is none. */
function readQuoted(scan: Scan): string | undefined {
  const { text, dialect } = scan;
  const quote = dialect.quote as string;
  let field = "";
  const ends =
    dialect.escape === undefined ? undefined : new RegExp(`[${inClass(quote)}${inClass(dialect.escape)}]`, "g");
  while (true) {
    if (ends) ends.lastIndex = scan.at;
    const end = ends ? (ends.exec(text)?.index ?? -1) : text.indexOf(quote, scan.at);
    if (end < 0) return undefined;
    const piece = text.slice(scan.at, end);
    field += piece;
    scan.line += lineEndsIn(piece);
    scan.at = end + 1;
    if (text[end] !== quote) {
      if (end + 1 >= text.length) return undefined;
      field += text[end + 1];
      scan.at = end + 2;
    } else if (dialect.doubleQuote && text[scan.at] === quote) {
      field += quote;
      scan.at++;
    } else return field;
  }
}

function lineEndsIn(text: string): number {
  if (!text.includes("\n") && !text.includes("\r")) return 0;
  return text.match(/\r\n|\n|\r/g)?.length ?? 0;
}

const inClass = (character: string) => character.replace(/[\\\]^-]/, "\\$&");

const patterns = new WeakMap<CsvDialect, RegExp>();

/** What ends a field without quotes, or escapes a character. */
function endsOf(dialect: CsvDialect): RegExp {
  const before = patterns.get(dialect);
  if (before) return before;
  const all = [dialect.separator, dialect.escape, dialect.comment];
  const pattern = new RegExp(`[\\r\\n${all.map((one) => inClass(one ?? "")).join("")}]`, "g");
  patterns.set(dialect, pattern);
  return pattern;
}
