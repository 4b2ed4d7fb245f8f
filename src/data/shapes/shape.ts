/**
 * @file The type of a shape: one format of preference data, which it recognizes, reads into TRL's rows, and writes.
 * To add one: its name in config/options/dataFormats.ts, a file here, an entry in shapes.ts, and a pair of files in
 * test/fixtures/shapes.
 */
import type { DataFormat, Pairing, Ties } from "../../config/options/dataFormats.ts";
import { PrefineError } from "../../errors.ts";
import { isObject } from "../../formats/parseJson.ts";
import { isFloat, markFloats } from "../../formats/written.ts";
import type { Row } from "../datasets/features.ts";
import type { Message } from "../preferences/extractPrompt.ts";

/** How rows are read: keys of a run file, options of toPreferences. */
export interface ShapeOptions {
  /**
   * Format of the rows; null: recognized from the first rows.
   *
   * Default: `null`. Prefine's own.
   */
  data_format?: string | null | undefined;
  /**
   * Columns under the names of the format: `{ prompt: "question" }`.
   *
   * Default: `null`. Prefine's own.
   */
  map?: Readonly<Record<string, string>> | null | undefined;
  /**
   * Settings of the format, such as LLaMA-Factory's columns and tags.
   *
   * Default: `null`. Prefine's own.
   */
  data_format_options?: Readonly<Record<string, unknown>> | null | undefined;
  /**
   * Which answers of a list become pairs: `best-worst`, `adjacent` or `all`.
   *
   * Default: `null`, best-worst for lists; for thumbs, each answer once. Prefine's own.
   */
  pairing?: Pairing | null | undefined;
  /**
   * Smallest difference of the ratings of a pair.
   *
   * Default: `null`. Prefine's own.
   */
  pairing_margin?: number | null | undefined;
  /**
   * Rows without a winner: `skip`, or `both` orders; null: an error where the format has one winner per row.
   *
   * Default: `null`. Prefine's own.
   */
  ties?: Ties | null | undefined;
}

/** The first rows of a dataset, with the columns that any of them has. */
export interface Sample {
  columns: ReadonlySet<string>;
  rows: readonly Row[];
}

/** What a shape needs besides a row. */
export interface Reading {
  /** `data_format_options`. */
  settings: Readonly<Record<string, unknown>>;
  pairing: Pairing | null;
  margin: number | null;
  ties: Ties | null;
  /** False: the model has no chat template, so texts stay texts where a format allows it. */
  hasChatTemplate: boolean;
  /** Rows are converted, not trained on: columns that pairs don't need stay in `rest`. */
  isConversion: boolean;
  /** Counts a row for a line at the end: `2 rows NOTE`. */
  note(note: string): void;
  /** The same of a row that is in no pair: `2 rows WHY, skipped`. @param row default: the current one. */
  skip(why: string, row?: number): void;
}

/** A pair as TRL has it. */
export interface Pair {
  /** Absent: chosen and rejected begin with it. */
  prompt?: string | Message[];
  chosen: string | Message[];
  rejected: string | Message[];
  tools?: unknown;
  chat_template_kwargs?: unknown;
}

/** A pair of texts. */
export interface Texts {
  prompt: string;
  chosen: string;
  rejected: string;
}

/** A pair with the columns of its row that it does not consist of. */
export interface ReadPair {
  pair: Pair;
  rest: Row;
}

export interface Shape {
  name: DataFormat;
  /** Why these rows are of this shape (`columns question, chosen, rejected`); undefined: they are not. */
  recognizes?(sample: Sample): string | undefined;
  /** Less specific shapes, which it is preferred to where both fit. */
  beats?: readonly DataFormat[];
  /** @throws PrefineError("data") for a row that does not fit; the caller adds which row it is. */
  reads(row: Row, reading: Reading): ReadPair[];
  /** Instead of `reads`, where pairs come from several rows: called with each row, and at the end. */
  collects?(reading: Reading): Collector;
  /** The native row. Absent: the format can't be written. @throws PrefineError("data") for what it can't hold. */
  writes?(read: ReadPair, settings: Readonly<Record<string, unknown>>): Row | Row[];
  /** A pair of texts without the format's own marks. Absent: it has none. */
  bare?(texts: Texts): Texts;
  /** Other columns that it has a place for; absent: any. */
  keeps?: readonly string[];
  /** Those of `keeps` that `writes` puts elsewhere. */
  consumes?: readonly string[];
  /** Its own columns that `reads` leaves in `rest` though the pair has their content, or where they are empty. */
  restates?: readonly string[];
}

/** A pair with the number of its row. */
export interface NumberedPair extends ReadPair {
  index: number;
  /** The other row, where a pair is made of two. */
  other?: number;
}

export interface Collector {
  add(row: Row, index: number): NumberedPair[];
  end(): NumberedPair[];
}

/** The error of a row. @param field the column, or a path in it. */
export function misfit(field: string, expected: string, found: string, hint = FORMAT_HINT): PrefineError {
  return new PrefineError("data", `${field}: expected ${expected}, found ${found}`, hint);
}

/** Adds a place, such as `train row 3`, to the message of an error of the data. */
export function within<T>(where: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof PrefineError) || error.code !== "data") throw error;
    throw new PrefineError("data", `${where}: ${error.message}`, error.hint, { cause: error });
  }
}

const FORMAT_HINT = "data_format chooses another format, map names the columns: docs/data-formats.md has both.";

/** The error of a target that has no place for a value. */
export function cannotHold(format: string, field: string, why: string, hint?: string): PrefineError {
  const message = `"${field}": ${format} can't hold ${why}`;
  return new PrefineError(
    "data",
    message,
    hint ?? "Convert to trl, which holds all columns, or change the rows first.",
  );
}

export const isText = (value: unknown): value is string => typeof value === "string";

export const isMessage = (value: unknown): value is Message => isObject(value) && isText(value.role);

export const isMessages = (value: unknown): value is Message[] =>
  Array.isArray(value) && value.length > 0 && value.every(isMessage);

/** Whether all rows of a sample have a value of a kind in a column. */
export const all = ({ rows }: Sample, column: string, accepts: (value: unknown) => boolean): boolean =>
  rows.length > 0 && rows.every((row) => accepts(row[column]));

/** A row without some columns; floats such as 5.0 stay floats. */
export function without(row: Row, columns: readonly string[]): Row {
  const gone = new Set(columns);
  return only(
    row,
    Object.keys(row).filter((name) => !gone.has(name)),
  );
}

/** Some columns of a row. */
export function only(row: Row, columns: readonly string[]): Row {
  return renamedFrom(
    row,
    columns.map((name) => [name, name]),
  );
}

/** Some columns of a row under other names. */
export function renamedFrom(row: Row, names: readonly (readonly [to: string, from: string])[]): Row {
  const renamed = Object.fromEntries(names.map(([to, from]) => [to, row[from]]));
  const floats = names.filter(([, from]) => isWholeFloat(row, from)).map(([to]) => to);
  if (floats.length > 0) markFloats(renamed, floats);
  return renamed;
}

/** Objects in one, the later over the earlier; floats such as 5.0 stay floats. */
export const merged = (...parts: readonly object[]): Row => mergedAll(parts);

/** The same of a list. */
export function mergedAll(parts: readonly object[]): Row {
  const whole: Row = Object.fromEntries(parts.flatMap((part) => Object.entries(part))); // a key __proto__ is a key
  const floats = new Set<string>();
  for (const part of parts) {
    for (const name of Object.keys(part)) {
      if (isWholeFloat(part as Row, name)) floats.add(name);
      else if (floats.size > 0) floats.delete(name); // a later part's
    }
  }
  if (floats.size > 0) markFloats(whole, floats);
  return whole;
}

function isWholeFloat(row: Row, name: string): boolean {
  const value = row[name];
  return typeof value === "number" && Number.isInteger(value) && isFloat(row, name, value);
}

export const message = (role: string, content: unknown): Message => ({ role, content });
