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
import { threadsOf } from "../../../data/tokenizers/slowCalls.ts";
import type { Tokenizer } from "../../../data/tokenizers/tokenizer.ts";
import { droppedOf, type TokenizedRows, type TokenizeRowsOptions, tokenizerIdentity } from "../tokenized.ts";
import { AheadPairs } from "./aheadPairs.ts";
import { type Survey, surveyRows } from "./survey.ts";

/** A Dataset: rows that can be read again, and picked by number. */
export interface PickableRows {
  readonly num_rows: number;
  rows(): AsyncIterable<Row>;
  select(numbers: Iterable<number>): PickableRows;
}

/** Fewer rows take less than two seconds at once. */
const MANY_ROWS = 4096;

interface OpenAheadOptions extends TokenizeRowsOptions {
  tokenizer: Tokenizer;
  /** Fewer rows are tokenized at once. Default: 4096. */
  aheadFrom?: number | undefined;
}

/**
 * @returns undefined where the rows must be tokenized at once: few rows, pairs of several rows, rows that are dropped
 *   for a reason that only their tokens show, no threads.
 */
export async function openAhead(rows: PickableRows, options: OpenAheadOptions): Promise<TokenizedRows | undefined> {
  const { tokenizer, split, observer, to_preferences, signal } = options;
  if (rows.num_rows < (options.aheadFrom ?? MANY_ROWS) || options.drop_degenerate || options.winRates) return undefined;
  const reading = { ...to_preferences, split, hasChatTemplate: tokenizer.chat_template !== null };
  const stream = await openPairs(rows.rows(), reading);
  if (stream.shape.collects) return undefined;
  const threads = TokenizingThreads.of(threadsOf(tokenizer), examineSettings(options), signal);
  if (!threads) return undefined;
  let survey: Survey | null = null;
  try {
    survey = await surveyRows(stream, { ...options, threads });
  } finally {
    observer.status(undefined);
    if (!survey) await threads.end();
  }
  if (!survey || survey.kept.length === 0) return undefined;
  for (const line of stream.lines()) observer.warn(line);
  const again = { ...reading, data_format: stream.shape.name };
  const pairsOf = async (numbers: readonly number[] | undefined) =>
    (await openPairs((numbers ? rows.select(numbers) : rows).rows(), again)).pairs();
  const { numbers, kept, hash } = survey;
  const texts = `texts ${hash.slice(0, 16)}, ${tokenizerIdentity(tokenizer)}`;
  const identity = `${kept.length} pairs of ${numbers.length}, ${texts}`;
  return {
    store: new AheadPairs({ split, pairsOf, threads, survey, identity, observer }),
    rows: numbers.length,
    cut: null,
    dropped: droppedOf(findingsOf(survey), options),
    largest: survey.largest,
    reading: readingLine(stream, to_preferences),
    origin: { split, rows: Int32Array.from(kept, (number) => numbers[number]) },
  };
}

function findingsOf({ examined, numbers }: Survey) {
  const found = startFindings();
  for (const [number, { outcomes }] of examined) found.add(numbers[number], outcomes);
  return found.findings;
}
