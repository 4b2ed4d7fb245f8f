/** @file A split whose rows are read one after the other, never all: datasets' IterableDataset. */
import {
  anyFunction,
  checkOptions,
  checkValue,
  inspected,
  integerFrom,
  oneOrMoreTexts,
  optionsOf,
  text,
} from "../../arguments.ts";
import { PrefineError } from "../../errors.ts";
import { turnTaker } from "../../host.ts";
import { onOneLine, rowNames } from "../../phrases.ts";
import { checkColumns, renamed } from "./columns.ts";
import { copyRow } from "./copyRow.ts";
import { drawn } from "./drawnRows.ts";
import type { Features, Row } from "./features.ts";
import { rowWith } from "./joinColumns.ts";
import type { MapFunction } from "./mapFunction.ts";
import { applyTo, type KeepRow, rowError } from "./mapRows.ts";
import { Pcg64 } from "./pcg64.ts";
import { firstRows, partOf, rowsAfter, type Shard, type ShardOptions, type Step } from "./streamParts.ts";
import { shuffleSeed } from "./trainTestSplit.ts";

const WHOLE = integerFrom(0);

interface StreamContent {
  name: string;
  shards: readonly Shard[];
  /** Null: not known without reading rows. */
  features: Features | null;
  /** Seed of the shards' order, which changes with the epoch; null: as they are. */
  shardSeed: number | null;
  steps: readonly Step[];
}

export interface ShuffleStreamOptions {
  /** Random seed. */
  seed: number;
  /**
   * Rows in memory, of which half go on at a time.
   *
   * Default: `1000`. Same as datasets.
   */
  buffer_size?: number | undefined;
}

const SHUFFLE = optionsOf<ShuffleStreamOptions>("IterableDataset.shuffle", {
  seed: WHOLE,
  buffer_size: integerFrom(1),
});

const SHARD = optionsOf<ShardOptions>("IterableDataset.shard", { num_shards: integerFrom(1), index: WHOLE });

const GENERATED = optionsOf<{ name?: string | undefined }>("IterableDataset.from_generator", { name: text });

/**
 * Rows one after the other, like datasets.IterableDataset: `loadDataset(..., { streaming: true })`. Nothing is read
 * before a loop asks for rows, and only those on their way are in memory. All methods return new datasets; functions
 * are called when their row comes.
 */
export class IterableDataset implements AsyncIterable<Row> {
  /** The split's name, used in messages. */
  readonly name: string;
  readonly #content: StreamContent;
  #epoch = 0;

  constructor(content: StreamContent) {
    this.name = content.name;
    this.#content = content;
  }

  /**
   * datasets' from_generator.
   * @param generate makes the rows, from the first on, each time it is called.
   */
  static from_generator(
    generate: () => AsyncIterable<Row> | Iterable<Row>,
    options: { name?: string | undefined } = {},
  ): IterableDataset {
    checkValue("IterableDataset.from_generator", generate, anyFunction, "Pass a generator function.");
    checkOptions("IterableDataset.from_generator", options, GENERATED);
    const { name = "rows" } = options;
    return IterableDataset.of(name, [{ rows: generate }], null);
  }

  /** Of files, one shard each. */
  static of(name: string, shards: readonly Shard[], features: Features | null): IterableDataset {
    return new IterableDataset({ name, shards, features, shardSeed: null, steps: [] });
  }

  /** Several one after the other: datasets' concatenate_datasets. */
  static concatenate(parts: readonly IterableDataset[], name: string): IterableDataset {
    const [first] = parts;
    if (parts.length === 1) return new IterableDataset({ ...first.#content, name });
    return IterableDataset.of(name, parts, parts.length > 0 ? first.features : null);
  }

  /** Columns with their types; null where they are only known by reading rows, as in datasets. */
  get features(): Features | null {
    return this.#content.features;
  }

  /** Names of the columns; null where they are only known by reading rows. */
  get column_names(): string[] | null {
    return this.features && Object.keys(this.features);
  }

  /** Number of files that the rows come from. */
  get n_shards(): number {
    return this.#content.shards.reduce((sum, shard) => sum + (shard.n_shards ?? 1), 0);
  }

  /** One of several parts, of whole files in their order: datasets' shard. */
  shard(options: ShardOptions): IterableDataset {
    checkOptions<ShardOptions>("shard", options, SHARD);
    const { num_shards, index } = options;
    if (num_shards > this.n_shards || index >= num_shards) {
      const message = `shard: expected at most ${this.n_shards} parts (num_shards), and an index below them`;
      throw new PrefineError("config", `${message}, found num_shards ${num_shards} and index ${index}`);
    }
    const { shards, steps, ...content } = this.#content;
    const own = steps.map((step) => step.shard?.(options) ?? step);
    return new IterableDataset({ ...content, shards: partOf(shards, options), steps: own });
  }

  /** The epoch that the next loop shuffles for, from 0: datasets' set_epoch. */
  set_epoch(epoch: number): void {
    checkValue("set_epoch", epoch, WHOLE, "Pass the number of the epoch, from 0.");
    this.#epoch = epoch;
  }

  /** The rows, from the first on. */
  rows(): AsyncIterable<Row> {
    const { shards, shardSeed, steps } = this.#content;
    const epoch = this.#epoch;
    const order = shardSeed === null ? shards : shuffled(shards, shardSeed + epoch);
    const all = async function* () {
      const turn = turnTaker();
      for (const shard of order) {
        for await (const row of shard.rows()) {
          yield copyRow(row);
          await turn();
        }
      }
    };
    return steps.reduce<AsyncIterable<Row>>((rows, step) => step(rows, epoch), all());
  }

  [Symbol.asyncIterator](): AsyncIterator<Row> {
    return this.rows()[Symbol.asyncIterator]();
  }

  /** Each row as the function returns it, with its number from 0; it may change its copy and return nothing. */
  map(fn: MapFunction): IterableDataset {
    checkValue("map", fn, anyFunction, "Pass a function that receives a row and returns one.");
    const nameOf = rowNames(this.name);
    const apply: Step = async function* (rows) {
      let index = 0;
      for await (const row of rows) yield applyTo(fn, row, index++, nameOf);
    };
    return this.#with(apply, null);
  }

  /** The rows for which the function says true. */
  filter(keep: KeepRow): IterableDataset {
    checkValue("filter", keep, anyFunction, "Pass a function that says true for rows to keep.");
    const nameOf = rowNames(this.name);
    const pick: Step = async function* (rows) {
      let index = 0;
      for await (const row of rows) {
        const isKept = await Promise.resolve(row)
          .then((one) => keep(one, index))
          .catch((error) => {
            throw rowError(nameOf(index), error as Error);
          });
        if (isKept) yield row;
        index++;
      }
    };
    return this.#with(pick, this.features);
  }

  /** The first n rows. */
  take(n: number): IterableDataset {
    checkValue("take", n, WHOLE, "Pass a number of rows.");
    return this.#with(firstRows(n), this.features);
  }

  /** The rows after the first n. */
  skip(n: number): IterableDataset {
    checkValue("skip", n, WHOLE, "Pass a number of rows.");
    return this.#with(rowsAfter(n), this.features);
  }

  /** In a random order: of the files, and of rows within a buffer. Another order in each epoch. */
  shuffle(options: ShuffleStreamOptions): IterableDataset {
    checkOptions("shuffle", options, SHUFFLE);
    const { buffer_size = 1000 } = options;
    const seed = shuffleSeed({ seed: options.seed });
    const isPlain = this.#content.steps.length === 0;
    const step: Step = (rows, epoch) => drawn(rows, new Pcg64(seed + epoch), buffer_size);
    const content = isPlain ? { ...this.#content, shardSeed: seed } : this.#content;
    return new IterableDataset(content).#with(step, this.features);
  }

  /** Only these columns, in this order; where a row lacks one, it is null. */
  select_columns(column_names: string | readonly string[]): IterableDataset {
    checkValue("select_columns", column_names, oneOrMoreTexts, "Pass the names of columns.");
    const names = [column_names].flat() as string[];
    if (this.features) checkColumns(names, this.features, this.name);
    const features = (known: Features) => Object.fromEntries(names.map((name) => [name, known[name]]));
    const select = (row: Row, isFirst: boolean) => {
      if (isFirst) checkColumns(names, featuresOf(row), this.name);
      return rowWith(row, names);
    };
    return this.#changed(select, features);
  }

  /** All columns but these. */
  remove_columns(column_names: string | readonly string[]): IterableDataset {
    checkValue("remove_columns", column_names, oneOrMoreTexts, "Pass the names of columns.");
    const names = [column_names].flat() as string[];
    if (this.features) checkColumns(names, this.features, this.name);
    const left = (row: object) => Object.keys(row).filter((name) => !names.includes(name));
    const features = (known: Features) => Object.fromEntries(left(known).map((name) => [name, known[name]]));
    const remove = (row: Row, isFirst: boolean) => {
      if (isFirst) checkColumns(names, featuresOf(row), this.name);
      return rowWith(row, left(row));
    };
    return this.#changed(remove, features);
  }

  /** One column under another name. */
  rename_column(original_column_name: string, new_column_name: string): IterableDataset {
    for (const name of [original_column_name, new_column_name])
      checkValue("rename_column", name, text, "Pass the old and the new name.");
    return this.rename_columns({ [original_column_name]: new_column_name });
  }

  /** Columns under other names: `{ old: "new" }`. */
  rename_columns(column_mapping: Readonly<Record<string, string>>): IterableDataset {
    const { name } = this;
    const features = this.features && renamed(this.features, column_mapping, name);
    const nameOf = (column: string) => (Object.hasOwn(column_mapping, column) ? column_mapping[column] : column);
    const rename = (row: Row) => {
      renamed(featuresOf(row), column_mapping, name); // a name twice, or a column that is not there
      return Object.fromEntries(Object.entries(row).map(([column, value]) => [nameOf(column), value]));
    };
    return this.#changed(rename, () => features ?? {});
  }

  /** What console.log shows: Python's repr. */
  [inspected](): string {
    const features = this.column_names === null ? "Unknown" : `[${this.column_names.map(onOneLine).join(", ")}]`;
    return `IterableDataset({ features: ${features}, num_shards: ${this.n_shards} })`;
  }

  #with(step: Step, features: Features | null): IterableDataset {
    return new IterableDataset({ ...this.#content, steps: [...this.#content.steps, step], features });
  }

  #changed(change: (row: Row, isFirst: boolean) => Row, features: (known: Features) => Features): IterableDataset {
    const step: Step = async function* (rows) {
      let isFirst = true;
      for await (const row of rows) {
        yield change(row, isFirst);
        isFirst = false;
      }
    };
    return this.#with(step, this.features && features(this.features));
  }
}

/** The columns of a row, whose types nothing asks for. */
const featuresOf = (row: Row): Features =>
  Object.fromEntries(Object.keys(row).map((name) => [name, { kind: "value", dtype: "string" } as const]));

function shuffled<T>(list: readonly T[], seed: number): T[] {
  return Array.from(new Pcg64(seed).permutation(list.length), (index) => list[index]);
}
