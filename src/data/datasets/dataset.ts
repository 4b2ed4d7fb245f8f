/** @file A split of a dataset: rows in files or in memory, read lazily. */
import { nearestName, PrefineError } from "../../errors.ts";
import { Mt19937 } from "../../random.ts";
import type { Part } from "./dataFile.ts";
import { type Features, inferFeatures, type Row } from "./features.ts";
import { joinColumns, withColumns } from "./joinColumns.ts";
import type { MapFunction, MapModule } from "./mapFunction.ts";
import { type MapOptions, mapRows, type RowStream, rowError } from "./mapRows.ts";

/** The parts of a Dataset. */
interface Content {
  name: string;
  parts: Part[];
  /** All rows of `parts`, if they are in memory. */
  memory?: Row[];
  /** Declared columns; if undefined, inferred from `memory`. */
  features?: Features;
  /** Row numbers in `parts`, in order; undefined: all. */
  indices?: Int32Array;
}

/** Parts that `at` caches, for reading adjacent rows one by one. */
const RECENT_PARTS = 2;
/** Rows per part in memory. */
const MEMORY_PART_ROWS = 1000;
/** Reordered rows are read in at most this many passes over the files, or in windows of this many rows. */
const WINDOW_PASSES = 8;
const WINDOW_ROWS = 4096;

/**
 * Rows of one split, like datasets.Dataset. Rows of files are read row group by row group and not cached; `map` keeps
 * its results in memory. Every returned row is a copy. A Dataset is immutable: all methods return new ones.
 */
export class Dataset implements AsyncIterable<Row> {
  /** The split's name, used in messages: `train[12]`. */
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
   * All rows of several datasets in order: datasets.concatenate_datasets. Missing columns become null.
   * @throws PrefineError("data") if a column has different types.
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

  /** All rows in memory. */
  async toArray(): Promise<Row[]> {
    const all: Row[][] = [];
    for await (const batch of this.#batches()) all.push(batch);
    return all.flat();
  }

  /**
   * Applies a function to every row; the results are in memory. The function receives a copy of a row; it may change
   * it, delete keys from it, or return a new row. Unlike in Python's datasets, a new row replaces the old one: to add
   * a column, return `{ ...row, column }` or set it on the row.
   */
  async map(fn: MapFunction | MapModule, options: MapOptions = {}): Promise<Dataset> {
    return Dataset.fromRows(await mapRows(this.#stream(), fn, options), this.name);
  }

  /** The rows for which the function returns true. Stores row numbers, not rows. */
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

  /** The rows with these numbers, in this order. */
  select(indices: Iterable<number>): Dataset {
    const numbers = [...indices];
    const wrong = numbers.find((index) => !Number.isInteger(index) || index < 0 || index >= this.numRows);
    if (wrong === undefined) return this.#pick(numbers);
    throw new PrefineError("data", `${this.name}: select: no row ${wrong}: it has ${this.numRows} rows`);
  }

  /** The rows in the order of torch.randperm with this seed (Python's datasets uses numpy: a different order). */
  shuffle({ seed }: { seed: number }): Dataset {
    checkSeed(seed);
    return this.#pick(new Mt19937(seed).randperm(this.numRows));
  }

  /** Two disjoint parts, shuffled by default. `test_size` is a fraction below 1 or a number of rows. */
  train_test_split(options: { test_size: number; seed: number; shuffle?: boolean | undefined }): {
    train: Dataset;
    test: Dataset;
  } {
    const { test_size, seed, shuffle = true } = options;
    const size = test_size < 1 ? Math.ceil(test_size * this.numRows) : test_size;
    if (!Number.isInteger(size) || size < 1 || size >= this.numRows) {
      const expected = `a fraction or a number of rows that leaves some of ${this.numRows} on both sides`;
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

  /** The rows in order; the caller owns them. */
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

  /** Rows in arbitrary order; reads each part that contains some of them once. */
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

  /** The part with a row: the last one that starts at or before it. */
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

/** Copies lists and plain objects; other values are shared. */
function copyValue(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copyValue);
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, nested]) => [key, copyValue(nested)]));
}
