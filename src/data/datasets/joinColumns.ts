/** @file Merges the columns of several sources of rows, and adds missing columns to rows. */
import { PrefineError } from "../../errors.ts";
import { copyWritten, entriesOf, orderedObject } from "../../formats/written.ts";
import type { Part } from "./dataFile.ts";
import { describeFeature, type Feature, type Features, isUntyped, type Row } from "./features.ts";
import { changed } from "./sourceHash.ts";

interface NamedFeatures {
  /** For messages. */
  readonly name: string;
  readonly features: Features;
}

/**
 * All columns, in order of first occurrence. Missing columns become null; number types may differ, which Python's
 * datasets refuses.
 * @throws PrefineError("data") if a column has different types.
 */
export function joinColumns(sources: readonly NamedFeatures[]): Features {
  const columns = new Map<string, Feature>();
  const origins = new Map<string, string>();
  for (const { name, features } of sources) {
    for (const [column, feature] of entriesOf(features) as [string, Feature][]) {
      const before = columns.get(column);
      const both = joinFeature(before, feature);
      if (!both)
        throw doNotFit(column, { name, feature }, { name: origins.get(column) ?? name, feature: before ?? feature });
      if (isUntyped(before)) origins.set(column, name);
      columns.set(column, both);
    }
  }
  return orderedObject(columns);
}

function doNotFit(column: string, here: { name: string; feature: Feature }, there: { name: string; feature: Feature }) {
  return new PrefineError(
    "data",
    `${here.name}: expected the column ${column} to be ${describeFeature(there.feature)} as in ${there.name}, ` +
      `found ${describeFeature(here.feature)}`,
    "Concatenated datasets need the same column types: convert them with map, or select matching columns.",
  );
}

/** The type that fits both; undefined if there is none. */
function joinFeature(a: Feature | undefined, b: Feature): Feature | undefined {
  if (a === undefined || isUntyped(a)) return b;
  if (isUntyped(b)) return a;
  if (a.kind === "list" && b.kind === "list") {
    const of = joinFeature(a.of, b.of);
    return of && { kind: "list", of };
  }
  if (a.kind === "struct" && b.kind === "struct") return joinStruct(a.fields, b.fields);
  if (a.kind !== "value" || b.kind !== "value") return undefined;
  if (a.dtype === b.dtype) return a;
  return isNumber(a) && isNumber(b) ? { kind: "value", dtype: "float64" } : undefined;
}

function joinStruct(a: Features, b: Features): Feature | undefined {
  const fields = new Map(entriesOf(a) as [string, Feature][]);
  for (const [name, feature] of entriesOf(b) as [string, Feature][]) {
    const both = joinFeature(fields.get(name), feature);
    if (!both) return undefined;
    fields.set(name, both);
  }
  return { kind: "struct", fields: orderedObject(fields) };
}

const isNumber = ({ dtype }: { dtype: string }) => /^(u?int|float|decimal)\d*$/.test(dtype);

/** Values of rows that are read together. */
const MOST_CELLS = 50_000_000;

function tooManyCells(rows: number, columns: number): PrefineError {
  const message = `expected at most ${MOST_CELLS} values in a part of a file, found ${rows} rows of ${columns} columns`;
  return new PrefineError("data", message, "Do the rows have different columns? Give them the same ones.");
}

/** Rows with exactly these columns in this order; missing ones are null. */
export function withColumns(
  { rows, read, columns: readColumns, source, places }: Part,
  columns: readonly string[],
): Part {
  if (rows * columns.length > MOST_CELLS) throw tooManyCells(rows, columns.length);
  const own = new Set(columns);
  const alone = readColumns?.(columns);
  return {
    ...{ rows, places },
    read: alone ?? (async () => (await read()).map((row) => rowWith(row, columns))),
    ...(alone && { columns: (names) => (names.every((name) => own.has(name)) ? readColumns?.(names) : undefined) }),
    ...changed(source, "columns", columns),
  };
}

/** A row with exactly these columns. */
export function rowWith(row: Row, columns: readonly string[]): Row {
  const value = (name: string) => (Object.hasOwn(row, name) ? (row[name] ?? null) : null);
  return copyWritten(orderedObject(columns.map((name) => [name, value(name)])), row);
}
