/** @file Mixes several datasets: trl.get_dataset with its DatasetMixtureConfig. */

import { smallest } from "../../lists.ts";
import { Dataset } from "./dataset.ts";
import { type DatasetDict, datasetDict } from "./datasetDict.ts";
import { loadDataset } from "./loadDataset.ts";
import type { OriginOptions } from "./origin.ts";
import { type ReaderOptions, readerOptions } from "./readerOptions.ts";
import type { DataFiles } from "./splitFiles.ts";
import { roundHalfEven } from "./splitRanges.ts";

/** Settings of the reader; null: not set. */
type PartReader = { readonly [Name in keyof ReaderOptions]?: ReaderOptions[Name] | null };

/** trl's DatasetConfig: one dataset of a mixture, with the names of datasets.load_dataset and of its readers. */
export interface MixturePart extends PartReader {
  /** Hub id, folder or file. */
  path: string;
  /** Its configuration, if it has several. */
  name?: string | null;
  data_dir?: string | null;
  data_files?: DataFiles | null;
  /** Default: train. Also ranges such as `train[:1000]`. */
  split?: string;
  /** Columns to keep. Default: all. */
  columns?: readonly string[] | null;
  /** Its share of the mixture, relative to the other fractions; set for all parts or none. */
  fraction?: number | null;
}

/** The rows of a dataset in the format of preferences, where its entry says how they are read. */
export type ToRows = (dataset: Dataset, config: MixturePart) => Promise<Dataset>;

/** Reads the rows of several datasets in one format where theirs differ. */
export type Alike = (datasets: readonly Dataset[]) => Promise<Dataset[]>;

export interface MixtureOptions extends OriginOptions {
  /** A fraction below 1 or a number of rows for the split `test`. Null: all rows are in the split `train`. */
  test_split_size: number | null;
  /** Selects these rows. TRL draws different ones in every run, even a resumed one. */
  seed: number;
  /** Default: rows stay as they are. */
  toRows?: ToRows | undefined;
  /** Default: rows stay as they are. */
  alike?: Alike | undefined;
}

/**
 * Loads the datasets and concatenates their rows.
 * @param configs all with a fraction, at least one above 0, or all without.
 * @throws PrefineError("data") if their columns don't match, or one of them can't be read.
 */
export async function loadMixture(
  configs: readonly MixturePart[],
  {
    test_split_size,
    seed,
    toRows = async (dataset) => dataset,
    alike = async (all) => [...all],
    ...access
  }: MixtureOptions,
): Promise<DatasetDict> {
  const loaded: Dataset[] = [];
  for (const config of configs) loaded.push(await toRows(await loadOne(config, access), config));
  const all = Dataset.concatenate(await alike(cutToShares(loaded, configs)), "train");
  if (test_split_size === null) return datasetDict([["train", all]]);
  const { train, test } = all.train_test_split({ test_size: test_split_size, seed });
  return datasetDict([
    ["train", train],
    ["test", test],
  ]);
}

async function loadOne(config: MixturePart, access: OriginOptions): Promise<Dataset> {
  const { path, name, data_dir, data_files, split = "train", columns } = config;
  const ds = await loadDataset(path, {
    ...access,
    name: name || undefined,
    data_dir: data_dir || undefined,
    data_files: data_files ?? undefined,
    split,
    ...readerOptionsSet(config),
  });
  const dataset = Dataset.concatenate([ds.split(split)], `${path}: ${split}`); // a name for messages
  return columns ? dataset.select_columns(columns) : dataset;
}

/** The reader's settings of an entry, where null stands for one that is not set, but for `header: null`. */
function readerOptionsSet(entry: MixturePart): ReaderOptions {
  const isSet = ([name, value]: [string, unknown]) => (name === "header" ? value !== "infer" : value !== null);
  return Object.fromEntries(Object.entries(readerOptions(entry)).filter(isSet));
}

/** The first rows of each: as many as match the fractions without repeating a row. */
function cutToShares(datasets: readonly Dataset[], configs: readonly MixturePart[]): Dataset[] {
  const fractions = configs.map(({ fraction }) => fraction ?? null);
  if (fractions.includes(null)) return [...datasets];
  const sum = fractions.reduce((total: number, fraction) => total + (fraction ?? 0), 0);
  const weights = fractions.map((fraction) => (fraction ?? 0) / sum);
  const rows = smallest(datasets.flatMap(({ num_rows }, i) => (weights[i] > 0 ? num_rows / weights[i] : [])));
  return datasets.map((dataset, i) => dataset.select(Array(roundHalfEven(weights[i] * rows)).keys()));
}
