/** @file The data of a LLaMA-Factory file: names in its dataset_info.json, which this reads. */
import { PrefineError } from "../../errors.ts";
import { isObject, parseJsonObject } from "../../formats/parseJson.ts";
import { smallest } from "../../lists.ts";
import { type Imported, listOfTexts, noEqual } from "./rules.ts";

/** Keys of LLaMA-Factory that are read here. */
export const FACTORY_DATA_KEYS = [
  ...["dataset", "eval_dataset", "dataset_dir", "val_size", "max_samples", "mix_strategy", "interleave_probs"],
  ...[
    "streaming",
    "buffer_size",
    "overwrite_cache",
    "tokenized_path",
    "preprocessing_batch_size",
    "data_shared_file_system",
  ],
  ...[
    "default_system",
    "tool_format",
    "enable_thinking",
    "eval_on_each_dataset",
    "eval_strategy",
    "evaluation_strategy",
  ],
];

type Info = Record<string, unknown>;

/** The disk, for names in a file that is imported. */
export interface ImportFiles {
  /** Undefined: there is no such file. */
  readText(path: string): Promise<string | undefined>;
  /** Rows of a data file; undefined if it can't be read. */
  countRows(path: string): Promise<number | undefined>;
}

/** Python's os.path.join of two parts. */
const join = (folder: string, name: string) => (/^\//.test(name) ? name : `${folder.replace(/\/+$/, "")}/${name}`);

/** A dataset by its name, with its entry in dataset_info.json. */
interface Named {
  name: string;
  info: Info;
}

/** Adds the data's keys to a run file. @throws PrefineError for names that dataset_info.json lacks. */
export async function readFactoryData(
  imported: Imported,
  given: Record<string, unknown>,
  files: ImportFiles,
): Promise<void> {
  const { keys } = imported;
  const folder = String(given.dataset_dir ?? "data");
  const trains = await namedSets(given.dataset, folder, files);
  const tests = await namedSets(given.eval_dataset, folder, files);
  const limit = Number(given.max_samples ?? 0);
  if (trains.length === 0) noEqual(imported, "dataset", "expected at least one name, found none", true);
  const isMixed = readFormat(imported, [...trains, ...tests]);
  readRest(imported, given);
  const places = [...trains, ...tests].map(({ info }) => fileOf(info, folder));
  const areFiles = places.every((file) => file !== undefined);
  const size = Number(given.val_size ?? 0);
  if (tests.length > 0 && areFiles && limit === 0 && !isMixed) {
    const of = (sets: Named[]) => sets.map(({ info }) => fileOf(info, folder));
    keys.data_files = { train: of(trains), test: of(tests) };
  } else {
    const entries = trains.map(async (set) => ({
      ...(await entryOf(set, { folder, limit, files })),
      ...(isMixed ? formatKeys(set.info) : {}),
    }));
    keys.datasets = await Promise.all(entries);
    if (size > 0) keys.test_split_size = size;
    if (tests.length > 0)
      noEqual(imported, "eval_dataset", "only test_split_size holds rows out, but of whole files of one format", true);
  }
  const strategy = given.eval_strategy ?? given.evaluation_strategy;
  const isTested = Object.hasOwn(keys, "test_split_size") || isObject(keys.data_files);
  if (isTested && strategy) keys.eval_strategy = strategy;
}

async function namedSets(names: unknown, folder: string, { readText }: ImportFiles): Promise<Named[]> {
  const list = listOfTexts(names ?? []);
  if (list.length === 0) return [];
  if (folder === "ONLINE") return list.map((name) => ({ name, info: { hf_hub_url: name } }));
  const path = join(folder, "dataset_info.json");
  const text = await readText(path);
  if (text === undefined) {
    const hint = "Run this where LLaMA-Factory runs, or set dataset_dir to the folder of dataset_info.json.";
    throw new PrefineError("io", `${path}: expected the list of datasets, which has ${list.join(", ")}`, hint);
  }
  const sets = parseJsonObject(text, path, "Correct the file.");
  return list.map((name) => {
    const info = Object.hasOwn(sets, name) ? sets[name] : undefined;
    if (isObject(info)) return { name, info };
    throw new PrefineError(
      "config",
      `${path}: expected the dataset ${name}, found none`,
      "Add it, or correct `dataset`.",
    );
  });
}

/** The format of the rows, for the run if all sets have one. @returns whether sets differ, so that each has its own. */
function readFormat(imported: Imported, sets: readonly Named[]): boolean {
  for (const { name, info } of sets)
    if (info.ranking !== true) noEqual(imported, "dataset", `${name} is no set of pairs (ranking: true)`, true);
  const described = new Set(sets.map(({ info }) => JSON.stringify(formatKeys(info))));
  if (described.size === 1) Object.assign(imported.keys, formatKeys(sets[0].info));
  return described.size > 1;
}

/** data_format with the columns and tags of a set. */
function formatKeys({ formatting = "alpaca", columns, tags }: Info): Info {
  const openai = { role_tag: "role", content_tag: "content", user_tag: "user", assistant_tag: "assistant" };
  const named = formatting === "openai" ? { ...openai, ...(isObject(tags) ? tags : {}) } : tags;
  const options = { ...(columns ? { columns } : {}), ...(named ? { tags: named } : {}) };
  const data_format = formatting === "openai" ? "sharegpt" : formatting;
  return { data_format, ...(Object.keys(options).length > 0 ? { data_format_options: options } : {}) };
}

/** The file of a set on the disk; undefined for one of a hub. */
function fileOf({ file_name, hf_hub_url, ms_hub_url }: Info, folder: string): string | undefined {
  return typeof file_name === "string" && !hf_hub_url && !ms_hub_url ? join(folder, file_name) : undefined;
}

interface EntryOptions {
  folder: string;
  /** max_samples, or 0. */
  limit: number;
  files: ImportFiles;
}

/** An entry of `datasets`: of its rows, the first max_samples, or all if there are fewer. */
async function entryOf({ name, info }: Named, { folder, limit, files }: EntryOptions): Promise<Info> {
  const file = fileOf(info, folder);
  const { split = "train", subset, num_samples } = info;
  const limits = [limit, Number(num_samples ?? 0)].filter((count) => count > 0);
  const rows = file === undefined || limits.length === 0 ? undefined : await files.countRows(file);
  const isWhole = limits.length === 0 || (rows !== undefined && rows <= smallest(limits));
  const range = isWhole ? "" : `[:${smallest(limits)}]`;
  return {
    path: file ?? String(info.hf_hub_url ?? info.ms_hub_url ?? name),
    ...(subset ? { name: subset } : {}),
    ...(info.folder ? { data_dir: info.folder } : {}),
    ...(range || split !== "train" ? { split: `${split}${range}` } : {}),
  };
}

function readRest(imported: Imported, given: Record<string, unknown>): void {
  const { mix_strategy = "concat", streaming, default_system, tokenized_path, max_samples } = given;
  if (mix_strategy !== "concat") noEqual(imported, "mix_strategy", "sets are joined one after another", true);
  if (streaming) noEqual(imported, "streaming", "rows are read from the disk as they are needed", false);
  if (default_system) noEqual(imported, "default_system", "put it into the rows, or into a chat_template", true);
  if (tokenized_path) noEqual(imported, "tokenized_path", "pairs are tokenized at each start", false);
  if (max_samples)
    noEqual(imported, "max_samples", "a range of each split: of one with fewer rows on a hub, remove it", false);
  if (given.tool_format) noEqual(imported, "tool_format", "the tokenizer's chat template writes tools", true);
}
