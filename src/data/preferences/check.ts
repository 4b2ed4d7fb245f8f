/** @file The type of a check of preference data: one record that finds rows and describes them in a line. */
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import type { Truncation } from "./packPair.ts";
import type { ReadRow } from "./readRow.ts";
import type { TokenizedPair } from "./tokenizePair.ts";

export type Severity =
  | "odd" // trained on unchanged, though probably a mistake
  | "untrainable" // dropped
  | "degenerate"; // teaches nothing: kept, as in TRL, or dropped with drop_degenerate

/** A tokenized row, before it is kept or dropped. */
export interface CheckedRow {
  row: ReadRow;
  /** Its tokens: all of them for "odd" checks, cut to max_prompt_length for the others. */
  pair: TokenizedPair;
  truncation: Truncation;
  tokenizer: Tokenizer;
  /** Matches the chat's control tokens; built once per split. Undefined: there are none. */
  controlTokens: RegExp | undefined;
}

/** The rows of a split that fail a check. */
export interface Finding {
  /** The first non-undefined result of `look`. */
  example: string;
  /** `row 3`, `row 3 and 12 more`. */
  where: string;
}

export interface Check {
  name: string;
  severity: Severity;
  /** Returns the part of a bad row to quote ("" if there is nothing to quote), or undefined if the row is fine. */
  look(checked: CheckedRow): string | undefined;
  /** The `...` of its line: `SPLIT: ...` (odd), `SPLIT: dropped 2 of 9 rows ...` (untrainable), `... in row 1`. */
  describe(finding: Finding): string;
}

const SHOWN = 60; // characters of an example

/** Quotes a text, shortened to fit a line. */
export function excerpt(text: string): string {
  return JSON.stringify(text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text);
}
