/** @file Applies a function to rows, on this thread or on several; errors name the row. */
import { PrefineError, type PrefineErrorCode } from "../../errors.ts";
import { isObject } from "../../formats/parseJson.ts";
import type { Row } from "./features.ts";
import { importFunction, isBuiltIn, type MapFunction, type MapModule } from "./mapFunction.ts";
import { MapWorker } from "./mapWorker.ts";

export interface MapOptions {
  /** Threads. Above 1 it needs a function that lives in a module. Default: 1. */
  num_proc?: number;
  /** Accepted for scripts that come from Python's datasets; nothing is cached, so it has no effect. */
  load_from_cache_file?: boolean;
  /** Gets one line where the call runs differently from what was asked. */
  onWarning?: (line: string) => void;
}

/** Rows to go through: `name` for messages, and how many there are. */
export interface RowStream {
  name: string;
  numRows: number;
  /** Yields every row once, in order; the receiver may change them. */
  batches: () => AsyncGenerator<Row[]>;
}

/** Rows that a thread gets at once, at most. */
const BATCH_ROWS = 1000;

/** The rows that `fn` makes of the stream's, in order. */
export async function mapRows(stream: RowStream, fn: MapFunction | MapModule, options: MapOptions): Promise<Row[]> {
  const threads = checkThreads(options.num_proc ?? 1);
  if (typeof fn === "function") {
    if (threads > 1 && !isBuiltIn(fn)) options.onWarning?.(inlineWarning(threads));
    return mapHere(stream, fn);
  }
  const batchRows = Math.max(1, Math.min(BATCH_ROWS, Math.ceil(stream.numRows / threads)));
  const workers = Math.min(threads, Math.ceil(stream.numRows / batchRows));
  if (workers <= 1) return mapHere(stream, await importFunction(fn));
  return mapInThreads(stream, fn, { workers, batchRows });
}

/** The line for an inline function with `num_proc` above 1. */
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

async function mapHere(stream: RowStream, fn: MapFunction): Promise<Row[]> {
  const mapped: Row[] = [];
  for await (const rows of stream.batches()) {
    for (const row of rows) mapped.push(await applyTo(fn, row, mapped.length, stream.name));
  }
  return mapped;
}

async function applyTo(fn: MapFunction, row: Row, index: number, name: string): Promise<Row> {
  try {
    return checkResult((await fn(row, index)) ?? row);
  } catch (error) {
    throw rowError(name, index, error as Error);
  }
}

function checkResult(result: unknown): Row {
  if (isObject(result)) return result;
  const found = Array.isArray(result) ? "a list" : typeof result;
  throw new PrefineError("data", `expected a row or nothing from the function, it returned ${found}`);
}

/** What went wrong with row `index` of `name`; an error of prefine keeps its code and hint. */
export function rowError(name: string, index: number, error: Error): PrefineError {
  const { message, hint, code } = error as Partial<PrefineError> & Error;
  const known = error.name === "PrefineError";
  const what = known ? message : `the function failed: ${message}`;
  const advice = known ? hint : "Mend the row, or the function.";
  return new PrefineError(known ? (code as PrefineErrorCode) : "data", `${name} row ${index}: ${what}`, advice, {
    cause: error,
  });
}

/** Batches go to whichever thread is free; a failure stops all, and the first row that fails is the one reported. */
async function mapInThreads(
  stream: RowStream,
  fn: MapModule,
  { workers, batchRows }: { workers: number; batchRows: number },
): Promise<Row[]> {
  const pool = Array.from({ length: workers }, () => new MapWorker(fn));
  const batches = cut(stream.batches(), batchRows);
  const results: Row[][] = [];
  const failures: { index: number; error: Error }[] = [];
  const work = async (worker: MapWorker) => {
    for (let next = await batches.next(); !next.done && failures.length === 0; next = await batches.next()) {
      const { id, start, rows } = next.value;
      const reply = await worker.run(start, rows);
      if ("failure" in reply) failures.push(reply.failure);
      else results[id] = reply.rows;
    }
  };
  try {
    await Promise.all(pool.map(work));
  } finally {
    await Promise.all(pool.map((worker) => worker.stop()));
  }
  const [first] = failures.sort((a, b) => a.index - b.index);
  if (first) throw rowError(stream.name, first.index, first.error);
  return results.flat();
}

async function* cut(batches: AsyncGenerator<Row[]>, size: number) {
  let id = 0;
  let start = 0;
  for await (const rows of batches) {
    for (let i = 0; i < rows.length; i += size) {
      const some = rows.slice(i, i + size);
      yield { id: id++, start, rows: some };
      start += some.length;
    }
  }
}
