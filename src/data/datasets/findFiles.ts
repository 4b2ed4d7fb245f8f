/** @file A hub id, a folder or data files -> the files of each split, before any is downloaded or read. */
import { nearbyHint, notOnDisk } from "../../disk/nearbyNames.ts";
import { PrefineError } from "../../errors.ts";
import { pushAll } from "../../lists.ts";
import { looksLikeRepoId } from "../hub/repoId.ts";
import { type CardConfig, chooseConfig, plainFolder, readCards } from "./card.ts";
import { formatNamed, formatOf, isOtherFormat, type ReadFormat, SUPPORTED } from "./fileFormats.ts";
import { isPattern } from "./glob.ts";
import {
  findLocalFiles,
  folderOrigin,
  hubOrigin,
  kindOf,
  type Origin,
  type OriginOptions,
  readCardFiles,
} from "./origin.ts";
import {
  type DataFiles,
  type FoundFiles,
  filesByName,
  filesByPatterns,
  namedSplits,
  noData,
  type SplitFiles,
  withFormat,
} from "./splitFiles.ts";

/** Of loadDataset's options, those that say which files. */
export interface FindOptions extends OriginOptions {
  name?: string | undefined;
  data_dir?: string | undefined;
  data_files?: DataFiles | undefined;
}

/** A dataset before its files are read. */
export interface DatasetFiles extends FoundFiles {
  where: string;
  /** Prefix of file paths in messages. */
  prefix: string;
  fetch: Origin["fetch"];
  openRemote?: Origin["openRemote"];
  /** Settings of the reader that the dataset's card has: `sep`, say. */
  settings: Readonly<Record<string, unknown>>;
}

export async function findDatasetFiles(idOrPath: string | undefined, options: FindOptions): Promise<DatasetFiles> {
  const { data_files, data_dir } = options;
  if (data_files !== undefined && idOrPath === undefined)
    return localFiles(namedSplits(data_files, "data_files"), undefined);
  if (!idOrPath)
    throw new PrefineError("data", "expected a dataset, found none", "Give a hub id, a folder, a file, or data_files.");
  if (await isFormatName(idOrPath)) return filesOfFormat(idOrPath, { data_files, data_dir });
  const kind = await kindOf(idOrPath);
  if (kind === "folder") return readOrigin(await folderOrigin(idOrPath.replace(/(?<=.)\/+$/, "")), options);
  if (kind === "file" || isPattern(idOrPath)) {
    if (data_files !== undefined)
      throw new PrefineError("data", `${idOrPath}: a file cannot have data_files`, "Give the file or data_files.");
    return localFiles(new Map([["train", [idOrPath]]]), undefined);
  }
  if (!looksLikeRepoId(idOrPath) || formatOf(idOrPath)) {
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
  return (formatNamed(name) !== undefined || isOtherFormat(name)) && (await kindOf(name)) === undefined;
}

/** `loadDataset("csv", { data_files })`: every file is of that format, whatever it is called. */
async function filesOfFormat(
  name: string,
  { data_files, data_dir }: Pick<FindOptions, "data_files" | "data_dir">,
): Promise<DatasetFiles> {
  const format = formatNamed(name);
  if (format === undefined)
    throw new PrefineError("data", `${name}: expected a format that prefine reads, found another`, `${SUPPORTED}.`);
  const folder = data_dir?.replace(/(?<=.)\/+$/, "");
  if (data_files === undefined && folder === undefined) {
    const hint = `For example: data_files: { train: "pairs.${name === "text" ? "txt" : name}" }.`;
    throw new PrefineError("data", `${name}: expected data_files or data_dir, found neither`, hint);
  }
  if (data_files === undefined) return readFolderAs(await folderOrigin(folder as string), format);
  const patterns = [...namedSplits(data_files, "data_files")].map(([split, list]): [string, string[]] => [
    split,
    list.map((path) => (folder === undefined || path.startsWith("/") ? path : `${folder}/${path}`)),
  ]);
  return localFiles(new Map(patterns), format);
}

function readFolderAs(origin: Origin, format: ReadFormat): DatasetFiles {
  const { where, paths, fetch } = origin;
  return { ...filesByName(paths, where, format), where, prefix: where, fetch, settings: {} };
}

async function localFiles(patterns: Map<string, string[]>, format: ReadFormat | undefined): Promise<DatasetFiles> {
  const splits: SplitFiles = new Map();
  const allUnmatched: string[] = [];
  const listed = new Set(
    [...patterns.values()].flat().filter((path) => !isPattern(path)), // one that is a file's name counts as such, too
  );
  for (const [split, list] of patterns) {
    const { files, named, unmatched } = await findLocalFiles(list, split);
    for (const path of named) listed.add(path);
    pushAll(allUnmatched, unmatched);
    splits.set(split, files);
  }
  const files = withFormat(splits, { where: "data_files", listed, format });
  return {
    ...files,
    unmatched: allUnmatched,
    where: "data_files",
    prefix: "",
    fetch: async (paths) => [...paths],
    settings: {},
  };
}

async function readOrigin(origin: Origin, options: FindOptions): Promise<DatasetFiles> {
  const { where, paths, fetch, openRemote } = origin;
  const { data_files, data_dir } = options;
  const filesAs = (files: FoundFiles, settings: DatasetFiles["settings"] = {}): DatasetFiles => ({
    ...files,
    where,
    prefix: where,
    fetch,
    ...(openRemote ? { openRemote } : {}),
    settings,
  });
  const folder = data_dir === undefined ? undefined : plainFolder(data_dir);
  if (data_files !== undefined)
    return filesAs(
      filesWithin(folder, paths, (under) => filesByPatterns(namedSplits(data_files, where), under, where)),
    );
  if (folder) return filesAs(filesWithin(folder, paths, (under) => filesByName(under, `${where}/${folder}`)));
  refuseScript(origin);
  const configs = readCards(await readCardFiles(origin), where);
  const config = chooseConfig(configs, options.name, where);
  assertReadable(origin, config);
  return filesAs(filesOf(config, paths, where), config?.settings);
}

/** datasets 4 and later refuse a dataset with a script of its name: the script makes its rows, not the files. */
function refuseScript({ where, paths }: Origin): void {
  const script = `${where.split("/").at(-1)}.py`;
  if (!paths.includes(script)) return;
  const message = `${where}: has the loading script ${script}, which makes its rows: prefine runs no Python`;
  throw new PrefineError("data", message, SCRIPT_HINT);
}

const SCRIPT_HINT =
  "Try revision: refs/convert/parquet, the hub's parquet copy of most datasets, or name its files in data_files.";

/** Throws with advice for datasets without supported files. */
function assertReadable({ where, paths }: Origin, config: CardConfig | undefined): void {
  const isSaved =
    paths.some((path) => /(^|\/)state\.json$/.test(path)) && paths.some((path) => path.endsWith(".arrow"));
  if (isSaved || (paths.includes("dataset_dict.json") && paths.some((path) => path.endsWith(".arrow")))) {
    const hint = 'Write parquet files instead, in Python: load_from_disk(FOLDER)["train"].to_parquet("train.parquet").';
    throw new PrefineError("data", `${where}: contains Arrow files (save_to_disk)`, hint);
  }
  if (config?.patterns || paths.some((path) => formatOf(path) && !/(^|\/)(config|dataset_\w+)\.json$/.test(path)))
    return;
  if (paths.some((path) => path.endsWith(".py"))) {
    throw new PrefineError("data", `${where}: contains a Python loading script and no data files`, SCRIPT_HINT);
  }
  if (!paths.some((path) => path.endsWith(".zip"))) return;
  throw noData(paths, where);
}

function filesOf(config: CardConfig | undefined, paths: string[], where: string): FoundFiles {
  return filesWithin(config?.folder, paths, (under) =>
    config?.patterns ? filesByPatterns(config.patterns, under, where) : filesByName(under, where),
  );
}

/** The splits of a folder's files, with paths relative to the folder. */
function filesWithin(
  folder: string | undefined,
  paths: string[],
  filesOfFolder: (under: string[]) => FoundFiles,
): FoundFiles {
  const start = folder ? `${folder}/` : "";
  const under = paths.filter((path) => path.startsWith(start)).map((path) => path.slice(start.length));
  const { splits, skipped, format, unmatched } = filesOfFolder(under);
  const whole = (files: readonly string[]) => files.map((file) => start + file);
  return {
    splits: new Map([...splits].map(([split, files]) => [split, whole(files)])),
    format,
    skipped: whole(skipped),
    unmatched,
  };
}
