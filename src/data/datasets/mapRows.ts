/** @file Applies a function to rows; errors name the row. The host registers how modules are loaded. */

import {
  abortSignal,
  anyFunction,
  anything,
  bool,
  checkOptions,
  checkValue,
  describeValue,
  either,
  isOptions,
  objectWith,
  optionsOf,
} from "../../arguments.ts";
import { PrefineError, type PrefineErrorCode } from "../../errors.ts";
import { restoreWritten } from "../../formats/written.ts";
import { turnTaker } from "../../host.ts";
import type { RowName } from "../../phrases.ts";
import { notedRow } from "./copyRow.ts";
import type { Row } from "./features.ts";
import { isBuiltIn, type MapFunction, type MapModule } from "./mapFunction.ts";
import { ResultRows } from "./resultRows.ts";

export interface MapOptions {
  /**
   * Threads. Above 1 it needs a function that lives in a module.
   *
   * Default: `1`. Same as datasets.
   */
  num_proc?: number | undefined;
  /**
   * Use cached results.
   *
   * Default: `true`. No effect: nothing is cached.
   */
  load_from_cache_file?: boolean | undefined;
  /**
   * Receives one line if the call runs differently than requested.
   *
   * Default: nothing is shown. Prefine's own.
   */
  onWarning?: ((line: string) => void) | undefined;
  /**
   * Stops between two rows; with threads, at once.
   *
   * Default: never stopped. Prefine's own.
   */
  signal?: AbortSignal | undefined;
}

const MAP_OPTIONS = optionsOf<MapOptions>("Dataset.map", {
  num_proc: anything, // checked below
  load_from_cache_file: bool,
  onWarning: anyFunction,
  signal: abortSignal,
});

const SAME_ROWS = "the function receives one row and returns one";

/** Arguments of datasets' map that are not built. */
const NOT_BUILT = {
  batched: SAME_ROWS,
  batch_size: SAME_ROWS,
  drop_last_batch: SAME_ROWS,
  with_rank: "the function receives the row and its index",
  input_columns: "the function receives whole rows",
  remove_columns: "return the new row, which replaces the old one, or call remove_columns",
  features: "the columns' types come from the rows",
  fn_kwargs: "use the values in the function",
};
const NO_EFFECT = ["with_indices", "keep_in_memory", "cache_file_name", "writer_batch_size", "desc", "new_fingerprint"];

/** @throws PrefineError("config") for a value that is no function, unknown options and wrong values. */
export function checkMap(fn: unknown, options: unknown): void {
  const hint = "Pass a function, or { module: path } for one that a module exports.";
  checkValue("map", fn, FUNCTION, hint);
  checkOptions("map", options, MAP_OPTIONS, { notBuilt: NOT_BUILT, noEffect: NO_EFFECT });
}

const FUNCTION = either(anyFunction, objectWith("a module with one", "module"));

/** Rows to map: `name` for messages, and their number. */
export interface RowStream {
  name: string;
  /** Names of the rows in messages. */
  nameOf: RowName;
  numRows: number;
  /** Yields every row once, in order; the consumer may change them. */
  batches: () => AsyncGenerator<Row[]>;
  signal?: AbortSignal | undefined;
}

/** Applies a module's function on this many threads. */
export type ModuleMapper = (stream: RowStream, fn: MapModule, threads: number) => Promise<ResultRows>;

let mapModule: ModuleMapper | undefined;

/** Registers how modules are loaded: called once, by mapThreads.ts on Node. A browser has no module paths. */
export function mapModulesWith(mapper: ModuleMapper): void {
  mapModule = mapper;
}

/** The results of `fn` for the stream's rows, in order. */
export async function mapRows(
  stream: RowStream,
  fn: MapFunction | MapModule,
  options: MapOptions,
): Promise<ResultRows> {
  const threads = checkThreads(options.num_proc ?? 1);
  if (typeof fn === "function") {
    if (threads > 1 && !isBuiltIn(fn)) options.onWarning?.(inlineWarning(threads));
    return mapHere(stream, fn);
  }
  if (mapModule) return mapModule(stream, fn, threads);
  throw new PrefineError("data", `${stream.name}: a module can't be loaded here`, "Pass the function itself to map.");
}

/** The warning for an inline function with `num_proc` above 1. */
function inlineWarning(threads: number): string {
  return (
    `num_proc=${threads}: an inline function runs on this thread only; ` +
    "give { module: path, export: name } to run it on worker threads"
  );
}

function checkThreads(threads: number): number {
  if (Number.isInteger(threads) && threads >= 1) return threads;
  throw new PrefineError("config", `num_proc: expected a whole number from 1, found ${threads}`);
}

export async function mapHere(stream: RowStream, fn: MapFunction): Promise<ResultRows> {
  const mapped = new ResultRows();
  const turn = turnTaker();
  for await (const rows of stream.batches()) {
    for (const row of released(rows)) {
      await mapped.add(await applyTo(fn, row, mapped.length, stream.nameOf));
      await turn();
      checkStopped(stream);
    }
  }
  return mapped;
}

/** @throws PrefineError("interrupted") once the signal has aborted. */
export function checkStopped({ name, signal }: RowStream): void {
  if (signal?.aborted) throw new PrefineError("interrupted", `stopped while mapping ${name}`);
}

/** The result of a function for one row. @throws PrefineError naming the row. */
export async function applyTo(fn: MapFunction, row: Row, index: number, nameOf: RowName): Promise<Row> {
  try {
    const source = notedRow(row); // the function may change the row
    const result = checkResult((await fn(row, index)) ?? row);
    if (source) restoreWritten(result, source);
    return result;
  } catch (error) {
    throw rowError(nameOf(index), error as Error);
  }
}

function checkResult(result: unknown): Row {
  if (isOptions(result)) return result; // a Map, Set or Date has no columns
  const actual = Array.isArray(result) ? "a list" : describeValue(result);
  throw new PrefineError("data", `expected a row or nothing from the function, it returned ${actual}`);
}

/** The error for the row of this name; a PrefineError keeps its code and hint. */
export function rowError(name: string, error: Error): PrefineError {
  const { message, hint, code } = error as Partial<PrefineError> & Error;
  const isOurs = error.name === "PrefineError";
  const what = isOurs ? message : `the function failed: ${message}`;
  const advice = isOurs ? hint : "Fix the row or the function.";
  return new PrefineError(isOurs ? (code as PrefineErrorCode) : "data", `${name}: ${what}`, advice, {
    cause: error,
  });
}

/** Decides whether `filter` keeps a row. */
export type KeepRow = (row: Row, index: number) => boolean | Promise<boolean>;

/** The numbers of the rows to keep. @throws PrefineError naming the row on which `keep` fails. */
export async function keptRows(rows: AsyncIterable<Row>, keep: KeepRow, nameOf: RowName): Promise<number[]> {
  const numbers: number[] = [];
  let index = 0;
  for await (const row of rows) {
    try {
      if (await keep(row, index)) numbers.push(index);
    } catch (error) {
      throw rowError(nameOf(index), error as Error);
    }
    index++;
  }
  return numbers;
}

/** Rows of batches, with turns for timers and signals: a loop over rows in memory would give none. */
export async function* oneByOne(batches: AsyncIterable<Row[]>): AsyncGenerator<Row> {
  const turn = turnTaker();
  for await (const batch of batches) {
    for (const row of released(batch)) {
      yield row;
      await turn();
    }
  }
}

/** Rows that are no longer held once they were taken: those of a row group would stay while the next one is read. */
function* released(rows: Row[]): Generator<Row> {
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    rows[i] = undefined as never;
    yield row;
  }
  rows.length = 0;
}
