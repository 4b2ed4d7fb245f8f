/** @file A tokenized split: its pairs, of which some may still have to be made. */
import { CHECKS, type Findings } from "../../data/preferences/checks.ts";
import { type PackedSize, packedSize, type Truncation } from "../../data/preferences/packPair.ts";
import type { TokenizePairsOptions } from "../../data/preferences/tokenizePairs.ts";
import type { PairTokens } from "../../data/preferences/types.ts";
import type { ShapeOptions } from "../../data/shapes/shape.ts";
import type { Tokenizer } from "../../data/tokenizers/tokenizer.ts";
import { Sha256 } from "../../formats/sha256.ts";
import type { PairSource, RunObserver } from "../run.ts";
import type { TokenCachePlace } from "./ahead/tokenCache.ts";

/** The token ids of a split's pairs, some of which may have to be made yet. */
export interface PairStore {
  readonly length: number;
  /** Says which pairs these are: of a resumed run they must be the same. */
  readonly identity: string | Promise<string>;
  /** The pairs with these numbers, in this order. @throws PrefineError("data") for a row that can't be tokenized. */
  tokens(indices: readonly number[]): Promise<PairTokens[]>;
  /** Says that these will be needed next. */
  expect?(indices: readonly number[]): void;
  /** Makes all pairs as fast as possible. */
  complete?(): Promise<void>;
  /** No more pairs are needed. */
  end?(): Promise<void>;
  /** Packed tokens of each pair, if all are there. */
  lengths?(truncation: Truncation): Int32Array | undefined;
}

export interface TokenizedRows {
  store: PairStore;
  /** Number of rows of the split. */
  rows: number;
  /** Pairs that lost tokens to max_length or max_prompt_length; null: not known yet. */
  cut: number | null;
  /** Reason -> number of rows dropped for it. */
  dropped: ReadonlyMap<string, number>;
  /** Size of the pair with the most packed tokens. */
  largest: PackedSize;
  /** The format of the rows, and why: a line for the log. */
  reading: string;
  /** About the pairs: a line for the log. Undefined: the store logs it once it knows. */
  facts: string | undefined;
  /** The split's name, and each pair's row number in it. */
  origin: NonNullable<PairSource["origin"]>;
}

export interface TokenizeRowsOptions extends TokenizePairsOptions {
  observer: RunObserver;
  split: string;
  /** Whether rows may be tokenized while the training runs. Default: false. */
  isAhead?: boolean;
  /** Whether the lengths of all pairs are needed before the first step. Default: false. */
  needsLengths?: boolean;
  /** Fewer rows are tokenized at once. Default: 4096. */
  aheadFrom?: number | undefined;
  /** Keeps the tokens of large splits for later runs; undefined: does not. */
  tokenCache?: TokenCachePlace | undefined;
  /** How rows are read; default: their format is recognized. */
  to_preferences?: ShapeOptions | null | undefined;
}

/** Tokens of a packed pair. */
export function packedLength(pair: PairTokens, truncation: Truncation): number {
  const { shared, chosen, rejected } = packedSize(pair, truncation);
  return shared + chosen + rejected;
}

/** The larger of two packed pairs. */
export function largerOf(one: PackedSize, other: PackedSize): PackedSize {
  const tokens = ({ shared, chosen, rejected }: PackedSize) => shared + chosen + rejected;
  return tokens(other) > tokens(one) ? other : one;
}

/** Of everything that decides which ids a text becomes. */
export function tokenizerIdentity(tokenizer: Tokenizer): string {
  const hash = new Sha256();
  const encoder = new TextEncoder();
  for (const [name, bytes] of tokenizer.files) hash.update(encoder.encode(name)).update(bytes);
  return `tokenizer ${hash.hex().slice(0, 16)}`;
}

/** Short reasons for dropping rows; the warnings have the details. */
const REASONS: Readonly<Record<string, string>> = {
  promptFillsMaxLength: "prompt fills max_length",
  nothingToPredict: "nothing to predict",
  empty: "empty answer",
  equal: "equal answers",
  equalWithinMaxLength: "equal within max_length",
};

export function droppedOf(findings: Findings, { drop_degenerate = false }: TokenizePairsOptions): Map<string, number> {
  const drops = CHECKS.filter(
    ({ severity }) => severity === "untrainable" || (severity === "degenerate" && drop_degenerate),
  );
  const counts = drops.map(({ name }): [string, number] => [REASONS[name] ?? name, findings[name].length]);
  return new Map(counts.filter(([, count]) => count > 0));
}
