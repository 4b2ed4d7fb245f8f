/** @file CSV files, read in blocks: bytes -> typed rows as plain objects. pandas.read_csv, as datasets calls it. */
import { PrefineError, show } from "../errors.ts";
import { counted } from "../phrases.ts";
import type { ByteSource } from "./byteSource.ts";
import { type CsvDialect, readCsv } from "./csv.ts";
import { CsvColumnScan, type CsvType, type CsvValues, csvValue } from "./csvColumns.ts";
import { MOST_COLUMNS } from "./mostColumns.ts";
import { decodeUtf8, refuseWideText } from "./textEncoding.ts";
import { orderedObject } from "./written.ts";

export interface CsvSettings {
  dialect: CsvDialect;
  values: CsvValues;
  /** Lines to skip before the header. */
  skipRows: number;
  /** Names of the columns; undefined: the first record has them. */
  names: readonly string[] | undefined;
  /** The record with the names, counted after skipRows; undefined: there is none. */
  header: number | undefined;
  /** Most rows to read. */
  rows: number;
  /** Columns to keep, by name or number; undefined: all. */
  columns: readonly (string | number)[] | undefined;
}

export interface CsvFile {
  source: ByteSource;
  /** The file's name, for messages. */
  where: string;
  settings: CsvSettings;
  columns: CsvColumn[];
  blocks: CsvBlock[];
}

interface CsvColumn {
  name: string;
  /** Position in a record. */
  index: number;
  type: CsvType;
}

/** Rows that are read together: bytes [start, end) of the file. */
export interface CsvBlock {
  start: number;
  end: number;
  /** The first records of these are no rows: the header. */
  skip: number;
  rows: number;
}

/** Bytes per read, and so about the size of a block. */
const BLOCK_BYTES = 1 << 20;
/** Bytes of one record; JavaScript's strings end at twice as many characters. */
const LONGEST_ROW = 2 ** 28;
const HINT = "A CSV file has a line of names, then a line per row; texts with separators or line ends are in quotes.";

/**
 * Reads the whole file once, block by block: checks every record, infers the columns' types and records the blocks.
 * @param where the file's name, for messages.
 */
export async function openCsv(
  source: ByteSource,
  where: string,
  settings: CsvSettings,
  blockBytes = BLOCK_BYTES,
): Promise<CsvFile> {
  const columns = new Columns(where, settings);
  const blocks: CsvBlock[] = [];
  let left = settings.rows;
  for await (const { records, lines, start, end } of blocksOf(source, where, settings, blockBytes)) {
    const skip = columns.isReady ? 0 : columns.readNames(records, lines);
    const rows = Math.min(records.length - skip, left);
    for (let i = skip; i < skip + rows; i++) columns.add(records[i], lines[i]);
    left -= rows;
    if (rows > 0) blocks.push({ start, end, skip, rows });
    if (left === 0) break;
  }
  return { source, where, settings, columns: columns.end(), blocks };
}

/** The rows of one block. */
export async function readCsvBlock(file: CsvFile, { start, end, skip, rows }: CsvBlock) {
  const { source, where, settings, columns } = file;
  const text = decodeUtf8(new Uint8Array(await source.slice(start, end)), where);
  const { records } = readCsv(text, settings.dialect, true);
  return records.slice(skip, skip + rows).map((record) => rowOf(record, columns, settings.values));
}

function rowOf(record: readonly string[], columns: readonly CsvColumn[], values: CsvValues): Record<string, unknown> {
  return orderedObject(columns.map(({ name, index, type }) => [name, csvValue(record[index], type, values)]));
}

interface Block {
  records: string[][];
  /** The line of each record, from 1. */
  lines: number[];
  start: number;
  end: number;
}

/** The file's records in blocks of whole ones. */
async function* blocksOf(
  source: ByteSource,
  where: string,
  settings: CsvSettings,
  blockBytes: number,
): AsyncGenerator<Block> {
  let { at: start, line } = await skipLines(source, where, settings);
  for (let size = blockBytes; start < source.byteLength; ) {
    const bytes = new Uint8Array(await source.slice(start, Math.min(start + size, source.byteLength)));
    const isAtEnd = start + bytes.length >= source.byteLength;
    const isLast = isAtEnd && source.isCut !== true;
    const whole = isLast ? bytes : bytes.subarray(0, lastLineEnd(bytes));
    const text = decodeUtf8(whole, where);
    const { records, lines, used, usedLines, openQuote } = readCsv(text, settings.dialect, isLast);
    if (openQuote !== undefined) throw bad(where, line + openQuote, "a quote without an end");
    const usedBytes = used === text.length ? whole.length : new TextEncoder().encode(text.slice(0, used)).length;
    if (usedBytes === 0 && bytes.length > LONGEST_ROW) throw bad(where, line, "a row of more than 256 MiB");
    if (records.length > 0) yield { records, lines: lines.map((one) => line + one), start, end: start + usedBytes };
    start += usedBytes;
    line += usedLines;
    size = usedBytes > 0 ? blockBytes : Math.min(size * 2, LONGEST_ROW + 1); // a record longer than a block
    if (isLast || (isAtEnd && usedBytes === 0)) break;
  }
}

/** Up to the last line end after which the text can be cut: not between CR and LF. */
function lastLineEnd(bytes: Uint8Array): number {
  const feed = bytes.lastIndexOf(0x0a);
  return (feed >= 0 ? feed : bytes.lastIndexOf(0x0d, bytes.length - 2)) + 1;
}

/** The byte and the line, from 1, where the header begins: after a byte order mark and `skiprows` lines. */
async function skipLines(source: ByteSource, where: string, { skipRows }: CsvSettings) {
  const bytes = new Uint8Array(await source.slice(0, Math.min(source.byteLength, 1 << 16)));
  refuseWideText(new TextDecoder().decode(bytes.subarray(0, 8)), where);
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  for (let line = 0; line < skipRows; line++) {
    while (at < bytes.length && bytes[at] !== 0x0a && bytes[at] !== 0x0d) at++;
    at += bytes[at] === 0x0d && bytes[at + 1] === 0x0a ? 2 : 1;
    if (at > bytes.length) throw bad(where, line + 1, "fewer lines in its first 64 KiB than skiprows says");
  }
  return { at, line: 1 + skipRows };
}

/** The columns: first their names, then what their fields can be. */
class Columns {
  isReady = false;
  private names: { name: string; index: number }[] = [];
  private scans: CsvColumnScan[] = [];
  private fields = 0;
  private readonly where: string;
  private readonly settings: CsvSettings;

  constructor(where: string, settings: CsvSettings) {
    this.where = where;
    this.settings = settings;
  }

  /** @returns the number of records that are no rows. */
  readNames(records: readonly string[][], lines: readonly number[]): number {
    const { names, header, columns, values } = this.settings;
    const skip = header === undefined ? 0 : header + 1;
    const named = header === undefined ? undefined : records[header];
    if (header !== undefined && !named)
      throw bad(this.where, lines[0], `fewer than ${header + 1} lines before the rows`);
    this.fields = Math.max(names?.length ?? 0, (named ?? records[0]).length);
    const all = names ?? (named ? distinct(named) : records[0].map((_, i) => String(i)));
    if (names && this.fields > names.length) {
      const found = `${counted(this.fields, "field")} for ${counted(names.length, "name")}`;
      throw bad(this.where, lines[0], found);
    }
    this.names = all.map((name, index) => ({ name, index }));
    if (columns) this.names = this.names.filter(({ name, index }) => columns.includes(name) || columns.includes(index));
    const wrong = columns?.find((column) => !this.names.some((one) => one.name === column || one.index === column));
    if (wrong !== undefined) {
      const message = `${this.where}: usecols: no column ${show(wrong)}: the columns are ${all.join(", ")}`;
      throw new PrefineError("data", message);
    }
    if (this.names.length > MOST_COLUMNS) {
      const message = `${this.where}: expected at most ${MOST_COLUMNS} columns, found ${this.names.length}`;
      throw new PrefineError("data", message, "Are texts written as names? Is the separator another one?");
    }
    this.scans = this.names.map(() => new CsvColumnScan(values));
    this.isReady = true;
    return skip;
  }

  add(record: readonly string[], line: number): void {
    if (record.length > this.fields) {
      const entry = 'datasets: [{ path: FILE, sep: ";" }]';
      const hint = `Put texts with separators in quotes, or give the separator, in a run file ${entry}.`;
      const expected = `expected ${counted(this.fields, "field")} as in the header, found ${record.length}`;
      throw new PrefineError("data", `${this.where}:${line}: ${expected}`, hint);
    }
    this.names.forEach(({ index }, i) => {
      this.scans[i].add(record[index]);
    });
  }

  end(): CsvColumn[] {
    if (this.isReady) return this.names.map((column, i) => ({ ...column, type: this.scans[i].end() }));
    const message = `${this.where}: expected rows, found an empty file`;
    throw new PrefineError("data", message, "Write rows into it, or name another.");
  }
}

/** pandas' names of columns: `Unnamed: 0` for none; a name that is there already gets a number. */
function distinct(header: readonly string[]): string[] {
  const names = header.map((name, i) => (name === "" ? `Unnamed: ${i}` : name));
  const counts = new Map<string, number>();
  const given = new Set(names);
  return names.map((original) => {
    let name = original;
    let count = counts.get(name) ?? 0;
    while (count > 0) {
      counts.set(original, count + 1);
      name = `${original}.${count}`;
      count = given.has(name) && !counts.has(name) ? count + 1 : (counts.get(name) ?? 0);
    }
    counts.set(name, count + 1);
    return name;
  });
}

const bad = (where: string, line: number, found: string) =>
  new PrefineError("data", `${where}:${line}: expected a row of a CSV file, found ${found}`, HINT);
