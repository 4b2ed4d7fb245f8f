/** @file The footer of a parquet file: what the library takes as it is, though no reader can do with it. */
import type { ColumnMetaData, FileMetaData, ParquetType, SchemaElement, SchemaTree } from "hyparquet";
import { show } from "../errors.ts";
import { DEEPEST } from "./parseJson.ts";

/** Whether a schema nests too deeply for recursive code; its elements are listed depth first. */
export function nestsTooDeeply(schema: readonly SchemaElement[]): boolean {
  const open: number[] = []; // children to come, of each element above
  for (const { num_children } of schema) {
    while (open.length > 0 && open[open.length - 1] === 0) open.pop();
    if (open.length > 0) open[open.length - 1]--;
    if (num_children) open.push(num_children);
    if (open.length > DEEPEST) return true;
  }
  return false;
}

const INTEGERS: readonly ParquetType[] = ["INT32", "INT64"];
const TEXTS: readonly ParquetType[] = ["BYTE_ARRAY"];

/** The types whose values each annotation stands for. */
const PHYSICAL: Readonly<Record<string, readonly ParquetType[] | undefined>> = {
  UTF8: TEXTS,
  STRING: TEXTS,
  ENUM: TEXTS,
  JSON: TEXTS,
  BSON: TEXTS,
  DATE: ["INT32"],
  TIME_MILLIS: ["INT32"],
  TIME_MICROS: ["INT64"],
  TIME: INTEGERS,
  TIMESTAMP_MILLIS: ["INT64"],
  TIMESTAMP_MICROS: ["INT64"],
  TIMESTAMP: ["INT64"],
  DECIMAL: ["INT32", "INT64", "BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"],
  INTERVAL: ["FIXED_LEN_BYTE_ARRAY"],
  UUID: ["FIXED_LEN_BYTE_ARRAY"],
  FLOAT16: ["FIXED_LEN_BYTE_ARRAY"],
  INTEGER: INTEGERS,
  INT_8: ["INT32"],
  INT_16: ["INT32"],
  INT_32: ["INT32"],
  INT_64: ["INT64"],
  UINT_8: ["INT32"],
  UINT_16: ["INT32"],
  UINT_32: ["INT32"],
  UINT_64: ["INT64"],
};
const LENGTHS: Readonly<Record<string, number | undefined>> = { FLOAT16: 2, INTERVAL: 12, UUID: 16 };

/** Digits of decimals by the bytes of their numbers. */
const digitsOf = (bytes: number): number => Math.floor(Math.log10(2) * (8 * bytes - 1));

/**
 * What is wrong with a footer, if anything: annotations that do not fit the type, lengths, decimals, elements that no
 * parent has, rows that do not add up, pages of two columns in the same place.
 */
export function problemOfFooter({ schema, num_rows, row_groups }: FileMetaData, root: SchemaTree): string | undefined {
  if (root.count !== schema.length) return `a schema of ${schema.length} elements, of which ${root.count} are named`;
  for (const element of schema.slice(1)) {
    const problem = element.type === undefined ? undefined : problemOfColumn(element, element.type);
    if (problem) return `its column ${show(element.name)} has ${problem}`;
  }
  const rows = row_groups.reduce((sum, group) => sum + Number(group.num_rows), 0);
  if (rows !== Number(num_rows)) return `its row groups have ${rows} rows, it says ${num_rows}`;
  for (const [group, { columns }] of row_groups.entries()) {
    const elsewhere = columns.find(({ file_path }) => file_path);
    if (elsewhere) return `row group ${group} has its pages in another file, ${show(elsewhere.file_path)}`;
  }
  return overlapping(
    row_groups.flatMap(({ columns }, group) => columns.map(({ meta_data }) => ({ group, meta_data }))),
  );
}

function problemOfColumn(element: SchemaElement, type: ParquetType): string | undefined {
  const { converted_type: converted, logical_type: logical, type_length: length = 0 } = element;
  if (type === "FIXED_LEN_BYTE_ARRAY" && !(length > 0)) return `values of ${length} bytes`;
  for (const annotation of [converted, logical?.type]) {
    if (annotation === undefined) continue;
    const types = Object.hasOwn(PHYSICAL, annotation) ? PHYSICAL[annotation] : undefined;
    if (types && !types.includes(type)) return `the type ${type} for ${annotation}`;
    const bytes = LENGTHS[annotation];
    if (bytes !== undefined && length !== bytes) return `${length} bytes for ${annotation}`;
  }
  const isDecimal = converted === "DECIMAL" || logical?.type === "DECIMAL";
  return isDecimal ? problemOfDecimal(element, type) : undefined;
}

function problemOfDecimal({ logical_type: logical, type_length, ...element }: SchemaElement, type: ParquetType) {
  const own = logical?.type === "DECIMAL" ? logical : element;
  const { precision = 0, scale = 0 } = own;
  const bytes = type === "INT32" ? 4 : type === "INT64" ? 8 : (type_length ?? 0);
  const most = type === "BYTE_ARRAY" ? Number.POSITIVE_INFINITY : digitsOf(bytes);
  const isRight = precision >= 1 && precision <= most && scale >= 0 && scale <= precision;
  return isRight ? undefined : `decimals of ${precision} digits, ${scale} of them after the point, in a ${type}`;
}

interface Place {
  group: number;
  meta_data?: ColumnMetaData | undefined;
}

/** Two columns with the same pages. */
function overlapping(columns: readonly Place[]): string | undefined {
  const places = columns.flatMap(({ group, meta_data: column }) => {
    if (!column) return [];
    const start = startOf(column);
    return [{ group, start, end: start + Number(column.total_compressed_size), path: column.path_in_schema.join(".") }];
  });
  places.sort((a, b) => a.start - b.start || a.end - b.end);
  const at = places.findIndex(({ start }, i) => i > 0 && start < places[i - 1].end);
  if (at < 0) return undefined;
  const [one, other] = [places[at - 1], places[at]].map(({ group, path }) => `${show(path)} of row group ${group}`);
  return `the columns ${one} and ${other} have the same pages`;
}

/** The first byte of a column's pages: of its dictionary, if it has one. */
export function startOf({ dictionary_page_offset: dictionary, data_page_offset: data }: ColumnMetaData): number {
  return Number(dictionary || data);
}
