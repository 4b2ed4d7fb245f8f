/** @file Assigns files to splits: by patterns, or by file names as in Python's datasets. */

import { PrefineError, show } from "../../errors.ts";
import { pushAll } from "../../lists.ts";
import { counted } from "../../phrases.ts";
import { inferFormat, isData, isOfFormat, isRead, type ReadFormat, SUPPORTED } from "./fileFormats.ts";
import { isPattern, matchPaths } from "./glob.ts";

/** Files by split, in the dataset's order of splits. */
export type SplitFiles = Map<string, string[]>;

/** `data_files` in a call or a card; without split names it is the split `train`. */
export type DataFiles = string | string[] | Record<string, string | string[]>;

/** The files of a dataset. */
export interface FoundFiles {
  splits: SplitFiles;
  /** Undefined: each file's own name says. */
  format: ReadFormat | undefined;
  /** Files of other formats among those of the splits, which datasets skips in silence. */
  skipped: string[];
  /** Patterns that match no file, beside others of their split that do; datasets skips them in silence, too. */
  unmatched: string[];
}

/** `data_files` as split -> paths. @param where for messages. */
export function namedSplits(files: DataFiles, where: string): Map<string, string[]> {
  const asList = (value: unknown) => (Array.isArray(value) ? value : [value]);
  const isNamed = typeof files === "object" && !Array.isArray(files);
  const bySplit = new Map<string, string[]>(
    isNamed ? Object.entries(files).map(([split, paths]) => [split, asList(paths)]) : [["train", asList(files)]],
  );
  if (bySplit.size === 0) {
    const message = `${where}: expected data_files of at least one split, found ${show(files)}`;
    throw new PrefineError("data", message, "For example: data_files: { train: train.jsonl }.");
  }
  for (const [split, paths] of bySplit) {
    if (paths.length > 0 && paths.every((path) => typeof path === "string" && path !== "")) continue;
    const message = `data_files.${split}: expected a path or a list of paths, found ${show(files)}`;
    throw new PrefineError("data", `${where}: ${message}`, "For example: data_files: { train: train.jsonl }.");
  }
  return bySplit;
}

/** Paths that match a pattern, without files such as README.md unless the pattern ends in their name. */
export function matchData(pattern: string, paths: readonly string[]): string[] {
  return matchPaths(pattern, paths).filter((path) => !isIgnored(path, pattern));
}

/** The files of each split among `paths`, by its patterns. @param where names the dataset in messages. */
export function filesByPatterns(
  patterns: ReadonlyMap<string, readonly string[]>,
  paths: readonly string[],
  where: string,
): FoundFiles {
  const splits: SplitFiles = new Map();
  const listed = new Set<string>(); // named one by one: read whatever their format is
  const unmatched: string[] = [];
  for (const [split, list] of patterns) {
    const files: string[] = [];
    const without = list.filter((pattern) => {
      const matches = matchData(pattern, paths);
      if (isPattern(pattern)) checkShards(matches, split, where);
      else for (const path of matches) listed.add(path);
      pushAll(files, matches);
      return matches.length === 0;
    });
    pushAll(unmatched, checkUnmatched(without, { split, where, files }));
    splits.set(split, files);
  }
  return { ...withFormat(splits, { where, listed }), unmatched };
}

/**
 * Patterns of a split that match nothing, beside others that do.
 * @throws PrefineError("data") for the path of a file, or where no pattern of the split matches.
 */
export function checkUnmatched(
  without: readonly string[],
  { split, where, files }: { split: string; where: string; files: readonly string[] },
): string[] {
  const wrong = files.length === 0 ? without[0] : without.find((pattern) => !isPattern(pattern));
  if (wrong !== undefined) throw nothingMatches(wrong, split, where);
  return without.map((pattern) => `${split}: ${pattern}`);
}

function nothingMatches(pattern: string, split: string, where: string): PrefineError {
  return new PrefineError(
    "data",
    `${where}: ${split}: no file matches ${pattern}`,
    "Check the spelling of the path or pattern.",
  );
}

interface Choosing {
  /** Names the dataset in messages. */
  where: string;
  /** Files that are named one by one, whose own names say their format. */
  listed?: ReadonlySet<string>;
  /** The format, where the call says it. */
  format?: ReadFormat | undefined;
}

/**
 * Files of splits with their format: datasets' rules.
 * @throws PrefineError("data") for a split without data files, splits of several formats, one that prefine does not
 *   read, or a set of shards with a gap.
 */
export function withFormat(splits: SplitFiles, { where, listed = new Set(), format }: Choosing): FoundFiles {
  const all = [...splits.values()].flat();
  const isListed = all.length > 0 && all.every((path) => listed.has(path));
  if (format || isListed) return { splits: once(splits), format, skipped: [], unmatched: [] };
  const data: SplitFiles = new Map([...splits].map(([split, files]) => [split, files.filter(isData)]));
  const chosen = formatOfSplits(data, { where, all });
  const readable = once(
    new Map([...data].map(([split, files]) => [split, files.filter((file) => isOfFormat(file, chosen))])),
  );
  for (const [split, files] of readable) {
    if (files.length === 0) throw noData(splits.get(split) ?? [], `${where}: ${split}`);
    checkShards(
      files.filter((file) => !listed.has(file)),
      split,
      where,
    );
  }
  const kept = new Set([...readable.values()].flat());
  const skipped = [...new Set(all)].filter((file) => !kept.has(file) && (listed.has(file) || !DOCUMENTS.test(file)));
  return { splits: readable, format: chosen, skipped, unmatched: [] };
}

/** Files next to data of which no one expects rows. */
const DOCUMENTS =
  /(^|\/)[^./]*$|\.(md|rst|py|ipynb|ya?ml|toml|cfg|ini|sh|html?|css|[cm]?[jt]sx?|svg|log|lock|sha256|md5|cff)$/i;

/** A file that several patterns of a split match is read once; datasets has its rows as many times. */
const once = (splits: SplitFiles): SplitFiles =>
  new Map([...splits].map(([split, files]) => [split, [...new Set(files)]]));

function formatOfSplits(data: SplitFiles, { where, all }: { where: string; all: readonly string[] }): ReadFormat {
  const formats = [...data].map(([split, files]) => [split, inferFormat(files)] as const);
  const [[, first]] = formats;
  if (formats.every(([, format]) => format === undefined)) throw noData(all, where);
  const example = (split: string) => data.get(split)?.[0] ?? "no data file";
  if (formats.some(([, format]) => format !== first)) {
    const described = formats.map(([split, format]) => `${split}: ${format ?? "none"} (${example(split)})`).join(", ");
    const hint = "Name the files of each split in data_files: { train: ..., test: ... }.";
    throw new PrefineError("data", `${where}: expected one format for all splits, found ${described}`, hint);
  }
  if (isRead(first)) return first;
  const message = `${where}: expected a format that prefine reads, found ${first} (${example(formats[0][0])})`;
  throw new PrefineError("data", message, `${SUPPORTED}. Name them in data_files if there are some.`);
}

export function noData(files: readonly string[], where: string): PrefineError {
  const names = files.slice(0, 3).join(", ") || "no files";
  return new PrefineError("data", `${where}: expected data files, found ${names}`, `${SUPPORTED}.`);
}

/** All shards of a split must exist: `x-00000-of-00002.parquet` alone is half a dataset. */
function checkShards(files: readonly string[], split: string, where: string): void {
  const present = new Set(files);
  const checked = new Set<string>(); // one pass for all shards of a set
  for (const file of files) {
    const [, head, total, tail] = /^(.*-)\d{5}-of-(\d{5})(.*)$/.exec(file) ?? [];
    const shards = `${head}*-of-${total}${tail}`;
    if (total === undefined || checked.has(shards)) continue;
    checked.add(shards);
    for (let shard = 0; shard < Number(total); shard++) {
      const expected = `${head}${String(shard).padStart(5, "0")}-of-${total}${tail}`;
      if (present.has(expected)) continue;
      throw new PrefineError(
        "data",
        `${where}: ${split}: expected ${counted(Number(total), "shard")}, ${expected} is missing`,
        "Download it, or list the files you want in data_files.",
      );
    }
  }
}

// --- by name, if nothing declares the splits ---

const KEYWORDS: [string, string[]][] = [
  ["train", ["train", "training"]],
  ["validation", ["validation", "valid", "dev", "val"]],
  ["test", ["test", "testing", "eval", "evaluation"]],
];
const SEPARATOR = "[-._ 0-9]";
/** Positions of a keyword; the order of the patterns is the order of the files in a split. */
const IN_FOLDER = ["KEY/**", "KEYSEP*/**", "*SEPKEY/**", "*SEPKEYSEP*/**"];
const IN_FILE_NAME = ["KEYSEP*", "*SEPKEYSEP*"];
const DIGITS = "[0-9]".repeat(5);
const SHARDED = `-${DIGITS}-of-${DIGITS}*.*`;
/** datasets' regular expression for names of splits. */
const SPLIT_NAME = /^[\p{L}\p{M}\p{N}_]+(\.[\p{L}\p{M}\p{N}_]+)*$/u;

/** Files that are no data wherever they are, unless a pattern ends in their name. */
const IGNORED = new Set([
  "README.md",
  "config.json",
  "dataset_info.json",
  "dataset_infos.json",
  "dummy_data.zip",
  "dataset_dict.json",
]);

const baseName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
const isIgnored = (path: string, pattern: string) =>
  IGNORED.has(baseName(path)) && baseName(pattern) !== baseName(path);

/**
 * Finds splits by file names, of whatever format: datasets' get_data_patterns. The first rule that matches a file:
 * `data/SPLIT-00000-of-00001.*`; logs and tasks of agents; a folder called train, validation or test (or a synonym);
 * such a word in a file's name; else all files are `train`.
 */
function splitsByName(paths: readonly string[], where: string): SplitFiles {
  const files = paths.filter((path) => !IGNORED.has(baseName(path)));
  return (
    bySharding(files, where) ??
    byPatterns(files, [["logs", ["**/*.eval"]]]) ??
    byPatterns(files, [["test", ["**/task.toml", "**/instruction.md"]]]) ??
    byPatterns(files, keywordPatterns(IN_FOLDER)) ??
    byPatterns(files, keywordPatterns(IN_FILE_NAME)) ??
    byPatterns(files, [["train", ["**"]]]) ??
    new Map()
  );
}

/** The splits of a folder's files by their names. @param where names the dataset in messages. */
export function filesByName(paths: readonly string[], where: string, format?: ReadFormat): FoundFiles {
  const splits = splitsByName(paths, where);
  if (splits.size === 0) throw noData(paths, where);
  return withFormat(splits, { where, format });
}

function bySharding(paths: readonly string[], where: string): SplitFiles | undefined {
  const sharded = matchPaths(`data/*${SHARDED}`, paths);
  if (sharded.length === 0) return undefined;
  const names = new Set(sharded.map((path) => /^data\/(.+)-\d{5}-of-\d{5}/.exec(path)?.[1] ?? ""));
  const wrong = [...names].find((name) => !SPLIT_NAME.test(name));
  if (wrong !== undefined) {
    const message = `${where}: expected names of splits with letters, digits, _ and ., found ${show(wrong)}`;
    throw new PrefineError("data", message, "Rename the files in data/, or name them in data_files.");
  }
  const keywords = KEYWORDS.map(([name]) => name).filter((name) => names.has(name));
  const others = [...names].filter((name) => !keywords.includes(name)).sort();
  return byPatterns(
    paths,
    [...keywords, ...others].map((name) => [name, [`data/${name}${SHARDED}`]]),
  );
}

const keywordPatterns = (places: readonly string[]): [string, string[]][] =>
  KEYWORDS.map(([split, keywords]) => [
    split,
    keywords.flatMap((keyword) =>
      places.map((place) => `**/${place.replaceAll("KEY", keyword).replaceAll("SEP", SEPARATOR)}`),
    ),
  ]);

/** A file that several patterns of a split match comes as many times, which counts for the choice of a format. */
function byPatterns(paths: readonly string[], bySplit: readonly [string, string[]][]): SplitFiles | undefined {
  const splits: SplitFiles = new Map();
  for (const [split, patterns] of bySplit) {
    const files = patterns.flatMap((pattern) => matchPaths(pattern, paths));
    if (files.length > 0) splits.set(split, files);
  }
  return splits.size > 0 ? splits : undefined;
}
