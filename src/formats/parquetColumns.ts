/** @file The columns of a row group, page by page: each page is checked, and counted, before the library decodes it. */

import type { ColumnMetaData, PageHeader, ParquetParsers, SchemaTree } from "hyparquet";
import { parquetHeader, readPage } from "hyparquet/src/column.js";
import { convert, DEFAULT_PARSERS } from "hyparquet/src/convert.js";
import { getTreePath, isFlatColumn } from "hyparquet/src/schema.js";
import { compressors as codecs } from "hyparquet-compressors";
import { checkThrift } from "./parquetChecks.ts";
import { checkPage, type PageBudget } from "./parquetPages.ts";
import { isBinary } from "./parquetValues.ts";
import { zstdReader } from "./zstd.ts";

type Decoder = Parameters<typeof readPage>[2];
type Values = Parameters<typeof readPage>[3];

/** What a row group is read with. */
export interface ColumnReading {
  schema: SchemaTree;
  /** Rows to read. */
  rows: number;
  /** Whether the row group has more rows than that. */
  isPart?: boolean;
  /** Bytes of the column that are not there. */
  missing?: number;
  parsers: Partial<ParquetParsers>;
  budget: PageBudget;
}

/**
 * The values of a column, row by row.
 * @param bytes the column's pages, up to `missing` bytes of them.
 * @returns undefined where more bytes are needed.
 * @throws Error for pages that do not agree with their headers or with the row group.
 */
export function readColumnPages(
  bytes: Uint8Array,
  column: ColumnMetaData,
  reading: ColumnReading,
): Values[] | undefined {
  const schemaPath = getTreePath(reading.schema, column.path_in_schema);
  const { element } = schemaPath[schemaPath.length - 1];
  const isFlat = isFlatColumn(schemaPath);
  if (element.type !== column.type)
    throw new Error(`its pages have the type ${column.type}, its schema ${element.type}`);
  const reader = new PageReader(column, schemaPath, reading);
  // a page may continue the last row of the one before, unless the column is flat
  const isEnough = () => (isFlat ? reader.rows >= reading.rows : reading.isPart === true && reader.rows > reading.rows);
  let at = 0;
  while (!isEnough() && at < bytes.length - (isFlat ? 0 : 1)) {
    const next = nextPage(bytes, at, column, reading);
    if (next === undefined) return undefined;
    reader.add(next.header, next.page);
    at = next.end;
  }
  if (!isEnough() && (reading.missing ?? 0) > 0) return undefined;
  const { rows, values, chunks } = reader;
  if (rows < reading.rows || (rows > reading.rows && !reading.isPart))
    throw new Error(`it has ${rows} rows, its row group ${reading.rows}`);
  const promised = column.num_values === undefined ? values : Number(column.num_values);
  if (!reading.isPart && values !== promised) throw new Error(`it has ${values} values, the footer says ${promised}`);
  return chunks;
}

/** Decodes the pages of a column, one after another. */
class PageReader {
  /** Rows that begin in the pages so far, and values with those that are missing. */
  rows = 0;
  values = 0;
  /** Of each page; of columns with lists, one list that grows. */
  readonly chunks: NonNullable<Values>[] = [];
  readonly #decoder: Decoder;
  readonly #column: ColumnMetaData;
  readonly #budget: PageBudget;
  #dictionary: Values;

  constructor(column: ColumnMetaData, schemaPath: SchemaTree[], { parsers, budget }: ColumnReading) {
    const { type, path_in_schema: pathInSchema } = column;
    const { element } = schemaPath[schemaPath.length - 1];
    const all = { ...DEFAULT_PARSERS, ...parsers };
    const utf8 = !isBinary(element);
    this.#decoder = { pathInSchema, type, element, schemaPath, codec: "UNCOMPRESSED", parsers: all, utf8 };
    this.#column = column;
    this.#budget = budget;
  }

  add(header: PageHeader, content: Uint8Array): void {
    const { element, schemaPath } = this.#decoder;
    const { type } = this.#column;
    const dictionary = this.#dictionary?.length;
    const page = content.byteLength === content.buffer.byteLength ? content : content.slice(); // else it reads on
    const facts = { type, element, schemaPath, dictionary, isFirst: this.values === 0 };
    const { rows, values } = checkPage(page, header, facts, this.#budget);
    const sizes = { compressed_page_size: page.length, uncompressed_page_size: page.length };
    const reader = { view: new DataView(page.buffer), offset: 0 };
    const last = this.chunks.at(-1);
    const before = last?.length ?? 0;
    const { data } = readPage(reader, plain({ ...header, ...sizes }), this.#decoder, this.#dictionary, last, 0);
    if (header.type === "DICTIONARY_PAGE") this.#dictionary = convert(data ?? [], this.#decoder);
    else if (data && data !== last && data.length > 0) this.chunks.push(data);
    if (header.type !== "DICTIONARY_PAGE" && hasGap(data, data === last ? Math.max(0, before - 1) : 0))
      throw new Error("it refers to values beyond its dictionary");
    this.rows += rows;
    this.values += values;
  }
}

/** Whether a value was not there: missing ones are null. */
function hasGap(values: Values, from: number): boolean {
  if (!Array.isArray(values)) return false;
  for (let i = from; i < values.length; i++) {
    const value: unknown = values[i];
    if (value === undefined || (Array.isArray(value) && hasGap(value, 0))) return true;
  }
  return false;
}

/** The header of a page that is no longer compressed. */
function plain(header: PageHeader): PageHeader {
  const { data_page_header_v2: v2 } = header;
  return v2 ? { ...header, data_page_header_v2: { ...v2, is_compressed: false } } : header;
}

/** Bytes that a page's header has, at most: statistics hold values. */
const LONGEST_HEADER = 2 ** 24;

/** @returns undefined if it ends beyond the bytes of the column that are there. */
function nextPage(bytes: Uint8Array, at: number, column: ColumnMetaData, { budget, missing = 0 }: ColumnReading) {
  const start = headerEnd(bytes, at, missing);
  if (start === undefined) return undefined;
  const header = parquetHeader({ view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: at });
  const { compressed_page_size: size, uncompressed_page_size: length } = header;
  const end = start + size;
  if (size >= 0 && end > bytes.length && end <= bytes.length + missing) return undefined;
  if (!(size >= 0 && end <= bytes.length)) throw new Error(`a page of ${size} bytes ends beyond its column`);
  budget.bytes -= length;
  if (!(length >= 0) || budget.bytes < 0) throw new Error("its pages hold too many bytes");
  const content = bytes.subarray(start, end);
  const v2 = header.type === "DATA_PAGE_V2" ? header.data_page_header_v2 : undefined;
  const levels = v2 ? levelBytes(v2) : 0;
  if (!(levels >= 0 && levels <= Math.min(size, length)))
    throw new Error(`a page of ${size} bytes, ${levels} of levels`);
  const isPacked = column.codec !== "UNCOMPRESSED" && v2?.is_compressed !== false;
  if (!isPacked && size !== length) throw new Error(`a page of ${size} bytes, its header says ${length}`);
  if (!isPacked) return { header, page: content, end };
  const values = decompress(column.codec, content.subarray(levels), length - levels);
  if (levels === 0) return { header, page: values, end };
  const page = new Uint8Array(length);
  page.set(content.subarray(0, levels));
  page.set(values, levels);
  return { header, page, end };
}

function headerEnd(bytes: Uint8Array, at: number, missing: number): number | undefined {
  try {
    return checkThrift(bytes, at);
  } catch (error) {
    if (missing > 0 && bytes.length - at < LONGEST_HEADER) return undefined; // perhaps it ends in the next ones
    throw error;
  }
}

function levelBytes(v2: NonNullable<PageHeader["data_page_header_v2"]>): number {
  const { definition_levels_byte_length: definition, repetition_levels_byte_length: repetition } = v2;
  return definition >= 0 && repetition >= 0 ? definition + repetition : Number.NaN;
}

function decompress(codec: ColumnMetaData["codec"], bytes: Uint8Array, length: number): Uint8Array {
  if (length === 0) return new Uint8Array(0); // of missing values alone: LZ4 has no bytes for none
  if (codec === "ZSTD") return unzstd(bytes, length);
  const run = Object.hasOwn(codecs, codec) ? codecs[codec] : undefined;
  if (!run) throw new Error(`unsupported compression ${codec}`);
  const page = run(bytes, length);
  if (page.length !== length) throw new Error(`a page has ${page.length} bytes, its header says ${length}`);
  return page;
}

/** Bytes that the decoder may move for a page: those of one of 128 MiB, with a window as large. */
const MOST_WORK = 2 ** 37;

/** Zstandard's frames say how long they are themselves, whatever the page's header says. */
function unzstd(bytes: Uint8Array, length: number): Uint8Array {
  const page = new Uint8Array(length);
  let at = 0;
  const push = zstdReader((piece) => {
    if (at + piece.length > length) throw new Error(`a page has more bytes than ${length}, as its header says`);
    page.set(piece, at);
    at += piece.length;
  }, MOST_WORK);
  if (bytes.length > 0) push(bytes, true);
  if (at !== length) throw new Error(`a page has ${at} bytes, its header says ${length}`);
  return page;
}
