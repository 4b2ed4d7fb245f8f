/** @file One data file (parquet, JSON Lines, a JSON list) -> its features, and parts that are read when asked for. */
import { open, readFile, stat } from "node:fs/promises";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { PrefineError } from "../../errors.ts";
import { type ByteSource, memorySource } from "../../formats/byteSource.ts";
import { openJson, readJsonBlock } from "../../formats/jsonRows.ts";
import { openParquet, readRowGroup } from "../../formats/parquet.ts";
import { FeatureScan, type Features, parquetFeatures, type Row } from "./features.ts";

/** Rows that are read together: a row group of a parquet file, a megabyte of a JSON file, or rows in memory. */
export interface Part {
  rows: number;
  read(): Promise<Row[]>;
}

export interface DataFile {
  /** As it was given, for messages. */
  path: string;
  features: Features;
  parts: Part[];
  /** True where the file declares its columns: files of one split must then agree. */
  typed: boolean;
}

const EXTENSION = /\.(parquet|jsonl|ndjson|json)(\.gz)?$/i;

/** What can be read, for messages. */
export const SUPPORTED = "prefine reads .parquet, .jsonl, .ndjson and .json files, the JSON ones also as .gz";

/** The format of a data file by its name, or undefined where it is none that can be read. */
export function dataFormat(path: string): "parquet" | "json" | undefined {
  const match = EXTENSION.exec(path);
  if (!match || (match[1].toLowerCase() === "parquet" && match[2])) return undefined;
  return match[1].toLowerCase() === "parquet" ? "parquet" : "json";
}

/**
 * Opens a data file: reads a parquet file's footer; reads a JSON file once, so that a bad row is found here.
 * @param path where it is.
 * @param shown how messages name it.
 */
export async function openDataFile(path: string, shown = path): Promise<DataFile> {
  const format = dataFormat(path);
  if (!format) throw new PrefineError("data", `${shown}: expected a data file, found another kind`, `${SUPPORTED}.`);
  const source = await openSource(path, shown);
  if (format === "parquet") {
    const file = await openParquet(source, shown);
    const parts = file.groupRows.map((rows, group) => ({ rows, read: () => readRowGroup(file, group) }));
    return { path: shown, features: parquetFeatures(file.schema), parts, typed: true };
  }
  const scan = new FeatureScan();
  const file = await openJson(source, shown, (row) => scan.add(row));
  const parts = file.blocks.map((block) => ({ rows: block.rows, read: () => readJsonBlock(file, block) }));
  return { path: shown, features: scan.features, parts, typed: false };
}

async function openSource(path: string, shown: string): Promise<ByteSource> {
  try {
    const { size } = await stat(path);
    if (path.toLowerCase().endsWith(".gz")) return memorySource(await promisify(gunzip)(await readFile(path)));
    return { byteLength: size, slice: (start, end = size) => readRange(path, shown, start, end) };
  } catch (error) {
    throw unreadable(shown, error as NodeJS.ErrnoException);
  }
}

/** Opened anew for every range (a fraction of what reading it takes), so that no file stays open. */
async function readRange(path: string, shown: string, start: number, end: number): Promise<ArrayBuffer> {
  const bytes = new Uint8Array(end - start);
  const file = await open(path).catch((error) => {
    throw unreadable(shown, error);
  });
  try {
    for (let read = 0; read < bytes.length; ) {
      const { bytesRead } = await file.read(bytes, read, bytes.length - read, start + read);
      if (bytesRead === 0)
        throw new PrefineError(
          "data",
          `${shown}: the file became shorter while it was read`,
          "Is something writing it?",
        );
      read += bytesRead;
    }
  } finally {
    await file.close();
  }
  return bytes.buffer;
}

function unreadable(shown: string, error: NodeJS.ErrnoException): PrefineError {
  if (error instanceof PrefineError) return error;
  if (error.code === "ENOENT")
    return new PrefineError("data", `${shown}: no such file`, "Check the spelling of the path.");
  if (error.code?.startsWith("Z_")) {
    return new PrefineError("data", `${shown}: not a whole gzip file: ${error.message}`, "Download or write it again.");
  }
  return new PrefineError("io", `${shown}: cannot be read (${error.message})`, "Check who may read it.", {
    cause: error,
  });
}
