/** @file A data set's split: rows in files or in memory, read when they are asked for. */
import { nearestName, PrefineError } from "../../errors.ts";
import { Mt19937 } from "../../random.ts";
import type { Part } from "./dataFile.ts";
import { type Features, inferFeatures, type Row } from "./features.ts";
import { joinColumns, withColumns } from "./joinColumns.ts";
import type { MapFunction, MapModule } from "./mapFunction.ts";
import { type MapOptions, mapRows, type RowStream, rowError } from "./mapRows.ts";

/** What a Dataset is made of. */
interface Content {
  name: string;
  parts: Part[];
  /** All rows of `parts`, where they are in memory. */
  memory?: Row[];
  /** Declared columns; inferred from `memory` where undefined. */
  features?: Features;
  /** Which rows of `parts`, in which order; undefined: all in order. */
  indices?: Int32Array;
}

/** Parts that `at` keeps, for reading neighbours one by one. */
const RECENT_PARTS = 2;
/** Rows of a part that lies in memory. */
const MEMORY_PART_ROWS = 1000;
/** Rows in an order of their own are read in so many passes over the files at most, or in windows of so many rows. */
const WINDOW_PASSES = 8;
const WINDOW_ROWS = 4096;

/**
 * Rows of one split, like datasets.Dataset. Rows of files are read row group by row group and not kept; `map` keeps
 * its results in memory. Every row that is handed out is a copy. Nothing changes a Dataset: all methods make new ones.
 */
export class Dataset implements AsyncIterable<Row> {
  /** The split's name; messages name a row by it: `train[12]`. */
  readonly name: string;
  readonly numRows: number;
  readonly #content: Content;
  /** Index of the first row of every part. */
  readonly #starts: number[] = [];
  readonly #recent = new Map<number, Promise<Row[]>>();

  constructor(content: Content) {
    this.name = content.name;
    this.#content = content;
    let total = 0;
    for (const part of content.parts) {
      this.#starts.push(total);
      total += part.rows;
    }
    this.numRows = content.indices?.length ?? total;
  }

  /** A Dataset of rows in memory. */
  static fromRows(rows: Row[], name = "rows"): Dataset {
    const parts: Part[] = [];
    for (let start = 0; start < rows.length; start += MEMORY_PART_ROWS) {
      const some = rows.slice(start, start + MEMORY_PART_ROWS);
      parts.push({ rows: some.length, read: async () => some.map(copyRow) });
    }
    return new Dataset({ name, parts, memory: rows });
  }

  /**
   * All rows of these, one after the other: datasets.concatenate_datasets. Columns that some lack are null there.
   * @throws PrefineError("data") for a column that is of one type here and of another there.
   */
  static concatenate(datasets: readonly Dataset[], name: string): Dataset {
    const features = joinColumns(datasets);
    const columns = Object.keys(features);
    const parts = datasets.flatMap((one) => one.#content.parts.map((part) => withColumns(part, columns)));
    if (datasets.every((one) => one.#content.indices === undefined)) return new Dataset({ name, parts, features });
    const indices: number[] = [];
    let before = 0;
    for (const one of datasets) {
      const { parts: own, indices: picked } = one.#content;
      for (let row = 0; row < one.numRows; row++) indices.push(before + (picked?.[row] ?? row));
      before += own.reduce((sum, { rows }) => sum + rows, 0);
    }
    return new Dataset({ name, parts, features, indices: Int32Array.from(indices) });
  }

  /** Columns with their types, in order. */
  get features(): Features {
    this.#content.features ??= inferFeatures(this.#content.memory ?? []);
    return this.#content.features;
  }

  get columnNames(): string[] {
    return Object.keys(this.features);
  }

  /** Row `index`; negative counts from the end. */
  async at(index: number): Promise<Row> {
    const position = index < 0 ? this.numRows + index : index;
    if (!Number.isInteger(index) || position < 0 || position >= this.numRows) {
      throw new PrefineError(
        "data",
        `${this.name}: no row ${index}: it has ${this.numRows} rows`,
        "Rows count from 0.",
      );
    }
    const raw = this.#content.indices?.[position] ?? position;
    if (this.#content.memory) return copyRow(this.#content.memory[raw]);
    const part = this.#partOf(raw);
    return copyRow((await this.#readRecent(part))[raw - this.#starts[part]]);
  }

  /** All rows, in order. */
  async *rows(): AsyncGenerator<Row> {
    for await (const batch of this.#batches()) yield* batch;
  }

  [Symbol.asyncIterator](): AsyncIterator<Row> {
    return this.rows();
  }

  /** All rows at once, in memory. */
  async toArray(): Promise<Row[]> {
    const all: Row[][] = [];
    for await (const batch of this.#batches()) all.push(batch);
    return all.flat();
  }

  /**
   * The rows that a function makes of these, in memory. The function gets a copy of a row; it may change it, delete
   * keys from it, or return a new row. Unlike in Python's datasets a new row replaces the old one: to add a column,
   * return `{ ...row, column }` or set it on the row.
   */
  async map(fn: MapFunction | MapModule, options: MapOptions = {}): Promise<Dataset> {
    return Dataset.fromRows(await mapRows(this.#stream(), fn, options), this.name);
  }

  /** The rows for which the function returns true. Their numbers are kept, not the rows. */
  async filter(keep: (row: Row, index: number) => boolean | Promise<boolean>): Promise<Dataset> {
    const numbers: number[] = [];
    let index = 0;
    for await (const row of this.rows()) {
      try {
        if (await keep(row, index)) numbers.push(index);
      } catch (error) {
        throw rowError(this.name, index, error as Error);
      }
      index++;
    }
    return this.#pick(numbers);
  }

  /** The rows with these columns only, in this order. */
  select_columns(names: readonly string[]): Dataset {
    const { features } = this;
    const wrong = names.find((name) => !Object.hasOwn(features, name));
    if (wrong !== undefined) {
      const columns = this.columnNames;
      const nearest = nearestName(wrong, columns);
      const message = `${this.name}: no column ${JSON.stringify(wrong)}: the columns are ${columns.join(", ")}`;
      throw new PrefineError("data", message, nearest && `Did you mean ${nearest}?`);
    }
    const { name, parts, indices } = this.#content;
    const selection = Object.fromEntries(names.map((column) => [column, features[column]]));
    const content = { name, parts: parts.map((part) => withColumns(part, names)), features: selection };
    return new Dataset(indices ? { ...content, indices } : content);
  }

  /** The rows of these numbers, in this order. */
  select(indices: Iterable<number>): Dataset {
    const numbers = [...indices];
    const wrong = numbers.find((index) => !Number.isInteger(index) || index < 0 || index >= this.numRows);
    if (wrong === undefined) return this.#pick(numbers);
    throw new PrefineError("data", `${this.name}: select: no row ${wrong}: it has ${this.numRows} rows`);
  }

  /** The rows in a random order: torch.randperm's for this seed (Python's datasets draws from numpy: another order). */
  shuffle({ seed }: { seed: number }): Dataset {
    checkSeed(seed);
    return this.#pick(new Mt19937(seed).randperm(this.numRows));
  }

  /** Two disjoint parts, shuffled unless told otherwise. `test_size` is a share below 1 or a number of rows. */
  train_test_split(options: { test_size: number; seed: number; shuffle?: boolean | undefined }): {
    train: Dataset;
    test: Dataset;
  } {
    const { test_size, seed, shuffle = true } = options;
    const size = test_size < 1 ? Math.ceil(test_size * this.numRows) : test_size;
    if (!Number.isInteger(size) || size < 1 || size >= this.numRows) {
      const expected = `a share or a number of rows that leaves some of ${this.numRows} on both sides`;
      throw new PrefineError("data", `${this.name}: test_size: expected ${expected}, found ${test_size}`);
    }
    checkSeed(seed);
    const order = shuffle ? new Mt19937(seed).randperm(this.numRows) : range(this.numRows);
    const [test, train] = shuffle
      ? [order.subarray(0, size), order.subarray(size)]
      : [order.subarray(this.numRows - size), order.subarray(0, this.numRows - size)];
    return { train: this.#pick(train, "train"), test: this.#pick(test, "test") };
  }

  #stream(): RowStream {
    return { name: this.name, numRows: this.numRows, batches: () => this.#batches() };
  }

  #pick(chosen: ArrayLike<number>, name = this.name): Dataset {
    const before = this.#content.indices;
    const indices = Int32Array.from(chosen, (index) => (before ? before[index] : index));
    return new Dataset({ ...this.#content, features: this.#content.features, name, indices });
  }

  /** The rows in order, as they are read; nobody else holds them. */
  async *#batches(): AsyncGenerator<Row[]> {
    const { indices, parts, memory } = this.#content;
    if (!indices) {
      for (const part of parts) yield await part.read();
      return;
    }
    const window = memory ? MEMORY_PART_ROWS : Math.max(WINDOW_ROWS, Math.ceil(indices.length / WINDOW_PASSES));
    for (let start = 0; start < indices.length; start += window) {
      yield await this.#readWindow(indices.subarray(start, start + window));
    }
  }

  /** Rows in an arbitrary order, reading every part that holds some of them once. */
  async #readWindow(raw: Int32Array): Promise<Row[]> {
    const { memory, parts } = this.#content;
    if (memory) return Array.from(raw, (index) => copyRow(memory[index]));
    const byPart = new Map<number, number[]>(); // part -> positions in the window
    raw.forEach((index, position) => {
      const part = this.#partOf(index);
      const positions = byPart.get(part);
      if (positions) positions.push(position);
      else byPart.set(part, [position]);
    });
    const rows = new Array<Row>(raw.length);
    for (const [part, positions] of byPart) {
      const read = await parts[part].read();
      for (const position of positions) rows[position] = copyRow(read[raw[position] - this.#starts[part]]);
    }
    return rows;
  }

  /** The part that holds a row: the last one that starts at or before it. */
  #partOf(row: number): number {
    let [low, high] = [0, this.#starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle] <= row) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #readRecent(part: number): Promise<Row[]> {
    const rows = this.#recent.get(part) ?? this.#content.parts[part].read();
    this.#recent.delete(part); // to the end: the most recent
    this.#recent.set(part, rows);
    rows.catch(() => this.#recent.delete(part));
    for (const oldest of this.#recent.keys()) if (this.#recent.size > RECENT_PARTS) this.#recent.delete(oldest);
    return rows;
  }
}

function checkSeed(seed: number): void {
  if (!Number.isSafeInteger(seed)) throw new PrefineError("data", `seed: expected a whole number, found ${seed}`);
}

function range(n: number): Int32Array {
  return Int32Array.from({ length: n }, (_, i) => i);
}

function copyRow(row: Row): Row {
  return copyValue(row) as Row;
}

/** Lists and plain objects are copied, whatever else they hold is shared. */
function copyValue(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copyValue);
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, nested]) => [key, copyValue(nested)]));
}
