/** @file A dataset's split under the names of Python's datasets: rows in files or in memory, read lazily. */

import { anyFunction, checkValue, inspected, listOfValues, noArguments, objectWith, text } from "../../arguments.ts";
import { PrefineError } from "../../errors.ts";
import { counted, onOneLine, rowNames } from "../../phrases.ts";
import {
  addTo,
  checkColumns,
  checkDatasets,
  checkRowList,
  distinctValues,
  renamed,
  renameIn,
  rowsOfColumns,
} from "./columns.ts";
import type { Part } from "./dataFile.ts";
import { describeFeature, type Features, type Row } from "./features.ts";
import { joinColumns, rowWith, withColumns } from "./joinColumns.ts";
import type { MapFunction, MapModule } from "./mapFunction.ts";
import { checkMap, type KeepRow, keptRows, type MapOptions, mapRows, oneByOne, type RowStream } from "./mapRows.ts";
import { Pcg64 } from "./pcg64.ts";
import { checkCount, checkSelected, positionOf } from "./rowNumbers.ts";
import { checkFile, csvText, jsonText, type ToJsonOptions, writeTo } from "./rowText.ts";
import { type SortOptions, sortedOrder, sortKeys } from "./sortOrder.ts";
import { contentInMemory, StoredRows, withPlaces } from "./storedRows.ts";
import { range, shuffleSeed, type TrainTestOptions, trainTestRows } from "./trainTestSplit.ts";
import { ultrafeedbackLater } from "./ultrafeedbackLater.ts";

/**
 * Rows of one split, like datasets.Dataset. Rows of files are read row group by row group and not cached; `map` keeps
 * its results. Every returned row is a copy. A Dataset is immutable: all methods return new ones.
 */
export class Dataset extends StoredRows implements AsyncIterable<Row> {
  /**
   * Rows in memory: datasets' from_list. Unlike there, columns that the first row lacks are kept; what a row lacks is
   * null.
   * @param name what messages call the rows.
   */
  static from_list(rows: readonly Row[], name = "rows"): Dataset {
    checkRowList("Dataset.from_list", rows);
    const { features } = Dataset.fromRows([...rows], name);
    const columns = Object.keys(features);
    return Dataset.fromRows(
      rows.map((row) => rowWith(row, columns)),
      name,
    );
  }

  /**
   * Columns in memory: datasets' from_dict.
   * @throws PrefineError("data") for columns of several lengths.
   */
  static from_dict(columns: Readonly<Record<string, readonly unknown[]>>, name = "rows"): Dataset {
    const rows = Dataset.fromRows(rowsOfColumns(columns, name), name);
    if (rows.num_rows > 0) return rows;
    const features = Object.keys(columns).map((column) => [column, { kind: "value", dtype: "null" }] as const);
    return new Dataset({ name, parts: [], memory: [], features: Object.fromEntries(features) });
  }

  /** Rows in memory as they are: keys that a row lacks stay away. */
  static fromRows(rows: Row[], name = "rows"): Dataset {
    checkRowList("Dataset.fromRows", rows);
    return new Dataset(contentInMemory(rows, name));
  }

  /**
   * All rows of several datasets in order: datasets.concatenate_datasets. Missing columns become null.
   * @throws PrefineError("data") if a column has different types.
   */
  static concatenate(datasets: readonly Dataset[], name: string): Dataset {
    checkDatasets("Dataset.concatenate", datasets);
    const features = joinColumns(datasets);
    const columns = Object.keys(features);
    const parts = datasets.flatMap((one) => one.content.parts.map((part) => withColumns(part, columns)));
    if (datasets.every((one) => one.content.indices === undefined)) return new Dataset({ name, parts, features });
    const indices: number[] = [];
    let before = 0;
    for (const one of datasets) {
      const { parts: own, indices: picked } = one.content;
      for (let row = 0; row < one.num_rows; row++) indices.push(before + (picked?.[row] ?? row));
      before += own.reduce((sum, { rows }) => sum + rows, 0);
    }
    return new Dataset({ name, parts, features, indices: Int32Array.from(indices) });
  }

  /** Names of the columns, in order. */
  get column_names(): string[] {
    return Object.keys(this.features);
  }

  get num_columns(): number {
    return this.column_names.length;
  }

  /** [num_rows, num_columns]. */
  get shape(): [rows: number, columns: number] {
    return [this.num_rows, this.num_columns];
  }

  /** Row `index`; negative counts from the end. */
  async at(index: number): Promise<Row> {
    return this.rowAt(positionOf(index, this));
  }

  /** All rows, in order. */
  async *rows(): AsyncGenerator<Row> {
    yield* oneByOne(this.batches());
  }

  [Symbol.asyncIterator](): AsyncIterator<Row> {
    return this.rows();
  }

  /** All rows in memory. */
  async to_list(): Promise<Row[]> {
    const all: Row[][] = [];
    for await (const batch of this.batches()) all.push(batch);
    return all.flat();
  }

  /**
   * Writes the rows to a CSV file, whole or not at all; cells are quoted as Python does.
   * @returns the bytes written.
   */
  async to_csv(path: string): Promise<number> {
    checkFile("to_csv", path);
    return writeTo(path, csvText(this.batches(), this.features, this.name));
  }

  /**
   * Writes the rows to a JSON file, whole or not at all.
   * @param options lines: a line per row (the default), or false: one list.
   * @returns the bytes written.
   */
  async to_json(path: string, options: ToJsonOptions = {}): Promise<number> {
    checkFile("to_json", path, options);
    const { lines = true } = options;
    return writeTo(path, jsonText(this.batches(), { features: this.features, lines, name: this.name }));
  }

  /**
   * Applies a function to every row. Results of more than 8 MB are kept in a file of prefine's cache, which ends with
   * the process; smaller ones are in memory. The function receives a copy of a row; it may change
   * it, delete keys from it, or return a new row. Unlike in Python's datasets, a new row replaces the old one: to add
   * a column, return `{ ...row, column }` or set it on the row.
   */
  async map(fn: MapFunction | MapModule, options: MapOptions = {}): Promise<Dataset> {
    checkMap(fn, options);
    const later = await ultrafeedbackLater(this, fn);
    if (later) return new Dataset(later);
    const { name, num_rows: numRows } = this;
    const nameOf = rowNames(name, this);
    const stream: RowStream = { name, nameOf, numRows, batches: () => this.batches(), signal: options.signal };
    return new Dataset(withPlaces(await (await mapRows(stream, fn, options)).end(name), this.places()));
  }

  /** The rows for which the function returns true. Stores row numbers, not rows. */
  async filter(keep: KeepRow, ...further: readonly []): Promise<Dataset> {
    checkValue("filter", keep, anyFunction);
    noArguments("filter", further, "The function receives one row and its index.");
    return this.#pick(await keptRows(this.rows(), keep, rowNames(this.name, this)));
  }

  /** The rows with these columns only, in this order. */
  select_columns(column_names: string | readonly string[]): Dataset {
    const names = [column_names].flat();
    checkColumns(names, this.features, this.name);
    const features = Object.fromEntries(names.map((column) => [column, this.features[column]]));
    return this.#with(
      this.content.parts.map((part) => withColumns(part, names)),
      features,
    );
  }

  /** The rows without these columns. */
  remove_columns(column_names: string | readonly string[]): Dataset {
    const names = [column_names].flat();
    checkColumns(names, this.features, this.name);
    return this.select_columns(this.column_names.filter((column) => !names.includes(column)));
  }

  /** The rows with a column under a new name. */
  rename_column(original_column_name: string, new_column_name: string): Dataset {
    checkColumns([original_column_name], this.features, this.name);
    return this.#rename({ [original_column_name]: new_column_name });
  }

  /** The rows with columns under new names: `{ old: "new" }`. */
  rename_columns(column_mapping: Readonly<Record<string, string>>): Dataset {
    return this.#rename(column_mapping);
  }

  /**
   * The rows with one more column.
   * @param column its values, one per row.
   * @throws PrefineError("data") where the name is taken, or the values are more or fewer than the rows.
   */
  add_column(name: string, column: readonly unknown[]): Dataset {
    const fail = (message: string) => new PrefineError("data", `${this.name}: add_column: ${message}`);
    checkValue("add_column", name, text);
    checkValue("add_column", column, listOfValues);
    if (this.column_names.includes(name)) throw fail(`there is a column ${name} already`);
    if (column.length !== this.num_rows)
      throw fail(`expected ${counted(this.num_rows, "value")}, found ${column.length}`);
    const values = Dataset.fromRows(column.map((value) => ({ [name]: value })));
    const features = { ...this.features, ...values.features };
    return new Dataset({ name: this.name, parts: addTo(this.partsInOrder(), name, column), features });
  }

  /** The rows with these numbers, in this order. */
  select(indices: Iterable<number>): Dataset {
    checkValue("select", indices, objectWith("a list of row numbers", Symbol.iterator));
    const numbers = [...indices];
    checkSelected(numbers, this);
    return this.#pick(numbers);
  }

  /** The first n rows. @throws PrefineError("data") for more rows than there are, as datasets does. */
  take(n: number): Dataset {
    return this.#pick(range(0, checkCount(n, "take", this)));
  }

  /** The rows after the first n; none where there are no more. */
  skip(n: number): Dataset {
    const most = typeof n === "number" ? Math.min(n, this.num_rows) : n;
    return this.#pick(range(checkCount(most, "skip", this), this.num_rows));
  }

  /**
   * The rows sorted by columns; rows that are equal stay in their order.
   * @throws PrefineError("data") for a column that is not there, or of lists or objects.
   */
  async sort(column_names: string | readonly string[], options: SortOptions = {}): Promise<Dataset> {
    const keys = sortKeys([column_names].flat(), options, this);
    const values: unknown[][] = [];
    for await (const row of this.rows()) values.push(keys.map(({ column }) => row[column]));
    return this.#pick(sortedOrder(values, keys, options.null_placement ?? "at_end"));
  }

  /**
   * The different values of a column, in the order in which they first come.
   * @throws PrefineError("data") for a column that is not there, or of lists or objects.
   */
  async unique(column: string): Promise<unknown[]> {
    checkColumns([column], this.features, this.name);
    const feature = this.features[column];
    if (feature.kind !== "value") {
      const found = describeFeature(feature);
      throw new PrefineError("data", `${this.name}: unique: ${column}: expected single values, found ${found}`);
    }
    return distinctValues(this.rows(), column);
  }

  /** The rows in random order: the one that Python's datasets (numpy's PCG64) draws with this seed. */
  shuffle(options: { seed: number }): Dataset {
    return this.#pick(new Pcg64(shuffleSeed(options)).permutation(this.num_rows));
  }

  /** Two disjoint splits; with a seed, of the rows that Python's datasets draws with it. */
  train_test_split(options: TrainTestOptions = {}): { train: Dataset; test: Dataset } {
    const { train, test } = trainTestRows(this.num_rows, options, this.name);
    return { train: this.#pick(train, "train"), test: this.#pick(test, "test") };
  }

  /** What console.log shows: Python's repr. */
  [inspected](): string {
    return `Dataset({\n  features: [${this.column_names.map(onOneLine).join(", ")}],\n  num_rows: ${this.num_rows}\n})`;
  }

  #rename(names: Readonly<Record<string, string>>): Dataset {
    const features = renamed(this.features, names, this.name);
    return this.#with(renameIn(this.content.parts, names), features);
  }

  /** The same rows with other columns. */
  #with(parts: Part[], features: Features): Dataset {
    const { name, indices } = this.content;
    return new Dataset(indices ? { name, parts, features, indices } : { name, parts, features });
  }

  #pick(chosen: ArrayLike<number>, name = this.name): Dataset {
    const before = this.content.indices;
    const indices = Int32Array.from(chosen, (index) => (before ? before[index] : index));
    return new Dataset({ ...this.content, features: this.features, name, indices });
  }
}
