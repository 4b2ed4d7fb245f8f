/** @file Where the bytes of a row group are, and reading them: all at once, or column by column where they are many. */
import type { ColumnMetaData } from "hyparquet";
import { show } from "../errors.ts";
import type { ByteSource } from "./byteSource.ts";
import { startOf } from "./parquetSchema.ts";

/** Bytes of the magic word at the file's beginning. */
const MAGIC_BYTES = 4;

/** The bytes of a column's pages, from its dictionary on. */
export function rangeOf(column: ColumnMetaData, fileSize: number): [start: number, end: number] {
  const start = startOf(column);
  const end = start + Number(column.total_compressed_size);
  if (start >= MAGIC_BYTES && end >= start && end <= fileSize) return [start, end];
  throw new Error(`its column ${show(column.path_in_schema.join("."))} is at bytes ${start} to ${end} of ${fileSize}`);
}

/** Bytes of a row group that are read at once: opening a file for each of its columns takes longer than reading it. */
const AT_ONCE = 2 ** 25;

/** Bytes [start, end) of the file. */
export type ReadBytes = (start: number, end: number) => Promise<Uint8Array> | Uint8Array;

export const readerOf =
  (source: ByteSource): ReadBytes =>
  async (start, end) =>
    new Uint8Array(await source.slice(start, end));

/** Reads the bytes of all these columns, if they are few and close together. */
export async function readAtOnce(
  source: ByteSource,
  columns: readonly ColumnMetaData[],
): Promise<ReadBytes | undefined> {
  const ranges = columns.map((column) => rangeOf(column, source.byteLength));
  const first = Math.min(...ranges.map(([start]) => start));
  const last = Math.max(...ranges.map(([, end]) => end));
  const needed = ranges.reduce((sum, [start, end]) => sum + end - start, 0);
  if (ranges.length < 2 || last - first > Math.min(AT_ONCE, 2 * needed)) return undefined;
  const bytes = await readerOf(source)(first, last);
  return (start, end) => bytes.subarray(start - first, end - first);
}
