/** @file The files of a split -> a Dataset with the columns of all of them. */
import { hashFile } from "../../disk/hashFile.ts";
import { PrefineError, throwIfStopped } from "../../errors.ts";
import { entriesOf, keysOf, orderedObject } from "../../formats/written.ts";
import { type DataFile, type DataFileOptions, openDataFile, type Part } from "./dataFile.ts";
import { Dataset } from "./dataset.ts";
import { describeFeature, type Feature, type Features, isUntyped, type Row } from "./features.ts";
import { formatOf } from "./fileFormats.ts";
import { withColumns } from "./joinColumns.ts";
import { openLocalFile } from "./localFile.ts";
import { placesInFile } from "./places.ts";

interface Opening extends DataFileOptions {
  /** The files' names in messages. */
  shown: string[];
  signal: AbortSignal | undefined;
}

/** Opens the files of a split: JSON is read once as a whole. */
export async function openSplit(
  name: string,
  paths: string[],
  { shown, signal, ...options }: Opening,
): Promise<Dataset> {
  const files: DataFile[] = [];
  for (const [i, path] of paths.entries()) {
    let isOpen = false; // later reads are the caller's
    const check = () => throwIfStopped(isOpen ? undefined : signal, `while reading ${shown[i]}`);
    const isEnough = options.isPreview && files.some(({ isCut }) => isCut);
    if (isEnough) break;
    const file = await openDataFile(shown[i], (use) => openLocalFile(path, shown[i], { use, check }), options);
    files.push({
      ...file,
      parts: withSources(file.parts, {
        path,
        shown: shown[i],
        view: [options.format ?? formatOf(shown[i]), options.reader],
      }),
    });
    isOpen = true;
  }
  const features = joinFeatures(files);
  const columns = [...keysOf(features)];
  const parts = files.flatMap((file) =>
    sameColumns(file, columns) ? file.parts : file.parts.map((part) => withColumns(part, columns)),
  );
  const dataset = new Dataset({ name, parts, features });
  if (files.some(({ isCut }) => isCut)) beginnings.add(dataset);
  if (files.every((file) => !file.typed))
    asWritten.set(
      dataset,
      files.flatMap((file) => file.written ?? file.parts),
    );
  return dataset;
}

/** Splits of which only the first rows were read. */
const beginnings = new WeakSet<Dataset>();

/** Whether a split has more rows than its `num_rows`, and perhaps more columns: it was opened for a look at it. */
export const isBeginning = (dataset: Dataset): boolean => beginnings.has(dataset);

function withSources(
  parts: readonly Part[],
  { path, shown, view }: { path: string; shown: string; view: readonly unknown[] },
): Part[] {
  const file = { sha256: () => hashFile(path) };
  let first = 0;
  return parts.map((part, number) => {
    const places = placesInFile(shown, first);
    first += part.rows;
    return { ...part, source: { file, view: [...view, number] }, places };
  });
}

/** Splits of files that declare no columns -> their rows as they are written: without nulls for absent columns. */
const asWritten = new WeakMap<Dataset, readonly Part[]>();

/** The rows of a whole split of files; where these declare no columns, with the keys and numbers that are written. */
export async function* writtenRows(dataset: Dataset): AsyncGenerator<Row> {
  const parts = asWritten.get(dataset);
  if (parts === undefined) yield* dataset.rows();
  else for (const part of parts) yield* await part.read();
}

/** True if every row already has all columns in order: a parquet file with these columns. */
function sameColumns(file: DataFile, columns: string[]): boolean {
  return file.typed && Object.keys(file.features).join("\0") === columns.join("\0");
}

/** The columns of all files of a split; declared columns must agree. */
function joinFeatures(files: DataFile[]): Features {
  const columns = new Map<string, Feature>();
  for (const file of files) {
    for (const [name, feature] of entriesOf(file.features) as [string, Feature][]) {
      if (isUntyped(columns.get(name))) columns.set(name, feature);
    }
  }
  const typed = files.filter((file) => file.typed);
  for (const file of typed) assertSameColumns(typed[0], file);
  return orderedObject(columns);
}

function assertSameColumns(first: DataFile, other: DataFile): void {
  const describe = (file: DataFile, peer: DataFile) =>
    Object.entries(file.features).map(([name, feature]) => {
      const untyped = isUntyped(feature) || (Object.hasOwn(peer.features, name) && isUntyped(peer.features[name]));
      return `${name}: ${untyped ? "any" : describeFeature(feature)}`;
    });
  const [expected, actual] = [describe(first, other), describe(other, first)];
  const missing = expected.filter((column) => !actual.includes(column));
  const extra = actual.filter((column) => !expected.includes(column));
  if (missing.length + extra.length === 0) return;
  throw new PrefineError(
    "data",
    `${other.path}: its columns differ from those of ${first.path}: ` +
      `expected ${missing.join(", ") || "no more"}, found ${extra.join(", ") || "none of them"}`,
    "The files of one split must have the same columns; list files that belong together in data_files.",
  );
}
