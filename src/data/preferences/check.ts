/** @file What a check of preference data is: one record, from what it looks at to what is said about it. */
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import type { Truncation } from "./packPair.ts";
import type { ReadRow } from "./readRow.ts";
import type { TokenizedPair } from "./tokenizePair.ts";

export type Severity =
  | "odd" // trained on as it is, though hardly what was meant
  | "untrainable" // dropped
  | "degenerate"; // teaches nothing: kept, as TRL keeps it, or dropped where drop_degenerate says so

/** A row on its way to the model. */
export interface CheckedRow {
  row: ReadRow;
  /** Its tokens: for the checks of what is odd as they are, for the others cut to max_prompt_length. */
  pair: TokenizedPair;
  truncation: Truncation;
  tokenizer: Tokenizer;
  /** Finds the tokens that control a chat; made once per split. Undefined: there are none. */
  controlTokens: RegExp | undefined;
}

/** The rows of a split that fail a check. */
export interface Finding {
  /** What `look` returned for the first of them. */
  example: string;
  /** `row 3`, `row 3 and 12 more`. */
  where: string;
}

export interface Check {
  name: string;
  severity: Severity;
  /** For a row that fails: what is wrong in it, to be quoted ("" where there is nothing to quote); else undefined. */
  look(checked: CheckedRow): string | undefined;
  /** What a line says: `SPLIT: ...` (odd), `SPLIT: dropped 2 of 9 rows ...` (untrainable), `... in row 1` (else). */
  describe(finding: Finding): string;
}

const SHOWN = 60; // characters of an example

/** A text as a line may quote it. */
export function excerpt(text: string): string {
  return JSON.stringify(text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text);
}
