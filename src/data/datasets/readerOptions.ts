/** @file How files of CSV, JSON and text are read: pandas' and datasets' names -> settings of the readers. */
import {
  bool,
  either,
  integerFrom,
  listOf,
  nullable,
  type OptionChecks,
  oneOf,
  oneOrMoreTexts,
  text,
  texts,
  type ValueCheck,
} from "../../arguments.ts";
import { PrefineError, show } from "../../errors.ts";
import type { CsvDialect } from "../../formats/csv.ts";
import { type CsvValues, missingFields } from "../../formats/csvColumns.ts";
import type { CsvSettings } from "../../formats/csvRows.ts";
import type { TextSettings } from "../../formats/textRows.ts";
import { type ReadFormat, separatorOf } from "./fileFormats.ts";

/** Settings of pandas.read_csv for CSV files, and of datasets' json and text for theirs. */
export interface ReaderOptions {
  /**
   * CSV: the character between fields.
   *
   * Default: a comma, or a tab in .tsv files. Same as pandas.
   */
  sep?: string | undefined;
  /** CSV: another name of `sep`, which it overrides. */
  delimiter?: string | null | undefined;
  /**
   * CSV: the number of the line with the names of the columns, from 0; null: there is none.
   *
   * Default: the first line, or none with `names`. Same as pandas.
   */
  header?: number | "infer" | null | undefined;
  /**
   * CSV: names of the columns.
   *
   * Default: those of the header. Same as pandas.
   */
  names?: string[] | null | undefined;
  /** CSV: another name of `names`, which it overrides. */
  column_names?: string[] | null | undefined;
  /**
   * CSV: columns to keep, by name or number.
   *
   * Default: all. Same as pandas.
   */
  usecols?: (string | number)[] | null | undefined;
  /**
   * CSV: lines to skip at the beginning.
   *
   * Default: `0`. Same as pandas.
   */
  skiprows?: number | null | undefined;
  /**
   * CSV: most rows to read of a file.
   *
   * Default: all. Same as pandas.
   */
  nrows?: number | null | undefined;
  /**
   * CSV: the quote around texts.
   *
   * Default: `"`. Same as pandas.
   */
  quotechar?: string | undefined;
  /**
   * CSV: 3 reads quotes as they are; 0 and 1 read quoted texts.
   *
   * Default: `0`. Same as pandas.
   */
  quoting?: number | undefined;
  /**
   * CSV: two quotes within quotes are one.
   *
   * Default: `true`. Same as pandas.
   */
  doublequote?: boolean | undefined;
  /**
   * CSV: the character that takes the meaning from the next one.
   *
   * Default: none. Same as pandas.
   */
  escapechar?: string | null | undefined;
  /**
   * CSV: the character that begins a comment.
   *
   * Default: none. Same as pandas.
   */
  comment?: string | null | undefined;
  /**
   * CSV: skips blanks after separators.
   *
   * Default: `false`. Same as pandas.
   */
  skipinitialspace?: boolean | undefined;
  /**
   * CSV: skips blank lines.
   *
   * Default: `true`. Same as pandas.
   */
  skip_blank_lines?: boolean | undefined;
  /**
   * CSV: further texts that are read as null.
   *
   * Default: none. Same as pandas.
   */
  na_values?: string | string[] | null | undefined;
  /**
   * CSV: reads the empty text, NA, NaN, None, null and the like as null.
   *
   * Default: `true`. Same as pandas.
   */
  keep_default_na?: boolean | undefined;
  /**
   * CSV: reads some texts as null at all.
   *
   * Default: `true`. Same as pandas.
   */
  na_filter?: boolean | undefined;
  /**
   * CSV: further texts that are read as true.
   *
   * Default: none. Same as pandas.
   */
  true_values?: string[] | null | undefined;
  /**
   * CSV: further texts that are read as false.
   *
   * Default: none. Same as pandas.
   */
  false_values?: string[] | null | undefined;
  /**
   * CSV: the decimal point.
   *
   * Default: `.`. Same as pandas.
   */
  decimal?: string | undefined;
  /**
   * CSV: the separator of thousands.
   *
   * Default: none. Same as pandas.
   */
  thousands?: string | null | undefined;
  /**
   * JSON: the field of one object that holds the rows.
   *
   * Default: the file holds them. Same as datasets.
   */
  field?: string | null | undefined;
  /**
   * Text: rows are lines, paragraphs or whole files.
   *
   * Default: `"line"`. Same as datasets.
   */
  sample_by?: "line" | "paragraph" | "document" | undefined;
  /**
   * Text: keeps the line end of each line.
   *
   * Default: `false`. Same as datasets.
   */
  keep_linebreaks?: boolean | undefined;
  /**
   * CSV, JSON and text: the encoding of the files; UTF-8 only.
   *
   * Default: `"utf-8"`. Same as datasets.
   */
  encoding?: string | null | undefined;
}

const character: ValueCheck = {
  expected: "one character of ASCII",
  accepts: (value) => typeof value === "string" && value.length === 1 && value.charCodeAt(0) < 128,
};
const columns = listOf(either(text, integerFrom(0)), "a list of names or numbers of columns");

export const READER_CHECKS: OptionChecks<ReaderOptions> = {
  sep: character,
  delimiter: nullable(character),
  header: either(nullable(integerFrom(0)), oneOf("infer")),
  names: nullable(texts),
  column_names: nullable(texts),
  usecols: nullable(columns),
  skiprows: nullable(integerFrom(0)),
  nrows: nullable(integerFrom(0)),
  quotechar: character,
  quoting: oneOf(0, 1, 3),
  doublequote: bool,
  escapechar: nullable(character),
  comment: nullable(character),
  skipinitialspace: bool,
  skip_blank_lines: bool,
  na_values: nullable(oneOrMoreTexts),
  keep_default_na: bool,
  na_filter: bool,
  true_values: nullable(texts),
  false_values: nullable(texts),
  decimal: character,
  thousands: nullable(character),
  field: nullable(text),
  sample_by: oneOf("line", "paragraph", "document"),
  keep_linebreaks: bool,
  encoding: nullable(oneOf("utf-8", "utf8", "UTF-8", "UTF8", "utf_8")),
};

const CSV = new Set([
  "sep",
  "delimiter",
  "header",
  "names",
  "column_names",
  "usecols",
  "skiprows",
  "nrows",
  "quotechar",
  "quoting",
  "doublequote",
  "escapechar",
  "comment",
  "skipinitialspace",
  "skip_blank_lines",
  "na_values",
  "keep_default_na",
  "na_filter",
  "true_values",
  "false_values",
  "decimal",
  "thousands",
]);
const FORMAT_OF: Readonly<Record<string, readonly ReadFormat[]>> = {
  ...Object.fromEntries([...CSV].map((name) => [name, ["csv"]])),
  field: ["json"],
  sample_by: ["text"],
  keep_linebreaks: ["text"],
  encoding: ["csv", "json", "text"],
};

/** The reader's options among those of a call. */
export function readerOptions(options: object): ReaderOptions {
  const own = Object.entries(options).filter(([name, value]) => name in FORMAT_OF && value !== undefined);
  return Object.fromEntries(own);
}

/** @throws PrefineError("config") for an option of another format than the file's. @param where the file's name. */
export function checkOptionsOf(format: ReadFormat, options: ReaderOptions, where: string): void {
  const wrong = Object.keys(options).find((name) => !FORMAT_OF[name].includes(format));
  if (wrong === undefined) return;
  const message = `${where}: ${wrong}: expected with files of ${FORMAT_OF[wrong].join(", ")}, found ${format}`;
  throw new PrefineError("config", message, "Remove it, or load these files by themselves.");
}

/** @param path the file's name, which says its separator. */
export function csvSettings(options: ReaderOptions, path: string): CsvSettings {
  const { header = "infer", skiprows, nrows, usecols } = options;
  const names = options.column_names ?? options.names ?? undefined;
  if (names && new Set(names).size < names.length)
    throw new PrefineError("config", `${path}: names: expected different ones, found ${show(names)}`);
  return {
    dialect: dialectOf(options, path),
    values: valuesOf(options),
    skipRows: skiprows ?? 0,
    names,
    header: header === "infer" ? (names ? undefined : 0) : (header ?? undefined),
    rows: nrows ?? Number.POSITIVE_INFINITY,
    columns: usecols ?? undefined,
  };
}

function dialectOf(options: ReaderOptions, path: string): CsvDialect {
  const { sep, delimiter, quotechar = '"', quoting = 0, doublequote = true, escapechar, comment } = options;
  return {
    separator: delimiter ?? sep ?? separatorOf(path),
    quote: quoting === 3 ? undefined : quotechar,
    doubleQuote: doublequote,
    escape: escapechar ?? undefined,
    comment: comment ?? undefined,
    skipInitialSpace: options.skipinitialspace ?? false,
    skipBlankLines: options.skip_blank_lines ?? true,
  };
}

function valuesOf(options: ReaderOptions): CsvValues {
  const { na_values, keep_default_na = true, na_filter = true, decimal = ".", thousands } = options;
  return {
    missing: na_filter ? missingFields([na_values ?? []].flat(), keep_default_na) : new Set(),
    decimal,
    thousands: thousands ?? undefined,
    truths: new Set(["True", "TRUE", "true", ...(options.true_values ?? [])]),
    falsehoods: new Set(["False", "FALSE", "false", ...(options.false_values ?? [])]),
  };
}

export function textSettings({ sample_by = "line", keep_linebreaks = false }: ReaderOptions): TextSettings {
  return { sampleBy: sample_by, keepLineBreaks: keep_linebreaks };
}
