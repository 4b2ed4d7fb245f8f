/** @file Tokenizes rows into pairs, which are packed one by one when a step needs them. */

import type { Row } from "../../data/datasets/features.ts";
import { CHECKS, type Findings } from "../../data/preferences/checks.ts";
import { type PackedSize, packedSize, packPair, type Truncation } from "../../data/preferences/packPair.ts";
import { type TokenizePairsOptions, tokenizePairs } from "../../data/preferences/tokenizePairs.ts";
import type { PairTokens } from "../../data/preferences/types.ts";
import { readingLine } from "../../data/shapes/readingLine.ts";
import { openPairs } from "../../data/shapes/readPairs.ts";
import type { ShapeOptions } from "../../data/shapes/shape.ts";
import { trlRow } from "../../data/shapes/trl.ts";
import { StoppableTokenizer } from "../../data/tokenizers/slowCalls.ts";
import type { Tokenizer } from "../../data/tokenizers/tokenizer.ts";
import { counted } from "../../phrases.ts";
import type { PairSource, RunObserver } from "../run.ts";

/** A Dataset, or rows in memory. */
export type Rows = Iterable<Row> | AsyncIterable<Row> | NamedRows;

/** Several evaluation sets by name, such as a DatasetDict. */
export type RowsByName = Readonly<Record<string, Rows>>;

/** The evaluation sets by the prefix of their metrics: `eval` for a single one, else `eval_NAME`. */
export function evaluationSets(rows: Rows | RowsByName | null): Map<string, Rows> {
  if (rows === null) return new Map();
  const isRows = Symbol.iterator in rows || Symbol.asyncIterator in rows || isNamed(rows as Rows);
  if (isRows) return new Map([["eval", rows as Rows]]);
  const names = "splitNames" in rows ? (rows.splitNames as unknown as string[]) : Object.keys(rows);
  return new Map(names.map((name) => [`eval_${name}`, (rows as RowsByName)[name]]));
}

interface NamedRows {
  readonly name?: string | undefined;
  rows(): AsyncIterable<Row>;
}

export interface TokenizedRows {
  pairs: PairTokens[];
  /** Number of rows of the split. */
  rows: number;
  /** Pairs that lost tokens to max_length or max_prompt_length. */
  cut: number;
  /** Reason -> number of rows dropped for it. */
  dropped: ReadonlyMap<string, number>;
  /** Size of the pair with the most packed tokens. */
  largest: PackedSize;
  /** The format of the rows, and why: a line for the log. */
  reading: string;
  /** The split's name, and each pair's row number in it. */
  origin: NonNullable<PairSource["origin"]>;
}

export interface TokenizeRowsOptions extends TokenizePairsOptions {
  observer: RunObserver;
  split: string;
  /** How rows are read; default: their format is recognized. */
  to_preferences?: ShapeOptions | null | undefined;
}

/**
 * Tokenizes a split; progress and warnings go to `observer`.
 * @param options.split name for rows in memory; a Dataset has its own.
 */
export async function tokenizeRows(
  rows: Rows,
  tokenizer: Tokenizer,
  { observer, to_preferences, ...options }: TokenizeRowsOptions,
): Promise<TokenizedRows> {
  const named = isNamed(rows) ? rows : undefined;
  const split = splitNameOf(rows) ?? options.split;
  const onProgress = (done: number) => observer.status(`tokenizing ${split}: ${counted(done, "row")}`);
  const source = named?.rows() ?? (rows as Iterable<Row>);
  const hasChatTemplate = tokenizer.chat_template !== null;
  const stream = await openPairs(source, { ...to_preferences, split, hasChatTemplate });
  const numbers: number[] = []; // pair -> row
  async function* pairs() {
    for await (const pair of stream.pairs()) {
      numbers.push(pair.index);
      yield trlRow(pair);
    }
  }
  const stoppable = new StoppableTokenizer(tokenizer, { signal: options.signal });
  const numberOf = (index: number) => numbers[index];
  const tokenizing = tokenizePairs(pairs(), tokenizer, { ...options, split, onProgress, stoppable, numberOf });
  const prepared = await tokenizing.finally(() => stoppable.end());
  observer.status(undefined);
  for (const line of [...stream.lines(), ...prepared.warnings]) observer.warn(line);
  const { largest, keptIndices, findings, cut } = prepared;
  const origin = { split, rows: Int32Array.from(keptIndices, numberOf) };
  const dropped = droppedOf(findings, options);
  const reading = readingLine(stream, to_preferences);
  return { pairs: prepared.pairs, largest, origin, rows: prepared.rows, cut, dropped, reading };
}

/** Short reasons for dropping rows; the warnings have the details. */
const REASONS: Readonly<Record<string, string>> = {
  promptFillsMaxLength: "prompt fills max_length",
  nothingToPredict: "nothing to predict",
  empty: "empty answer",
  equal: "equal answers",
  equalWithinMaxLength: "equal within max_length",
};

function droppedOf(findings: Findings, { drop_degenerate = false }: TokenizePairsOptions): Map<string, number> {
  const drops = CHECKS.filter(
    ({ severity }) => severity === "untrainable" || (severity === "degenerate" && drop_degenerate),
  );
  const counts = drops.map(({ name }): [string, number] => [REASONS[name] ?? name, findings[name].length]);
  return new Map(counts.filter(([, count]) => count > 0));
}

/** Name that Dataset.fromRows gives to rows without one. */
const NAMELESS = "rows";

/** A Dataset's name, which is its split's; undefined for rows in memory. */
export function splitNameOf(rows: Rows): string | undefined {
  return isNamed(rows) && rows.name !== NAMELESS ? rows.name || undefined : undefined;
}

function isNamed(rows: Rows): rows is NamedRows {
  return "rows" in rows && typeof rows.rows === "function";
}

/** Packs on demand: packed rows take four times the memory of their tokens. */
export function packedSource(
  { pairs, origin }: Pick<TokenizedRows, "pairs" | "origin">,
  truncation: Truncation,
): PairSource {
  const packed = (index: number) => {
    const pair = packPair(pairs[index], { ...truncation, index });
    if (!pair) throw new Error(`internal: pair ${index} has no completion within max_length`);
    return pair;
  };
  const lengthOf = (pair: PairTokens) => {
    const { shared, chosen, rejected } = packedSize(pair, truncation);
    return shared + chosen + rejected;
  };
  return {
    origin,
    length: pairs.length,
    pairs: async (indices) => indices.map(packed),
    get lengths() {
      return Int32Array.from(pairs, lengthOf);
    },
  };
}
