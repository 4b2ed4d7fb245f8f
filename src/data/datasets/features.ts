/** @file The features of a dataset: columns and their types, with the names of datasets and Arrow. */
import { holdsJson, type SchemaTree } from "../../formats/parquet.ts";
import { holdsDecimals } from "../../formats/parquetValues.ts";
import { orderedObject } from "../../formats/written.ts";

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
  return orderedObject(root.children.map((column) => [column.element.name, parquetFeature(column)]));
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
  return { kind: "struct", fields: orderedObject(children.map((c) => [c.element.name, parquetFeature(c)])) };
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
  if (holdsJson(element)) return "json";
  if (logical === "NULL") return "null";
  if (logical === "FLOAT16") return "float16";
  if (logical === "DATE" || converted === "DATE") return "date32";
  if (logical === "TIMESTAMP" || converted.startsWith("TIMESTAMP")) return "timestamp";
  if (holdsDecimals(element)) return "decimal";
  const integer = /^(U?INT)_(\d+)$/.exec(converted);
  if (integer) return `${integer[1].toLowerCase()}${integer[2]}`;
  return PHYSICAL_DTYPES[element.type ?? ""] ?? "null";
}

/** True for a column with only nulls, which fits every type. */
export function isUntyped(feature: Feature | undefined): boolean {
  return feature === undefined || (feature.kind === "value" && feature.dtype === "null");
}
