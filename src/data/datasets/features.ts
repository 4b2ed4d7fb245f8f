/** @file The features of a dataset: columns and their types, with the names of datasets and Arrow. */
import type { SchemaTree } from "../../formats/parquet.ts";

/** A row as a plain object. */
export type Row = Record<string, unknown>;

/** The type of a column or of a nested value. */
export type Feature =
  | { kind: "value"; dtype: string }
  | { kind: "list"; of: Feature }
  | { kind: "struct"; fields: Features };

/** Columns in order. */
export type Features = Record<string, Feature>;

/** `string`, `list<struct<content: string, role: string>>`: Arrow's notation. */
export function describeFeature(feature: Feature): string {
  if (feature.kind === "value") return feature.dtype;
  if (feature.kind === "list") return `list<${describeFeature(feature.of)}>`;
  const fields = Object.entries(feature.fields).map(([name, nested]) => `${name}: ${describeFeature(nested)}`);
  return `struct<${fields.join(", ")}>`;
}

// --- from parquet ---

/** The columns of a parquet file. @param root the root of its schema. */
export function parquetFeatures(root: SchemaTree): Features {
  return Object.fromEntries(root.children.map((column) => [column.element.name, parquetFeature(column)]));
}

function parquetFeature(node: SchemaTree): Feature {
  const { element, children } = node;
  const isList = element.converted_type === "LIST" || element.logical_type?.type === "LIST";
  if (isList && children.length === 1) return { kind: "list", of: listElement(children[0]) };
  const plain: Feature = children.length > 0 ? struct(children) : { kind: "value", dtype: parquetDtype(node) };
  return element.repetition_type === "REPEATED" ? { kind: "list", of: plain } : plain;
}

/** The element of a list: under a `repeated group list { element }`, or in old files the repeated node itself. */
function listElement(repeated: SchemaTree): Feature {
  if (repeated.children.length === 1) return parquetFeature(repeated.children[0]);
  if (repeated.children.length > 1) return struct(repeated.children);
  return { kind: "value", dtype: parquetDtype(repeated) };
}

function struct(children: SchemaTree[]): Feature {
  return { kind: "struct", fields: Object.fromEntries(children.map((c) => [c.element.name, parquetFeature(c)])) };
}

const PHYSICAL_DTYPES: Record<string, string> = {
  BOOLEAN: "bool",
  INT32: "int32",
  INT64: "int64",
  INT96: "timestamp",
  FLOAT: "float32",
  DOUBLE: "float64",
  BYTE_ARRAY: "string", // bytes without a declared type are read as strings
  FIXED_LEN_BYTE_ARRAY: "binary",
};

function parquetDtype({ element }: SchemaTree): string {
  const logical = element.logical_type?.type;
  const converted = element.converted_type ?? "";
  if (logical === "NULL") return "null";
  if (logical === "FLOAT16") return "float16";
  if (logical === "DATE" || converted === "DATE") return "date32";
  if (logical === "TIMESTAMP" || converted.startsWith("TIMESTAMP")) return "timestamp";
  if (logical === "DECIMAL" || converted === "DECIMAL") return "decimal";
  const integer = /^(U?INT)_(\d+)$/.exec(converted);
  if (integer) return `${integer[1].toLowerCase()}${integer[2]}`;
  return PHYSICAL_DTYPES[element.type ?? ""] ?? "null";
}

// --- from rows ---

/** Infers the features of untyped rows, row by row. */
export class FeatureScan {
  readonly features: Features = {};

  add(row: Row): void {
    for (const name of Object.keys(row)) {
      const before = Object.hasOwn(this.features, name) ? this.features[name] : undefined;
      const after = merge(before, row[name]);
      // defineProperty: a column called __proto__ is a column too
      if (!before)
        Object.defineProperty(this.features, name, {
          value: after,
          enumerable: true,
          configurable: true,
          writable: true,
        });
      else if (after !== before) this.features[name] = after;
    }
  }
}

/** The features of rows in memory. */
export function inferFeatures(rows: Iterable<Row>): Features {
  const scan = new FeatureScan();
  for (const row of rows) scan.add(row);
  return scan.features;
}

/** `feature` widened to fit `value`; the same object if unchanged, because this runs on every value of a row. */
function merge(feature: Feature | undefined, value: unknown): Feature {
  if (value === null || value === undefined) return feature ?? { kind: "value", dtype: "null" };
  if (Array.isArray(value)) return mergeList(feature, value);
  if (typeof value === "object" && !(value instanceof Date) && !ArrayBuffer.isView(value)) {
    return mergeStruct(feature, value as Row);
  }
  const dtype = dtypeOf(value);
  if (feature?.kind === "value") {
    const wider = widen(feature.dtype, dtype);
    return wider === feature.dtype ? feature : { kind: "value", dtype: wider };
  }
  return { kind: "value", dtype: feature ? "mixed" : dtype };
}

/** True for a column with only nulls, which fits every type. */
export function isUntyped(feature: Feature | undefined): boolean {
  return feature === undefined || (feature.kind === "value" && feature.dtype === "null");
}

function mergeList(feature: Feature | undefined, values: unknown[]): Feature {
  if (feature?.kind !== "list" && !isUntyped(feature)) return { kind: "value", dtype: "mixed" };
  const before = feature?.kind === "list" ? feature.of : undefined;
  let of: Feature | undefined = before;
  for (const value of values) of = merge(of, value);
  if (feature?.kind === "list" && of === before) return feature;
  return { kind: "list", of: of ?? { kind: "value", dtype: "null" } };
}

function mergeStruct(feature: Feature | undefined, value: Row): Feature {
  if (feature?.kind !== "struct" && !isUntyped(feature)) return { kind: "value", dtype: "mixed" };
  const before = feature?.kind === "struct" ? feature.fields : {};
  let changed: Features | undefined;
  for (const name of Object.keys(value)) {
    const after = merge(before[name], value[name]);
    if (after !== before[name]) {
      changed ??= { ...before };
      changed[name] = after;
    }
  }
  return feature?.kind === "struct" && !changed ? feature : { kind: "struct", fields: changed ?? before };
}

function dtypeOf(value: unknown): string {
  if (typeof value === "string") return "string";
  if (typeof value === "number") return Number.isInteger(value) ? "int64" : "float64";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "bigint") return "int64";
  return value instanceof Date ? "timestamp" : "binary";
}

function widen(dtype: string, other: string): string {
  if (dtype === other || dtype === "null") return other;
  const numbers = new Set(["int64", "float64"]);
  return numbers.has(dtype) && numbers.has(other) ? "float64" : "mixed";
}
