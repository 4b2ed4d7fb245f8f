/** @file The names of a run's data in training_args.json, so that `prefine compare` finds its prompts again. */
import type { ShapeOptions } from "../../data/shapes/shape.ts";
import type { Storage } from "../../disk/storage.ts";
import { isOnDisk } from "./cardFacts.ts";
import { type Rows, splitNameOf } from "./rows.ts";

/** The names of the data in a run file: fields of trl.ScriptArguments. */
export interface DataNames extends ShapeOptions {
  dataset_name?: string | null | undefined;
  dataset_config?: string | null | undefined;
  /** Paths, or paths by split. */
  data_files?: string | string[] | Readonly<Record<string, string | string[]>> | null | undefined;
  /** A mixture: trl.DatasetConfig of each. */
  datasets?: readonly object[] | undefined;
  test_split_size?: number | null | undefined;
  /** alignment-handbook's. */
  dataset_mixer?: Readonly<Record<string, number>> | null | undefined;
  dataset_splits?: readonly string[] | undefined;
  dataset_configs?: readonly (string | null)[] | null | undefined;
  dataset_mixture?: object | null | undefined;
}

interface RunData {
  /** The trainer's option. */
  dataset_name?: string | null;
  script_args?: DataNames | null | undefined;
  train_dataset: Rows;
  eval_datasets: ReadonlyMap<string, Rows>;
}

/** Keys for training_args.json; none if the rows came from memory without a name. */
export async function dataRecord(data: RunData, storage: Storage): Promise<Record<string, unknown>> {
  const { dataset_name, script_args, train_dataset, eval_datasets } = data;
  const named = dataset_name ? { dataset_name: await wholeName(dataset_name, storage) } : {};
  const given = Object.entries({ ...named, ...script_args }).filter(([, value]) => isGiven(value));
  if (given.length === 0) return {};
  const train = splitNameOf(train_dataset);
  const tests = [...eval_datasets.values()].map(splitNameOf).filter((name) => name !== undefined);
  return {
    ...Object.fromEntries(given),
    ...(train === undefined ? {} : { dataset_train_split: train }),
    ...(tests.length > 0 ? { dataset_test_split: tests } : {}),
  };
}

const isGiven = (value: unknown) => value !== null && value !== undefined && !(Array.isArray(value) && !value.length);

const wholeName = async (name: string, storage: Storage) =>
  (await isOnDisk(name, storage)) ? storage.wholePath(name) : name;
