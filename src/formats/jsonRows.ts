/** @file JSON files of rows (JSON Lines, one list, objects one after another), read in blocks: bytes -> plain rows. */

import { PrefineError, show } from "../errors.ts";
import type { ByteSource } from "./byteSource.ts";
import { repeatedColumn } from "./duplicateKeys.ts";
import { parseExactJson } from "./exactJson.ts";
import { jsonArraySplitter } from "./jsonArray.ts";
import { jsonLinesSplitter, type RowSpan, type RowSplitter } from "./jsonl.ts";
import { jsonValuesSplitter } from "./jsonValues.ts";
import { isObject } from "./parseJson.ts";
import { NO_UTF8, refuseWideText, toUtf8, utf8Text } from "./textEncoding.ts";

export interface JsonFile {
  source: ByteSource;
  /** The file's name, for messages. */
  where: string;
  layout: Layout;
  blocks: JsonBlock[];
}

/**
 * A row per line; objects one after another, over several lines or in one; a list of objects; a list of other values,
 * each the column `text` of a row, as in datasets.
 */
type Layout = "lines" | "values" | "list" | "texts";

/** Rows that are read together: bytes [start, end) of the file. */
export interface JsonBlock {
  start: number;
  end: number;
  /** The line of the first row, from 1. */
  line: number;
  rows: number;
}

/** Bytes of one row; JavaScript's strings end at twice as many characters. */
const LONGEST_ROW = 2 ** 28;
/** Bytes per read, and so about the size of a block. */
const BLOCK_BYTES = 1 << 20;
/** Bytes per read within a long row. */
const LONGEST_READ = 2 ** 26;

const FORMATS =
  "A JSON file of rows has one object per line (JSON Lines), objects one after another, or one list of objects.";

/**
 * Reads the whole file once, block by block: checks every row and records the blocks. A file whose lines are no rows is
 * read again as objects one after another.
 * @param where the file's name, for messages.
 * @param beginning called before the first row, once or twice; its result is called with every row, in order.
 */
export async function openJson(
  source: ByteSource,
  where: string,
  beginning: () => (row: Record<string, unknown>) => void,
  blockBytes = BLOCK_BYTES,
): Promise<JsonFile> {
  const { layout, start } = await findLayout(source, where);
  try {
    return await scanAs(layout, { source, where, start, blockBytes, onRow: beginning() });
  } catch (error) {
    if (layout !== "lines" || !(error instanceof NoRow)) throw error;
    return scanAs("values", { source, where, start, blockBytes, onRow: beginning() }).catch((other: unknown) => {
      throw other instanceof NoRow && other.line <= error.line ? error : other; // the one that came further
    });
  }
}

interface Scanning {
  source: ByteSource;
  where: string;
  start: number;
  blockBytes: number;
  onRow: (row: Record<string, unknown>) => void;
}

async function scanAs(layout: Layout, { onRow, ...reading }: Scanning): Promise<JsonFile> {
  const blocks: JsonBlock[] = [];
  for await (const { rows, block } of blocksOf(layout, reading)) {
    rows.forEach(onRow);
    blocks.push(block);
  }
  return { source: reading.source, where: reading.where, layout, blocks };
}

/**
 * The rows of a file, read once from its beginning to its end, a block at a time. Whether objects stand on lines of
 * their own is decided by the first block.
 */
export async function* streamJson(
  source: ByteSource,
  where: string,
  blockBytes = BLOCK_BYTES,
): AsyncGenerator<Record<string, unknown>[]> {
  const { layout, start } = await findLayout(source, where);
  let isBegun = false;
  try {
    for await (const { rows } of blocksOf(layout, { source, where, start, blockBytes })) {
      isBegun = true;
      yield rows;
    }
  } catch (error) {
    if (isBegun || layout !== "lines" || !(error instanceof NoRow)) throw error;
    try {
      for await (const { rows } of blocksOf("values", { source, where, start, blockBytes })) yield rows;
    } catch (other) {
      throw other instanceof NoRow && other.line <= error.line ? error : other; // the one that came further
    }
  }
}

interface ReadBlock {
  rows: Record<string, unknown>[];
  block: JsonBlock;
}

/** The file's rows block by block. */
async function* blocksOf(
  layout: Layout,
  { source, where, start, blockBytes }: Omit<Scanning, "onRow">,
): AsyncGenerator<ReadBlock> {
  const splitter = splitterOf(layout, 1, false);
  let last: JsonBlock | undefined;
  let pending = new Uint8Array(0);
  for (let position = start, size = blockBytes; position < source.byteLength; ) {
    const next = new Uint8Array(await source.slice(position, Math.min(position + size, source.byteLength)));
    const pendingStart = position - pending.length;
    position += next.length;
    const bytes = concat(pending, next);
    const isLast = position >= source.byteLength && source.isCut !== true;
    const { rows, used } = splitter.split(bytes, isLast);
    if (rows.length > 0) {
      last = blockOf(rows, pendingStart);
      yield { rows: rows.map((span) => parseRow(bytes, span, { where, layout })), block: last };
    }
    pending = bytes.slice(used);
    if (pending.length > LONGEST_ROW) throw rowTooLong(where, last);
    // a row longer than a block: rescan its beginning less often
    const isLong = rows.length === 0 && pending.length > 0;
    size = isLong ? Math.min(size * 2, LONGEST_READ) : blockBytes;
  }
  const problem = source.isCut ? undefined : splitter.problem();
  if (problem) throw badRow(where, problem.line, problem.actual);
}

/** @param inside whether the bytes begin with a row. */
function splitterOf(layout: Layout, line: number, inside: boolean): RowSplitter {
  if (layout === "lines") return jsonLinesSplitter(line);
  return layout === "values" ? jsonValuesSplitter(line) : jsonArraySplitter(inside, line);
}

function rowTooLong(where: string, last: JsonBlock | undefined): PrefineError {
  const after = last ? `the row after line ${last.line}` : "the first row";
  const message = `${where}: expected rows of at most 256 MiB, found that ${after} has more`;
  return new PrefineError("data", message, FORMATS);
}

function blockOf(rows: RowSpan[], offset: number): JsonBlock {
  return {
    start: offset + rows[0].start,
    end: offset + rows[rows.length - 1].end,
    line: rows[0].line,
    rows: rows.length,
  };
}

/** The rows of one block. */
export async function readJsonBlock(file: JsonFile, block: JsonBlock): Promise<Record<string, unknown>[]> {
  const bytes = new Uint8Array(await file.source.slice(block.start, block.end));
  const { layout, where } = file;
  const { rows } = splitterOf(layout, block.line, true).split(bytes, true);
  return rows.map((span) => parseRow(bytes, span, { where, layout }));
}

/** Lists begin with a bracket, lines with a brace; skips a byte order mark. */
async function findLayout(source: ByteSource, where: string): Promise<{ layout: Layout; start: number }> {
  const bytes = new Uint8Array(await source.slice(0, Math.min(source.byteLength, 4096)));
  refuseWideText(new TextDecoder().decode(bytes.subarray(0, 8)), where);
  const start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  const first = bytes.subarray(start).find((byte) => byte > 0x20);
  if (first === undefined && bytes.length === source.byteLength) {
    throw new PrefineError(
      "data",
      `${where}: expected rows, found an empty file`,
      "Write rows into it, or name another.",
    );
  }
  if (first === 0x5b) return { layout: hasObjects(bytes.subarray(start)) ? "list" : "texts", start };
  if (first === 0x7b) return { layout: "lines", start };
  throw badRow(where, 1, "neither an object nor a list");
}

/** datasets' rule: a brace before any quote among the first 100 bytes. An empty list is one of objects. */
function hasObjects(bytes: Uint8Array): boolean {
  const [head] = new TextDecoder().decode(bytes.subarray(0, 100)).split('"', 1);
  return head.includes("{") || /^\s*\[\s*\]/.test(head);
}

interface RowPlace {
  where: string;
  layout: Layout;
}

function parseRow(
  bytes: Uint8Array,
  { start, end, line }: RowSpan,
  { where, layout }: RowPlace,
): Record<string, unknown> {
  const isLines = layout === "lines" || layout === "values";
  let value: unknown;
  const text = utf8Text(bytes.subarray(start, end));
  if (text === undefined) throw new NoRow(where, line, NO_UTF8, toUtf8(where));
  try {
    value = parseExactJson(text, isLines ? "numbers" : "null");
  } catch (error) {
    throw badRow(where, line, `${(error as Error).message.slice(0, 160)}`);
  }
  if (layout === "texts") return { text: value };
  if (isObject(value)) {
    const twice = isLines ? repeatedColumn(text, value) : undefined;
    if (twice !== undefined) throw repeated(where, line, twice);
    return value;
  }
  throw badRow(where, line, Array.isArray(value) ? "a list" : show(value));
}

/** The error for bytes that are no row. */
class NoRow extends PrefineError {
  readonly line: number;
  constructor(where: string, line: number, actual: string, hint = FORMATS) {
    super("data", `${where}:${line}: expected a row as a JSON object, found: ${actual}`, hint);
    this.line = line;
  }
}

function repeated(where: string, line: number, column: string): PrefineError {
  const message = `${where}:${line}: expected a row with each column once, found ${show(column)} twice`;
  return new PrefineError("data", message, "Rename one of the two.");
}

const badRow = (where: string, line: number, actual: string): NoRow => new NoRow(where, line, actual);

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
