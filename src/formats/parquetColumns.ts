/** @file The columns of a row group, page by page: each page is checked, and counted, before the library decodes it. */

import type { ColumnMetaData, PageHeader, ParquetParsers, SchemaTree } from "hyparquet";
import { parquetHeader, readPage } from "hyparquet/src/column.js";
import { convert, DEFAULT_PARSERS } from "hyparquet/src/convert.js";
import { deltaBinaryUnpack } from "hyparquet/src/delta.js";
import { getMaxDefinitionLevel, getMaxRepetitionLevel, getTreePath, isFlatColumn } from "hyparquet/src/schema.js";
import { compressors as codecs } from "hyparquet-compressors";
import { checkDeltas, checkRuns, checkThrift } from "./parquetChecks.ts";
import { zstdReader } from "./zstd.ts";

type Decoder = Parameters<typeof readPage>[2];
type Values = Parameters<typeof readPage>[3];

/** What the pages of a row group may still hold, all columns together. */
export interface PageBudget {
  /** Bytes, decompressed. */
  bytes: number;
  /** Values and levels of nesting. */
  values: number;
}

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
  const parsers = { ...DEFAULT_PARSERS, ...reading.parsers };
  const { type, path_in_schema: pathInSchema } = column;
  const decoder: Decoder = { pathInSchema, type, element, schemaPath, codec: "UNCOMPRESSED", parsers };
  const isFlat = isFlatColumn(schemaPath);
  const chunks: NonNullable<Values>[] = [];
  let dictionary: Values;
  let rows = 0;
  // a page may continue the last row of the one before, unless the column is flat
  const isEnough = () => (isFlat ? rows >= reading.rows : reading.isPart === true && rows > reading.rows);
  let at = 0;
  while (!isEnough() && at < bytes.length - (isFlat ? 0 : 1)) {
    const next = nextPage(bytes, at, column, reading);
    if (next === undefined) return undefined;
    const { header, page, end } = next;
    at = end;
    checkPage(page, header, decoder, reading.budget);
    const last = chunks.at(-1);
    const before = last?.length ?? 0;
    if (!dictionary && isCoded(header)) throw new Error("a page refers to a dictionary, which is missing");
    const sizes = { compressed_page_size: page.length, uncompressed_page_size: page.length };
    const reader = { view: new DataView(page.buffer, page.byteOffset, page.byteLength), offset: 0 };
    const { data } = readPage(reader, plain({ ...header, ...sizes }), decoder, dictionary, last, 0);
    if (header.type === "DICTIONARY_PAGE") dictionary = data && convert(data, decoder);
    else if (data && data !== last && data.length > 0) chunks.push(data);
    rows += header.type === "DICTIONARY_PAGE" ? 0 : (data?.length ?? 0) - (data === last ? before : 0);
  }
  if (!isEnough() && (reading.missing ?? 0) > 0) return undefined;
  if (rows < reading.rows) throw new Error(`${pathInSchema.join(".")} has ${rows} of ${reading.rows} rows`);
  const isMissing = isFlat && dictionary && chunks.some((chunk) => Array.isArray(chunk) && chunk.includes(undefined));
  if (isMissing) throw new Error(`${pathInSchema.join(".")} refers to values beyond its dictionary`);
  return chunks;
}

const isCoded = ({ data_page_header: v1, data_page_header_v2: v2 }: PageHeader): boolean =>
  (v1 ?? v2)?.encoding?.endsWith("_DICTIONARY") === true;

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
  const v2 = header.data_page_header_v2;
  const levels = header.type === "DATA_PAGE_V2" && v2 ? levelBytes(v2) : 0;
  if (!(levels >= 0 && levels <= Math.min(size, length)))
    throw new Error(`a page of ${size} bytes, ${levels} of levels`);
  const isPacked = column.codec !== "UNCOMPRESSED" && v2?.is_compressed !== false;
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

const levelBytes = (v2: NonNullable<PageHeader["data_page_header_v2"]>) =>
  Math.max(0, v2.definition_levels_byte_length) + Math.max(0, v2.repetition_levels_byte_length);

function decompress(codec: ColumnMetaData["codec"], bytes: Uint8Array, length: number): Uint8Array {
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

/** Bits of a number up to this one. */
const widthOf = (most: number) => 32 - Math.clz32(most);
const BYTES: Record<string, number> = {
  INT32: 4,
  FLOAT: 4,
  INT64: 8,
  DOUBLE: 8,
  INT96: 12,
  BYTE_ARRAY: 4,
  BOOLEAN: 1 / 8,
};

function checkPage(page: Uint8Array, header: PageHeader, decoder: Decoder, budget: PageBudget): void {
  const data = header.data_page_header ?? header.data_page_header_v2 ?? header.dictionary_page_header;
  if (!data) return; // the library refuses it
  const { num_values: count, encoding } = data;
  const depth = Math.max(1, decoder.schemaPath.length - 1);
  if (!(count >= 0)) throw new Error(`a page of ${count} values`);
  budget.values -= count * depth;
  if (budget.values < 0) throw new Error("its pages hold too many values");
  if (header.type === "DICTIONARY_PAGE") {
    checkWidth(page.length, count, decoder);
    return;
  }
  const start = checkLevels(page, header, decoder);
  if (encoding === "PLAIN_DICTIONARY" || encoding === "RLE_DICTIONARY") {
    if (start < page.length) checkRuns(page, start + 1, { end: page.length, width: page[start], most: count });
  } else if (encoding === "RLE") {
    checkRuns(page, start + 4, { end: page.length, width: 1, most: count });
  } else if (encoding === "BYTE_STREAM_SPLIT") {
    checkWidth(page.length, count - nullsOf(header), decoder);
  } else if (encoding?.startsWith("DELTA") && start < page.length) {
    const most = checkDeltas(page, start, count);
    if (encoding === "DELTA_BYTE_ARRAY") budget.bytes -= textBytes(page, start, most);
    if (budget.bytes < 0) throw new Error("its pages hold too many bytes");
  }
}

/** Bytes of texts that each begin like the one before: together they may be far longer than their page. */
function textBytes(page: Uint8Array, start: number, count: number): number {
  const reader = { view: new DataView(page.buffer, page.byteOffset, page.byteLength), offset: start };
  const lengths = new Int32Array(count);
  deltaBinaryUnpack(reader, count, lengths);
  const shared = lengths.reduce((sum, length) => sum + length, 0);
  checkDeltas(page, reader.offset, count);
  return shared;
}

/** Nulls that the header counts; those of older pages are unknown. */
const nullsOf = ({ data_page_header_v2: v2, data_page_header: v1 }: PageHeader) => v2?.num_nulls ?? v1?.num_values ?? 0;

function checkWidth(bytes: number, count: number, { type, element }: Decoder): void {
  const width = type === "FIXED_LEN_BYTE_ARRAY" ? (element.type_length ?? 0) : (BYTES[type] ?? 0);
  if (count * width > bytes) throw new Error(`a page of ${bytes} bytes says that it has ${count} values`);
}

/** @returns where the values begin. */
function checkLevels(
  page: Uint8Array,
  { data_page_header_v2: v2, data_page_header: v1 }: PageHeader,
  decoder: Decoder,
) {
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  const [repetition, definition] = [
    getMaxRepetitionLevel(decoder.schemaPath),
    getMaxDefinitionLevel(decoder.schemaPath),
  ];
  const most = v2?.num_values ?? v1?.num_values ?? 0;
  const lengths = v2 && [v2.repetition_levels_byte_length, v2.definition_levels_byte_length];
  let at = 0;
  for (const [i, level] of [repetition, definition].entries()) {
    if (level === 0) {
      at += lengths?.[i] ?? 0;
      continue;
    }
    const start = lengths ? at : at + 4;
    const length = lengths ? lengths[i] : view.getUint32(at, true);
    const end = start + length;
    if (!(length >= 0 && end <= page.length)) throw new Error(`levels of ${length} bytes in a page of ${page.length}`);
    checkRuns(page, start, { end, width: widthOf(level), most });
    at = end;
  }
  return at;
}
