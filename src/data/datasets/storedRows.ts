/** @file Rows of parts that are read lazily, in order or reordered. */

import { checkValue, objectWith } from "../../arguments.ts";
import { turnTaker } from "../../host.ts";
import type { Place, PlaceOf } from "../../phrases.ts";
import { copyRow } from "./copyRow.ts";
import type { Part } from "./dataFile.ts";
import type { Features, Row } from "./features.ts";
import { inferFeatures } from "./inferFeatures.ts";
import { partAt, placesFrom, placesOf, placesOfParts } from "./places.ts";
import { changed, hashSources } from "./sourceHash.ts";

/** The parts of a Dataset. */
export interface Content {
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

/** Rows in memory; each that is read is a copy. */
export function contentInMemory(rows: Row[], name: string): Content {
  const parts: Part[] = [];
  for (let start = 0; start < rows.length; start += MEMORY_PART_ROWS) {
    const some = rows.slice(start, start + MEMORY_PART_ROWS);
    parts.push({ rows: some.length, read: async () => some.map(copyRow) });
  }
  return { name, parts, memory: rows };
}

/** Rows with places of their own: those of a function's results are the places of what it was given. */
export function withPlaces(content: Content, places: PlaceOf | undefined): Content {
  let first = 0;
  const parts = content.parts.map((part): Part => {
    const own = placesFrom(places, first);
    first += part.rows;
    return { ...part, places: own };
  });
  return places ? { ...content, parts } : content;
}

const aContent = objectWith("the parts of a dataset", "name", "parts");

/** The rows of a Dataset, and how they are read. Every returned row is a copy. */
export class StoredRows {
  /** The split's name, used in messages: `train[12]`. */
  readonly name: string;
  /** Number of rows: known without reading them. */
  readonly num_rows: number;
  protected readonly content: Content;
  /** Index of the first row of every part. */
  readonly #starts: number[] = [];
  readonly #recent = new Map<number, Promise<Row[]>>();
  #places: { of: PlaceOf | undefined } | undefined;

  constructor(content: Content) {
    checkValue(
      "new Dataset",
      content,
      aContent,
      "Make one of rows with Dataset.from_list, or of files with loadDataset.",
    );
    this.name = content.name;
    this.content = content;
    let total = 0;
    for (const part of content.parts) {
      this.#starts.push(total);
      total += part.rows;
    }
    this.num_rows = content.indices?.length ?? total;
  }

  /** Columns with their types, in order: datasets' `features`. */
  get features(): Features {
    this.content.features ??= inferFeatures(this.content.memory ?? []);
    return this.content.features;
  }

  /** The row at this position, from 0 to num_rows - 1. */
  protected async rowAt(position: number): Promise<Row> {
    const raw = this.content.indices?.[position] ?? position;
    if (this.content.memory) return copyRow(this.content.memory[raw]);
    const part = partAt(this.#starts, raw);
    return copyRow((await this.#readRecent(part))[raw - this.#starts[part]]);
  }

  /** Whether the rows are those of files in their order, of which columns can be read by themselves. */
  get hasOwnColumns(): boolean {
    return this.content.indices === undefined && this.content.parts.every((part) => part.columns !== undefined);
  }

  /**
   * The rows with each one changed when it is read, for a Dataset of its own; `map` keeps its results.
   * @param change receives a row and its number in the files.
   * @param mark what the change is called, if it always gives the same row for the same row.
   */
  changedLater(change: (row: Row, index: number) => Row, features: Features, mark?: string): Content {
    const { name, indices } = this.content;
    const parts = this.content.parts.map(
      ({ rows, read, source, places }, part): Part => ({
        ...{ rows, places },
        read: async () => (await read()).map((row, i) => change(row, this.#starts[part] + i)),
        ...(mark ? changed(source, mark) : {}),
      }),
    );
    return indices ? { name, parts, features, indices } : { name, parts, features };
  }

  /**
   * A hash of the files' bytes and of how rows are made of them; 400 MB take 0.3 s.
   * @returns undefined where something else decides the rows: they are in memory, or a function changes them.
   */
  sourceHash(): Promise<string | undefined> {
    const { parts, memory, indices } = this.content;
    return memory ? Promise.resolve(undefined) : hashSources(parts, indices);
  }

  /** The row of a file that this row is, or was made of, for messages; undefined: it is in no file. */
  placeOf(row: number): Place | undefined {
    this.#places ??= { of: this.places() };
    return this.#places.of?.(row);
  }

  /** The same, without holding the rows. */
  places(): PlaceOf | undefined {
    const { parts, indices } = this.content;
    const all = placesOfParts(parts, this.#starts);
    return indices ? placesOf(all, indices) : all;
  }

  /** The rows in order as parts; reordered rows come in windows. */
  protected partsInOrder(): Part[] {
    if (!this.content.indices) return this.content.parts;
    return this.#windows(this.content.indices).map((some) => ({
      rows: some.length,
      read: () => this.#readWindow(some),
      places: placesOf(placesOfParts(this.content.parts, this.#starts), some),
    }));
  }

  /** The rows in order; the caller owns them. */
  protected async *batches(): AsyncGenerator<Row[]> {
    const turn = turnTaker();
    for (const part of this.partsInOrder()) {
      yield await part.read();
      await turn();
    }
  }

  #windows(indices: Int32Array): Int32Array[] {
    const rows = this.content.memory
      ? MEMORY_PART_ROWS
      : Math.max(WINDOW_ROWS, Math.ceil(indices.length / WINDOW_PASSES));
    const windows: Int32Array[] = [];
    for (let start = 0; start < indices.length; start += rows) windows.push(indices.subarray(start, start + rows));
    return windows;
  }

  /** Rows in arbitrary order; reads each part that contains some of them once. */
  async #readWindow(raw: Int32Array): Promise<Row[]> {
    const { memory, parts } = this.content;
    if (memory) return Array.from(raw, (index) => copyRow(memory[index]));
    const byPart = new Map<number, number[]>(); // part -> positions in the window
    raw.forEach((index, position) => {
      const part = partAt(this.#starts, index);
      const positions = byPart.get(part);
      if (positions) positions.push(position);
      else byPart.set(part, [position]);
    });
    const rows = new Array<Row>(raw.length);
    // in the files' order: a compressed file is read forward
    for (const [part, positions] of [...byPart].sort(([a], [b]) => a - b)) {
      const read = await parts[part].read();
      for (const position of positions) rows[position] = copyRow(read[raw[position] - this.#starts[part]]);
    }
    return rows;
  }

  #readRecent(part: number): Promise<Row[]> {
    const rows = this.#recent.get(part) ?? this.content.parts[part].read();
    this.#recent.delete(part); // to the end: the most recent
    this.#recent.set(part, rows);
    rows.catch(() => this.#recent.delete(part));
    for (const oldest of this.#recent.keys()) if (this.#recent.size > RECENT_PARTS) this.#recent.delete(oldest);
    return rows;
  }
}
