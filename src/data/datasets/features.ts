/** @file The features of a data set: its columns with their types, named as datasets and Arrow name them. */
import type { SchemaTree } from "../../formats/parquet.ts";

/** A row as a plain object. */
export type Row = Record<string, unknown>;

/** The type of a column or of a nested value. */
export type Feature =
  | { kind: "value"; dtype: string }
  | { kind: "list"; of: Feature }
  | { kind: "struct"; fields: Features };

/** Columns in their order. */
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
  BYTE_ARRAY: "string", // bytes without a declared type are read as text
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

/** Collects the features of rows that carry no types, one row after the other. */
export class FeatureScan {
  readonly features: Features = {};

  add(row: Row): void {
    for (const name of Object.keys(row)) {
      const known = Object.hasOwn(this.features, name) ? this.features[name] : undefined;
      const found = merge(known, row[name]);
      // defineProperty: a column called __proto__ is a column too
      if (!known)
        Object.defineProperty(this.features, name, {
          value: found,
          enumerable: true,
          configurable: true,
          writable: true,
        });
      else if (found !== known) this.features[name] = found;
    }
  }
}

/** The features of rows in memory. */
export function inferFeatures(rows: Iterable<Row>): Features {
  const scan = new FeatureScan();
  for (const row of rows) scan.add(row);
  return scan.features;
}

/** `known` widened to hold `value`; the same object where nothing changes, for it runs on every value of every row. */
function merge(known: Feature | undefined, value: unknown): Feature {
  if (value === null || value === undefined) return known ?? { kind: "value", dtype: "null" };
  if (Array.isArray(value)) return mergeList(known, value);
  if (typeof value === "object" && !(value instanceof Date) && !ArrayBuffer.isView(value)) {
    return mergeStruct(known, value as Row);
  }
  const dtype = dtypeOf(value);
  if (known?.kind === "value") {
    const wider = widen(known.dtype, dtype);
    return wider === known.dtype ? known : { kind: "value", dtype: wider };
  }
  return { kind: "value", dtype: known ? "mixed" : dtype };
}

/** True for a column in which no value has been seen: it fits every type. */
export function isUntyped(feature: Feature | undefined): boolean {
  return feature === undefined || (feature.kind === "value" && feature.dtype === "null");
}

function mergeList(known: Feature | undefined, values: unknown[]): Feature {
  if (known?.kind !== "list" && !isUntyped(known)) return { kind: "value", dtype: "mixed" };
  const before = known?.kind === "list" ? known.of : undefined;
  let of: Feature | undefined = before;
  for (const value of values) of = merge(of, value);
  if (known?.kind === "list" && of === before) return known;
  return { kind: "list", of: of ?? { kind: "value", dtype: "null" } };
}

function mergeStruct(known: Feature | undefined, value: Row): Feature {
  if (known?.kind !== "struct" && !isUntyped(known)) return { kind: "value", dtype: "mixed" };
  const before = known?.kind === "struct" ? known.fields : {};
  let changed: Features | undefined;
  for (const name of Object.keys(value)) {
    const found = merge(before[name], value[name]);
    if (found !== before[name]) {
      changed ??= { ...before };
      changed[name] = found;
    }
  }
  return known?.kind === "struct" && !changed ? known : { kind: "struct", fields: changed ?? before };
}

function dtypeOf(value: unknown): string {
  if (typeof value === "string") return "string";
  if (typeof value === "number") return Number.isInteger(value) ? "int64" : "float64";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "bigint") return "int64";
  return value instanceof Date ? "timestamp" : "binary";
}

function widen(known: string, found: string): string {
  if (known === found || known === "null") return found;
  const numbers = new Set(["int64", "float64"]);
  return numbers.has(known) && numbers.has(found) ? "float64" : "mixed";
}
