/** @file One page of parquet, checked before the library decodes it: what it accepts in silence is an error here. */
import type { PageHeader, ParquetType, SchemaElement, SchemaTree } from "hyparquet";
import { deltaBinaryUnpack } from "hyparquet/src/delta.js";
import { getMaxDefinitionLevel, getMaxRepetitionLevel } from "hyparquet/src/schema.js";
import { checkDeltas, checkRuns, readLevels } from "./parquetChecks.ts";

/** What the pages of a row group may still hold, all columns together. */
export interface PageBudget {
  /** Bytes, decompressed. */
  bytes: number;
  /** Values and levels of nesting. */
  values: number;
}

/** A column that pages are checked against. */
export interface PageColumn {
  type: ParquetType;
  element: SchemaElement;
  /** From the root of the schema to the column. */
  schemaPath: SchemaTree[];
  /** Entries of its dictionary; undefined before there is one. */
  dictionary: number | undefined;
  /** Whether the page is the first one with values. */
  isFirst: boolean;
}

/** A page's header of the kind that its type says. */
function valuesHeader({ type, data_page_header: v1, data_page_header_v2: v2 }: PageHeader) {
  return type === "DATA_PAGE" ? v1 : type === "DATA_PAGE_V2" ? v2 : undefined;
}

/** The types that each encoding is for. */
const ENCODINGS: Readonly<Record<string, readonly ParquetType[] | undefined>> = {
  PLAIN_DICTIONARY: ["INT32", "INT64", "INT96", "FLOAT", "DOUBLE", "BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"],
  RLE_DICTIONARY: ["INT32", "INT64", "INT96", "FLOAT", "DOUBLE", "BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"],
  RLE: ["BOOLEAN"],
  DELTA_BINARY_PACKED: ["INT32", "INT64"],
  DELTA_LENGTH_BYTE_ARRAY: ["BYTE_ARRAY"],
  DELTA_BYTE_ARRAY: ["BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"],
  BYTE_STREAM_SPLIT: ["FLOAT", "DOUBLE", "INT32", "INT64", "FIXED_LEN_BYTE_ARRAY"],
};

/** Bits of a place in a dictionary: the library reads no more, and a dictionary of 16 million entries is none. */
const WIDEST = 24;

/**
 * @param page its content, decompressed.
 * @returns its values, with those that are missing, and the rows that begin in it.
 * @throws Error where it does not agree with its header or its column.
 */
export function checkPage(
  page: Uint8Array,
  header: PageHeader,
  column: PageColumn,
  budget: PageBudget,
): { values: number; rows: number } {
  if (header.type === "DICTIONARY_PAGE") {
    checkDictionary(page, header, column, budget);
    return { values: 0, rows: 0 };
  }
  const data = valuesHeader(header);
  if (!data) throw new Error(`a page of type ${header.type}`);
  const { num_values: count, encoding } = data;
  if (!(count >= 0)) throw new Error(`a page of ${count} values`);
  take(budget, 0, count * Math.max(1, column.schemaPath.length - 1));
  const { start, rows, present } = checkLevels(page, header, column);
  checkEncoding(page, start, { encoding, count: present }, column, budget);
  return { values: count, rows };
}

function take(budget: PageBudget, bytes: number, values: number): void {
  budget.bytes -= bytes;
  budget.values -= values;
  if (budget.bytes < 0) throw new Error("its pages hold too many bytes");
  if (budget.values < 0) throw new Error("its pages hold too many values");
}

function checkDictionary(page: Uint8Array, header: PageHeader, column: PageColumn, budget: PageBudget): void {
  const { num_values: count = -1, encoding } = header.dictionary_page_header ?? {};
  if (!(count >= 0)) throw new Error(`a dictionary of ${count} values`);
  if (encoding !== "PLAIN" && encoding !== "PLAIN_DICTIONARY") throw new Error(`a dictionary encoded as ${encoding}`);
  if (column.dictionary !== undefined) throw new Error("two dictionaries");
  if (!column.isFirst) throw new Error("a dictionary behind a page with values");
  if (column.type === "BOOLEAN") throw new Error("a dictionary of truth values");
  take(budget, 0, count);
  checkWidth(page.length, count, column);
}

interface Encoded {
  encoding: string | undefined;
  /** Values that are not missing. */
  count: number;
}

function checkEncoding(
  page: Uint8Array,
  start: number,
  { encoding = "none", count }: Encoded,
  column: PageColumn,
  budget: PageBudget,
): void {
  const { type, dictionary } = column;
  const types = Object.hasOwn(ENCODINGS, encoding) ? ENCODINGS[encoding] : undefined;
  if (types && !types.includes(type)) throw new Error(`${type} encoded as ${encoding}`);
  if (encoding.endsWith("_DICTIONARY")) {
    if (dictionary === undefined) throw new Error("a page refers to a dictionary, which is missing");
    if (count === 0) return;
    const width = page[start] ?? 0;
    if (width > WIDEST) throw new Error(`places in a dictionary of ${width} bits`);
    if (dictionary === 0) throw new Error("it refers to values beyond its dictionary");
    if (width > 0 || start + 1 < page.length) checkRuns(page, start + 1, { end: page.length, width, count });
  } else if (encoding === "RLE") {
    checkRuns(page, start + 4, { end: page.length, width: 1, count });
  } else if (encoding === "PLAIN" || encoding === "BYTE_STREAM_SPLIT") {
    checkWidth(page.length - start, count, column);
  } else if (types && count > 0) {
    const bits = type === "INT64" ? 64 : 32;
    const second = checkDeltas(page, start, { count, bits });
    if (encoding === "DELTA_BYTE_ARRAY") checkPrefixes(page, start, { second, count }, column, budget);
  }
}

/** Texts that each begin like the one before: together they may be far longer than their page. */
function checkPrefixes(
  page: Uint8Array,
  start: number,
  { second, count }: { second: number; count: number },
  { type, element }: PageColumn,
  budget: PageBudget,
): void {
  checkDeltas(page, second, { count, bits: 32 });
  const reader = { view: new DataView(page.buffer, page.byteOffset, page.byteLength), offset: start };
  const [shared, own] = [new Int32Array(count), new Int32Array(count)];
  deltaBinaryUnpack(reader, count, shared);
  deltaBinaryUnpack({ ...reader, offset: second }, count, own);
  for (let i = 0, before = 0; i < count; i++) {
    if (shared[i] < 0 || shared[i] > before || own[i] < 0)
      throw new Error(`a text of ${shared[i]} bytes of the one before, which has ${before}, and ${own[i]} others`);
    before = shared[i] + own[i];
    if (type === "FIXED_LEN_BYTE_ARRAY" && before !== element.type_length)
      throw new Error(`${before} bytes in a column of ${element.type_length} each`);
    take(budget, shared[i], 0);
  }
}

const BYTES: Record<string, number> = {
  INT32: 4,
  FLOAT: 4,
  INT64: 8,
  DOUBLE: 8,
  INT96: 12,
  BYTE_ARRAY: 4,
  BOOLEAN: 1 / 8,
};

function checkWidth(bytes: number, count: number, { type, element }: PageColumn): void {
  const width = type === "FIXED_LEN_BYTE_ARRAY" ? (element.type_length ?? 0) : (BYTES[type] ?? 0);
  if (count * width > bytes) throw new Error(`a page of ${bytes} bytes says that it has ${count} values`);
}

interface Levels {
  /** Where the values begin. */
  start: number;
  rows: number;
  /** Values that are not missing. */
  present: number;
}

function checkLevels(page: Uint8Array, header: PageHeader, { schemaPath, isFirst }: PageColumn): Levels {
  const most = [getMaxRepetitionLevel(schemaPath), getMaxDefinitionLevel(schemaPath)];
  const count = valuesHeader(header)?.num_values ?? 0;
  const [repetition, definition, start] = readBoth(page, header, most);
  const present = definition ? definition.reduce((sum, level) => sum + (level === most[1] ? 1 : 0), 0) : count;
  const rows = repetition ? repetition.reduce((sum, level) => sum + (level === 0 ? 1 : 0), 0) : count;
  if (repetition && count > 0 && repetition[0] !== 0 && (isFirst || header.type === "DATA_PAGE_V2"))
    throw new Error("a page begins within a row");
  if (repetition && definition) checkNesting(repetition, definition, schemaPath);
  const v2 = header.type === "DATA_PAGE_V2" ? header.data_page_header_v2 : undefined;
  if (v2 && v2.num_nulls !== count - present)
    throw new Error(`a page of ${count - present} missing values, its header says ${v2.num_nulls}`);
  if (v2 && v2.num_rows !== rows) throw new Error(`a page of ${rows} rows, its header says ${v2.num_rows}`);
  return { start, rows, present };
}

type BothLevels = [repetition: Uint8Array | undefined, definition: Uint8Array | undefined, start: number];

function readBoth(page: Uint8Array, header: PageHeader, most: readonly number[]): BothLevels {
  const { data_page_header: v1, data_page_header_v2: v2 } = header;
  const isSecond = header.type === "DATA_PAGE_V2";
  const count = valuesHeader(header)?.num_values ?? 0;
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  const lengths = isSecond && v2 ? [v2.repetition_levels_byte_length, v2.definition_levels_byte_length] : undefined;
  const encodings = [v1?.repetition_level_encoding, v1?.definition_level_encoding];
  const both: (Uint8Array | undefined)[] = [];
  let at = 0;
  for (const [i, level] of most.entries()) {
    both.push(undefined);
    if (level === 0) {
      at += lengths?.[i] ?? 0;
      continue;
    }
    if (!isSecond && encodings[i] !== "RLE") throw new Error(`levels encoded as ${encodings[i]}`);
    const start = lengths ? at : at + 4;
    if (start > page.length) throw new Error(`a page of ${page.length} bytes, which ends in its levels`);
    const length = lengths ? lengths[i] : view.getUint32(at, true);
    const end = start + length;
    if (!(length >= 0 && end <= page.length)) throw new Error(`levels of ${length} bytes in a page of ${page.length}`);
    both[i] = readLevels(page, start, { end, count, most: level });
    at = end;
  }
  return [both[0], both[1], at];
}

/** An item that continues a list exists: its definition reaches that list. */
function checkNesting(repetition: Uint8Array, definition: Uint8Array, schemaPath: readonly SchemaTree[]): void {
  const least = [0]; // by level of repetition
  let level = 0;
  for (const { element } of schemaPath.slice(1)) {
    if (element.repetition_type !== "REQUIRED") level++;
    if (element.repetition_type === "REPEATED") least.push(level);
  }
  const wrong = repetition.findIndex((one, i) => definition[i] < least[one]);
  if (wrong >= 0) throw new Error(`an item of a list that its level ${definition[wrong]} says is empty`);
}
