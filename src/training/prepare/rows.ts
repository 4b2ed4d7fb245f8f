/** @file Rows -> pairs of tokens, packed one by one when a step needs them. */
import type { Row } from "../../data/datasets/features.ts";
import { CHECKS, type Findings } from "../../data/preferences/checks.ts";
import { type PackedSize, packPair, type Truncation } from "../../data/preferences/packPair.ts";
import { type TokenizePairsOptions, tokenizePairs } from "../../data/preferences/tokenizePairs.ts";
import type { PairTokens } from "../../data/preferences/types.ts";
import type { Tokenizer } from "../../data/tokenizers/tokenizer.ts";
import type { PairSource, RunObserver } from "../run.ts";

/** A Dataset, or rows in memory. */
export type Rows = Iterable<Row> | AsyncIterable<Row> | NamedRows;

/** Several evaluation sets by name; a DatasetDict is one. */
export type RowsByName = Readonly<Record<string, Rows>>;

/** The evaluation sets by what the names of their metrics begin with: `eval` for one, `eval_NAME` for several. */
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
  /** Rows of the split. */
  rows: number;
  /** Reason -> rows that were dropped for it. */
  dropped: ReadonlyMap<string, number>;
  /** Of the pair with the most packed tokens. */
  largest: PackedSize;
  /** The split's name, and for every pair the number of its row there. */
  origin: NonNullable<PairSource["origin"]>;
}

/**
 * Tokenizes a split; warnings and counts of dropped rows go to `observer`.
 * @param options.split what rows in memory are called; a Dataset goes by its own name.
 */
export async function tokenizeRows(
  rows: Rows,
  tokenizer: Tokenizer,
  { observer, ...options }: TokenizePairsOptions & { observer: RunObserver; split: string },
): Promise<TokenizedRows> {
  const named = isNamed(rows) ? rows : undefined;
  const split = splitNameOf(rows) ?? options.split;
  const onProgress = (done: number) => observer.status(`tokenizing ${split}: ${done} rows`);
  const source = named?.rows() ?? (rows as Iterable<Row>);
  const prepared = await tokenizePairs(source, tokenizer, { ...options, split, onProgress });
  observer.status(undefined);
  for (const line of prepared.warnings) observer.warn(line);
  const { pairs, largest, keptIndices, findings } = prepared;
  const origin = { split, rows: Int32Array.from(keptIndices) };
  return { pairs, largest, origin, rows: prepared.rows, dropped: droppedOf(findings, options) };
}

/** Why rows are dropped, in two or three words: the warnings say it at length. */
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

/** What Dataset.fromRows calls rows without a name. */
const NAMELESS = "rows";

/** A Dataset's own name, its split's; undefined for rows from memory. */
export function splitNameOf(rows: Rows): string | undefined {
  return isNamed(rows) && rows.name !== NAMELESS ? rows.name || undefined : undefined;
}

function isNamed(rows: Rows): rows is NamedRows {
  return "rows" in rows && typeof rows.rows === "function";
}

/** Packs on demand: packed rows take four times the memory of tokens. */
export function packedSource(
  { pairs, origin }: Pick<TokenizedRows, "pairs" | "origin">,
  truncation: Truncation,
): PairSource {
  return {
    origin,
    length: pairs.length,
    at(index) {
      const packed = packPair(pairs[index], { ...truncation, index });
      if (!packed) throw new Error(`internal: pair ${index} has no completion within max_length`);
      return packed;
    },
  };
}
