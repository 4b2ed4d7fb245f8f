/** @file A hub id, a folder or data files -> the splits of a dataset. */
import {
  options as anOptions,
  anyFunction,
  bool,
  checkOptions,
  checkValue,
  either,
  isPromise,
  nullable,
  oneOrMoreTexts,
  optionsOf,
  text,
  type ValueCheck,
} from "../../arguments.ts";
import { PrefineError, show } from "../../errors.ts";
import { emitWarning } from "../../host.ts";
import { counted } from "../../phrases.ts";
import { HUB_CHECKS } from "../hub/settings.ts";
import { Dataset } from "./dataset.ts";
import { type DatasetDict, datasetDict, unknownSplit } from "./datasetDict.ts";
import { type DatasetFiles, findDatasetFiles } from "./findFiles.ts";
import { IterableDataset } from "./iterableDataset.ts";
import { type IterableDatasetDict, iterableDatasetDict } from "./iterableDatasetDict.ts";
import "./mapThreads.ts"; // enables modules in map
import "./packRows.ts"; // its results may be on disk
import { openSplit } from "./openSplit.ts";
import type { OriginOptions } from "./origin.ts";
import { READER_CHECKS, type ReaderOptions, readerOptions } from "./readerOptions.ts";
import type { DataFiles } from "./splitFiles.ts";
import { ALL, readSplitRanges, rowsOfRange, type SplitRange } from "./splitRanges.ts";
import { streamSplit } from "./streamSplit.ts";
import "./writeText.ts"; // enables to_csv and to_json

export interface LoadDatasetOptions extends OriginOptions, ReaderOptions {
  /**
   * Configuration (subset) of a dataset that has several; TRL's dataset_config.
   *
   * Default: the dataset's default one. Same as datasets.
   */
  name?: string | undefined;
  /**
   * Split to load, or several: nothing else is downloaded or read. Ranges of rows are also splits, with the
   * requested name: `train[:1000]`, `train[10%:20%]`, `train+test`, and `all` splits together.
   *
   * Default: all splits. Differs from datasets: the result is always a DatasetDict.
   */
  split?: string | string[] | undefined;
  /**
   * Folder of the dataset with the files.
   *
   * Default: the whole dataset. Same as datasets.
   */
  data_dir?: string | undefined;
  /**
   * Files, or files by split: paths and patterns, in the dataset or (without one) on disk.
   *
   * Default: found by name. Same as datasets.
   */
  data_files?: DataFiles | undefined;
  /**
   * Reads rows only as a loop asks for them, in the order of the files, without downloading parquet and JSON Lines
   * files as a whole: the result has IterableDatasets.
   *
   * Default: `false`. Same as datasets.
   */
  streaming?: boolean | undefined;
}

const LOAD_OPTIONS = optionsOf<LoadDatasetOptions>("loadDataset", {
  ...HUB_CHECKS,
  revision: text,
  ...READER_CHECKS,
  onProgress: anyFunction,
  streaming: bool,
  name: text,
  split: oneOrMoreTexts,
  data_dir: text,
  data_files: either(oneOrMoreTexts, { ...anOptions, expected: "an object of paths by split" }),
});

/** Arguments of Python's load_dataset that are not built. */
const NOT_BUILT = {
  features: "the columns' types come from the files",
  save_infos: "nothing is saved",
};

/** Those without effect here. */
const NO_EFFECT = ["keep_in_memory", "num_proc", "trust_remote_code", "verification_mode", "download_mode"];

function checkCall(idOrPath: unknown, options: unknown): void {
  const place: ValueCheck = { ...nullable(text), expected: "a hub id, a folder or a file" };
  const isObject = typeof idOrPath === "object" && !isPromise(idOrPath);
  const call = isObject ? "loadDataset(undefined, { data_files })" : 'loadDataset("data.jsonl")';
  if (idOrPath !== undefined) checkValue("loadDataset", idOrPath, place, `For example: ${call}.`);
  if (typeof options === "string") {
    const hint = `A configuration is named in the options: { name: ${JSON.stringify(options)} }.`;
    throw new PrefineError("config", `loadDataset: expected an object with options, found ${show(options)}`, hint);
  }
  checkOptions("loadDataset", options, LOAD_OPTIONS, { notBuilt: NOT_BUILT, noEffect: NO_EFFECT });
}

/**
 * Loads a dataset, like datasets.load_dataset. Its splits come from `data_files`, else from the card's `configs`, else
 * from its file names; a single file is the split `train`. Rows are read lazily.
 * @param idOrPath hub id, folder, data file, or the name of a format (`csv`) for `data_files` of whatever name;
 *   optional with `data_files`.
 */
export function loadDataset(
  idOrPath: string | undefined,
  options: LoadDatasetOptions & { streaming: true },
): Promise<IterableDatasetDict>;
export function loadDataset(idOrPath: string | undefined, options?: LoadDatasetOptions): Promise<DatasetDict>;
export async function loadDataset(
  idOrPath: string | undefined,
  options: LoadDatasetOptions = {},
): Promise<DatasetDict | IterableDatasetDict> {
  const { data, request } = await find(idOrPath, options);
  return options.streaming ? streamSplits(data, request, options) : loadSplits(data, request, options);
}

/**
 * The splits of a dataset for a look at their first rows: of files that do not say how many rows they have, no more
 * than the first 64 MiB of each split is read (`isBeginning`), of parquet no more pages than a row needs.
 */
export async function previewDataset(idOrPath: string, options: LoadDatasetOptions): Promise<DatasetDict> {
  const { data, request } = await find(idOrPath, options);
  return loadSplits(data, request, { ...options, isPreview: true });
}

async function find(idOrPath: string | undefined, options: LoadDatasetOptions) {
  checkCall(idOrPath, options);
  const data = await findDatasetFiles(idOrPath, options);
  warnOfSkipped(data, options.onWarning ?? emitWarning);
  return { data, request: readRequest(data, options) };
}

/** The splits that are asked for, and those that they are made of. */
interface Request {
  requests: string[];
  ranges: SplitRange[][];
  sources: string[];
  reader: ReaderOptions;
}

function readRequest(data: DatasetFiles, options: LoadDatasetOptions): Request {
  const reader = { ...readerOptions(data.settings), ...readerOptions(options) };
  const names = [...data.splits.keys()];
  if (names.includes(ALL)) throw splitCalledAll(data.where);
  const requests = options.split === undefined ? names : [...new Set([options.split].flat())];
  const ranges = requests.map((name) => readSplitRanges(name, names));
  const sources = [...new Set(ranges.flat().map(({ split }) => split))];
  for (const split of sources) if (!names.includes(split)) throw unknownSplit(split, names, data.where);
  return { requests, ranges, sources, reader };
}

async function loadSplits(
  data: DatasetFiles,
  { requests, ranges, sources, reader }: Request,
  { signal, isPreview = false }: LoadDatasetOptions & { isPreview?: boolean },
): Promise<DatasetDict> {
  const { format } = data;
  const files = sources.map((split) => data.splits.get(split) ?? []);
  const local = await data.fetch(files.flat());
  const splits = new Map<string, Dataset>();
  for (const [i, split] of sources.entries()) {
    const paths = local.splice(0, files[i].length);
    const labels = files[i].map((path) => (data.prefix ? `${data.prefix}/${path}` : path));
    const opening = { shown: labels, format, reader, signal, isPreview };
    splits.set(split, await openSplit(split, paths, opening));
  }
  return datasetDict(requests.map((name, i) => [name, splits.get(name) ?? takeRanges(name, ranges[i], splits)]));
}

async function streamSplits(
  data: DatasetFiles,
  { requests, ranges, sources, reader }: Request,
  { signal }: LoadDatasetOptions,
): Promise<IterableDatasetDict> {
  const part = ranges.flat().find(({ from, to }) => from !== undefined || to !== undefined);
  if (part) throw rangeOfStream(requests[ranges.findIndex((some) => some.includes(part))]);
  const splits = new Map<string, IterableDataset>();
  for (const split of sources) {
    const options = { files: data, format: data.format, reader, signal };
    splits.set(split, await streamSplit(split, data.splits.get(split) ?? [], options));
  }
  const joined = (name: string, some: readonly SplitRange[]) =>
    IterableDataset.concatenate(
      some.map(({ split }) => splits.get(split) as IterableDataset),
      name,
    );
  return iterableDatasetDict(requests.map((name, i) => [name, splits.get(name) ?? joined(name, ranges[i])]));
}

/** datasets refuses it as a bad split: a range needs the number of rows. */
function rangeOfStream(request: string): PrefineError {
  const message = `split ${JSON.stringify(request)}: expected whole splits with streaming, found a range of rows`;
  return new PrefineError("data", message, "Take some rows of the split: take(n) and skip(n).");
}

/** datasets skips such files and patterns in silence. */
function warnOfSkipped(data: DatasetFiles, onWarning: (line: string) => void): void {
  const { skipped, unmatched, format, where } = data;
  const files = `${counted(skipped.length, "file")} of another format than ${format}`;
  if (skipped.length > 0) onWarning(`${where}: skips ${files}: ${firstOf(skipped)}`);
  if (unmatched.length > 0) onWarning(`${where}: no file matches a pattern: ${firstOf(unmatched)}`);
}

const firstOf = (names: readonly string[]) =>
  [...names.slice(0, 3), ...(names.length > 3 ? [`${names.length - 3} more`] : [])].join(", ");

/** datasets refuses such a dataset, too: `split: "all"` would have two meanings. */
function splitCalledAll(where: string): PrefineError {
  const message = `${where}: expected another name of a split than ${ALL}, which stands for all splits together`;
  return new PrefineError("data", message, `Name its files in data_files: { train: "data/${ALL}-*" }.`);
}

function takeRanges(name: string, ranges: readonly SplitRange[], splits: ReadonlyMap<string, Dataset>): Dataset {
  const pieces = ranges.map((range) => {
    const dataset = splits.get(range.split)!;
    if (range.from === undefined && range.to === undefined) return dataset;
    const [first, end] = rowsOfRange(range, dataset.num_rows);
    return dataset.select(Array.from({ length: end - first }, (_, i) => first + i));
  });
  return Dataset.concatenate(pieces, name);
}
