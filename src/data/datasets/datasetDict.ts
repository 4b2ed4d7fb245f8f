/** @file The splits of a dataset by name. */
import { nearestName, PrefineError } from "../../errors.ts";
import type { Dataset } from "./dataset.ts";
import type { MapFunction, MapModule } from "./mapFunction.ts";
import type { MapOptions } from "./mapRows.ts";

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

  /** `Dataset.map` over every split. */
  async map(fn: MapFunction | MapModule, options: MapOptions = {}): Promise<DatasetDict> {
    const warned = new Set<string>(); // one line, not one per split
    const onWarning = (line: string) => {
      if (!warned.has(line)) options.onWarning?.(line);
      warned.add(line);
    };
    const mapped: [string, Dataset][] = [];
    for (const [name, dataset] of this.#splits) {
      mapped.push([name, await dataset.map(fn, { ...options, onWarning })]);
    }
    return datasetDict(mapped);
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
  const nearest = nearestName(name, known);
  return new PrefineError(
    "data",
    `${where ? `${where}: ` : ""}no split ${JSON.stringify(name)}: the splits are ${known.join(", ") || "none"}`,
    nearest && `Did you mean ${nearest}?`,
  );
}
