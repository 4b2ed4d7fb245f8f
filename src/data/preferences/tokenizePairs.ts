/** @file Dataset rows -> token ids of the pairs to train on, checked row by row. TRL's _prepare_dataset. */
import { PrefineError } from "../../errors.ts";
import { turnTaker } from "../../host.ts";
import type { Row } from "../datasets/features.ts";
import type { StoppableTokenizer } from "../tokenizers/slowCalls.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { type Findings, type RowChecks, startChecks } from "./checks.ts";
import { type PackedSize, packedSize, type Truncation, type TruncationMode } from "./packPair.ts";
import { checkRow, type ReadRow, readPreferenceRow } from "./readRow.ts";
import { type TokenizedPair, tokenizePair, tokenizePairWith } from "./tokenizePair.ts";
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
  /** Rows of the model's embedding; a larger id is an error. */
  modelVocabSize?: number;
  /** Called every 25 ms or so with the number of rows done. */
  onProgress?: (rows: number) => void;
  signal?: AbortSignal;
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
  findings: Findings;
  /** Warnings to print, one line per kind. */
  warnings: string[];
}

/** Rows and characters that are tokenized at once: some 10 ms. */
const CHUNK_ROWS = 64;
const CHUNK_CHARACTERS = 32_768;

/** A pair in 4 bytes per token; number arrays would take 8, about 350 MB for all of UltraFeedback. */
class StoredPair implements PairTokens {
  private readonly ids: Int32Array;
  private readonly chosenStart: number;
  private readonly rejectedStart: number;
  readonly winRates?: WinRates;

  constructor({ prompt_ids, chosen_ids, rejected_ids, winRates }: PairTokens) {
    if (winRates) this.winRates = winRates;
    this.chosenStart = prompt_ids.length;
    this.rejectedStart = prompt_ids.length + chosen_ids.length;
    this.ids = new Int32Array(this.rejectedStart + rejected_ids.length);
    this.ids.set(prompt_ids);
    this.ids.set(chosen_ids, this.chosenStart);
    this.ids.set(rejected_ids, this.rejectedStart);
  }
  get prompt_ids(): number[] {
    return Array.from(this.ids.subarray(0, this.chosenStart));
  }
  get chosen_ids(): number[] {
    return Array.from(this.ids.subarray(this.chosenStart, this.rejectedStart));
  }
  get rejected_ids(): number[] {
    return Array.from(this.ids.subarray(this.rejectedStart));
  }
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
  const checks = startChecks(tokenizer);
  const { findings } = checks;
  const largest = { shared: 0, chosen: 0, rejected: 0 };
  const tokenized: TokenizedPairs = { pairs: [], keptIndices: [], rows: 0, largest, cut: 0, findings, warnings: [] };
  const state: State = { ...options, tokenizer, checks, implicitPrompt: undefined, kind: undefined };
  const turn = turnTaker();
  for await (const some of chunksOf(rows)) {
    await addRows(tokenized, some, state);
    const pause = turn();
    if (!pause) continue;
    options.onProgress?.(tokenized.rows);
    await pause;
    if (options.signal?.aborted) throw new PrefineError("interrupted", "stopped while tokenizing the data");
  }
  const { split = "train", drop_degenerate = false } = options;
  tokenized.warnings.push(...checks.lines({ split, rows: tokenized.rows, drop_degenerate }));
  if (tokenized.pairs.length === 0) throw nothingLeft(tokenized, split);
  return tokenized;
}

/** Rows in small groups. */
async function* chunksOf(rows: AsyncIterable<Row> | Iterable<Row>): AsyncGenerator<Row[]> {
  let chunk: Row[] = [];
  let characters = 0;
  for await (const row of rows) {
    chunk.push(row);
    characters += charactersOf(row);
    if (chunk.length < CHUNK_ROWS && characters < CHUNK_CHARACTERS) continue;
    yield chunk;
    chunk = [];
    characters = 0;
  }
  if (chunk.length > 0) yield chunk;
}

/** Of all texts in a value. */
function charactersOf(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return 0;
  return Object.values(value).reduce<number>((sum, inner) => sum + charactersOf(inner), 0);
}

interface State extends TokenizePairsOptions {
  tokenizer: Tokenizer;
  checks: RowChecks;
  /** As the first row decides. */
  implicitPrompt: boolean | undefined;
  kind: ReadRow["kind"] | undefined;
}

interface TokenizedRow {
  row: ReadRow;
  winRates: WinRates | undefined;
  pair: TokenizedPair;
}

/** Tokenizes some rows and adds them to the pairs, up to the first that can't be. */
async function addRows(tokenized: TokenizedPairs, raws: readonly Row[], state: State): Promise<void> {
  const { tokenizer, stoppable } = state;
  const done: TokenizedRow[] = [];
  const whereNext = () => rowName(tokenized.rows + done.length, state);
  const readNext = () => readRow(raws[done.length], whereNext(), state);
  const rates = () => (state.winRates ? readWinRates(raws[done.length], whereNext()) : undefined);
  const tokenizeHere = () => {
    while (done.length < raws.length) {
      const row = readNext();
      done.push({ row, winRates: rates(), pair: namingRow(whereNext(), () => tokenizePair(row, tokenizer)) });
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
      done.push({ row, winRates, pair: await pair.catch((error) => namingRow(whereNext(), () => raise(error))) });
    }
  } catch (error) {
    failure = { error };
  }
  for (const one of done) addRow(tokenized, one, state);
  if (failure) throw failure.error;
}

/** @throws PrefineError("data") for a row of another kind than the earlier ones. */
function readRow(raw: Row, where: string, state: State): ReadRow {
  checkRow(raw, where);
  state.implicitPrompt ??= !("prompt" in raw);
  const row = readPreferenceRow(raw, { where, implicitPrompt: state.implicitPrompt });
  state.kind ??= row.kind;
  if (row.kind === state.kind) return row;
  const message = `${where}: expected ${state.kind}, as in the earlier rows, found ${row.kind}`;
  throw new PrefineError("data", message, "Convert all rows to one kind with a map.");
}

const rowName = (index: number, { split = "train", numberOf }: State) => `${split} row ${numberOf?.(index) ?? index}`;

/** Adds a row to the pairs, unless a check drops it. */
function addRow(tokenized: TokenizedPairs, { row, pair, winRates }: TokenizedRow, state: State): void {
  const { checks, max_length, truncation_mode = "keep_start", max_prompt_length } = state;
  const index = tokenized.rows++;
  const where = rowName(index, state);
  const truncation: Truncation = { max_length, truncation_mode };
  const unchecked = { row, pair, truncation };
  const number = state.numberOf?.(index) ?? index;
  checks.look("odd", number, unchecked);
  const excess = pair.prompt_ids.length - (max_prompt_length ?? Number.POSITIVE_INFINITY);
  if (excess > 0) pair.prompt_ids = pair.prompt_ids.slice(excess);
  checkIds(pair, where, state);
  const isUntrainable = checks.look("untrainable", number, unchecked);
  const isDegenerate = !isUntrainable && checks.look("degenerate", number, unchecked);
  if (isUntrainable || (isDegenerate && state.drop_degenerate)) return;
  tokenized.pairs.push(new StoredPair({ ...pair, winRates }));
  tokenized.keptIndices.push(index);
  if (excess > 0 || isCut(pair, max_length)) tokenized.cut++;
  const size = packedSize(pair, truncation);
  if (tokensOf(size) > tokensOf(tokenized.largest)) tokenized.largest = size;
}

const isCut = ({ prompt_ids, chosen_ids, rejected_ids }: PairTokens, maxLength: number | null) =>
  maxLength !== null && prompt_ids.length + Math.max(chosen_ids.length, rejected_ids.length) > maxLength;

/** Adds the row to the message of an error of the data. */
function namingRow<T>(where: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof PrefineError) || error.code !== "data") throw error;
    throw new PrefineError("data", `${where}: ${error.message}`, error.hint, { cause: error });
  }
}

function raise(error: unknown): never {
  throw error;
}

function tokensOf({ shared, chosen, rejected }: PackedSize): number {
  return shared + chosen + rejected;
}

function checkIds(
  pair: PairTokens,
  where: string,
  { modelVocabSize, tokenizer }: { modelVocabSize?: number; tokenizer: Tokenizer },
): void {
  if (modelVocabSize === undefined) return;
  for (const ids of [pair.prompt_ids, pair.chosen_ids, pair.rejected_ids]) {
    const id = ids.find((one) => one >= modelVocabSize);
    if (id === undefined) continue;
    const token = JSON.stringify(tokenizer.convert_ids_to_tokens(id));
    throw new PrefineError(
      "data",
      `${where}: token ${token} has id ${id}, the model's vocabulary ends at ${modelVocabSize - 1}`,
      `Do the tokenizer (${tokenizer.name_or_path}) and the model belong together?`,
    );
  }
}

function nothingLeft({ rows, findings }: TokenizedPairs, split: string): PrefineError {
  if (rows === 0)
    return new PrefineError("data", `${split}: expected rows, found none`, "Add data, or choose another split.");
  const isTooLong = findings.promptFillsMaxLength.length > 0;
  const expected = isTooLong ? "whose prompt leaves room within max_length" : "that can be trained on";
  const message = `${split}: expected rows ${expected}, found none among ${rows}`;
  return new PrefineError("data", message, "Raise max_length, or look at the data with `prefine data`.");
}
