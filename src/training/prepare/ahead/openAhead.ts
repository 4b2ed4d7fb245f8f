/**
 * @file Opens a large split so that its rows are tokenized while the training runs. All of UltraFeedback tokenized
 * before the first step takes 12 s on two cores; the first pass over its rows takes 5 s.
 */

import type { Row } from "../../../data/datasets/features.ts";
import { startFindings } from "../../../data/preferences/checks.ts";
import { examineSettings } from "../../../data/preferences/tokenizePairs.ts";
import { TokenizingThreads } from "../../../data/preferences/tokenizingThreads.ts";
import { readingLine } from "../../../data/shapes/readingLine.ts";
import { openPairs } from "../../../data/shapes/readPairs.ts";
import type { Recognized } from "../../../data/shapes/recognize.ts";
import { threadsOf } from "../../../data/tokenizers/slowCalls.ts";
import type { Tokenizer } from "../../../data/tokenizers/tokenizer.ts";
import { throwIfStopped } from "../../../errors.ts";
import { type RowName, rowNames } from "../../../phrases.ts";
import { droppedOf, type TokenizedRows, type TokenizeRowsOptions, tokenizerIdentity } from "../tokenized.ts";
import { AheadPairs } from "./aheadPairs.ts";
import { KeptTokens } from "./keptTokens.ts";
import { type Survey, surveyRows } from "./survey.ts";
import type { TokenEntry } from "./tokenFile.ts";

/** A Dataset: rows that can be read again, and picked by number. */
export interface PickableRows {
  readonly num_rows: number;
  rows(): AsyncIterable<Row>;
  select(numbers: Iterable<number>): PickableRows;
  sourceHash?(): Promise<string | undefined>;
}

/** Fewer rows take less than two seconds at once. */
const MANY_ROWS = 4096;

interface OpenAheadOptions extends TokenizeRowsOptions {
  tokenizer: Tokenizer;
  /** Fewer rows are tokenized at once. Default: 4096. */
  aheadFrom?: number | undefined;
}

/**
 * Where the number of steps or their order follows from the tokens of all rows, the first pass tokenizes them all:
 * pairs of several rows, drop_degenerate, the lengths of all pairs.
 * @returns undefined where the rows must be tokenized at once: few rows, rows that are dropped for a reason that only
 *   their tokens show, no threads.
 */
export async function openAhead(rows: PickableRows, options: OpenAheadOptions): Promise<TokenizedRows | undefined> {
  const { tokenizer, tokenCache, signal } = options;
  if (rows.num_rows < (options.aheadFrom ?? MANY_ROWS)) return undefined;
  const tokens = tokenCache && (await KeptTokens.open(rows, tokenCache, options));
  throwIfStopped(signal, "while reading the data");
  const entry = tokens?.entry;
  if (entry && isWhole(entry)) return storeOf(entry, { rows, tokens, options });
  const threads = TokenizingThreads.of(threadsOf(tokenizer), examineSettings(options), signal);
  if (!threads) return undefined;
  if (entry) return storeOf(entry, { rows, tokens, threads, options }, options.needsLengths);
  const nameOf = rowNames(options.split, rows);
  const surveyed = await survey(tokens ?? rows, { ...options, nameOf, threads });
  return surveyed && storeOf(surveyed, { rows, tokens, threads, options });
}

const isWhole = ({ kept, examined }: TokenEntry) => kept.every((number) => examined.has(number));

/** The first pass. @returns undefined where the rows must be tokenized at once. */
async function survey(
  source: Pick<PickableRows, "rows">,
  options: OpenAheadOptions & { nameOf: RowName; threads: TokenizingThreads },
): Promise<TokenEntry | undefined> {
  const { tokenizer, observer, to_preferences, threads, drop_degenerate = false, needsLengths = false } = options;
  let found: Survey | null = null;
  try {
    const stream = await openPairs(source.rows(), { ...readingOf(options), nameOf: options.nameOf });
    const isWhole = drop_degenerate || needsLengths || stream.shape.collects !== undefined;
    found = await surveyRows(stream, { ...options, isWhole });
    if (!found || found.kept.length === 0) {
      found = null;
      return undefined;
    }
    const { numbers, kept, examined, hash, largest, rates } = found;
    const texts = `texts ${hash.slice(0, 16)}, ${tokenizerIdentity(tokenizer)}`;
    const identity = `${kept.length} pairs of ${numbers.length}, ${texts}`;
    const reading = readingLine(stream, to_preferences);
    const facts = { identity, shape: stream.shape.name, reading, lines: stream.lines(), largest };
    return { facts, numbers, kept, rates, examined };
  } finally {
    observer.status(undefined);
    if (!found) await threads.end();
  }
}

const readingOf = ({ to_preferences, split, tokenizer }: OpenAheadOptions) => ({
  ...to_preferences,
  split,
  hasChatTemplate: tokenizer.chat_template !== null,
});

interface Opening {
  rows: PickableRows;
  tokens: KeptTokens | undefined;
  /** Absent: all pairs are there. */
  threads?: TokenizingThreads;
  options: OpenAheadOptions;
}

/** @param needsAll whether all pairs are made before anything else. */
async function storeOf(
  entry: TokenEntry,
  { rows, tokens, threads, options }: Opening,
  needsAll = false,
): Promise<TokenizedRows> {
  const { split, observer, drop_degenerate } = options;
  const { facts, numbers, kept, rates } = entry;
  observer.status(undefined);
  for (const line of facts.lines) observer.warn(line);
  const reading = readingOf(options);
  const nameOf = rowNames(split, rows);
  let format: Promise<Recognized> | undefined; // of the first rows of all: some rows alone may look otherwise
  const pairsOf = async (some: readonly number[] | undefined) => {
    format ??= openPairs(rows.rows(), reading);
    const own = some ? (row: number) => nameOf(some[row]) : nameOf;
    const again = { ...reading, nameOf: own, recognized: await format };
    return (await openPairs((some ? rows.select(some) : rows).rows(), again)).pairs();
  };
  const isKept = tokens?.entry === entry;
  const keep =
    tokens && ((examined: TokenEntry["examined"]) => tokens.write({ facts, numbers, kept, rates, examined }));
  const store = new AheadPairs({ split, nameOf, pairsOf, threads, entry, isKept, keep, observer, drop_degenerate });
  if (needsAll) await store.complete();
  const known = store.findings();
  if (known) await threads?.end();
  return {
    store,
    rows: rows.num_rows,
    cut: known?.cut ?? null,
    facts: known?.facts,
    dropped: droppedOf(findingsOf(entry), options),
    largest: facts.largest,
    reading: facts.reading,
    origin: { split, rows: Int32Array.from(kept, (number) => numbers[number]) },
  };
}

function findingsOf({ examined, numbers }: TokenEntry) {
  const found = startFindings();
  for (const [number, { outcomes }] of examined) found.add(numbers[number], outcomes);
  return found.findings;
}
