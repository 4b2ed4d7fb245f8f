/**
 * @file The first pass over a large split: finds rows that can't be read, hashes all, counts the prompts that fill
 * max_length, and tokenizes the longest rows, which decide the memory needed.
 */
import { type ExaminedRow, filledRow, type PromptFill } from "../../../data/preferences/examineRow.ts";
import type { PackedSize } from "../../../data/preferences/packPair.ts";
import type { ReadRow } from "../../../data/preferences/readRow.ts";
import { charactersOf } from "../../../data/preferences/rowGroups.ts";
import { namingRow, RowReader } from "../../../data/preferences/rowReader.ts";
import { isDropped } from "../../../data/preferences/tokenizePairs.ts";
import type { TokenizingThreads } from "../../../data/preferences/tokenizingThreads.ts";
import { readWinRates } from "../../../data/preferences/winRates.ts";
import type { PairStream } from "../../../data/shapes/readPairs.ts";
import type { NumberedPair } from "../../../data/shapes/shape.ts";
import { trlRow } from "../../../data/shapes/trl.ts";
import type { Tokenizer } from "../../../data/tokenizers/tokenizer.ts";
import { PrefineError } from "../../../errors.ts";
import { turnTaker } from "../../../host.ts";
import { counted, type RowName } from "../../../phrases.ts";
import { largerOf, type TokenizeRowsOptions } from "../tokenized.ts";
import { RowQueue } from "./rowQueue.ts";
import { PromptBound, RowHash } from "./rowSizes.ts";
import { TemplateProbe } from "./templateProbe.ts";

export interface Survey {
  /** Pair -> row. */
  numbers: Int32Array;
  /** The pairs that are trained on. */
  kept: Int32Array;
  /** Pairs that were tokenized already: those that are dropped, and a few others. */
  examined: ReadonlyMap<number, ExaminedRow>;
  largest: PackedSize;
  /** See TokenEntry. */
  rates: Float64Array | null;
  /** Of all texts. */
  hash: string;
}

/** The first rows and the longest ones are tokenized in any case. */
const SAMPLES = 16;

interface SurveyOptions extends Omit<TokenizeRowsOptions, "to_preferences"> {
  nameOf: RowName;
  tokenizer: Tokenizer;
  threads: TokenizingThreads;
  /** Whether all rows are tokenized, whatever the template. */
  isWhole: boolean;
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
  const pass = new FirstPass(options);
  try {
    for await (const pair of stream.pairs()) await pass.look(pair);
  } finally {
    await pass.settle(); // throws the error of an earlier row, which comes first
  }
  return pass.end();
}

class FirstPass {
  /** Prompts that may fill max_length, and rows that are tokenized in any case. */
  private readonly prompts: RowQueue<PromptFill>;
  private readonly queue: RowQueue<ExaminedRow>;
  private readonly options: SurveyOptions;
  private readonly numbers: number[] = [];
  private readonly examined = new Map<number, ExaminedRow>();
  private readonly suspects = new Set<number>();
  private readonly rates: number[] = [];
  private readonly hash = new RowHash();
  private readonly reader = new RowReader();
  private readonly samples = new Samples();
  /** Rows of which only all tokens show whether their prompt fills max_length. */
  private unsure: { number: number; row: ReadRow }[] = [];
  private readonly bound: PromptBound;
  private readonly probe: TemplateProbe;
  private readonly work: (rows: number) => Promise<void>;
  /** Whether all rows are tokenized. */
  private isWhole: boolean | undefined;

  constructor(options: SurveyOptions) {
    const { threads, tokenizer } = options;
    this.options = options;
    this.bound = new PromptBound(tokenizer, options);
    this.probe = new TemplateProbe(tokenizer);
    this.work = watched(options);
    this.queue = this.wholeRows();
    this.prompts = new RowQueue({
      ...this.queueOptions(),
      examine: (rows) => threads.promptFills(rows),
      onRow: (number, fill, row) => {
        if (fill === "full") this.examined.set(number, filledRow(options.max_length));
        if (fill === "unsure") this.unsure.push({ number, row });
      },
    });
  }

  async look(pair: NumberedPair): Promise<void> {
    const { winRates } = this.options;
    const number = this.numbers.push(pair.index) - 1;
    const name = this.nameOf(number);
    const raw = trlRow(pair);
    const row = this.reader.read(raw, name);
    if (winRates) {
      const { chosen, rejected } = readWinRates(raw, name);
      this.rates.push(chosen, rejected);
    }
    const bytes = this.hash.add(row);
    this.isWhole ??= this.options.isWhole || this.probe.needsAll(row);
    const { isWhole } = this;
    if (!isWhole) {
      namingRow(name, () => this.probe.check(row));
      this.samples.add({ number, row, bytes });
    }
    if (isWhole || this.bound.mayFill(row)) this.suspects.add(number);
    if (isWhole) await this.queue.add(number, row, bytes);
    else if (this.suspects.has(number)) {
      await this.prompts.add(number, row, charactersOf(row.prompt));
      await this.examineUnsure();
    }
    await this.work(number + 1);
  }

  /** Waits for the threads. @throws the error of the first row that failed. */
  async settle(): Promise<void> {
    let failure: { error: unknown } | undefined;
    await this.prompts.end().catch((error) => {
      failure = { error };
    });
    await this.examineUnsure(); // of rows before the one that failed
    await this.queue.end();
    if (failure) throw failure.error;
  }

  async end(): Promise<Survey | null> {
    const { winRates } = this.options;
    const queue = this.wholeRows();
    for (const { number, row, bytes } of this.samples.rows()) await queue.add(number, row, bytes);
    await queue.end();
    const { examined, numbers, suspects, hash } = this;
    if ([...examined.keys()].some((number) => this.isOut(number) && !suspects.has(number))) return null;
    const kept = Int32Array.from(numbers.keys()).filter((number) => !this.isOut(number));
    const largest = largestOf([...examined].filter(([number]) => !this.isOut(number)).map(([, { size }]) => size));
    const rates = winRates ? Float64Array.from(this.rates) : null;
    return { numbers: Int32Array.from(numbers), kept, examined, largest, rates, hash: hash.hex() };
  }

  private async examineUnsure(): Promise<void> {
    const rows = this.unsure;
    this.unsure = [];
    for (const { number, row } of rows) await this.queue.add(number, row, charactersOf(row));
  }

  private wholeRows(): RowQueue<ExaminedRow> {
    return new RowQueue({
      ...this.queueOptions(),
      examine: (rows) => this.options.threads.examine(rows),
      onRow: (number, row) => void this.examined.set(number, row),
    });
  }

  private queueOptions() {
    return { capacity: this.options.threads.capacity, nameOf: (number: number) => this.nameOf(number) };
  }

  private isOut(number: number): boolean {
    const row = this.examined.get(number);
    return row !== undefined && isDropped(row.outcomes, this.options);
  }

  private nameOf(number: number): string {
    return this.options.nameOf(this.numbers[number]);
  }
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
