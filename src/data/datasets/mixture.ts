/** @file Several data sets as one: trl.get_dataset with its DatasetMixtureConfig. */
import { Dataset } from "./dataset.ts";
import { type DatasetDict, datasetDict } from "./datasetDict.ts";
import { loadDataset } from "./loadDataset.ts";
import type { OriginOptions } from "./origin.ts";
import type { DataFiles } from "./splitFiles.ts";
import { roundHalfEven } from "./splitRanges.ts";

/** trl's DatasetConfig: one data set of a mixture, under the names of datasets.load_dataset. */
export interface MixturePart {
  /** Hub id, folder or file. */
  path: string;
  /** Its configuration, where it has several. */
  name?: string | null;
  data_dir?: string | null;
  data_files?: DataFiles | null;
  /** Default: train. Ranges such as `train[:1000]` too. */
  split?: string;
  /** Columns to keep. Default: all. */
  columns?: readonly string[] | null;
  /** Its share of the mixture, in proportion to those of the others; all have one, or none. */
  fraction?: number | null;
}

export interface MixtureOptions extends OriginOptions {
  /** A share of the rows below 1, or a number of them: the split `test`. Null: all rows are the split `train`. */
  test_split_size: number | null;
  /** Decides which rows these are. TRL draws others in every run, also where one is resumed. */
  seed: number;
}

/**
 * Loads the data sets and joins their rows, one data set after the other.
 * @param configs with a fraction each, of which one is above 0, or without any.
 * @throws PrefineError("data") where their columns don't fit together, or one of them can't be read.
 */
export async function loadMixture(
  configs: readonly MixturePart[],
  { test_split_size, seed, ...access }: MixtureOptions,
): Promise<DatasetDict> {
  const loaded: Dataset[] = [];
  for (const config of configs) loaded.push(await loadOne(config, access));
  const all = Dataset.concatenate(cutToShares(loaded, configs), "train");
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
  });
  const dataset = Dataset.concatenate([ds.split(split)], `${path}: ${split}`); // a name for messages
  return columns ? dataset.select_columns(columns) : dataset;
}

/** The first rows of each, so many that the shares are as asked and none is needed twice. */
function cutToShares(datasets: readonly Dataset[], configs: readonly MixturePart[]): Dataset[] {
  const fractions = configs.map(({ fraction }) => fraction ?? null);
  if (fractions.includes(null)) return [...datasets];
  const sum = fractions.reduce((total: number, fraction) => total + (fraction ?? 0), 0);
  const weights = fractions.map((fraction) => (fraction ?? 0) / sum);
  const rows = Math.min(...datasets.flatMap(({ numRows }, i) => (weights[i] > 0 ? numRows / weights[i] : [])));
  return datasets.map((dataset, i) => dataset.select(Array(roundHalfEven(weights[i] * rows)).keys()));
}
