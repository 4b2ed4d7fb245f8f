/** @file alignment-handbook's data: dataset_mixer (get_datasets, 2023 to 2025) and dataset_mixture (get_dataset). */
import { join } from "node:path";
import { PrefineError } from "../../errors.ts";
import { Dataset } from "./dataset.ts";
import { type DatasetDict, datasetDict } from "./datasetDict.ts";
import { withTurnsAsPrompt } from "./handbookRows.ts";
import { type LoadDatasetOptions, loadDataset } from "./loadDataset.ts";
import type { Alike } from "./mixture.ts";
import { kindOf, type OriginOptions } from "./origin.ts";

/** dataset_mixer and the keys beside it. */
export interface MixerData {
  /** Set -> share of its training rows, from 0 to 1. */
  dataset_mixer: Readonly<Record<string, number>>;
  /** Default: train and test. Names with `train` are trained on, names with `test` evaluated on. */
  dataset_splits?: readonly string[] | undefined;
  /** The configuration of each set. */
  dataset_configs?: readonly (string | null)[] | null | undefined;
  /** Held out from the training rows where no split is a test split. */
  test_split_size?: number | null | undefined;
}

/** dataset_mixture: alignment-handbook's DatasetMixtureConfig. */
export interface MixtureData {
  datasets: readonly {
    /** Hub id, folder or file. */
    id: string;
    config?: string | null;
    split: string;
    columns?: readonly string[] | null;
    /** Share of the shuffled rows; null: all rows, unshuffled. */
    weight: number | null;
  }[];
  /** Of the shares, the order and the held-out rows. */
  seed: number;
  test_split_size: number | null;
}

interface LoadOptions extends OriginOptions {
  /** Splits to load, of train and test. Default: both. */
  split?: readonly string[] | undefined;
  /** Default: rows stay as they are. */
  alike?: Alike | undefined;
}

/** The seed of alignment-handbook's shuffles. */
const SEED = 42;

/**
 * Every set with every split: the first share of each training split, and all rows of test splits; both sides are
 * concatenated and shuffled with seed 42, in the order of Python's datasets.
 * @param options.seed selects the rows held out by test_split_size.
 * @throws PrefineError("data") where the sets' columns don't match, or one of them can't be read.
 */
export async function loadMixer(
  { dataset_mixer, dataset_splits = ["train", "test"], dataset_configs, test_split_size = null }: MixerData,
  { split = ["train", "test"], seed, alike = asTheyAre, ...access }: LoadOptions & { seed: number },
): Promise<DatasetDict> {
  const sides: Record<"train" | "test", Dataset[]> = { train: [], test: [] };
  const holdsOut = test_split_size !== null && !dataset_splits.some((name) => sideOf(name) === "test");
  const isRead = (name: string) => split.includes(sideOf(name)) || (holdsOut && split.includes("test"));
  const splits = dataset_splits.filter(isRead);
  for (const [i, [path, share]] of Object.entries(dataset_mixer).entries()) {
    const options = { ...access, name: dataset_configs?.[i] ?? undefined };
    const splitOf = await opener(path, splits, options);
    for (const name of splits) {
      const rows = named(withTurnsAsPrompt(ofPreferences(await splitOf(name))), `${path}: ${name}`);
      const isTrain = sideOf(name) === "train";
      sides[sideOf(name)].push(isTrain ? rows.select(Array(Math.trunc(share * rows.num_rows)).keys()) : rows);
    }
  }
  const same = await alike([...sides.train, ...sides.test]);
  Object.assign(sides, { train: same.splice(0, sides.train.length), test: same });
  const mixed = (["train", "test"] as const).filter((side) => sides[side].length > 0);
  const dicts = mixed.map((side): [string, Dataset] => {
    return [side, Dataset.concatenate(sides[side], side).shuffle({ seed: SEED })];
  });
  return holdsOut ? heldOut(dicts[0][1], test_split_size, seed) : datasetDict(dicts);
}

const asTheyAre: Alike = async (datasets) => [...datasets];

/** Opens the splits of a set: of a folder on the disk that has a folder per split, each of them alone, as there. */
async function opener(
  path: string,
  splits: string[],
  options: LoadDatasetOptions,
): Promise<(split: string) => Dataset | Promise<Dataset>> {
  const kinds = await Promise.all([kindOf(path), ...splits.map((split) => kindOf(join(path, split)))]);
  if (kinds.every((kind) => kind === "folder")) {
    return async (split) => {
      const dict = await loadDataset(join(path, split), options);
      const parts = dict.splitNames.map((name) => dict.split(name));
      return Dataset.concatenate(parts, split);
    };
  }
  const dict = await loadDataset(path, { ...options, split: splits });
  return (split) => dict.split(split);
}

const sideOf = (split: string): "train" | "test" => (split.includes("train") ? "train" : "test");

/** The columns that alignment-handbook keeps, and those that prefine reads besides. */
const COLUMNS = new Set([
  ...["messages", "chosen", "rejected", "prompt", "completion", "label"],
  ...["tools", "chat_template_kwargs", "chosen_probs_win", "chosen_probs_lose"],
]);

/** Columns of questions beside answers that are texts: such rows are an error there, and trained on here. */
const QUESTIONS = new Set(["system", "question", "instruction", "input", "history", "query", "context"]);

/** Rows of chosen and rejected without other columns, which may differ between the sets; other rows as they are. */
function ofPreferences(dataset: Dataset): Dataset {
  const names = dataset.column_names;
  if (!names.includes("chosen") || !names.includes("rejected")) return dataset;
  const areTexts = dataset.features.chosen?.kind !== "list";
  return dataset.select_columns(names.filter((name) => COLUMNS.has(name) || (areTexts && QUESTIONS.has(name))));
}

/**
 * Each dataset's columns, its rows shuffled and its first share of them; concatenated, shuffled, and split: all with
 * the mixture's seed, in the order of Python's datasets.
 * @throws PrefineError("data") where the columns don't match, or a dataset can't be read.
 */
export async function loadHandbookMixture(
  { datasets, seed, test_split_size }: MixtureData,
  { split: _, alike = asTheyAre, ...access }: LoadOptions,
): Promise<DatasetDict> {
  const loaded: Dataset[] = [];
  for (const { id, config, split, columns, weight } of datasets) {
    const dict = await loadDataset(id, { ...access, name: config ?? undefined, split });
    const all = named(dict.split(split), `${id}: ${split}`);
    const rows = columns ? all.select_columns(columns) : all;
    const share = Math.trunc((weight ?? 1) * rows.num_rows);
    loaded.push(weight === null ? rows : rows.shuffle({ seed }).select(Array(share).keys()));
  }
  const mixed = Dataset.concatenate(await alike(loaded), "train").shuffle({ seed });
  return test_split_size === null ? datasetDict([["train", mixed]]) : heldOut(mixed, test_split_size, seed);
}

/** @throws PrefineError("data") for more rows to hold out than there are. */
function heldOut(rows: Dataset, test_size: number, seed: number): DatasetDict {
  if (rows.num_rows === 0) throw new PrefineError("data", "the mixture: expected rows, found none");
  const { train, test } = rows.train_test_split({ test_size, seed });
  return datasetDict([
    ["train", train],
    ["test", test],
  ]);
}

/** The rows under a name for messages. */
const named = (dataset: Dataset, name: string) => Dataset.concatenate([dataset], name);
