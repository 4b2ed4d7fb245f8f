/** @file Assigns files to splits: by patterns, or by file names as in Python's datasets. */

import { PrefineError, show } from "../../errors.ts";
import { counted } from "../../phrases.ts";
import { dataFormat, SUPPORTED } from "./dataFile.ts";
import { isPattern, matchPaths } from "./glob.ts";

/** Files by split, in the dataset's order of splits. */
export type SplitFiles = Map<string, string[]>;

/** `data_files` in a call or a card; without split names it is the split `train`. */
export type DataFiles = string | string[] | Record<string, string | string[]>;

/** `data_files` as split -> paths. @param where for messages. */
export function namedSplits(files: DataFiles, where: string): Map<string, string[]> {
  const asList = (value: unknown) => (Array.isArray(value) ? value : [value]);
  const isNamed = typeof files === "object" && !Array.isArray(files);
  const bySplit = new Map<string, string[]>(
    isNamed ? Object.entries(files).map(([split, paths]) => [split, asList(paths)]) : [["train", asList(files)]],
  );
  for (const [split, paths] of bySplit) {
    if (paths.length > 0 && paths.every((path) => typeof path === "string" && path !== "")) continue;
    const message = `data_files.${split}: expected a path or a list of paths, found ${show(files)}`;
    throw new PrefineError("data", `${where}: ${message}`, "For example: data_files: { train: train.jsonl }.");
  }
  return bySplit;
}

/** The files of each split among `paths`, by its patterns. @param where names the dataset in messages. */
export function filesByPatterns(patterns: Map<string, string[]>, paths: readonly string[], where: string): SplitFiles {
  const splits: SplitFiles = new Map();
  for (const [split, list] of patterns) {
    const files = list.flatMap((pattern) => {
      const matches = matchPaths(pattern, paths);
      if (matches.length === 0) throw nothingMatches(pattern, split, where);
      return isPattern(pattern) ? matchedFiles(matches, split, where) : matches;
    });
    splits.set(split, [...new Set(files)]);
  }
  return splits;
}

export function nothingMatches(pattern: string, split: string, where: string): PrefineError {
  return new PrefineError(
    "data",
    `${where}: ${split}: no file matches ${pattern}`,
    "Check the spelling of the path or pattern.",
  );
}

/** The data files among a pattern's matches; shards must be complete. */
export function matchedFiles(paths: string[], split: string, where: string): string[] {
  const files = supported(paths, `${where}: ${split}`);
  checkShards(files, split, where);
  return files;
}

/** Files of the most frequent format (parquet if tied); at least one. */
function supported(files: string[], where: string): string[] {
  const parquet = files.filter((file) => dataFormat(file) === "parquet");
  const json = files.filter((file) => dataFormat(file) === "json");
  if (parquet.length + json.length > 0) return parquet.length >= json.length ? parquet : json;
  const names = files.slice(0, 3).join(", ") || "none";
  throw new PrefineError("data", `${where}: expected data files, found ${names}`, `${SUPPORTED}.`);
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
const SHARDED = /^data\/(\w+(?:\.\w+)*)-\d{5}-of-\d{5}[^/]*\.[^/]*$/;
const NOT_DATA = /^(README\.md|config\.json|dataset_infos?\.json|dataset_dict\.json|state\.json)$/;

/**
 * Infers splits from file names, by the first of these rules that matches: `data/SPLIT-00000-of-00001.*`;
 * a folder called train, validation or test (or a synonym); such a word in a file's name; else all files are `train`.
 * @param where names the dataset in messages.
 */
export function filesByName(paths: readonly string[], where: string): SplitFiles {
  const candidates = matchPaths("**", paths).filter((path) => !NOT_DATA.test(path.split("/").at(-1) ?? ""));
  const data = supported(candidates, where);
  const splits = bySharding(data, where) ?? byKeyword(data, IN_FOLDER) ?? byKeyword(data, IN_FILE_NAME);
  return splits ?? new Map([["train", data]]);
}

function bySharding(paths: string[], where: string): SplitFiles | undefined {
  const splits: SplitFiles = new Map();
  for (const path of paths) {
    const split = SHARDED.exec(path)?.[1];
    if (!split) continue;
    const files = splits.get(split) ?? [];
    files.push(path);
    splits.set(split, files);
  }
  for (const [split, files] of splits) checkShards(files, split, where);
  const keywords = KEYWORDS.map(([name]) => name).filter((name) => splits.has(name));
  const others = [...splits.keys()].filter((name) => !keywords.includes(name)).sort();
  const ordered = [...keywords, ...others].map((name): [string, string[]] => [name, splits.get(name) ?? []]);
  return splits.size > 0 ? new Map(ordered) : undefined;
}

function byKeyword(paths: string[], places: string[]): SplitFiles | undefined {
  const splits: SplitFiles = new Map();
  for (const [split, keywords] of KEYWORDS) {
    const patterns = keywords.flatMap((keyword) =>
      places.map((place) => `**/${place.replaceAll("KEY", keyword).replaceAll("SEP", SEPARATOR)}`),
    );
    const files = new Set(patterns.flatMap((pattern) => matchPaths(pattern, paths)));
    if (files.size > 0) splits.set(split, [...files]);
  }
  return splits.size > 0 ? splits : undefined;
}
