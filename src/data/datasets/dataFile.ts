/** @file One data file (parquet, JSON Lines, a JSON list) -> its features, and parts that are read lazily. */
import { PrefineError } from "../../errors.ts";
import type { ByteSource } from "../../formats/byteSource.ts";
import { openJson, readJsonBlock } from "../../formats/jsonRows.ts";
import { openParquet, readRowGroup } from "../../formats/parquet.ts";
import { rowConformer } from "./conform.ts";
import { type Features, parquetFeatures, type Row } from "./features.ts";
import { formatOf, type ReadFormat, SUPPORTED } from "./fileFormats.ts";
import { FeatureScan } from "./inferFeatures.ts";

/** Rows that are read together: a row group of parquet, a megabyte of JSON, or rows in memory. */
export interface Part {
  rows: number;
  read(): Promise<Row[]>;
}

export interface DataFile {
  /** Name in messages. */
  path: string;
  features: Features;
  parts: Part[];
  /** True if the file declares its columns, which must then agree within a split. */
  typed: boolean;
}

/**
 * Opens a data file: reads a parquet file's footer; reads a JSON file once, so that a bad row is found here.
 * @param path its name in messages.
 * @param open returns its bytes; called only for supported formats.
 * @param given its format; undefined: its name says.
 */
export async function openDataFile(
  path: string,
  open: () => Promise<ByteSource>,
  given?: ReadFormat,
): Promise<DataFile> {
  const format = given ?? formatOf(path);
  if (!format) throw new PrefineError("data", `${path}: expected a data file, found another type`, `${SUPPORTED}.`);
  const source = await open();
  if (format === "parquet") {
    const file = await openParquet(source, path);
    const parts = file.groupRows.map((rows, group) => ({ rows, read: () => readRowGroup(file, group) }));
    return withTypes({ path, features: parquetFeatures(file.schema), parts, typed: true });
  }
  const scan = new FeatureScan();
  const file = await openJson(source, path, (row) => scan.add(row));
  const parts = file.blocks.map((block) => ({ rows: block.rows, read: () => readJsonBlock(file, block) }));
  return withTypes({ path, features: scan.features, parts, typed: false });
}

/** The file with rows whose values are as its columns' types have them. */
function withTypes(file: DataFile): DataFile {
  const conform = rowConformer(file.features);
  if (!conform) return file;
  const parts = file.parts.map(({ rows, read }) => ({ rows, read: async () => (await read()).map(conform) }));
  return { ...file, parts };
}
