/** @file The types of the doctor: a check is one record that finds rows of a split and says what to do about them. */
import type { Row } from "../datasets/features.ts";
import type { Truncation } from "../preferences/packPair.ts";
import type { ReadRow } from "../preferences/readRow.ts";
import type { TokenizedPair } from "../preferences/tokenizePair.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import type { NearIndex, Signature } from "./minhash.ts";

/** severe: the training goes wrong, or its evaluation says too much; warning: probably a mistake; note: to know. */
export type DoctorSeverity = "severe" | "warning" | "note";

/** A row with what several checks need of it. */
export interface ExaminedRow {
  /** Its number in the split. */
  index: number;
  row: ReadRow;
  /** With its other columns. */
  raw: Row;
  /** The texts; of conversations, the contents of the messages, without system messages in the prompt. */
  prompt: string;
  chosen: string;
  rejected: string;
  /** Whether they are of ASCII alone. */
  ascii: { prompt: boolean; chosen: boolean; rejected: boolean };
  /** Hashes of the whole prompt (system messages included) and of both answers, normalized (see words.ts). */
  keys: { prompt: number; chosen: number; rejected: number };
  /** Hash of the row as it is. */
  exact: number;
  /** Hashes of the words; valid until the next row. */
  words: { prompt: Uint32Array; chosen: Uint32Array; rejected: Uint32Array };
  /** Of prompt, chosen and rejected, made once. */
  signature(): Signature;
  /** Undefined: there is no tokenizer, or it has no chat template for this conversation. */
  pair: TokenizedPair | undefined;
}

export interface DoctorContext {
  split: string;
  /** Whether the split is trained on; the others are evaluated on and read first. */
  isTrain: boolean;
  tokenizer: Tokenizer | undefined;
  /** Matches the chat's control tokens, where there is a tokenizer with a chat template. */
  controlTokens: RegExp | undefined;
  truncation: Truncation;
  /** The prompts of the splits that are evaluated on. */
  evaluation: EvaluationPrompts;
}

export interface EvaluationPrompts {
  /** Hash of a prompt -> its number in `names`. */
  exact: Map<number, number>;
  near: NearIndex;
  names: { split: string; row: number }[];
}

/** What a check says of a row that fails: the part to quote, and other rows that are part of the fault. */
export type Hit = string | { example: string; also: number[] };

export type Look = (row: ExaminedRow) => Hit | undefined;

/** A check of rows. */
export interface DoctorCheck {
  name: string;
  severity: DoctorSeverity;
  needs?: "tokenizer" | "evaluation";
  /** A mistake only where few rows have it: nothing is said where more than half do. */
  isRare?: true;
  /** `clean` drops its rows. */
  drops?: true;
  /** Starts on a split. @returns `look`: what to quote of a row that fails, undefined for one that is fine. */
  look(context: DoctorContext): Look;
  /** What is wrong with the rows, as a sentence. */
  describe: string;
  /** More of it for the docs: which rows exactly. */
  about?: string;
  /** What to do. */
  fix: string;
}

/** A check of a whole split. */
export interface SplitCheck {
  name: string;
  /** Of its findings; more where it is exceeded. */
  severity: DoctorSeverity;
  needs?: "tokenizer";
  /** What it finds, as a sentence. */
  describe: string;
  about?: string;
  start(context: DoctorContext): SplitLook;
}

export interface SplitLook {
  add(row: ExaminedRow): void;
  end(): SplitResult;
}

export interface SplitResult {
  /** Numbers for the report, by name. */
  numbers: Record<string, number | string | null>;
  finding?: Pick<DoctorFinding, "severity" | "message" | "fix"> & Partial<DoctorFinding>;
  /** Why the check could say nothing. */
  skipped?: string;
}

/** The rows of a split that fail a check. */
export interface DoctorFinding {
  check: string;
  severity: DoctorSeverity;
  split: string;
  /** Rows that fail; of checks of a whole split, the pairs that are cut (truncation), or all rows. */
  count: number;
  /** Their numbers, from 0. Empty for checks of a whole split. */
  rows: number[];
  /** A quoted part of the first one, or "". May hold any character: escape it before it is printed. */
  example: string;
  /** What is wrong. */
  message: string;
  /** What to do. */
  fix: string;
}
