/**
 * @file The pairs of a large split: a step waits for its own pairs only; a second pass over the rows tokenizes the
 * rest, slowly enough that a running step loses at most a twentieth of a core.
 */

import { type ExaminedRow, StoredPair } from "../../../data/preferences/examineRow.ts";
import type { Truncation } from "../../../data/preferences/packPair.ts";
import { charactersOf } from "../../../data/preferences/rowGroups.ts";
import { RowReader } from "../../../data/preferences/rowReader.ts";
import type { TokenizingThreads } from "../../../data/preferences/tokenizingThreads.ts";
import type { PairTokens, WinRates } from "../../../data/preferences/types.ts";
import type { NumberedPair } from "../../../data/shapes/shape.ts";
import { trlRow } from "../../../data/shapes/trl.ts";
import { PrefineError } from "../../../errors.ts";
import { turnTaker } from "../../../host.ts";
import type { RowName } from "../../../phrases.ts";
import type { RunObserver } from "../../run.ts";
import { type PairStore, packedLength } from "../tokenized.ts";
import { AheadReport } from "./aheadReport.ts";
import { RowQueue } from "./rowQueue.ts";
import type { TokenEntry, TokenizedRow } from "./tokenFile.ts";

/** Rest after each piece of the second pass, in times of its length: it takes at most a fortieth of a thread. */
const REST = 39;

/** Share of a split's pairs that must be new for the file of tokens to be written again when a training ends. */
const WORTH_WRITING = 0.05;

export interface AheadSource {
  /** Name in messages. */
  split: string;
  /** Names of its rows in messages. */
  nameOf: RowName;
  /** Pairs of these rows, in order; undefined: of all. `index` counts the given rows. */
  pairsOf(rows: readonly number[] | undefined): Promise<AsyncIterable<NumberedPair>>;
  /** Undefined: all pairs are in `entry`. */
  threads: TokenizingThreads | undefined;
  /** The first pass, here or in an earlier run. */
  entry: TokenEntry;
  /** Whether the survey's rows are from the file of tokens. */
  isKept?: boolean;
  drop_degenerate?: boolean | undefined;
  /** Keeps what is tokenized so far for later runs. */
  keep?: ((examined: ReadonlyMap<number, TokenizedRow>) => Promise<void>) | undefined;
  observer: RunObserver;
}

export class AheadPairs implements PairStore {
  readonly length: number;
  private readonly source: AheadSource;
  /** By the pair's place among those that are trained on. */
  private readonly stored: (StoredPair | undefined)[];
  private reader: Promise<RowReader> | undefined;
  private readonly underWay = new Map<number, Promise<void>>();
  /** Pair of the split -> place; -1: dropped. */
  private readonly placeOf: Int32Array;
  private readonly report: AheadReport;
  /** 1 for each pair that lost tokens to max_length, by place. */
  private readonly cut: Uint8Array;
  private seen = 0;
  /** Pairs in the file of tokens. */
  private written = 0;
  private failure: { error: unknown } | undefined;
  private second: Promise<void> | undefined;
  private isHurried = false;
  private isOver = false;
  private wake = () => {};

  constructor(source: AheadSource) {
    const { split, entry, observer, drop_degenerate = false } = source;
    const { kept, numbers, examined } = entry;
    this.source = source;
    this.report = new AheadReport({ split, entry, observer, drop_degenerate });
    this.length = kept.length;
    this.stored = new Array(kept.length);
    this.cut = new Uint8Array(kept.length);
    this.placeOf = new Int32Array(numbers.length).fill(-1);
    for (const [place, number] of kept.entries()) this.placeOf[number] = place;
    for (const [number, row] of examined) this.put(number, row);
    if (source.isKept) this.written = this.seen;
  }

  get identity(): string {
    return this.source.entry.facts.identity;
  }

  /** Where all pairs are there, warns of what the checks found in them. */
  findings(): { cut: number; facts: string | undefined } | undefined {
    if (this.seen < this.length) return undefined;
    return { facts: this.report.warnings(), cut: this.report.cut };
  }

  lengths(truncation: Truncation): Int32Array | undefined {
    if (this.seen < this.length) return undefined;
    return Int32Array.from(this.stored, (pair) => packedLength(pair as StoredPair, truncation));
  }

  async tokens(places: readonly number[]): Promise<PairTokens[]> {
    this.second ??= this.tokenizeRest();
    const missing = places.filter((place) => !this.stored[place] && !this.underWay.has(place));
    if (missing.length > 0) this.fetch(missing);
    for (const place of places) await this.underWay.get(place);
    if (this.failure) throw this.failure.error;
    return places.map((place) => this.stored[place] as StoredPair);
  }

  expect(places: readonly number[]): void {
    this.tokens(places).catch(() => {}); // thrown to the step that needs them
  }

  async complete(): Promise<void> {
    this.isHurried = true;
    this.wake();
    this.second ??= this.tokenizeRest();
    await this.second;
    if (this.failure) throw this.failure.error;
  }

  async end(): Promise<void> {
    if (this.isOver) return;
    this.isOver = true;
    this.wake();
    await this.source.threads?.end();
    await this.second;
    if (this.second && this.seen < this.length) this.report.tell(this.length - this.seen);
    await this.keep();
  }

  /** Writes the file of tokens, where it is worth it. */
  private async keep(): Promise<void> {
    const { keep, entry, observer } = this.source;
    const isWorth = this.seen - this.written > (this.written === 0 ? 0 : WORTH_WRITING * this.length);
    if (!keep || this.failure || !(isWorth || (this.seen === this.length && this.written < this.length))) return;
    this.written = this.seen;
    const examined = new Map<number, TokenizedRow>();
    for (const [number, row] of entry.examined) if (this.placeOf[number] < 0) examined.set(number, row);
    for (const [place, number] of entry.kept.entries()) {
      const pair = this.stored[place];
      const outcomes = this.report.outcomesOf(number);
      if (pair) examined.set(number, { ...idsOf(pair), isCut: this.cut[place] === 1, outcomes });
    }
    await keep(examined).catch((error) => observer.warn(`tokens are not kept: ${(error as Error).message}`));
  }

  /** Tokenizes some pairs now. */
  private fetch(places: readonly number[]): void {
    const work = this.tokenizeSome(places).catch((error) => this.fail(error));
    for (const place of places) this.underWay.set(place, work);
    work.finally(() => {
      for (const place of places) this.underWay.delete(place);
    });
  }

  private async tokenizeSome(places: readonly number[]): Promise<void> {
    const { numbers, kept } = this.source.entry;
    const rows = [...new Set(places.map((place) => numbers[kept[place]]))].toSorted((a, b) => a - b);
    const wanted = new Set(places.map((place) => kept[place]));
    const queue = this.queue();
    let before = -1;
    let number = -1;
    for await (const pair of await this.source.pairsOf(rows)) {
      number = pair.index === before ? number + 1 : firstOf(numbers, rows[pair.index]);
      before = pair.index;
      if (wanted.has(number)) await this.send(queue, number, pair);
    }
    await queue.end();
  }

  /** The second pass. */
  private async tokenizeRest(): Promise<void> {
    if (this.seen === this.length) {
      this.report.tell(0);
      await this.keep();
      return;
    }
    try {
      const queue = this.queue();
      const turn = turnTaker();
      let number = 0;
      let started = performance.now();
      for await (const pair of await this.source.pairsOf(undefined)) {
        if (this.isOver) return;
        const place = this.placeOf[number++];
        await turn();
        if (place < 0 || this.stored[place] || this.underWay.has(place)) continue;
        if (!(await this.send(queue, number - 1, pair)) || this.isHurried) continue;
        await queue.end();
        await this.rest((performance.now() - started) * REST);
        started = performance.now();
      }
      await queue.end();
      await Promise.all(this.underWay.values());
      if (this.isOver || this.failure) return;
      this.report.tell(0);
      await this.keep();
    } catch (error) {
      if (!this.isOver) this.fail(error);
    }
  }

  private queue(): RowQueue<ExaminedRow> {
    const { threads } = this.source;
    if (!threads) throw new Error("internal: no threads, and not all pairs are there");
    return new RowQueue<ExaminedRow>({
      examine: (rows) => threads.examine(rows),
      capacity: threads.capacity,
      nameOf: (number) => this.nameOf(number),
      onRow: (number, row) => this.put(number, row),
    });
  }

  private async send(queue: RowQueue<ExaminedRow>, number: number, pair: NumberedPair): Promise<boolean> {
    this.reader ??= this.startReader();
    const row = (await this.reader).read(trlRow(pair), this.nameOf(number));
    return queue.add(number, row, charactersOf(row));
  }

  /** A reader that has seen the first row, which decides how all others are read. */
  private async startReader(): Promise<RowReader> {
    const reader = new RowReader();
    for await (const pair of await this.source.pairsOf([this.source.entry.numbers[0]])) {
      reader.read(trlRow(pair), this.nameOf(0));
      break;
    }
    return reader;
  }

  private nameOf(number: number): string {
    return this.source.nameOf(this.source.entry.numbers[number]);
  }

  private put(number: number, row: TokenizedRow): void {
    const place = this.placeOf[number];
    if (place >= 0 && this.stored[place]) return;
    const { untrainable } = row.outcomes;
    this.report.add(number, row, place >= 0 && !untrainable);
    if (place < 0) return;
    if (untrainable) {
      this.fail(miscounted(this.nameOf(number), untrainable[0]));
      return;
    }
    this.stored[place] = new StoredPair(row, this.ratesOf(number));
    this.seen++;
    if (row.isCut) this.cut[place] = 1;
  }

  private ratesOf(number: number): WinRates | undefined {
    const { rates } = this.source.entry;
    return rates ? { chosen: rates[2 * number], rejected: rates[2 * number + 1] } : undefined;
  }

  private fail(error: unknown): void {
    this.failure ??= { error };
  }

  private rest(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

const idsOf = ({ ids, promptLength, chosenLength }: StoredPair) => ({ ids, promptLength, chosenLength });

/** The number of a row's first pair. */
function firstOf(numbers: Int32Array, row: number): number {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle] < row) low = middle + 1;
    else high = middle;
  }
  return low;
}

function miscounted(where: string, check: string): PrefineError {
  const message = `${where}: expected a pair to train on, found none: ${check}, which its length did not show`;
  return new PrefineError("data", message, "Drop the row with a filter: its template or tokenizer is unusual.");
}
