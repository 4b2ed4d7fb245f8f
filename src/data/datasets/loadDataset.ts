/** @file A hub id, a folder or data files -> the splits of a dataset. */
import {
  anyFunction,
  anything,
  checkOptions,
  checkValue,
  isPromise,
  nullable,
  oneOrMoreTexts,
  optionsOf,
  text,
  type ValueCheck,
} from "../../arguments.ts";

import { nearbyHint, notOnDisk } from "../../disk/nearbyNames.ts";
import { PrefineError, show, throwIfStopped } from "../../errors.ts";

import { entriesOf, keysOf, orderedObject } from "../../formats/written.ts";

import { looksLikeRepoId } from "../hub/repoId.ts";
import { HUB_CHECKS } from "../hub/settings.ts";
import { type CardConfig, chooseConfig, plainFolder, readCard } from "./card.ts";
import { type DataFile, dataFormat, openDataFile, SUPPORTED } from "./dataFile.ts";
import { Dataset } from "./dataset.ts";
import { type DatasetDict, datasetDict, unknownSplit } from "./datasetDict.ts";
import { describeFeature, type Feature, type Features, isUntyped } from "./features.ts";
import { isPattern } from "./glob.ts";
import { withColumns } from "./joinColumns.ts";
import { openLocalFile } from "./localFile.ts";
import "./mapThreads.ts"; // enables modules in map
import "./writeText.ts"; // enables to_csv and to_json
import {
  findLocalFiles,
  folderOrigin,
  hubOrigin,
  kindOf,
  type Origin,
  type OriginOptions,
  readCardText,
} from "./origin.ts";
import { type DataFiles, filesByName, filesByPatterns, namedSplits, type SplitFiles } from "./splitFiles.ts";
import { readSplitRanges, rowsOfRange, type SplitRange } from "./splitRanges.ts";

export interface LoadDatasetOptions extends OriginOptions {
  /**
   * Configuration (subset) of a dataset that has several; TRL's dataset_config.
   *
   * Default: the dataset's default one. Same as datasets.
   */
  name?: string | undefined;
  /**
   * Split to load, or several: nothing else is downloaded or read. Ranges of rows are also splits, with the
   * requested name: `train[:1000]`, `train[10%:20%]`, `train+test`.
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
}

const LOAD_OPTIONS = optionsOf<LoadDatasetOptions>("loadDataset", {
  ...HUB_CHECKS,
  revision: text,
  onProgress: anyFunction,
  name: text,
  split: oneOrMoreTexts,
  data_dir: text,
  data_files: anything, // namedSplits checks it
});

/** Arguments of Python's load_dataset that are not built. */
const NOT_BUILT = {
  streaming: "rows are read lazily anyway",
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

/** Format names that Python's `load_dataset` accepts instead of a dataset. */
const FORMAT_NAMES = new Set(["parquet", "json", "jsonl"]);

/**
 * Loads a dataset, like datasets.load_dataset. Its splits come from `data_files`, else from the card's `configs`, else
 * from its file names; a single file is the split `train`. Rows are read lazily.
 * @param idOrPath hub id, folder, or a .parquet, .jsonl or .json file; optional with `data_files`.
 */
export async function loadDataset(
  idOrPath: string | undefined,
  options: LoadDatasetOptions = {},
): Promise<DatasetDict> {
  checkCall(idOrPath, options);
  const data = await findDatasetFiles(idOrPath, options);
  const names = [...data.splits.keys()];
  const requests = options.split === undefined ? names : [...new Set([options.split].flat())];
  const ranges = requests.map((name) => readSplitRanges(name, names));
  const sources = [...new Set(ranges.flat().map(({ split }) => split))];
  for (const split of sources) if (!names.includes(split)) throw unknownSplit(split, names, data.where);
  const files = sources.map((split) => data.splits.get(split) ?? []);
  const local = await data.fetch(files.flat());
  const splits = new Map<string, Dataset>();
  for (const [i, split] of sources.entries()) {
    const paths = local.splice(0, files[i].length);
    const labels = files[i].map((path) => (data.prefix ? `${data.prefix}/${path}` : path));
    splits.set(split, await openSplit(split, paths, { shown: labels, signal: options.signal }));
  }
  return datasetDict(requests.map((name, i) => [name, splits.get(name) ?? takeRanges(name, ranges[i], splits)]));
}

function takeRanges(name: string, ranges: readonly SplitRange[], splits: ReadonlyMap<string, Dataset>): Dataset {
  const pieces = ranges.map((range) => {
    const dataset = splits.get(range.split)!;
    const [first, end] = rowsOfRange(range, dataset.num_rows);
    return dataset.select(Array.from({ length: end - first }, (_, i) => first + i));
  });
  return Dataset.concatenate(pieces, name);
}

/** A dataset before its files are read. */
interface DatasetFiles {
  where: string;
  splits: SplitFiles;
  /** Prefix of file paths in messages. */
  prefix: string;
  fetch: Origin["fetch"];
}

async function findDatasetFiles(idOrPath: string | undefined, options: LoadDatasetOptions): Promise<DatasetFiles> {
  const { data_files } = options;
  if (data_files !== undefined && (idOrPath === undefined || (await isFormatName(idOrPath)))) {
    return localFiles(namedSplits(data_files, "data_files"));
  }
  if (!idOrPath)
    throw new PrefineError("data", "expected a dataset, found none", "Give a hub id, a folder, a file, or data_files.");
  const kind = await kindOf(idOrPath);
  if (kind === "folder") return readOrigin(await folderOrigin(idOrPath.replace(/(?<=.)\/+$/, "")), options);
  if (kind === "file" || isPattern(idOrPath)) {
    if (data_files !== undefined)
      throw new PrefineError("data", `${idOrPath}: a file cannot have data_files`, "Give the file or data_files.");
    return localFiles(new Map([["train", [idOrPath]]]));
  }
  if (!looksLikeRepoId(idOrPath) || dataFormat(idOrPath)) {
    const hint = "Expected a hub id (name or organization/name), a folder or a data file.";
    throw new PrefineError("data", `${idOrPath}: no such file or folder`, await nearbyHint(idOrPath, hint));
  }
  const origin = await hubOrigin(idOrPath, options).catch(async (error: unknown) => {
    throw await notOnDisk(error, idOrPath);
  });
  return readOrigin(origin, options);
}

/** Whether it stands for files of a format, which `data_files` names, and for no dataset. */
export async function isFormatName(name: string): Promise<boolean> {
  return FORMAT_NAMES.has(name) && (await kindOf(name)) === undefined;
}

async function localFiles(patterns: Map<string, string[]>): Promise<DatasetFiles> {
  const splits: SplitFiles = new Map();
  for (const [split, list] of patterns) splits.set(split, await findLocalFiles(list, split));
  return { where: "data_files", splits, prefix: "", fetch: async (paths) => [...paths] };
}

async function readOrigin(origin: Origin, options: LoadDatasetOptions): Promise<DatasetFiles> {
  const { where, paths } = origin;
  const { data_files, data_dir } = options;
  const filesAs = (splits: SplitFiles): DatasetFiles => ({ where, splits, prefix: where, fetch: origin.fetch });
  const folder = data_dir === undefined ? undefined : plainFolder(data_dir);
  if (data_files !== undefined)
    return filesAs(
      filesWithin(folder, paths, (under) => filesByPatterns(namedSplits(data_files, where), under, where)),
    );
  if (folder) return filesAs(filesWithin(folder, paths, (under) => filesByName(under, `${where}/${folder}`)));
  const card = await readCardText(origin);
  const configs = card === undefined ? [] : readCard(card, `${where}/README.md`);
  const config = chooseConfig(configs, options.name, where);
  assertReadable(origin, config);
  return filesAs(filesOf(config, paths, where));
}

/** Throws with advice for datasets without supported files. */
function assertReadable({ where, paths }: Origin, config: CardConfig | undefined): void {
  if (config?.patterns || paths.some((path) => dataFormat(path) && !/(^|\/)(state|dataset_\w+)\.json$/.test(path)))
    return;
  if (paths.some((path) => path.endsWith(".arrow"))) {
    throw new PrefineError(
      "data",
      `${where}: contains Arrow files (save_to_disk)`,
      "Write parquet with to_parquet instead.",
    );
  }
  if (paths.some((path) => path.endsWith(".py"))) {
    const hint = "Try revision: refs/convert/parquet, the hub's parquet copy of most datasets.";
    throw new PrefineError("data", `${where}: contains a Python loading script and no data files`, hint);
  }
  const actual = paths.slice(0, 3).join(", ") || "no files";
  throw new PrefineError("data", `${where}: expected data files, found ${actual}`, `${SUPPORTED}.`);
}

function filesOf(config: CardConfig | undefined, paths: string[], where: string): SplitFiles {
  return filesWithin(config?.folder, paths, (under) =>
    config?.patterns ? filesByPatterns(config.patterns, under, where) : filesByName(under, where),
  );
}

/** The splits of a folder's files, with paths relative to the folder. */
function filesWithin(
  folder: string | undefined,
  paths: string[],
  splitsOf: (under: string[]) => SplitFiles,
): SplitFiles {
  const start = folder ? `${folder}/` : "";
  const under = paths.filter((path) => path.startsWith(start)).map((path) => path.slice(start.length));
  return new Map([...splitsOf(under)].map(([split, files]) => [split, files.map((file) => start + file)]));
}

interface Opening {
  /** The files' names in messages. */
  shown: string[];
  signal: AbortSignal | undefined;
}

/** Opens the files of a split: JSON is read once as a whole. */
async function openSplit(name: string, paths: string[], { shown, signal }: Opening): Promise<Dataset> {
  const files: DataFile[] = [];
  for (const [i, path] of paths.entries()) {
    let isOpen = false; // later reads are the caller's
    const check = () => throwIfStopped(isOpen ? undefined : signal, `while reading ${shown[i]}`);
    files.push(await openDataFile(shown[i], () => openLocalFile(path, shown[i], check)));
    isOpen = true;
  }
  const features = joinFeatures(files);
  const columns = [...keysOf(features)];
  const parts = files.flatMap((file) =>
    sameColumns(file, columns) ? file.parts : file.parts.map((part) => withColumns(part, columns)),
  );
  return new Dataset({ name, parts, features });
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
