/** @file Parquet files, read one row group at a time: bytes -> rows as plain objects. */

import {
  type ColumnMetaData,
  type DecodedArray,
  type FileMetaData,
  type ParquetParsers,
  parquetMetadataAsync,
  parquetSchema,
  type SchemaElement,
  type SchemaTree,
} from "hyparquet";
import { assembleAsync, asyncGroupToRows } from "hyparquet/src/rowgroup.js";
import { PrefineError, show } from "../errors.ts";
import { counted } from "../phrases.ts";
import type { ByteSource } from "./byteSource.ts";
import { type ReadBytes, rangeOf, readAtOnce, readerOf } from "./parquetBytes.ts";
import { checkThrift } from "./parquetChecks.ts";
import { type ColumnReading, readColumnPages } from "./parquetColumns.ts";
import { rowMaker, safeName, withSafeNames } from "./parquetRows.ts";
import { nestsTooDeeply, problemOfFooter } from "./parquetSchema.ts";
import { changeOf, dateParsers, footerParsers, readStored } from "./parquetValues.ts";
import { DEEPEST } from "./parseJson.ts";
import { NO_UTF8, utf8Text } from "./textEncoding.ts";

export type { SchemaTree } from "hyparquet";

export interface ParquetFile {
  source: ByteSource;
  /** The file's name, for messages. */
  where: string;
  metadata: FileMetaData;
  /** The root of the schema; its children are the columns. */
  schema: SchemaTree;
  /** Rows per row group. */
  groupRows: number[];
}

/** `PAR1` at both ends; `PARE` if the footer is encrypted. */
const MAGIC = [0x50, 0x41, 0x52, 0x31];
/** Magic, length of the footer, magic: no parquet file is shorter. */
const SMALLEST = 12;

function broken(where: string, problem: string, cause?: unknown): PrefineError {
  const hint = "Is the file truncated or a Git LFS pointer? Download or write it again.";
  return new PrefineError("data", `${where}: not a whole parquet file: ${problem}`, hint, { cause });
}

/**
 * Reads the footer: schema and row groups.
 * @param where the file's name, for messages.
 */
export async function openParquet(source: ByteSource, where: string): Promise<ParquetFile> {
  if (source.byteLength < SMALLEST) {
    throw broken(where, source.byteLength === 0 ? "the file is empty" : `it has ${counted(source.byteLength, "byte")}`);
  }
  const head = new Uint8Array(await source.slice(0, 4));
  if (!MAGIC.every((byte, i) => head[i] === byte)) throw broken(where, "it does not begin with PAR1");
  const { metadata, schema } = await readFooter(source, where);
  checkColumns(metadata, schema, where);
  const problem = problemOfFooter(metadata, schema);
  if (problem) throw broken(where, problem);
  readStored(metadata);
  const groupRows = metadata.row_groups.map((group) => Number(group.num_rows));
  const large = groupRows.findIndex((rows) => !(rows >= 0 && rows <= MOST_ROWS));
  if (large >= 0) throw tooLarge(where, `row group ${large}: ${groupRows[large]} rows, at most ${MOST_ROWS} are read`);
  return { source, where, metadata: withSafeNames(metadata), schema, groupRows };
}

/**
 * Checks that every row group has each column of the schema once, as the format requires. The library starts reading
 * all columns and drops promises of unexpected ones: if those failed, they would end the process.
 */
function checkColumns({ row_groups }: FileMetaData, schema: SchemaTree, where: string): void {
  const names = leaves(schema).sort();
  if (names.length > MOST_COLUMNS) {
    const hint = "Are ids or texts written as names? Put them into one column.";
    throw tooLarge(where, `${names.length} columns, at most ${MOST_COLUMNS} are read`, hint);
  }
  const expected = `${names}`;
  const twice = names.find((name, i) => name === names[i - 1]);
  if (twice !== undefined) throw broken(where, `two columns are called ${show(twice)}`);
  for (const [group, { columns }] of row_groups.entries()) {
    const paths = columns.map(({ meta_data }) => meta_data?.path_in_schema.join(".")).sort();
    if (`${paths}` !== expected) throw broken(where, `row group ${group} has other columns than the schema`);
  }
}

const leaves = ({ children, element, path }: SchemaTree): string[] =>
  element.type === undefined ? children.flatMap(leaves) : [path.join(".")];

/** The library's own message if it detected the fault; a TypeError from inside it tells a user nothing. */
function reasonOf(error: unknown): string {
  const { name, message } = error as Error;
  return name === "Error" && !/undefined/.test(message) ? message : "its structure is damaged";
}

async function readFooter(source: ByteSource, where: string): Promise<{ metadata: FileMetaData; schema: SchemaTree }> {
  try {
    await checkFooter(source);
    const metadata = await parquetMetadataAsync(source, { parsers: footerParsers });
    readJsonAsText(metadata);
    if (nestsTooDeeply(metadata.schema))
      throw tooLarge(where, `columns that nest more than ${DEEPEST} levels deep`, "Write their values as JSON texts.");
    return { metadata, schema: parquetSchema(metadata) };
  } catch (error) {
    if (error instanceof PrefineError) throw error;
    throw broken(where, reasonOf(error), error);
  }
}

/** The library makes lists of the length that the footer says, before it reads them. */
async function checkFooter(source: ByteSource): Promise<void> {
  const length = new DataView(await source.slice(source.byteLength - 8, source.byteLength - 4)).getUint32(0, true);
  if (length > source.byteLength - SMALLEST || length > LONGEST_FOOTER) return; // the library refuses it
  const footer = await source.slice(source.byteLength - 8 - length, source.byteLength - 8);
  checkThrift(new Uint8Array(footer), 0);
}

/** Columns of JSON (datasets' Json) as the texts that they are: the library's JSON.parse changes numbers and keys. */
function readJsonAsText({ schema }: FileMetaData): void {
  for (const element of schema) {
    if (element.converted_type !== "JSON" && element.logical_type?.type !== "JSON") continue;
    element.converted_type = "UTF8";
    element.logical_type = { type: "STRING" };
    jsonColumns.add(element);
  }
}

const jsonColumns = new WeakSet<SchemaElement>();

/** Whether a column holds JSON, which is read as text. */
export const holdsJson = (element: SchemaElement): boolean => jsonColumns.has(element);

/** Row groups are held in memory: 1,000 rows in files of datasets, a million in others. */
const MOST_ROWS = 5_000_000;
/** Bytes of a row group's pages, decompressed, and values with their levels. */
const MOST_BYTES = 2 ** 30;
const MOST_VALUES = 64_000_000;
/** Columns, with the fields of structs, of all row groups; each is looked up among all others. */
const MOST_COLUMNS = 10_000;
/** Bytes of the footer; that of a file with 10,000 row groups of 20 columns has 20 MB. */
const LONGEST_FOOTER = 2 ** 28;

const SMALLER_GROUPS = "Row groups are held in memory: write smaller ones (row_group_size).";

function tooLarge(where: string, problem: string, hint = SMALLER_GROUPS): PrefineError {
  return new PrefineError("data", `${where}: ${problem}`, hint);
}

interface RowGroupPart {
  count?: number;
  columns?: readonly string[] | undefined;
}

/**
 * The rows of one row group; keys in the order of the schema, null for missing values.
 * @param part.count its first rows alone: no more pages are read than they need. Default: all.
 * @param part.columns these alone, in this order. Default: all.
 */
export async function readRowGroup(
  file: ParquetFile,
  group: number,
  { count = file.groupRows[group], columns }: RowGroupPart = {},
): Promise<Record<string, unknown>[]> {
  const { where } = file;
  const all = new Map(file.schema.children.map((node) => [node.element.name, node]));
  const nodes = columns?.map((name) => all.get(name) as SchemaTree) ?? file.schema.children;
  let rows: Record<string, unknown>[];
  try {
    rows = await readRows(file, group, count, new Set(nodes.map(({ element }) => safeName(element.name))));
  } catch (error) {
    if (error instanceof PrefineError) throw error;
    throw broken(where, `row group ${group}: ${reasonOf(error)}`, error);
  }
  if (rows.length !== count) {
    throw broken(where, `row group ${group}: expected ${counted(count, "row")}, found ${rows.length}`);
  }
  const make = rowMaker(nodes.map(({ element }) => element.name));
  const changes = nodes.flatMap((node) => {
    const change = changeOf(node);
    return change ? [[node.element.name, change] as const] : [];
  });
  return rows.map((row) => {
    const ordered = make(row);
    for (const [name, change] of changes) ordered[name] = change(ordered[name], ordered, name);
    return ordered;
  });
}

async function readRows(
  { source, metadata, groupRows }: ParquetFile,
  group: number,
  rows: number,
  names: ReadonlySet<string>,
): Promise<Record<string, unknown>[]> {
  const schema = parquetSchema(metadata);
  const reading = {
    schema,
    rows,
    isPart: rows < groupRows[group],
    parsers,
    budget: { bytes: MOST_BYTES, values: MOST_VALUES },
  };
  const asyncColumns: { pathInSchema: string[]; data: Promise<{ data: DecodedArray[]; skipped: number }> }[] = [];
  const columns = metadata.row_groups[group].columns
    .map(({ meta_data: column }) => {
      if (!column) throw new Error("a column without metadata");
      return column;
    })
    .filter(({ path_in_schema }) => names.has(path_in_schema[0]));
  const read = (!reading.isPart && (await readAtOnce(source, columns))) || readerOf(source);
  for (const column of columns) {
    const data = (await readPages(read, rangeOf(column, source.byteLength), column, reading)) as DecodedArray[];
    asyncColumns.push({ pathInSchema: column.path_in_schema, data: Promise.resolve({ data, skipped: 0 }) });
  }
  const assembled = assembleAsync({ groupStart: 0, groupRows: rows, asyncColumns }, schema, parsers);
  await Promise.allSettled(assembled.asyncColumns.map(({ data }) => data)); // none may be rejected unheard
  return asyncGroupToRows(assembled, 0, rows, undefined, "object");
}

/** Bytes that are read first where not all pages of a column are needed. */
const FIRST_BYTES = 2 ** 18;

/** The values of a column. Of a part of its rows: reads twice as many bytes until their pages are there. */
async function readPages(
  read: ReadBytes,
  [start, end]: readonly [number, number],
  column: ColumnMetaData,
  reading: ColumnReading,
) {
  for (let length = reading.isPart ? FIRST_BYTES : end - start; ; length *= 2) {
    const stop = Math.min(end, start + length);
    const budget = { ...reading.budget };
    const bytes = await read(start, stop);
    const data = inColumn(column, () => readColumnPages(bytes, column, { ...reading, budget, missing: end - stop }));
    Object.assign(reading.budget, budget);
    if (data) return data;
  }
}

function inColumn<T>({ path_in_schema }: ColumnMetaData, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Error(`column ${show(path_in_schema.join("."))}: ${reasonOf(error)}`, { cause: error });
  }
}

function textFrom(bytes: Uint8Array): string {
  const text = utf8Text(bytes);
  if (text === undefined) throw new Error(`a text of ${NO_UTF8}`);
  return safeName(text);
}

const parsers: Partial<ParquetParsers> = {
  ...dateParsers,
  stringFromBytes: (bytes: Uint8Array) => bytes && textFrom(bytes),
};
