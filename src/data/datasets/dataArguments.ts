/** @file Opens the data of a run file (trl.ScriptArguments' names), and makes its paths absolute for later use. */
import { resolve } from "node:path";
import { PrefineError } from "../../errors.ts";
import type { DatasetDict } from "./datasetDict.ts";
import { isFormatName } from "./findFiles.ts";
import { loadHandbookMixture, loadMixer, type MixerData, type MixtureData } from "./handbook.ts";
import type { IterableDatasetDict } from "./iterableDatasetDict.ts";
import { loadDataset } from "./loadDataset.ts";
import { type Alike, loadMixture, type MixturePart, type ToRows } from "./mixture.ts";
import { kindOf, type OriginOptions } from "./origin.ts";
import type { DataFiles } from "./splitFiles.ts";

/** The source of the rows; the splits to train and evaluate on are separate. */
export interface DataArguments extends Omit<MixerData, "dataset_mixer"> {
  dataset_name?: string | null | undefined;
  dataset_config?: string | null | undefined;
  data_files?: DataFiles | null | undefined;
  /** Whether rows are read as they are needed. */
  dataset_streaming?: boolean | undefined;
  /** A mixture, replaces dataset_name and data_files. */
  datasets?: readonly MixturePart[] | undefined;
  /** alignment-handbook's mixer or mixture, replaces all of these. */
  dataset_mixer?: MixerData["dataset_mixer"] | null | undefined;
  dataset_mixture?: MixtureData | null | undefined;
}

interface OpenOptions extends OriginOptions {
  /** Names of the splits to read; a mixture has `train` and `test`. Default: all. */
  split?: string[] | undefined;
  /** Random seed for the held-out rows of a mixture. */
  seed: number;
  /** Reads the rows of a dataset of a mixture by the format that its entry names. */
  toRows?: ToRows | undefined;
  /** Reads several datasets in one format where theirs differ. */
  alike?: Alike | undefined;
}

/** The dataset's splits, or those of a mixture of datasets. @throws PrefineError("data" | "hub" | "io") */
export function openData(
  data: DataArguments,
  { split, seed, toRows, alike, ...access }: OpenOptions,
): Promise<DatasetDict> {
  const { dataset_name, datasets = [], test_split_size = null } = data;
  const { dataset_mixer, dataset_mixture } = data;
  if (dataset_mixer) return loadMixer({ ...data, dataset_mixer }, { ...access, split, seed, alike });
  if (dataset_mixture) return loadHandbookMixture(dataset_mixture, { ...access, split, alike });
  if (datasets.length > 0) return loadMixture(datasets, { ...access, test_split_size, seed, toRows, alike });
  return loadDataset(dataset_name ?? undefined, loadOptions(data, { ...access, split }));
}

/** The same as a stream. @throws PrefineError("config") for a mixture of datasets. */
export function openStream(data: DataArguments, { split, ...access }: OpenOptions): Promise<IterableDatasetDict> {
  const { dataset_name, datasets = [], dataset_mixer, dataset_mixture } = data;
  if (datasets.length > 0 || dataset_mixer || dataset_mixture) {
    const message = "dataset_streaming: expected one dataset, found a mixture, whose rows are drawn from all";
    throw new PrefineError("config", message, "Leave dataset_streaming out, or name one dataset.");
  }
  return loadDataset(dataset_name ?? undefined, { ...loadOptions(data, { ...access, split }), streaming: true });
}

function loadOptions(
  { dataset_config, data_files }: DataArguments,
  { seed: _, toRows: __, alike: ___, ...access }: Partial<OpenOptions>,
) {
  return { ...access, name: dataset_config || undefined, data_files: data_files ?? undefined };
}

/** The name for a model card; null for a mixture, and for files outside a dataset. */
export async function nameForCard(data: DataArguments): Promise<string | null> {
  const { dataset_name, data_files, datasets = [] } = data;
  const isMixed = datasets.length > 0 || data.dataset_mixer || data.dataset_mixture;
  const isNamed = !isMixed && dataset_name && !(data_files && (await isFormatName(dataset_name)));
  return isNamed ? dataset_name : null;
}

/** Makes local paths absolute, so that the data is found from any folder; keeps hub ids. */
export async function withWholePaths(data: DataArguments): Promise<DataArguments> {
  const { dataset_name, data_files, datasets, dataset_mixer, dataset_mixture } = data;
  const whole = async (name: string) => ((await kindOf(name)) === undefined ? name : resolve(name));
  const shares = (mixer: MixerData["dataset_mixer"]) =>
    Object.entries(mixer).map(async ([name, share]) => [await whole(name), share] as const);
  const areFilesApart = !dataset_name || (await isFormatName(dataset_name)); // not files of the dataset
  return {
    ...data,
    dataset_name: dataset_name && (await whole(dataset_name)),
    data_files: data_files && areFilesApart ? wholeFiles(data_files) : data_files,
    datasets:
      datasets &&
      (await Promise.all(
        datasets.map(async (one) => ({ ...(await withWholeFiles(one)), path: await whole(one.path) })),
      )),
    dataset_mixer: dataset_mixer && Object.fromEntries(await Promise.all(shares(dataset_mixer))),
    dataset_mixture: dataset_mixture && {
      ...dataset_mixture,
      datasets: await Promise.all(dataset_mixture.datasets.map(async (one) => ({ ...one, id: await whole(one.id) }))),
    },
  };
}

/** An entry such as `{ path: csv, data_files, data_dir }`: its files are on disk, those of a dataset are within it. */
async function withWholeFiles(one: MixturePart): Promise<MixturePart> {
  const { path, data_files, data_dir } = one;
  if (!(await isFormatName(path))) return one;
  return {
    ...one,
    ...(data_dir ? { data_dir: resolve(data_dir) } : {}),
    ...(data_files ? { data_files: wholeFiles(data_files, data_dir || ".") } : {}),
  };
}

function wholeFiles(files: DataFiles, folder = "."): DataFiles {
  if (typeof files === "string") return resolve(folder, files);
  if (Array.isArray(files)) return files.map((path) => resolve(folder, path));
  const whole = Object.entries(files).map(([split, paths]) => [split, wholeFiles(paths, folder) as string[]]);
  return Object.fromEntries(whole);
}
