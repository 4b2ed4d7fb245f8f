/** @file The splits of a streamed dataset by name: datasets' IterableDatasetDict. */
import { inspected } from "../../arguments.ts";
import { onOneLine } from "../../phrases.ts";
import { unknownSplit } from "./datasetDict.ts";
import type { IterableDataset, ShuffleStreamOptions } from "./iterableDataset.ts";
import type { MapFunction } from "./mapFunction.ts";
import type { KeepRow } from "./mapRows.ts";

class Streams {
  /** Names of the splits, in the dataset's order. */
  readonly splitNames: string[];
  readonly #splits: Map<string, IterableDataset>;

  constructor(splits: Iterable<[string, IterableDataset]>) {
    this.#splits = new Map(splits);
    this.splitNames = [...this.#splits.keys()];
    for (const [name, dataset] of this.#splits) {
      if (!(name in this)) Object.defineProperty(this, name, { value: dataset, enumerable: true });
    }
  }

  /** The split with this name; if there is none, the error lists the existing ones. */
  split(name: string): IterableDataset {
    const dataset = this.#splits.get(name);
    if (dataset) return dataset;
    throw unknownSplit(name, this.splitNames);
  }

  /** `IterableDataset.map` of every split. */
  map(fn: MapFunction): IterableDatasetDict {
    return this.#each((dataset) => dataset.map(fn));
  }

  /** `IterableDataset.filter` of every split. */
  filter(keep: KeepRow): IterableDatasetDict {
    return this.#each((dataset) => dataset.filter(keep));
  }

  /** `IterableDataset.shuffle` of every split, all with the same seed. */
  shuffle(options: ShuffleStreamOptions): IterableDatasetDict {
    return this.#each((dataset) => dataset.shuffle(options));
  }

  /** `IterableDataset.select_columns` of every split. */
  select_columns(column_names: string | readonly string[]): IterableDatasetDict {
    return this.#each((dataset) => dataset.select_columns(column_names));
  }

  /** `IterableDataset.remove_columns` of every split. */
  remove_columns(column_names: string | readonly string[]): IterableDatasetDict {
    return this.#each((dataset) => dataset.remove_columns(column_names));
  }

  /** `IterableDataset.rename_column` of every split. */
  rename_column(original_column_name: string, new_column_name: string): IterableDatasetDict {
    return this.#each((dataset) => dataset.rename_column(original_column_name, new_column_name));
  }

  /** `IterableDataset.rename_columns` of every split. */
  rename_columns(column_mapping: Readonly<Record<string, string>>): IterableDatasetDict {
    return this.#each((dataset) => dataset.rename_columns(column_mapping));
  }

  /** What console.log shows: Python's repr. */
  [inspected](): string {
    const splits = [...this.#splits].map(([name, dataset]) => `  ${onOneLine(name)}: ${dataset[inspected]()}`);
    return ["IterableDatasetDict({", ...splits, "})"].join("\n");
  }

  #each(change: (dataset: IterableDataset) => IterableDataset): IterableDatasetDict {
    return iterableDatasetDict([...this.#splits].map(([name, dataset]) => [name, change(dataset)]));
  }
}

/** The splits of a streamed dataset: each is a property (`ds.train`), or `ds.split(name)`. */
export type IterableDatasetDict = Streams & { readonly [split: string]: IterableDataset };

export function iterableDatasetDict(splits: Iterable<[string, IterableDataset]>): IterableDatasetDict {
  return new Streams(splits) as IterableDatasetDict;
}
