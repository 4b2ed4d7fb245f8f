/** @file The dataset that a run was trained on, from its training_args.json, and its splits. */
import { basename, dirname } from "node:path";
import { isCheckpointName } from "../checkpoints/checkpointNames.ts";
import { newestValidCheckpoint } from "../checkpoints/runDirectory.ts";
import { readTrainingArgs } from "../checkpoints/trainingArgs.ts";
import { type DataArguments, openData } from "../data/datasets/dataArguments.ts";
import type { Row } from "../data/datasets/features.ts";
import { openPairs } from "../data/shapes/readPairs.ts";
import { isPlainTrl } from "../data/shapes/recognize.ts";
import type { ShapeOptions } from "../data/shapes/shape.ts";
import { shapeOptionsOf } from "../data/shapes/shapeOptions.ts";
import { alikeWith, convertWith } from "../data/shapes/toPreferences.ts";
import { trlRow } from "../data/shapes/trl.ts";
import { folderAt } from "../disk/nodeStorage.ts";
import { shownPath } from "../disk/shownPath.ts";
import type { RunFolder } from "../disk/storage.ts";
import { rowNames } from "../phrases.ts";
import { openTerminal } from "../terminal/terminal.ts";

export interface RunData extends DataArguments, ShapeOptions {
  dataset_train_split?: string | undefined;
  /** Splits that the run was evaluated on. */
  dataset_test_split?: readonly string[] | undefined;
  /** Random seed that selected the held-out rows of a mixture. */
  seed?: number | undefined;
}

/** Folders that may hold training_args.json: the run's, its newest checkpoint's, or the one above a checkpoint. */
async function foldersOfRun(run: string): Promise<RunFolder[]> {
  const own = folderAt(run);
  if (isCheckpointName(basename(run))) return [own, folderAt(dirname(run))];
  const checkpoint = (await own.exists()) ? await newestValidCheckpoint(own, undefined, { forModel: true }) : undefined;
  return checkpoint ? [own, checkpoint.folder] : [own];
}

/** The first training_args.json of a run that satisfies `has`; undefined if none does, or all are damaged. */
async function settingsWith(run: string, has: (settings: Record<string, unknown>) => boolean) {
  for (const folder of await foldersOfRun(run)) {
    const settings = await readTrainingArgs(folder).catch(() => ({}));
    if (has(settings)) return settings as Record<string, unknown>;
  }
  return undefined;
}

const isText = (value: unknown): value is string => typeof value === "string" && value !== "";
const isFilled = (value: unknown) => typeof value === "object" && value !== null && Object.keys(value).length > 0;

const MIXTURES = ["datasets", "dataset_mixer", "dataset_mixture"] as const;

/** Undefined if the run names no dataset: its rows came from memory. */
export async function dataOfRun(run: string): Promise<RunData | undefined> {
  const settings = await settingsWith(
    run,
    ({ dataset_name, data_files, ...mixtures }) =>
      isText(dataset_name) ||
      isText(data_files) ||
      isFilled(data_files) ||
      MIXTURES.some((key) => isFilled(mixtures[key])),
  );
  if (settings === undefined) return undefined;
  const { data_seed, seed, dataset_test_split } = settings;
  const dataSeed = [data_seed, seed].find((value) => typeof value === "number");
  const tests = [dataset_test_split ?? []].flat().filter(isText);
  return { ...(settings as RunData), dataset_test_split: tests, seed: dataSeed as number | undefined };
}

/** The base model of a fully trained run, with its revision. (An adapter's config names its own base model.) */
export async function startOfRun(run: string): Promise<{ id: string; revision: string | undefined } | undefined> {
  const settings = await settingsWith(run, ({ model_name_or_path }) => isText(model_name_or_path));
  if (settings === undefined) return undefined;
  const revision = (settings.model_init_kwargs as { revision?: unknown } | null | undefined)?.revision;
  return { id: settings.model_name_or_path as string, revision: isText(revision) ? revision : undefined };
}

/** `dataset_name` of the training_args.json in a folder of a run or checkpoint, if it names one. */
export async function datasetNamedIn(folder: string): Promise<string | undefined> {
  const { dataset_name: name } = await readTrainingArgs(folderAt(folder)).catch(() => ({ dataset_name: undefined }));
  return isText(name) ? name : undefined;
}

/** Name of the data in messages. */
export function dataTitle({ dataset_name, ...data }: DataArguments): string {
  if (MIXTURES.some((key) => isFilled(data[key]))) return "the mixture of datasets";
  if (!dataset_name) return "the run's data files";
  return /^([/\\]|[A-Za-z]:)/.test(dataset_name) ? shownPath(dataset_name) : dataset_name;
}

interface SplitRows {
  rows(): AsyncIterable<Row>;
  /** For messages: the dataset and the split. */
  where: string;
}

/** @param access.offline downloads nothing. @throws PrefineError if the data or the split can't be read. */
export async function readSplit(
  data: RunData,
  split: string,
  access: { token?: string | undefined; offline?: boolean },
): Promise<SplitRows> {
  const { seed = 42 } = data;
  const read = { toRows: convertWith(() => {}), alike: alikeWith(() => {}) };
  const onWarning = (line: string) => openTerminal().info(`warning: ${line}`);
  const dataset = (await openData(data, { ...access, split: [split], seed, ...read, onWarning })).split(split);
  const where = `${dataTitle(data)}: ${split}`;
  async function* rows() {
    const stream = await openPairs(dataset.rows(), {
      ...shapeOptionsOf({ ...data }),
      split: where,
      nameOf: rowNames(where, dataset),
    });
    if (isPlainTrl(stream) && !data.map)
      yield* dataset.rows(); // prompts of other rows, such as { prompt }, too
    else for await (const pair of stream.pairs()) yield trlRow(pair);
  }
  return { rows, where };
}
