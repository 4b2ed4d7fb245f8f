/** @file The splits of a dataset by name, under the names of Python's datasets. */

import { describeValue, inspected } from "../../arguments.ts";
import { nearestName, PrefineError } from "../../errors.ts";
import { onOneLine } from "../../phrases.ts";
import type { Dataset } from "./dataset.ts";
import type { MapFunction, MapModule } from "./mapFunction.ts";
import { checkMap, type MapOptions } from "./mapRows.ts";
import type { SortOptions } from "./sortOrder.ts";

class Splits {
  /** Names of the splits, in the dataset's order. */
  readonly splitNames: string[];
  readonly #splits: Map<string, Dataset>;

  constructor(splits: Iterable<[string, Dataset]>) {
    this.#splits = new Map(splits);
    this.splitNames = [...this.#splits.keys()];
    for (const [name, dataset] of this.#splits) {
      if (!(name in this)) Object.defineProperty(this, name, { value: dataset, enumerable: true });
    }
  }

  /** The split with this name; if there is none, the error lists the existing ones. */
  split(name: string): Dataset {
    const dataset = this.#splits.get(name);
    if (dataset) return dataset;
    throw unknownSplit(name, this.splitNames);
  }

  /** Number of rows by split. */
  get num_rows(): Record<string, number> {
    return this.#of((dataset) => dataset.num_rows);
  }

  /** Number of columns by split. */
  get num_columns(): Record<string, number> {
    return this.#of((dataset) => dataset.num_columns);
  }

  /** Names of the columns by split. */
  get column_names(): Record<string, string[]> {
    return this.#of((dataset) => dataset.column_names);
  }

  /** [rows, columns] by split. */
  get shape(): Record<string, [rows: number, columns: number]> {
    return this.#of((dataset) => dataset.shape);
  }

  /** The different values of a column, by split. */
  async unique(column: string): Promise<Record<string, unknown[]>> {
    const values: [string, unknown[]][] = [];
    for (const [name, dataset] of this.#splits) values.push([name, await dataset.unique(column)]);
    return Object.fromEntries(values);
  }

  /** `Dataset.select_columns` of every split. */
  select_columns(column_names: string | readonly string[]): DatasetDict {
    return this.#each((dataset) => dataset.select_columns(column_names));
  }

  /** `Dataset.remove_columns` of every split. */
  remove_columns(column_names: string | readonly string[]): DatasetDict {
    return this.#each((dataset) => dataset.remove_columns(column_names));
  }

  /** `Dataset.rename_column` of every split. */
  rename_column(original_column_name: string, new_column_name: string): DatasetDict {
    return this.#each((dataset) => dataset.rename_column(original_column_name, new_column_name));
  }

  /** `Dataset.rename_columns` of every split. */
  rename_columns(column_mapping: Readonly<Record<string, string>>): DatasetDict {
    return this.#each((dataset) => dataset.rename_columns(column_mapping));
  }

  /** `Dataset.shuffle` of every split, all with the same seed. */
  shuffle(options: { seed: number }): DatasetDict {
    return this.#each((dataset) => dataset.shuffle(options));
  }

  /** `Dataset.sort` of every split. */
  sort(column_names: string | readonly string[], options: SortOptions = {}): Promise<DatasetDict> {
    return this.#eachLater((dataset) => dataset.sort(column_names, options));
  }

  /** `Dataset.filter` of every split. */
  filter(keep: Parameters<Dataset["filter"]>[0]): Promise<DatasetDict> {
    return this.#eachLater((dataset) => dataset.filter(keep));
  }

  /** `Dataset.map` of every split. */
  async map(fn: MapFunction | MapModule, options: MapOptions = {}): Promise<DatasetDict> {
    checkMap(fn, options);
    const warned = new Set<string>(); // one line, not one per split
    const onWarning = (line: string) => {
      if (!warned.has(line)) options.onWarning?.(line);
      warned.add(line);
    };
    return this.#eachLater((dataset) => dataset.map(fn, { ...options, onWarning }));
  }

  /** What console.log shows: Python's repr. */
  [inspected](): string {
    const splits = [...this.#splits].map(([name, { num_rows, column_names }]) => {
      const features = column_names.map(onOneLine).join(", ");
      return `  ${onOneLine(name)}: Dataset({ features: [${features}], num_rows: ${num_rows} })`;
    });
    return ["DatasetDict({", ...splits, "})"].join("\n");
  }

  #of<T>(read: (dataset: Dataset) => T): Record<string, T> {
    return Object.fromEntries([...this.#splits].map(([name, dataset]) => [name, read(dataset)]));
  }

  #each(change: (dataset: Dataset) => Dataset): DatasetDict {
    return datasetDict([...this.#splits].map(([name, dataset]) => [name, change(dataset)]));
  }

  /** One split after the other: each may read files. */
  async #eachLater(change: (dataset: Dataset) => Promise<Dataset>): Promise<DatasetDict> {
    const changed: [string, Dataset][] = [];
    for (const [name, dataset] of this.#splits) changed.push([name, await change(dataset)]);
    return datasetDict(changed);
  }
}

/**
 * The splits of a dataset, like datasets.DatasetDict: each is a property (`ds.train_prefs`, `ds["train"]`).
 * For a split with the name of a method, use `ds.split(name)`.
 */
export type DatasetDict = Splits & { readonly [split: string]: Dataset };

export function datasetDict(splits: Iterable<[string, Dataset]>): DatasetDict {
  return new Splits(splits) as DatasetDict;
}

/** The error for a split that does not exist. @param where the dataset, for the message. */
export function unknownSplit(name: string, known: string[], where?: string): PrefineError {
  const nearest = typeof name === "string" ? nearestName(name, known) : undefined;
  const shown = typeof name === "string" ? JSON.stringify(name) : describeValue(name);
  return new PrefineError(
    "data",
    `${where ? `${where}: ` : ""}no split ${shown}: the splits are ${known.join(", ") || "none"}`,
    nearest ? `Did you mean ${nearest}?` : rangeHint(name, known),
  );
}

/** How to make the held-out split that is asked for out of the one that is there. */
function rangeHint(name: string, known: string[]): string | undefined {
  const isHeldOut = typeof name === "string" && /^(test|eval|val|valid|validation|dev|heldout)(_|$)/.test(name);
  const train = known.find((split) => split.startsWith("train")) ?? known[0];
  if (!isHeldOut || train === undefined) return undefined;
  return (
    `Hold rows out of ${train}: the split ${train}[90%:] is its last tenth, and ${train}[:90%] the rest to train on ` +
    "(test_split_size does so for a mixture, `datasets`)."
  );
}
