/** @file Reads a stream of rows: tokenizes them in their order, as steps need them, from the first on in each pass. */
import type { Row } from "../../data/datasets/features.ts";
import { startFindings } from "../../data/preferences/checks.ts";
import { type ExaminedRow, rowExaminer, StoredPair } from "../../data/preferences/examineRow.ts";
import { packPair, type Truncation } from "../../data/preferences/packPair.ts";
import { PairFacts } from "../../data/preferences/pairFacts.ts";
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
import { largerOf, type TokenizeRowsOptions, tokenizerIdentity } from "./tokenized.ts";

/** An IterableDataset: rows without a number, from the first on each time. */
export interface StreamedRows {
  readonly name: string;
  readonly n_shards: number;
  set_epoch(epoch: number): void;
  rows(): AsyncIterable<Row>;
  /** One of several parts, of whole files each. */
  shard(options: { num_shards: number; index: number }): StreamedRows;
}

/** Whether rows are an IterableDataset. */
export function isStreamed(rows: unknown): rows is StreamedRows {
  if (typeof rows !== "object" || rows === null) return false;
  return "n_shards" in rows && "set_epoch" in rows && !("num_rows" in rows);
}

export interface ReaderOptions extends TokenizeRowsOptions {
  tokenizer: Tokenizer;
}

const encoder = new TextEncoder();

/** Pairs that are read before the first step: the largest of them decides the memory needed. */
const FIRST_PAIRS = 64;

/** A tokenized row that is not dropped. */
export interface ReadPair {
  examined: ExaminedRow;
  winRates: WinRates | undefined;
  row: number;
}

export class StreamReader {
  /** Pairs that have been read and not given, in order. */
  readonly ahead: ReadPair[] = [];
  /** Passes over the rows before this one. */
  pass = 0;
  /** Pairs of this pass that have been given, and their hash. */
  given = 0;
  hash = "";
  largest = { shared: 0, chosen: 0, rejected: 0 };
  /** The format of the rows, and why: a line for the log. */
  reading = "";
  private readonly stream: StreamedRows;
  private readonly options: ReaderOptions;
  private readonly examiner: ReturnType<typeof rowExaminer>;
  private readonly found = startFindings();
  private readonly facts = new PairFacts();
  private rows: AsyncIterator<ReadPair> | undefined;
  /** Of the row that can't be read: a read behind it must not find an end of the rows. */
  private failure: { error: unknown } | undefined;
  private lines: PairStream["lines"] = () => [];
  private rowsRead = 0;
  /** Steps may ask for several batches at once. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(stream: StreamedRows, options: ReaderOptions) {
    this.stream = stream;
    this.options = options;
    this.examiner = rowExaminer(options.tokenizer, examineSettings(options));
  }

  /** The pairs that were given are compared by their hash, so that a file may be fixed behind them. */
  get identity(): string {
    return `stream, ${tokenizerIdentity(this.options.tokenizer)}`;
  }

  /** Reads the first pairs. @throws PrefineError("data") where there are none. */
  async begin(): Promise<void> {
    await this.fill(FIRST_PAIRS);
    if (this.ahead.length === 0) {
      throw nothingLeft({ rows: this.rowsRead, findings: this.found.findings }, this.options.split);
    }
    for (const { examined } of this.ahead) this.largest = largerOf(this.largest, examined.size);
  }

  /** Calls made at the same time are done one after the other. */
  inTurn<T>(task: () => Promise<T>): Promise<T> {
    const work = this.turn.then(task);
    this.turn = work.catch(() => {});
    return work;
  }

  /** Reads until `count` pairs are ahead, or the rows end. */
  async fill(count: number): Promise<void> {
    while (this.ahead.length < count) {
      if (this.failure) throw this.failure.error;
      this.rows ??= this.read();
      const { done, value } = await this.rows.next().catch((error) => {
        this.failure = { error };
        throw error;
      });
      if (done) return;
      this.ahead.push(value);
    }
  }

  /** The next pairs; fewer if fewer are ahead. */
  give(count: number): ReadPair[] {
    const some = this.ahead.splice(0, count);
    this.given += some.length;
    for (const { examined } of some)
      this.hash = new Sha256().update(encoder.encode(this.hash)).update(Int32Array.from(examined.ids)).hex();
    return some;
  }

  /** Gives pairs until `count` of this pass have been given, or its rows end. */
  async skipTo(count: number, onGiven: (pair: ReadPair) => void = () => {}): Promise<void> {
    while (this.given < count) {
      await this.fill(1);
      if (this.ahead.length === 0) return;
      this.give(1).forEach(onGiven);
    }
  }

  /** Begins with the first row again. */
  async restart(pass: number): Promise<void> {
    await this.rows?.return?.();
    this.rows = undefined;
    this.failure = undefined;
    this.ahead.length = 0;
    this.given = 0;
    this.hash = "";
    this.pass = pass;
  }

  /** Stops reading, and says what was found. */
  async end(): Promise<void> {
    await this.rows?.return?.();
    const { split, observer, drop_degenerate = false } = this.options;
    const lines = this.found.lines({ split, rows: this.rowsRead, drop_degenerate });
    for (const line of [...this.lines(), ...lines]) observer.warn(line);
    const facts = this.facts.line(split);
    if (facts) observer.info(facts);
    this.lines = () => [];
  }

  packed({ examined, winRates }: ReadPair, index: number): PackedPair {
    const truncation: Truncation = examineSettings(this.options).truncation;
    const pair = packPair(new StoredPair(examined, winRates), { ...truncation, index });
    if (!pair) throw new Error(`internal: pair ${index} has no completion within max_length`);
    return pair;
  }

  /** Where a resumed run's pairs are not those of the run before. */
  otherRows(): PrefineError {
    const message = `${this.options.split}: expected the ${this.given} pairs that the run has trained on, found others`;
    return new PrefineError("config", message, "Resume with the same rows, order and functions, or start a new run.");
  }

  /** The pairs of a pass. */
  private async *read(): AsyncGenerator<ReadPair> {
    const { options } = this;
    const { split, tokenizer, to_preferences, signal } = options;
    this.stream.set_epoch(this.pass);
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
      if (this.pass === 0) {
        this.rowsRead++;
        this.found.add(pair.index, examined.outcomes);
        if (!isDropped(examined.outcomes, options)) this.facts.add(examined);
      }
      await turn();
      if (!isDropped(examined.outcomes, options)) yield { examined, winRates, row: pair.index };
    }
  }
}
