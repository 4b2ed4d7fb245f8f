/** @file The data of an Axolotl file: datasets, test_datasets and val_set_size. */
import { show } from "../../errors.ts";
import { isObject } from "../../formats/parseJson.ts";
import { dataFormatOf } from "../options/dataFormats.ts";
import { type Imported, listOfTexts, noEqual } from "./rules.ts";

/** Keys of Axolotl that are read here. */
export const AXOLOTL_DATA_KEYS = ["datasets", "test_datasets", "val_set_size", "eval_strategy", "evaluation_strategy"];

/** Keys of an entry with a meaning of their own. */
const ENTRY_KEYS = new Set([
  ...["path", "name", "split", "type", "data_files", "ds_type", "revision", "trust_remote_code"],
]);
/** Settings of its format. */
const FORMAT_KEY = new RegExp(
  "^(field_(messages|chosen|rejected|prompt|system)|message_property_mappings|message_field_(role|content)|roles|" +
    "(prompt|chosen|rejected)_format)$",
);
/** Keys that take a part of the rows. */
const PART_KEY = /^shards/;
/** Keys of supervised fine-tuning. */
const TUNING_KEY = new RegExp(
  "^(roles_to_train|train_on_eo[st]|message_field_training|split_thinking|template_thinking|conversation$|input_|" +
    "field_(human|model|thinking)|preprocess_shards|logprobs_field|temperature)",
);

/** Types whose name is another one's here. */
const TYPES: Readonly<Record<string, string>> = { "chat_template.argilla": "chat_template.argilla_chat" };

type Entry = Record<string, unknown>;

/** Adds the data's keys to a run file. */
export function readAxolotlData(imported: Imported, given: Record<string, unknown>): void {
  const { keys } = imported;
  const trains = entriesOf(given.datasets);
  const tests = entriesOf(given.test_datasets);
  const size = Number(given.val_set_size ?? 0);
  for (const entry of [...trains, ...tests]) reportEntry(imported, entry);
  if (trains.length === 0) noEqual(imported, "datasets", "expected at least one dataset, found none", true);
  const isMixed = readFormat(imported, trains, tests);
  const local = [...trains, ...tests].every((entry) => filesOf(entry).length > 0);
  if (trains.length === 1 && size === 0 && !local) readNamed(imported, trains[0], tests);
  else if (local && size === 0 && !isMixed) {
    const files = (entries: Entry[]) => entries.flatMap(filesOf);
    keys.data_files = { train: files(trains), ...(tests.length > 0 ? { test: files(tests) } : {}) };
  } else {
    const format = (entry: Entry) => (isMixed ? formatKeys(imported, entry) : {});
    keys.datasets = trains.map((entry) => ({ ...mixtureEntry(entry), ...format(entry) }));
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

/** Lines about keys of an entry that have no equal. */
function reportEntry(imported: Imported, { type, ...entry }: Entry): void {
  for (const [key, value] of Object.entries({ ...entry, ...(isObject(type) ? type : {}) })) {
    if (ENTRY_KEYS.has(key) || FORMAT_KEY.test(key) || value === null || value === false) continue;
    const label = `datasets.${key}`;
    if (PART_KEY.test(key))
      noEqual(imported, label, "all rows are read; a range is part of a split: train[:10%]", true);
    else if (TUNING_KEY.test(key)) noEqual(imported, label, "without meaning for DPO", false);
    else noEqual(imported, label, "a key of a dataset that has no equal", true);
  }
}

/** The format of the rows, for the run if all sets have one. @returns whether sets differ, so that each has its own. */
function readFormat(imported: Imported, trains: Entry[], tests: Entry[]): boolean {
  const described = (entry: Entry) => JSON.stringify([entry.type ?? null, settingsOf(entry)]);
  const own = new Set(trains.map(described));
  if (own.size > 1) return true;
  Object.assign(imported.keys, formatKeys(imported, trains[0] ?? {}));
  if (tests.some((entry) => !own.has(described(entry))))
    noEqual(imported, "test_datasets", "its rows are read in the format of the training rows", true);
  return false;
}

/** The settings of an entry's format. */
function settingsOf({ type, ...entry }: Entry): Entry {
  const all = Object.entries({ ...entry, ...(isObject(type) ? type : {}) });
  return Object.fromEntries(all.filter(([key, value]) => FORMAT_KEY.test(key) && value !== null));
}

/** data_format and data_format_options of an entry. */
function formatKeys(imported: Imported, entry: Entry): Entry {
  const name = isObject(entry.type) ? "user_defined" : entry.type;
  if (!name) return {};
  const format = dataFormatOf(TYPES[String(name)] ?? String(name));
  const options = settingsOf(entry);
  if (format)
    return { data_format: format, ...(Object.keys(options).length > 0 ? { data_format_options: options } : {}) };
  noEqual(imported, "datasets.type", `${show(name)} is none of the formats that prefine reads`, true);
  return {};
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
