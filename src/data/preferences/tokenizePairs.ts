/** @file Dataset rows -> token ids of the pairs to train on, checked row by row. TRL's _prepare_dataset. */

import { PrefineError } from "../../errors.ts";
import { turnTaker } from "../../host.ts";
import { pushAll } from "../../lists.ts";
import { type RowName, rowNames } from "../../phrases.ts";
import type { Row } from "../datasets/features.ts";
import type { StoppableTokenizer, TokenizerThread } from "../tokenizers/slowCalls.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { type Findings, type Outcomes, type RowFindings, startFindings } from "./checks.ts";
import { type ExaminedRow, type ExamineSettings, rowExaminer, StoredPair } from "./examineRow.ts";
import type { PackedSize, TruncationMode } from "./packPair.ts";
import { PairFacts } from "./pairFacts.ts";
import type { ReadRow } from "./readRow.ts";
import { chunksOf, larger } from "./rowGroups.ts";
import { namedError, namingRow, RowReader } from "./rowReader.ts";
import { tokenizePairWith } from "./tokenizePair.ts";
import { type ExaminedRows, TokenizingThreads } from "./tokenizingThreads.ts";
import type { PairTokens, WinRates } from "./types.ts";
import { readWinRates } from "./winRates.ts";

export interface TokenizePairsOptions {
  /** Longest sequence (prompt + completion) in tokens; null: no limit. */
  max_length: number | null;
  /** Default: keep_start. */
  truncation_mode?: TruncationMode;
  /** Keeps only this many tokens at the end of a prompt, as TRL did before 1.0. */
  max_prompt_length?: number | null;
  /** Drops degenerate pairs, which teach nothing. TRL keeps them. */
  drop_degenerate?: boolean;
  /** Reads how often each answer wins: see {@link readWinRates}. */
  winRates?: boolean;
  /** The split's name in messages. Default: train. */
  split?: string;
  /** Number of a row in messages, where a row of the dataset gives several pairs or none. Default: its own. */
  numberOf?: (index: number) => number;
  /** Name of a row in messages, by its number. Default: `SPLIT row N`. */
  nameOf?: RowName | undefined;
  /** Rows of the model's embedding; a larger id is an error. */
  modelVocabSize?: number;
  /** Called every 25 ms or so with the number of rows done. */
  onProgress?: (rows: number) => void;
  signal?: AbortSignal;
  /** Starts threads with copies of the tokenizer, for datasets that take more than half a second; none: no threads. */
  openThreads?: (() => readonly TokenizerThread[]) | undefined;
  /** Takes over rows that take long, so that `signal` ends them, too. Default: every row is tokenized here. */
  stoppable?: StoppableTokenizer;
}

export interface TokenizedPairs {
  pairs: PairTokens[];
  /** The input row number of each pair. */
  keptIndices: number[];
  /** Rows of the input. */
  rows: number;
  /** Size of the pair with the most packed tokens, which decides the memory needed. */
  largest: PackedSize;
  /** Pairs that lost tokens to max_length or max_prompt_length. */
  cut: number;
  facts: PairFacts;
  findings: Findings;
  /** Warnings to print, one line per kind. */
  warnings: string[];
}

/**
 * Tokenizes every row and decides which pairs to train on. The first row decides whether the data has a prompt column,
 * as in TRL. 270 real rows of GPT-2 tokens take 0.15 s.
 * @throws data: a column is missing or has the wrong type, the chat template fails on a row, an id is outside the
 *   model's vocabulary, nothing is left; model: conversations without a chat template; interrupted: by `signal`.
 */
export async function tokenizePairs(
  rows: AsyncIterable<Row> | Iterable<Row>,
  tokenizer: Tokenizer,
  options: TokenizePairsOptions,
): Promise<TokenizedPairs> {
  const found = startFindings();
  const { findings } = found;
  const largest = { shared: 0, chosen: 0, rejected: 0 };
  const empty = { pairs: [], keptIndices: [], rows: 0, cut: 0, warnings: [] };
  const tokenized: TokenizedPairs = { ...empty, largest, findings, facts: new PairFacts() };
  const examiner = rowExaminer(tokenizer, examineSettings(options));
  const { split = "train", drop_degenerate = false, nameOf = rowNames(split) } = options;
  const state: State = { ...options, nameOf, tokenizer, found, examiner, reader: new RowReader() };
  await tokenizeAll(chunksOf(rows), { tokenized, state, tokenizer });
  pushAll(tokenized.warnings, found.lines({ split, rows: tokenized.rows, drop_degenerate }));
  if (tokenized.pairs.length === 0) throw nothingLeft(tokenized, split);
  return tokenized;
}

/** Work on this thread (ms) before others take over: starting them takes as long. */
const ALONE = 500;

interface Work {
  tokenized: TokenizedPairs;
  state: State;
  tokenizer: Tokenizer;
}

/** Here for a short while, and then in threads, where there are some. */
async function tokenizeAll(chunks: AsyncGenerator<Row[]>, { tokenized, state, tokenizer }: Work): Promise<void> {
  const turn = turnTaker();
  const { signal, onProgress } = state;
  const started = performance.now();
  let threads: TokenizingThreads | undefined;
  while (!threads) {
    const { done, value } = await chunks.next(); // a loop's break would end the rows
    if (done) return;
    await addRows(tokenized, value, state);
    const pause = turn();
    if (!pause) continue;
    onProgress?.(tokenized.rows);
    await pause;
    if (signal?.aborted) throw new PrefineError("interrupted", "stopped while tokenizing the data");
    if (performance.now() - started < ALONE || !state.openThreads) continue;
    threads = TokenizingThreads.of(state.openThreads(), examineSettings(state), signal);
    state.openThreads = undefined;
  }
  await inThreads(threads, chunks, { tokenized, state, tokenizer }).finally(() => threads.end());
}

/** Rows of a group as far as they could be read, on their way through a thread. */
interface Sent {
  first: number;
  winRates: (WinRates | undefined)[];
  examined: Promise<ExaminedRows>;
  failure?: { error: unknown };
}

async function inThreads(
  threads: TokenizingThreads,
  chunks: AsyncGenerator<Row[]>,
  { tokenized, state }: Work,
): Promise<void> {
  const sent: Sent[] = [];
  const turn = turnTaker();
  const addFirst = async () => {
    await addExamined(tokenized, sent.shift() as Sent, state);
    const pause = turn();
    if (pause) state.onProgress?.(tokenized.rows);
    await pause;
  };
  let next = tokenized.rows;
  for await (const some of larger(chunks)) {
    const { rows, ...group } = readRows(some, next, state);
    const examined = threads.examine(rows);
    examined.catch(() => {}); // thrown in its turn
    sent.push({ ...group, examined });
    next += some.length;
    if (group.failure) break;
    if (sent.length >= threads.capacity) await addFirst();
  }
  while (sent.length > 0) await addFirst();
}

/** The rows of a group, up to the first that can't be read. */
function readRows(raws: readonly Row[], first: number, state: State) {
  const rows: ReadRow[] = [];
  const winRates: (WinRates | undefined)[] = [];
  try {
    for (const raw of raws) {
      const where = rowName(first + rows.length, state);
      const row = state.reader.read(raw, where);
      winRates.push(state.winRates ? readWinRates(raw, where) : undefined);
      rows.push(row);
    }
    return { first, rows, winRates };
  } catch (error) {
    return { first, rows, winRates, failure: { error } };
  }
}

async function addExamined(tokenized: TokenizedPairs, group: Sent, state: State): Promise<void> {
  const { rows, failure = group.failure } = await group.examined;
  for (const [i, examined] of rows.entries()) addRow(tokenized, { examined, winRates: group.winRates[i] }, state);
  if (!failure) return;
  if (failure === group.failure) throw failure.error; // unread: its message has the row's name
  throw namedError(rowName(group.first + rows.length, state), failure.error);
}

interface State extends TokenizePairsOptions {
  nameOf: RowName;
  tokenizer: Tokenizer;
  found: RowFindings;
  examiner: ReturnType<typeof rowExaminer>;
  reader: RowReader;
}

interface Done {
  winRates: WinRates | undefined;
  examined: ExaminedRow;
}

/** Tokenizes some rows and adds them to the pairs, up to the first that can't be. */
async function addRows(tokenized: TokenizedPairs, raws: readonly Row[], state: State): Promise<void> {
  const { tokenizer, stoppable, examiner } = state;
  const done: Done[] = [];
  const whereNext = () => rowName(tokenized.rows + done.length, state);
  const readNext = () => state.reader.read(raws[done.length], whereNext());
  const rates = () => (state.winRates ? readWinRates(raws[done.length], whereNext()) : undefined);
  const tokenizeHere = () => {
    while (done.length < raws.length) {
      const row = readNext();
      const winRates = rates();
      done.push({ winRates, examined: namingRow(whereNext(), () => examiner.tokenizeAndExamine(row)) });
    }
  };
  let failure: { error: unknown } | undefined;
  try {
    if (!stoppable) tokenizeHere();
    else if (!stoppable.isSlow) stoppable.tryHere(tokenizeHere);
    while (stoppable && done.length < raws.length) {
      const row = readNext();
      const pair = tokenizePairWith(row, tokenizer, (call) => stoppable.call(call));
      const winRates = rates();
      const examining = pair.then((ids) => examiner.examine(row, ids));
      done.push({ winRates, examined: await examining.catch((error) => raise(namedError(whereNext(), error))) });
    }
  } catch (error) {
    failure = { error };
  }
  for (const one of done) addRow(tokenized, one, state);
  if (failure) throw failure.error;
}

const rowName = (index: number, { nameOf, numberOf }: State) => nameOf(numberOf?.(index) ?? index);

/** Adds a row to the pairs, unless a check drops it. */
function addRow(tokenized: TokenizedPairs, { examined, winRates }: Done, state: State): void {
  const index = tokenized.rows++;
  state.found.add(state.numberOf?.(index) ?? index, examined.outcomes);
  if (isDropped(examined.outcomes, state)) return;
  tokenized.pairs.push(new StoredPair(examined, winRates));
  tokenized.keptIndices.push(index);
  tokenized.facts.add(examined);
  if (examined.isCut) tokenized.cut++;
  if (tokensOf(examined.size) > tokensOf(tokenized.largest)) tokenized.largest = examined.size;
}

/** Whether a row is left out of the training. */
export function isDropped(
  { untrainable, degenerate }: Outcomes,
  { drop_degenerate = false }: Pick<TokenizePairsOptions, "drop_degenerate">,
): boolean {
  return untrainable !== null || (degenerate !== null && drop_degenerate);
}

export const examineSettings = ({
  max_length,
  truncation_mode = "keep_start",
  max_prompt_length = null,
  modelVocabSize,
}: TokenizePairsOptions): ExamineSettings => ({
  truncation: { max_length, truncation_mode },
  maxPromptLength: max_prompt_length,
  modelVocabSize,
});

function raise(error: unknown): never {
  throw error;
}

function tokensOf({ shared, chosen, rejected }: PackedSize): number {
  return shared + chosen + rejected;
}

/** The error for rows of which none can be trained on. */
export function nothingLeft(
  { rows, findings }: Pick<TokenizedPairs, "rows" | "findings">,
  split: string,
): PrefineError {
  if (rows === 0)
    return new PrefineError("data", `${split}: expected rows, found none`, "Add data, or choose another split.");
  const isTooLong = findings.promptFillsMaxLength.length > 0;
  const expected = isTooLong ? "whose prompt leaves room within max_length" : "that can be trained on";
  const message = `${split}: expected rows ${expected}, found none among ${rows}`;
  return new PrefineError("data", message, "Raise max_length, or look at the data with `prefine data`.");
}
