/** @file Rows -> pairs of tokens, packed one by one when a step needs them. */
import { packPair, type Truncation } from "../data/preferences/packPair.ts";
import { type PrepareOptions, prepareDataset } from "../data/preferences/prepareDataset.ts";
import type { PairTokens } from "../data/preferences/types.ts";
import type { Tokenizer } from "../data/tokenizers/tokenizer.ts";
import type { PairSource, RunObserver } from "./run.ts";

type Row = Record<string, unknown>;

/** A Dataset, or rows in memory. */
export type Rows = Iterable<Row> | AsyncIterable<Row> | { rows(): AsyncIterable<Row> };

/** Tokenizes a split; warnings and counts of dropped rows go to `observer`. */
export async function preparePairs(
  rows: Rows,
  tokenizer: Tokenizer,
  { observer, ...options }: PrepareOptions & { observer: RunObserver; split: string },
): Promise<PairTokens[]> {
  const onProgress = (done: number) => observer.status(`tokenizing ${options.split}: ${done} rows`);
  const source = "rows" in rows && typeof rows.rows === "function" ? rows.rows() : (rows as Iterable<Row>);
  const { pairs, warnings } = await prepareDataset(source, tokenizer, { ...options, onProgress });
  observer.status(undefined);
  for (const line of warnings) observer.warn(line);
  return pairs;
}

/** Packs on demand: packed rows take four times the memory of tokens. */
export function packedSource(pairs: readonly PairTokens[], truncation: Truncation): PairSource {
  return {
    length: pairs.length,
    at(index) {
      const packed = packPair(pairs[index], { ...truncation, index });
      if (!packed) throw new Error(`internal: pair ${index} has no completion within max_length`);
      return packed;
    },
  };
}
