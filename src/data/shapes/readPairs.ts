/**
 * @file Rows of any shape -> TRL's rows, one after the other. Texts and messages are not copied, and only shapes that
 * pair several rows hold any.
 */
import { PrefineError } from "../../errors.ts";
import { isObject } from "../../formats/parseJson.ts";
import { grouped, plural, type RowName, rowNames } from "../../phrases.ts";
import type { Row } from "../datasets/features.ts";
import { checkRow, readPreferenceRow } from "../preferences/readRow.ts";
import { PromptWatch } from "./promptWatch.ts";
import { ratedOtherwise } from "./ratedOtherwise.ts";
import { checkMap, type Recognized, recognize, renamedRow, sampleOf } from "./recognize.ts";
import { type Collector, type NumberedPair, type Reading, type ShapeOptions, within } from "./shape.ts";
import { trlRow } from "./trl.ts";

/** Rows that are looked at to recognize the shape. */
const SAMPLE_ROWS = 64;

export interface ReadPairsOptions extends ShapeOptions {
  /** The format, where other rows of the dataset have shown it. */
  recognized?: Recognized | undefined;
  /** The split's name in messages. */
  split: string;
  /** Names of the rows in messages. Default: `SPLIT row N`. */
  nameOf?: RowName | undefined;
  /** False: texts stay texts where a format allows it. Default: true. */
  hasChatTemplate?: boolean | undefined;
  /** True: columns that pairs don't need stay, too. Default: false. */
  isConversion?: boolean | undefined;
  /** Is given the error of a row that does not fit, which is skipped. Default: the error ends the pairs. */
  onBadRow?: ((error: PrefineError, row: number) => void) | undefined;
}

/** The pairs of a split. */
export interface PairStream extends Recognized {
  /** One after the other, once. @throws PrefineError("data") naming the row that does not fit. */
  pairs(): AsyncGenerator<NumberedPair>;
  /** The rows instead of the pairs: with the columns of `map` renamed, and as they are. */
  rows(): AsyncGenerator<{ row: Row; raw: Row; index: number }>;
  /** After the last pair: lines about rows that were skipped, and about texts that nothing uses. */
  lines(): string[];
  /** Rows that have been read so far. */
  rowsRead(): number;
  /** After the last pair: rows that are in none, by why. */
  skipped(): ReadonlyMap<string, readonly number[]>;
}

type Rows = AsyncIterable<Row> | Iterable<Row>;

/**
 * Opens rows: reads the first ones and recognizes their shape.
 * @throws PrefineError("data") for rows that fit several shapes, and for columns of `map` that are not there.
 */
export async function openPairs(rows: Rows, options: ReadPairsOptions): Promise<PairStream> {
  const { split, data_format, map } = options;
  const nameOf = options.nameOf ?? rowNames(split);
  const iterator = iterate(rows);
  const first: Row[] = [];
  while (first.length < SAMPLE_ROWS) {
    const { done, value } = await iterator.next();
    if (done) break;
    first.push(value);
  }
  if (map) checkMap(map, sampleOf(first), split);
  const rename = (row: Row) => (map && isObject(row) ? renamedRow(row, map) : row);
  const sample = sampleOf(first.map(rename));
  const recognized = options.recognized ?? recognize(sample, data_format, split, nameOf);
  const notes: Notes = { told: new Map(), skipped: new Map() };
  let index = 0;
  const watch = new PromptWatch({ split, nameOf, isLenient: recognized.isChosen });
  const all = async function* () {
    for (const row of first.splice(0)) yield { row: rename(row), raw: row, index: index++ };
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
      yield { row: rename(next.value), raw: next.value, index: index++ };
    }
  };
  return {
    ...recognized,
    rows: all,
    pairs: () => readAll(all(), { recognized, options, nameOf, notes, watch }),
    lines: () => [...noteLines(notes, split), ...watch.lines()],
    rowsRead: () => index,
    skipped: () => notes.skipped,
  };
}

const iterate = (rows: Rows): AsyncIterator<Row> | Iterator<Row> =>
  Symbol.asyncIterator in rows ? rows[Symbol.asyncIterator]() : rows[Symbol.iterator]();

/** The format of rows, for a look at them: of several that fit all, of none undefined. */
export async function recognizedFormat(rows: Rows, split: string): Promise<string | undefined> {
  const first: Row[] = [];
  for await (const row of rows) if (first.push(row) === SAMPLE_ROWS) break;
  try {
    const { shape, why, change } = recognize(sampleOf(first), null, split);
    return shape.recognizes?.(sampleOf(first.map(change))) === undefined ? undefined : `${shape.name} (${why})`;
  } catch (error) {
    if (error instanceof PrefineError) return error.message;
    throw error;
  }
}

/** Note -> rows. */
interface Notes {
  told: Map<string, number[]>;
  /** Why rows are in no pair. */
  skipped: Map<string, number[]>;
}

interface Work {
  recognized: Recognized;
  options: ReadPairsOptions;
  nameOf: RowName;
  notes: Notes;
  watch: PromptWatch;
}

async function* readAll(rows: AsyncIterable<{ row: Row; index: number }>, work: Work): AsyncGenerator<NumberedPair> {
  const { shape } = work.recognized;
  let current = 0;
  let pairs = 0;
  const reading = readingOf(work, () => current);
  const collector = shape.collects?.(reading);
  for await (const { row, index } of rows) {
    current = index;
    const read = orBadRow(work, index, () => pairsOfRow({ row, index, collector, reading }, work));
    for (const pair of read) yield pair;
    pairs += read.length;
  }
  const left = collector?.end() ?? [];
  for (const pair of left) yield checked(pair, work);
  if (pairs + left.length === 0 && work.notes.skipped.size > 0) throw nothingPaired(work);
}

interface RawRow {
  row: Row;
  index: number;
  collector: Collector | undefined;
  reading: Reading;
}

function pairsOfRow({ row, index, collector, reading }: RawRow, work: Work): NumberedPair[] {
  const { shape, change } = work.recognized;
  const where = work.nameOf(index);
  checkRow(row, where);
  if (ratedOtherwise(row) !== undefined) reading.note("whose rejected answer is rated above the chosen one");
  const read = within(where, () => {
    const changed = change(row);
    return collector ? collector.add(changed, index) : shape.reads(changed, reading).map((one) => ({ ...one, index }));
  });
  return read.map((pair) => checked(pair, work));
}

function orBadRow({ options: { onBadRow } }: Work, index: number, read: () => NumberedPair[]): readonly NumberedPair[] {
  try {
    return read();
  } catch (error) {
    if (!onBadRow || !(error instanceof PrefineError) || error.code !== "data") throw error;
    onBadRow(error, index);
    return [];
  }
}

const NO_PAIR = "Look at the data with `prefine data`; docs/data-formats.md says what makes a pair of each format.";

/** All rows were skipped, each for a reason that is a note. */
function nothingPaired({ notes, options: { split }, recognized: { shape } }: Work): PrefineError {
  const reasons = noteLines(notes, split).join("; ");
  const message = `${split}: expected preferences in ${shape.name} rows, found none: ${reasons}`;
  return new PrefineError("data", message, NO_PAIR);
}

function checked(read: NumberedPair, { nameOf, watch }: Work): NumberedPair {
  const where = nameOf(read.index);
  const row = trlRow(read);
  const isImplicit = !("prompt" in row);
  watch.look(row, readPreferenceRow(row, { where, implicitPrompt: isImplicit }), read.index);
  return read;
}

function readingOf({ options, notes }: Work, current: () => number): Reading {
  return {
    settings: options.data_format_options ?? {},
    pairing: options.pairing ?? null,
    margin: options.pairing_margin ?? null,
    ties: options.ties ?? null,
    hasChatTemplate: options.hasChatTemplate ?? true,
    isConversion: options.isConversion ?? false,
    note: (note) => count(notes.told, note, current()),
    skip: (why, row = current()) => count(notes.skipped, why, row),
  };
}

function count(notes: Map<string, number[]>, note: string, row: number): void {
  const rows = notes.get(note);
  if (rows) rows.push(row);
  else notes.set(note, [row]);
}

function noteLines({ told, skipped }: Notes, split: string): string[] {
  const left = [...skipped].map(([why, rows]) => [`${why}, skipped`, rows] as const);
  return [...told, ...left].map(([note, rows]) => {
    const [first] = rows;
    const where = rows.length === 1 ? `row ${first}` : `row ${first} and ${grouped(rows.length - 1)} more`;
    return `${split}: ${grouped(rows.length)} ${plural(rows.length, "row")} ${note} (${where})`;
  });
}
