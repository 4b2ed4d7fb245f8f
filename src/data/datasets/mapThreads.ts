/** @file Applies a module's function to rows on Node's worker threads; imported where datasets are loaded. */
import { hasWritten, restoreWritten } from "../../formats/written.ts";
import type { Row } from "./features.ts";
import type { MapModule } from "./mapFunction.ts";
import { importFunction } from "./mapModule.ts";
import { checkStopped, mapHere, mapModulesWith, type RowStream, rowError } from "./mapRows.ts";
import { MapWorker } from "./mapWorker.ts";
import { ResultRows } from "./resultRows.ts";

/** Maximum rows per batch sent to a thread. */
const BATCH_ROWS = 1000;

mapModulesWith(async (stream, fn, threads) => {
  const batchRows = Math.max(1, Math.min(BATCH_ROWS, Math.ceil(stream.numRows / threads)));
  const workers = Math.min(threads, Math.ceil(stream.numRows / batchRows));
  // one thread would be no faster than this one, but can be ended in the middle of a row
  if (workers <= 1 && (!stream.signal || stream.numRows === 0)) return mapHere(stream, await importFunction(fn));
  return mapInThreads(stream, fn, { workers, batchRows });
});

/** Each batch goes to a free thread; a failure stops all, and the first failed row is reported. */
async function mapInThreads(
  stream: RowStream,
  fn: MapModule,
  { workers, batchRows }: { workers: number; batchRows: number },
): Promise<ResultRows> {
  const pool = Array.from({ length: workers }, () => new MapWorker(fn));
  const batches = cut(stream.batches(), batchRows);
  const results = new InOrder();
  const failures: { index: number; error: Error }[] = [];
  const work = async (worker: MapWorker) => {
    for (let next = await batches.next(); !next.done && failures.length === 0; next = await batches.next()) {
      const { id, start, rows } = next.value;
      const reply = await worker.run(start, rows);
      if ("rows" in reply) {
        restoreRows(reply.rows, rows);
        await results.add(id, reply.rows);
      } else failures.push(reply.failure);
    }
  };
  const stopping = whenAborted(stream);
  try {
    await Promise.race([Promise.all(pool.map(work)), stopping.promise]);
  } finally {
    stopping.forget();
    await Promise.all(pool.map((worker) => worker.stop()));
  }
  const [first] = failures.sort((a, b) => a.index - b.index);
  if (first) throw rowError(stream.nameOf(first.index), first.error);
  return results.rows;
}

/** Results of batches, which come in any order. */
class InOrder {
  readonly rows = new ResultRows();
  private readonly early = new Map<number, readonly Row[]>();
  private next = 0;
  private adding: Promise<void> = Promise.resolve();

  /** Waits while rows are written. */
  add(id: number, rows: readonly Row[]): Promise<void> {
    this.early.set(id, rows);
    this.adding = this.adding.then(async () => {
      for (let some = this.early.get(this.next); some; some = this.early.get(this.next)) {
        this.early.delete(this.next++);
        for (const row of some) await this.rows.add(row);
      }
    });
    return this.adding;
  }
}

/** A promise that rejects when the stream's signal aborts; `forget` it in the end. */
function whenAborted(stream: RowStream): { promise: Promise<never>; forget: () => void } {
  let stop = () => {};
  const promise = new Promise<never>((_, reject) => {
    stop = () => {
      try {
        checkStopped(stream);
      } catch (error) {
        reject(error);
      }
    };
    stream.signal?.addEventListener("abort", stop);
    stop();
  });
  promise.catch(() => {}); // awaited above, or not at all
  return { promise, forget: () => stream.signal?.removeEventListener("abort", stop) };
}

/** A message to a thread keeps no notes of floats and orders. */
function restoreRows(results: readonly Row[], sources: readonly Row[]): void {
  for (const [i, source] of sources.entries()) if (hasWritten(source)) restoreWritten(results[i], source);
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
