/**
 * @file The first pass over a large split: finds rows that can't be read, hashes all, counts the prompts that fill
 * max_length, and tokenizes the longest rows, which decide the memory needed.
 */
import type { ExaminedRow } from "../../../data/preferences/examineRow.ts";
import type { PackedSize } from "../../../data/preferences/packPair.ts";
import type { ReadRow } from "../../../data/preferences/readRow.ts";
import { RowReader } from "../../../data/preferences/rowReader.ts";
import type { TokenizingThreads } from "../../../data/preferences/tokenizingThreads.ts";
import type { PairStream } from "../../../data/shapes/readPairs.ts";
import { trlRow } from "../../../data/shapes/trl.ts";
import type { Tokenizer } from "../../../data/tokenizers/tokenizer.ts";
import { PrefineError } from "../../../errors.ts";
import { turnTaker } from "../../../host.ts";
import { counted } from "../../../phrases.ts";
import { largerOf, type TokenizeRowsOptions } from "../tokenized.ts";
import { RowQueue } from "./rowQueue.ts";
import { PromptBound, RowHash } from "./rowSizes.ts";

export interface Survey {
  /** Pair -> row. */
  numbers: Int32Array;
  /** The pairs that are trained on. */
  kept: Int32Array;
  /** Pairs that were tokenized already: those that are dropped, and a few others. */
  examined: ReadonlyMap<number, ExaminedRow>;
  largest: PackedSize;
  /** Of all texts. */
  hash: string;
}

/** The first rows and the longest ones are tokenized in any case. */
const SAMPLES = 16;

interface SurveyOptions extends Omit<TokenizeRowsOptions, "to_preferences"> {
  tokenizer: Tokenizer;
  threads: TokenizingThreads;
}

interface Weighed {
  number: number;
  row: ReadRow;
  bytes: number;
}

/**
 * @returns null where a sampled row is dropped for a reason that its length did not show: then all rows must be
 *   tokenized to count them.
 */
export async function surveyRows(stream: PairStream, options: SurveyOptions): Promise<Survey | null> {
  const { split, threads, tokenizer } = options;
  const numbers: number[] = [];
  const examined = new Map<number, ExaminedRow>();
  const suspects = new Set<number>();
  const nameOf = (number: number) => `${split} row ${numbers[number]}`;
  const keep = (number: number, row: ExaminedRow | null) => {
    if (row) examined.set(number, row);
  };
  const queue = new RowQueue<ExaminedRow | null>({
    examine: (rows) => threads.examineFull(rows),
    capacity: threads.capacity,
    nameOf,
    onRow: keep,
  });
  const bound = new PromptBound(tokenizer, options);
  const [hash, reader] = [new RowHash(), new RowReader()];
  const samples = new Samples();
  const work = watched(options);
  for await (const pair of stream.pairs()) {
    const number = numbers.push(pair.index) - 1;
    const row = reader.read(trlRow(pair), nameOf(number));
    const bytes = hash.add(row);
    samples.add({ number, row, bytes });
    if (bound.mayFill(row)) {
      suspects.add(number);
      await queue.add(number, row, bytes);
    }
    await work(number + 1);
  }
  await queue.end();
  await examineSamples(samples.rows(), { threads, nameOf, keep });
  const isDropped = (number: number) => (examined.get(number)?.outcomes.untrainable ?? null) !== null;
  if ([...examined.keys()].some((number) => isDropped(number) && !suspects.has(number))) return null;
  const kept = Int32Array.from(numbers.keys()).filter((number) => !isDropped(number));
  const largest = largestOf([...examined].filter(([number]) => !isDropped(number)).map(([, { size }]) => size));
  return { numbers: Int32Array.from(numbers), kept, examined, largest, hash: hash.hex() };
}

/** Gives turns, shows progress, stops at the signal. */
function watched({ split, observer, signal }: SurveyOptions): (rows: number) => Promise<void> {
  const turn = turnTaker();
  return async (rows) => {
    const pause = turn();
    if (!pause) return;
    observer.status(`reading ${split}: ${counted(rows, "row")}`);
    await pause;
    if (signal?.aborted) throw new PrefineError("interrupted", "stopped while reading the data");
  };
}

interface Examining {
  threads: TokenizingThreads;
  nameOf(number: number): string;
  keep(number: number, row: ExaminedRow): void;
}

async function examineSamples(rows: readonly Weighed[], { threads, nameOf, keep }: Examining): Promise<void> {
  const queue = new RowQueue<ExaminedRow>({
    examine: (some) => threads.examine(some),
    capacity: threads.capacity,
    nameOf,
    onRow: keep,
  });
  for (const { number, row, bytes } of rows) await queue.add(number, row, bytes);
  await queue.end();
}

/** The first rows, and the longest. */
class Samples {
  private readonly first: Weighed[] = [];
  private readonly longest: Weighed[] = [];

  add(row: Weighed): void {
    if (this.first.length < SAMPLES) this.first.push(row);
    const { longest } = this;
    if (longest.length === SAMPLES && row.bytes <= longest[SAMPLES - 1].bytes) return;
    const place = longest.findIndex(({ bytes }) => bytes < row.bytes);
    longest.splice(place < 0 ? longest.length : place, 0, row);
    longest.length = Math.min(longest.length, SAMPLES);
  }

  rows(): Weighed[] {
    return [...new Set([...this.first, ...this.longest])].toSorted((a, b) => a.number - b.number);
  }
}

function largestOf(sizes: readonly PackedSize[]): PackedSize {
  return sizes.reduce(largerOf, { shared: 0, chosen: 0, rejected: 0 });
}
