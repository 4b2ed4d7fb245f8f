/** @file Tokenizes rows into pairs, which are packed one by one when a step needs them. */

import type { Row } from "../../data/datasets/features.ts";
import { packPair, type Truncation } from "../../data/preferences/packPair.ts";
import { tokenizePairs } from "../../data/preferences/tokenizePairs.ts";
import type { PairTokens } from "../../data/preferences/types.ts";
import { readingLine } from "../../data/shapes/readingLine.ts";
import { openPairs } from "../../data/shapes/readPairs.ts";
import { trlRow } from "../../data/shapes/trl.ts";
import { StoppableTokenizer, threadsOf } from "../../data/tokenizers/slowCalls.ts";
import type { Tokenizer } from "../../data/tokenizers/tokenizer.ts";
import { counted, rowNames } from "../../phrases.ts";
import { describePairs } from "../fingerprint.ts";
import type { PairSource } from "../run.ts";
import { openAhead, type PickableRows } from "./ahead/openAhead.ts";
import { droppedOf, type PairStore, packedLength, type TokenizedRows, type TokenizeRowsOptions } from "./tokenized.ts";

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
  if (options.isAhead && named && isPickable(named)) {
    const ahead = await openAhead(named, { ...options, tokenizer, split, observer, to_preferences });
    if (ahead) return ahead;
  }
  const onProgress = (done: number) => observer.status(`tokenizing ${split}: ${counted(done, "row")}`);
  const source = named?.rows() ?? (rows as Iterable<Row>);
  const hasChatTemplate = tokenizer.chat_template !== null;
  const nameOf = rowNames(split, named);
  const stream = await openPairs(source, { ...to_preferences, split, nameOf, hasChatTemplate });
  const numbers: number[] = []; // pair -> row
  async function* pairs() {
    for await (const pair of stream.pairs()) {
      numbers.push(pair.index);
      yield trlRow(pair);
    }
  }
  const stoppable = new StoppableTokenizer(tokenizer, { signal: options.signal });
  const numberOf = (index: number) => numbers[index];
  const tokenizing = tokenizePairs(pairs(), tokenizer, {
    ...options,
    ...{ split, nameOf, onProgress, stoppable, numberOf },
    openThreads: () => threadsOf(tokenizer),
  });
  const prepared = await tokenizing.finally(() => stoppable.end());
  observer.status(undefined);
  for (const line of [...stream.lines(), ...prepared.warnings]) observer.warn(line);
  const { largest, keptIndices, findings, cut } = prepared;
  const origin = { split, rows: Int32Array.from(keptIndices, numberOf) };
  const dropped = droppedOf(findings, options);
  const reading = readingLine(stream, to_preferences);
  const facts = prepared.facts.line(split);
  return { store: storeOf(prepared.pairs), largest, origin, rows: stream.rowsRead(), cut, dropped, reading, facts };
}

/** Pairs that are all there. */
function storeOf(pairs: readonly PairTokens[]): PairStore {
  let identity: Promise<string> | undefined;
  return {
    length: pairs.length,
    get identity() {
      identity ??= describePairs(pairs);
      return identity;
    },
    tokens: async (indices) => indices.map((index) => pairs[index]),
    lengths: (truncation) => Int32Array.from(pairs, (pair) => packedLength(pair, truncation)),
  };
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

const isPickable = (rows: NamedRows): rows is NamedRows & PickableRows => "select" in rows && "num_rows" in rows;

/** Packs on demand: packed rows take four times the memory of their tokens. */
export function packedSource(
  { store, origin }: Pick<TokenizedRows, "store" | "origin">,
  truncation: Truncation,
): PairSource {
  const packed = (tokens: PairTokens, index: number) => {
    const pair = packPair(tokens, { ...truncation, index });
    if (!pair) throw new Error(`internal: pair ${index} has no completion within max_length`);
    return pair;
  };
  return {
    origin,
    length: store.length,
    pairs: async (indices) => (await store.tokens(indices)).map((tokens, i) => packed(tokens, indices[i])),
    expect: (indices) => store.expect?.(indices),
    complete: async () => store.complete?.(),
    end: async () => store.end?.(),
    get lengths() {
      return store.lengths?.(truncation);
    },
  };
}
