/** @file The data of an Axolotl file: datasets, test_datasets and val_set_size. */
import { show } from "../../errors.ts";
import { isObject } from "../../formats/parseJson.ts";
import { dataFormatOf } from "../options/dataFormats.ts";
import { type Imported, listOfTexts, noEqual } from "./rules.ts";

/** Keys of Axolotl that are read here. */
export const AXOLOTL_DATA_KEYS = ["datasets", "test_datasets", "val_set_size", "eval_strategy", "evaluation_strategy"];

/** Keys of an entry with a meaning of their own; others are settings of its format. */
const ENTRY_KEYS = new Set([
  ...["path", "name", "split", "type", "data_files", "ds_type", "revision", "trust_remote_code"],
]);

type Entry = Record<string, unknown>;

/** Adds the data's keys to a run file. */
export function readAxolotlData(imported: Imported, given: Record<string, unknown>): void {
  const { keys } = imported;
  const trains = entriesOf(given.datasets);
  const tests = entriesOf(given.test_datasets);
  const size = Number(given.val_set_size ?? 0);
  if (trains.length === 0) noEqual(imported, "datasets", "expected at least one dataset, found none", true);
  readFormat(imported, [...trains, ...tests]);
  const local = [...trains, ...tests].every((entry) => filesOf(entry).length > 0);
  if (trains.length === 1 && size === 0 && !local) readNamed(imported, trains[0], tests);
  else if (local && size === 0) {
    const files = (entries: Entry[]) => entries.flatMap(filesOf);
    keys.data_files = { train: files(trains), ...(tests.length > 0 ? { test: files(tests) } : {}) };
  } else {
    keys.datasets = trains.map(mixtureEntry);
    if (tests.length > 0)
      noEqual(imported, "test_datasets", "with several training sets, only test_split_size holds rows out", true);
    if (size > 0) keys.test_split_size = size;
  }
  const isTested = size > 0 || Object.hasOwn(keys, "dataset_test_split") || (local && tests.length > 0);
  const strategy = given.eval_strategy ?? given.evaluation_strategy;
  if (!isTested) {
    for (const key of ["eval_strategy", "eval_steps"]) delete keys[key];
    return;
  }
  if (strategy) keys.eval_strategy = strategy;
  else if (!Object.hasOwn(keys, "eval_strategy"))
    keys.eval_strategy = Object.hasOwn(keys, "eval_steps") ? "steps" : "no";
}

function entriesOf(value: unknown): Entry[] {
  return [value ?? []].flat().filter(isObject);
}

/** One data_format holds for the whole run. */
function readFormat(imported: Imported, entries: Entry[]): void {
  const types = [...new Set(entries.map(({ type }) => JSON.stringify(type ?? null)))];
  if (types.length > 1) {
    const text = `the types ${types.join(" and ")} differ, and a run has one data_format; convert some of them first`;
    noEqual(imported, "datasets", text, true);
  }
  const { type, ...entry } = entries[0] ?? {};
  const settings = Object.fromEntries(Object.entries(entry).filter(([key]) => !ENTRY_KEYS.has(key)));
  const options = { ...settings, ...(isObject(type) ? type : {}) };
  const name = isObject(type) ? "user_defined" : type;
  const format = name ? dataFormatOf(String(name)) : undefined;
  if (format) imported.keys.data_format = format;
  else if (name) noEqual(imported, "datasets.type", `${show(name)} is none of the formats that prefine reads`, true);
  if (format && Object.keys(options).length > 0) imported.keys.data_format_options = options;
}

const isFile = (path: string) => /\.(jsonl?|ndjson|jsonlines|parquet|csv|tsv)(\.\w+)?$/i.test(path);

/** The local files of an entry. */
function filesOf({ path, data_files, ds_type }: Entry): string[] {
  const files = listOfTexts(data_files ?? []);
  if (files.length > 0 && (ds_type || /^(json|csv|parquet|text)$/.test(String(path)) || files.every(isFile)))
    return files;
  return typeof path === "string" && isFile(path) ? [path] : [];
}

/** An entry of `datasets`: a file by its path, several by the name of their format. */
function mixtureEntry(entry: Entry): Entry {
  const { name, split, data_files, path } = entry;
  const files = filesOf(entry);
  const inRepository = listOfTexts(data_files ?? []);
  const several = { path: formatOf(files[0] ?? ""), data_files: files };
  const place = { path: String(path), ...(inRepository.length > 0 ? { data_files: inRepository } : {}) };
  return {
    ...(files.length === 0 ? place : files.length === 1 ? { path: files[0] } : several),
    ...(name ? { name } : {}),
    ...(split ? { split } : {}),
  };
}

/** The name of a format that stands for its files. */
const formatOf = (file: string) => /\.(parquet|csv)/i.exec(file)?.[1].toLowerCase() ?? "json";

/** One dataset by its name, and a test set that is another split of it. */
function readNamed(imported: Imported, entry: Entry, tests: Entry[]): void {
  const { keys } = imported;
  keys.dataset_name = String(entry.path);
  if (entry.name) keys.dataset_config = entry.name;
  if (entry.split) keys.dataset_train_split = entry.split;
  if (entry.revision) noEqual(imported, "datasets.revision", "the newest revision is read", true);
  const [test] = tests;
  if (!test) return;
  if (test.path === entry.path && (test.name ?? null) === (entry.name ?? null))
    keys.dataset_test_split = test.split ?? "test";
  else
    noEqual(imported, "test_datasets", "it is another dataset; give a split of the training set, or data_files", true);
}
