/** @file One data file (parquet, JSON, CSV, text) -> its features, and parts that are read lazily. */

import { PrefineError } from "../../errors.ts";
import type { ByteSource } from "../../formats/byteSource.ts";
import { openCsv, readCsvBlock } from "../../formats/csvRows.ts";
import { readJsonField } from "../../formats/jsonField.ts";
import { openJson, readJsonBlock } from "../../formats/jsonRows.ts";
import { MOST_COLUMNS } from "../../formats/mostColumns.ts";
import { openParquet, type ParquetFile, readRowGroup } from "../../formats/parquet.ts";
import { openText, readTextBlock } from "../../formats/textRows.ts";
import { orderedObject } from "../../formats/written.ts";
import type { PlaceOf } from "../../phrases.ts";
import { rowConformer } from "./conform.ts";
import { copyRow } from "./copyRow.ts";
import { type Feature, type Features, parquetFeatures, type Row } from "./features.ts";
import { formatOf, type ReadFormat, SUPPORTED } from "./fileFormats.ts";
import { FeatureScan } from "./inferFeatures.ts";
import { checkOptionsOf, csvSettings, type ReaderOptions, textSettings } from "./readerOptions.ts";
import type { PartSource } from "./sourceHash.ts";

/** Rows that are read together: a row group of parquet, a megabyte of JSON, or rows in memory. */
export interface Part {
  rows: number;
  read(): Promise<Row[]>;
  /** The rows with these columns alone, in this order; undefined where all must be read. */
  columns?: ((names: readonly string[]) => (() => Promise<Row[]>) | undefined) | undefined;
  /** Undefined: the rows are in memory, or a function has changed them. */
  source?: PartSource | undefined;
  /** Where its rows are, for messages; undefined: in no file. */
  places?: PlaceOf | undefined;
}

export interface DataFile {
  /** Name in messages. */
  path: string;
  features: Features;
  parts: Part[];
  /** The rows as they are written, where `parts` have the types of their columns. */
  written?: Part[];
  /** True if only the file's beginning was read: it has more rows, and perhaps more columns. */
  isCut?: boolean;
  /** True if the file declares its columns, which must then agree within a split. */
  typed: boolean;
}

export interface DataFileOptions {
  /** Its format; undefined: its name says. */
  format: ReadFormat | undefined;
  reader: ReaderOptions;
  /** Reads the beginning of files that do not say how many rows they have; of parquet no more than is asked for. */
  isPreview?: boolean | undefined;
}

/**
 * Opens a data file: reads a parquet file's footer; reads other files once, so that a bad row is found here.
 * @param path its name in messages.
 * @param open returns its bytes: of parquet and of a field of JSON all together, of others in parts, one after another,
 *   or their beginning; called only for supported formats.
 */
export async function openDataFile(
  path: string,
  open: (use: "parts" | "whole" | "beginning") => Promise<ByteSource>,
  options: DataFileOptions,
): Promise<DataFile> {
  const format = options.format ?? formatOf(path);
  if (!format) throw new PrefineError("data", `${path}: expected a data file, found another type`, `${SUPPORTED}.`);
  checkOptionsOf(format, options.reader, path);
  const isWhole = format === "parquet" || typeof options.reader.field === "string";
  const source = await open(isWhole ? "whole" : options.isPreview ? "beginning" : "parts");
  const file = await OPENERS[format](source, path, options);
  return withTypes({ ...file, isCut: source.isCut === true });
}

type Opener = (source: ByteSource, path: string, options: DataFileOptions) => Promise<DataFile>;

const OPENERS: Readonly<Record<ReadFormat, Opener>> = {
  async parquet(source, path, { isPreview }) {
    const file = await openParquet(source, path);
    const parts = isPreview
      ? file.groupRows.flatMap((rows, group) => firstRows(file, group, rows))
      : file.groupRows.map((_, group) => groupPart(file, group));
    return { path, features: parquetFeatures(file.schema), parts, typed: true };
  },

  async json(source, path, { reader: { field } }) {
    let scan = new FeatureScan();
    const beginning = () => {
      scan = new FeatureScan();
      return (row: Row) => {
        scan.add(row);
        if (scan.columns > MOST_COLUMNS) throw tooWide(path);
      };
    };
    if (typeof field === "string") {
      const rows = await readJsonField(source, path, field);
      rows.forEach(beginning());
      const parts = rows.length === 0 ? [] : [{ rows: rows.length, read: async () => rows.map(copyRow) }];
      return { path, features: scan.features, parts, typed: false };
    }
    const file = await openJson(source, path, beginning);
    const parts = file.blocks.map((block) => ({ rows: block.rows, read: () => readJsonBlock(file, block) }));
    return { path, features: scan.features, parts, typed: false };
  },

  async csv(source, path, { reader: options }) {
    const file = await openCsv(source, path, csvSettings(options, path));
    const parts = file.blocks.map((block) => ({ rows: block.rows, read: () => readCsvBlock(file, block) }));
    const columns = file.columns.map(({ name, type }) => [name, { kind: "value", dtype: type }] as const);
    return { path, features: orderedObject<Feature>(columns), parts, typed: false };
  },

  async text(source, path, { reader: options }) {
    const file = await openText(source, path, textSettings(options));
    const parts = file.blocks.map((block) => ({ rows: block.rows, read: () => readTextBlock(file, block) }));
    return { path, features: { text: { kind: "value", dtype: "string" } }, parts, typed: false };
  },
};

function groupPart(file: ParquetFile, group: number): Part {
  const all = new Set(file.schema.children.map(({ element }) => element.name));
  const has = (names: readonly string[]) => names.length > 0 && names.every((name) => all.has(name));
  return {
    rows: file.groupRows[group],
    read: () => readRowGroup(file, group),
    columns: (names) => (has(names) ? () => readRowGroup(file, group, { columns: names }) : undefined),
  };
}

/** Rows of the first part of a row group whose pages are read as far as needed. */
const FIRST_ROWS = 64;

/** A row group in parts of 64, 64, 128, ... rows: each is read from the group's first page on. */
function firstRows(file: ParquetFile, group: number, rows: number): Part[] {
  const parts: Part[] = [];
  for (let start = 0; start < rows; ) {
    const from = start;
    const end = Math.min(rows, Math.max(FIRST_ROWS, start * 2));
    parts.push({ rows: end - from, read: async () => (await readRowGroup(file, group, { count: end })).slice(from) });
    start = end;
  }
  return parts;
}

function tooWide(path: string): PrefineError {
  const message = `${path}: expected at most ${MOST_COLUMNS} columns, found that its rows have more names than that`;
  return new PrefineError("data", message, "Are ids or texts written as names? Put them into one column.");
}

/** The file with rows whose values are as its columns' types have them. */
function withTypes(file: DataFile): DataFile {
  const conform = rowConformer(file.features);
  if (!conform) return file;
  const conformed = (read: () => Promise<Row[]>) => async () => (await read()).map(conform);
  const parts = file.parts.map(
    ({ rows, read, columns }): Part => ({
      ...{ rows, read: conformed(read) },
      columns: (names) => {
        const some = columns?.(names);
        return some && conformed(some);
      },
    }),
  );
  return { ...file, parts, written: file.parts };
}
