/** @file Pairs of a stream: read, tokenized and packed in the order of its rows, as steps need them. */
import type { Row } from "../../data/datasets/features.ts";
import { startFindings } from "../../data/preferences/checks.ts";
import { type ExaminedRow, rowExaminer, StoredPair } from "../../data/preferences/examineRow.ts";
import { packPair, type Truncation } from "../../data/preferences/packPair.ts";
import { namingRow, RowReader } from "../../data/preferences/rowReader.ts";
import { examineSettings, isDropped, nothingLeft } from "../../data/preferences/tokenizePairs.ts";
import type { PackedPair, WinRates } from "../../data/preferences/types.ts";
import { readWinRates } from "../../data/preferences/winRates.ts";
import { readingLine } from "../../data/shapes/readingLine.ts";
import { openPairs, type PairStream } from "../../data/shapes/readPairs.ts";
import { trlRow } from "../../data/shapes/trl.ts";
import type { Tokenizer } from "../../data/tokenizers/tokenizer.ts";
import { PrefineError } from "../../errors.ts";
import { Sha256 } from "../../formats/sha256.ts";
import { turnTaker } from "../../host.ts";
import type { PairSource } from "../run.ts";
import { largerOf, type TokenizeRowsOptions, tokenizerIdentity } from "./tokenized.ts";

/** An IterableDataset: rows without a number, from the first on each time. */
export interface StreamedRows {
  readonly name: string;
  readonly n_shards: number;
  set_epoch(epoch: number): void;
  rows(): AsyncIterable<Row>;
}

/** Whether rows are an IterableDataset. */
export function isStreamed(rows: object): rows is StreamedRows {
  return "n_shards" in rows && "set_epoch" in rows && !("num_rows" in rows);
}

interface StreamOptions extends TokenizeRowsOptions {
  tokenizer: Tokenizer;
  batchSize: number;
  /** Leaves out the smaller batch at the end of the rows. */
  dropLast: boolean;
}

const encoder = new TextEncoder();

/** Pairs that are read before the first step: the largest of them decides the memory needed. */
const FIRST_PAIRS = 64;

interface Made {
  examined: ExaminedRow;
  winRates: WinRates | undefined;
  row: number;
}

/** Reads the first pairs. @throws PrefineError("data") where there are none. */
export async function openStreamPairs(rows: StreamedRows, options: StreamOptions): Promise<StreamPairs> {
  const pairs = new StreamPairs(rows, options);
  await pairs.begin();
  return pairs;
}

export class StreamPairs implements PairSource {
  readonly length = Number.POSITIVE_INFINITY;
  readonly origin: NonNullable<PairSource["origin"]>;
  largest = { shared: 0, chosen: 0, rejected: 0 };
  /** The format of the rows, and why: a line for the log. */
  reading = "";
  private readonly stream: StreamedRows;
  private readonly options: StreamOptions;
  private readonly examiner: ReturnType<typeof rowExaminer>;
  private readonly found = startFindings();
  /** Row of each pair of this epoch. */
  private readonly rowOf: number[] = [];
  private pass: AsyncIterator<Made> | undefined;
  private lines: PairStream["lines"] = () => [];
  private ahead: Made[] = [];
  private epoch = 0;
  /** Pairs of this epoch that have been given. */
  private given = 0;
  private rowsRead = 0;
  private hash = "";
  private before: string | undefined;
  /** Steps may ask for several batches at once. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(stream: StreamedRows, options: StreamOptions) {
    this.stream = stream;
    this.options = options;
    this.origin = { split: options.split, rows: this.rowOf };
    this.examiner = rowExaminer(options.tokenizer, examineSettings(options));
  }

  /** The pairs that were given are compared by their hash, so that a file may be fixed behind them. */
  get identity(): string {
    return `stream, ${tokenizerIdentity(this.options.tokenizer)}`;
  }

  /** Of the pairs of this epoch that have been given. */
  get givenHash(): string {
    return this.hash;
  }

  /** Says what the pairs before the next ones were in the run that is resumed. */
  resumeAfter(hash: string): void {
    this.before = hash;
  }

  /** Reads the first pairs. */
  async begin(): Promise<void> {
    await this.fill(FIRST_PAIRS);
    if (this.ahead.length === 0) {
      throw nothingLeft({ rows: this.rowsRead, findings: this.found.findings }, this.options.split);
    }
    for (const { examined } of this.ahead) this.largest = largerOf(this.largest, examined.size);
  }

  pairs(indices: readonly number[], epoch = this.epoch): Promise<PackedPair[]> {
    return this.inTurn(() => this.take(indices, epoch));
  }

  /** Whether this epoch has another batch. */
  async hasMore(): Promise<boolean> {
    const needed = this.options.dropLast ? this.options.batchSize : 1;
    await this.inTurn(() => this.fill(needed));
    return this.ahead.length >= needed;
  }

  async end(): Promise<void> {
    await this.pass?.return?.();
    const { split, observer, drop_degenerate = false } = this.options;
    const lines = this.found.lines({ split, rows: this.rowsRead, drop_degenerate });
    for (const line of [...this.lines(), ...lines]) observer.warn(line);
    this.lines = () => [];
  }

  private inTurn<T>(task: () => Promise<T>): Promise<T> {
    const work = this.turn.then(task);
    this.turn = work.catch(() => {});
    return work;
  }

  /** The pairs from indices[0] of the epoch on; fewer at its end. */
  private async take(indices: readonly number[], epoch: number): Promise<PackedPair[]> {
    const [first] = indices;
    if (epoch !== this.epoch || first < this.given) await this.restart(epoch);
    while (this.given < first) {
      await this.fill(1);
      if (this.ahead.length === 0) return [];
      this.give(1);
    }
    if (this.before !== undefined && first > 0 && this.before !== this.hash) throw this.otherRows();
    this.before = undefined;
    await this.fill(indices.length);
    if (this.options.dropLast && this.ahead.length < indices.length) return [];
    const from = this.given;
    return this.give(indices.length).map((made, i) => this.packed(made, from + i));
  }

  private give(count: number): Made[] {
    const some = this.ahead.splice(0, count);
    for (const { row, examined } of some) {
      this.rowOf[this.given++] = row;
      this.hash = new Sha256().update(encoder.encode(this.hash)).update(examined.ids).hex();
    }
    return some;
  }

  private otherRows(): PrefineError {
    const message = `${this.options.split}: expected the ${this.given} pairs that the run has trained on, found others`;
    return new PrefineError("config", message, "Resume with the same rows, order and functions, or start a new run.");
  }

  private packed({ examined, winRates }: Made, index: number): PackedPair {
    const truncation: Truncation = examineSettings(this.options).truncation;
    const pair = packPair(new StoredPair(examined, winRates), { ...truncation, index });
    if (!pair) throw new Error(`internal: pair ${index} has no completion within max_length`);
    return pair;
  }

  private async restart(epoch: number): Promise<void> {
    await this.pass?.return?.();
    this.pass = undefined;
    this.ahead = [];
    this.given = 0;
    this.hash = "";
    this.epoch = epoch;
  }

  private async fill(count: number): Promise<void> {
    this.pass ??= this.read();
    while (this.ahead.length < count) {
      const { done, value } = await this.pass.next();
      if (done) return;
      this.ahead.push(value);
    }
  }

  /** The pairs of an epoch. */
  private async *read(): AsyncGenerator<Made> {
    const { options } = this;
    const { split, tokenizer, to_preferences, signal } = options;
    this.stream.set_epoch(this.epoch);
    const hasChatTemplate = tokenizer.chat_template !== null;
    const pairs = await openPairs(this.stream.rows(), { ...to_preferences, split, hasChatTemplate });
    this.reading = readingLine(pairs, to_preferences);
    this.lines = pairs.lines;
    const reader = new RowReader();
    const turn = turnTaker();
    for await (const pair of pairs.pairs()) {
      if (signal?.aborted) throw new PrefineError("interrupted", "stopped while reading the data");
      const where = `${split} row ${pair.index}`;
      const raw = trlRow(pair);
      const row = reader.read(raw, where);
      const winRates = options.winRates ? readWinRates(raw, where) : undefined;
      const examined = namingRow(where, () => this.examiner.tokenizeAndExamine(row));
      if (this.epoch === 0) {
        this.rowsRead++;
        this.found.add(pair.index, examined.outcomes);
      }
      await turn();
      if (!isDropped(examined.outcomes, options)) yield { examined, winRates, row: pair.index };
    }
  }
}
