/** @file The files of a split as a stream: no row is read before it is asked for. */
import { throwIfStopped } from "../../errors.ts";
import type { ByteSource } from "../../formats/byteSource.ts";
import { streamJson } from "../../formats/jsonRows.ts";
import { openParquet, readRowGroup } from "../../formats/parquet.ts";
import { type DataFileOptions, openDataFile } from "./dataFile.ts";
import type { Reading } from "./decompressed.ts";
import { type Features, parquetFeatures } from "./features.ts";
import { formatOf } from "./fileFormats.ts";
import type { DatasetFiles } from "./findFiles.ts";
import { IterableDataset } from "./iterableDataset.ts";
import { openLocalFile } from "./localFile.ts";
import type { Shard } from "./streamParts.ts";

interface StreamOptions extends DataFileOptions {
  files: Pick<DatasetFiles, "fetch" | "openRemote" | "prefix">;
  signal: AbortSignal | undefined;
}

/** @param paths as the dataset lists them. */
export async function streamSplit(name: string, paths: string[], options: StreamOptions): Promise<IterableDataset> {
  const shards: Shard[] = [];
  let features: Features | null = null;
  for (const path of paths) {
    const file = await openStream(path, options);
    features ??= file.features;
    shards.push(file);
  }
  return IterableDataset.of(name, shards, features);
}

interface StreamedFile extends Shard {
  /** Null: not known before the rows are read. */
  features: Features | null;
}

async function openStream(path: string, options: StreamOptions): Promise<StreamedFile> {
  const { files, reader, signal } = options;
  const shown = files.prefix ? `${files.prefix}/${path}` : path;
  const format = options.format ?? formatOf(path);
  const openFile = await sourceOf(path, {
    shown,
    isRanged: format === "parquet" || isPlainJson(path),
    files,
  });
  const check = () => throwIfStopped(signal, `while reading ${shown}`);
  if (format === "parquet") {
    const file = await openParquet(await openFile("whole"), shown);
    const rows = async function* () {
      for (const group of file.groupRows.keys()) {
        check();
        yield* await readRowGroup(file, group);
      }
    };
    return { features: parquetFeatures(file.schema), rows };
  }
  if (format === "json" && typeof reader.field !== "string") {
    const rows = async function* () {
      for await (const block of streamJson(await openFile("parts"), shown)) {
        check();
        yield* block;
      }
    };
    return { features: null, rows };
  }
  const rows = async function* () {
    const { parts } = await openDataFile(shown, openFile, { format: options.format, reader });
    for (const part of parts) {
      check();
      yield* await part.read();
    }
  };
  return { features: null, rows };
}

/** Read from its beginning to its end, once: no other part is asked for. */
const isPlainJson = (path: string) => /\.(jsonl|jsonlines|ndjson)$/i.test(path);

interface Sourcing extends Pick<StreamOptions, "files"> {
  shown: string;
  /** Whether the file's parts are read as they are needed; others are downloaded whole. */
  isRanged: boolean;
}

async function sourceOf(
  path: string,
  { files, shown, isRanged }: Sourcing,
): Promise<(use: Reading["use"]) => Promise<ByteSource>> {
  const remote = isRanged ? await files.openRemote?.(path) : undefined;
  if (remote) return async () => remote;
  const [local] = await files.fetch([path]);
  return (use) => openLocalFile(local, shown, { use });
}
