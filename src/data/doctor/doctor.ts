/** @file Examines preference data: every check on every row, one pass per split, hashes in memory instead of texts. */

import { PrefineError } from "../../errors.ts";
import { turnTaker } from "../../host.ts";
import { pushAll } from "../../lists.ts";
import { type PlaceOf, rowNames } from "../../phrases.ts";
import type { Row } from "../datasets/features.ts";
import type { Truncation, TruncationMode } from "../preferences/packPair.ts";
import { controlTokenPattern } from "../preferences/textChecks.ts";
import { TokenizingThreads } from "../preferences/tokenizingThreads.ts";
import { openPairs } from "../shapes/readPairs.ts";
import { isPlainTrl } from "../shapes/recognize.ts";
import type { ShapeOptions } from "../shapes/shape.ts";
import { trlRow } from "../shapes/trl.ts";
import { threadsOf } from "../tokenizers/slowCalls.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { CHARACTER_CHECKS } from "./characterChecks.ts";
import type { DoctorCheck, DoctorContext, DoctorFinding, ExaminedRow, Look, SplitCheck, SplitLook } from "./check.ts";
import { type RawPair, RowExamination } from "./examine.ts";
import { NearIndex } from "./minhash.ts";
import { hasLongPrompt, promptSignature, ROW_CHECKS } from "./rowChecks.ts";
import { SPLIT_CHECKS } from "./splitChecks.ts";
import { TEXT_CHECKS } from "./textChecks.ts";
import { TOKEN_CHECKS } from "./tokenChecks.ts";
import { unpairedFinding } from "./unpaired.ts";
import { UnreadableRows } from "./unreadable.ts";

/** To add a check, add a record to one of these lists, and a fault to scripts/plantFaults.ts. */
export const DOCTOR_CHECKS: readonly DoctorCheck[] = [
  ...TEXT_CHECKS,
  ...CHARACTER_CHECKS,
  ...TOKEN_CHECKS,
  ...ROW_CHECKS,
];

/** A split: rows that can be read more than once. */
export interface DoctorRows {
  name: string;
  rows(): AsyncIterable<Row> | Iterable<Row>;
  /** The same rows with the columns that are written in each, for a cleaned copy. Default: `rows`. */
  written?: (() => AsyncIterable<Row>) | undefined;
  /** Where the rows are, for messages. Default: in no file. */
  placeOf?: PlaceOf | undefined;
}

export interface ExamineOptions {
  /** The split that is trained on. */
  train: DoctorRows;
  /** Those that are evaluated on. */
  evaluation?: readonly DoctorRows[];
  /** Undefined: checks that need tokens are skipped, by name. */
  tokenizer?: Tokenizer | undefined;
  /** Longest sequence in tokens; null: no limit. */
  max_length: number | null;
  truncation_mode?: TruncationMode;
  /** How rows are read; default: their format is recognized. */
  to_preferences?: ShapeOptions | null | undefined;
  /** Called every 25 ms or so. */
  onProgress?: ((split: string, rows: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface DoctorReport {
  splits: {
    name: string;
    rows: number;
    /** Those that could be read: of lists of answers, a row may give several, or none. */
    pairs: number;
    numbers: Record<string, Record<string, number | string | null>>;
  }[];
  /** Severe ones first. */
  findings: DoctorFinding[];
  /** Checks that did not run, and why. */
  skipped: { check: string; why: string }[];
  /** Whether a finding is severe. */
  isSevere: boolean;
}

/** How a split's rows are read: as in a training with this tokenizer. */
export const readingOf = (
  rows: DoctorRows,
  { to_preferences, tokenizer }: Pick<ExamineOptions, "to_preferences" | "tokenizer">,
) => ({
  ...to_preferences,
  split: rows.name,
  nameOf: rowNames(rows.name, rows),
  hasChatTemplate: tokenizer === undefined || tokenizer.chat_template !== null,
});

interface Reading {
  options: ExamineOptions;
  onBadRow(error: PrefineError, row: number): void;
  /** Called before each row. */
  onRow(): void;
  /** Is filled with rows that are in no pair, by why. */
  skipped: Map<string, readonly number[]>;
}

/** Pairs in TRL's columns: rows as they are, or by the shape that they have. */
async function* pairsOf(split: DoctorRows, { options, onBadRow, onRow, skipped }: Reading): AsyncGenerator<RawPair> {
  const stream = await openPairs(noticed(split.rows(), onRow), { ...readingOf(split, options), onBadRow });
  if (!isPlainTrl(stream))
    for await (const pair of stream.pairs()) yield { raw: trlRow(pair), index: pair.index, bare: stream.shape.bare };
  else for await (const { row: raw, index } of stream.rows()) yield { raw, index }; // read, and refused, by the caller
  for (const [why, rows] of stream.skipped()) skipped.set(why, rows);
}

async function* noticed(rows: AsyncIterable<Row> | Iterable<Row>, onRow: () => void): AsyncGenerator<Row> {
  for await (const row of rows) {
    onRow();
    yield row;
  }
}

interface Running {
  check: DoctorCheck;
  look: Look;
  rows: Set<number>;
  example: string;
}

interface RunningSplit {
  check: SplitCheck;
  look: SplitLook;
}

const ORDER = ["severe", "warning", "note"];

/**
 * Examines the splits, those that are evaluated on first. Time and memory are linear in the rows.
 * @throws PrefineError("interrupted") by `signal`.
 */
export async function examine(options: ExamineOptions): Promise<DoctorReport> {
  const { train, evaluation = [], tokenizer, max_length, truncation_mode = "keep_start" } = options;
  const report: DoctorReport = { splits: [], findings: [], skipped: [], isSevere: false };
  const shared = {
    tokenizer,
    controlTokens: tokenizer && controlTokenPattern(tokenizer),
    truncation: { max_length, truncation_mode } satisfies Truncation,
    evaluation: { exact: new Map<number, number>(), near: new NearIndex(), names: [] },
  };
  skipByNeed(report, options);
  for (const split of [...evaluation, train]) {
    const context: DoctorContext = { ...shared, split: split.name, isTrain: split === train };
    await examineSplit(split, context, { report, options });
  }
  report.splits.reverse(); // the split that is trained on first
  const names = report.splits.map(({ name }) => name);
  const placeOf = (finding: DoctorFinding) => [ORDER.indexOf(finding.severity), names.indexOf(finding.split)];
  report.findings.sort((a, b) => placeOf(a)[0] - placeOf(b)[0] || placeOf(a)[1] - placeOf(b)[1]);
  report.isSevere = report.findings.some(({ severity }) => severity === "severe");
  return report;
}

function skipByNeed(report: DoctorReport, { tokenizer, evaluation = [] }: ExamineOptions): void {
  if (!tokenizer) skip(report, "tokenizer", "no tokenizer");
  if (evaluation.length === 0) skip(report, "evaluation", "no split that is evaluated on");
}

/** Records the checks that need what is missing. */
function skip({ skipped }: DoctorReport, need: string, why: string): void {
  for (const { name, needs } of [...DOCTOR_CHECKS, ...SPLIT_CHECKS]) {
    if (needs === need) skipped.push({ check: name, why });
  }
}

interface Work {
  report: DoctorReport;
  options: ExamineOptions;
}

async function examineSplit(split: DoctorRows, context: DoctorContext, { report, options }: Work): Promise<void> {
  const running = DOCTOR_CHECKS.map((check): Running => {
    return { check, look: check.look(context), rows: new Set(), example: "" };
  });
  const whole = SPLIT_CHECKS.map((check): RunningSplit => ({ check, look: check.start(context) }));
  const unreadable = new UnreadableRows();
  const { tokenizer } = context;
  const openThreads = () => tokenizer && threadsFor(tokenizer, context, options);
  const examination = new RowExamination({ nameOf: rowNames(split.name, split), tokenizer, openThreads });
  const turn = turnTaker();
  const counts = { rows: 0, read: 0, looked: 0, pairs: 0 };
  const skipped: Reading["skipped"] = new Map();
  const source = pairsOf(split, {
    ...{ options, skipped },
    onBadRow: (error, row) => unreadable.add(error, row, counts.read),
    onRow: () => counts.rows++,
  });
  for await (const one of examination.rows(counted(source, () => counts.read++))) {
    const order = counts.looked++;
    try {
      if ("error" in one) throw one.error;
      lookAt(one.row, running, whole, context);
      counts.pairs++;
    } catch (error) {
      unreadable.add(error, one.index, order);
    }
    const pause = turn();
    if (!pause) continue;
    options.onProgress?.(split.name, counts.rows);
    await pause;
    if (options.signal?.aborted) throw new PrefineError("interrupted", "stopped while the data was examined");
  }
  const { rows, pairs } = counts;
  const found = running.flatMap((one) => findingOf(one, split.name, rows));
  pushAll(report.findings, [...unreadable.finding(split.name), ...unpairedFinding(split.name, skipped), ...found]);
  const numbers = endSplit(whole, split.name, { report, rows });
  report.splits.push({ name: split.name, rows, pairs, numbers });
  const { withoutTokens } = examination;
  if (withoutTokens !== undefined) skip(report, "tokenizer", `${split.name}: ${withoutTokens}`);
}

function threadsFor(
  tokenizer: Tokenizer,
  { truncation }: DoctorContext,
  { signal }: ExamineOptions,
): TokenizingThreads | undefined {
  const settings = { truncation, maxPromptLength: null, modelVocabSize: undefined };
  return TokenizingThreads.of(threadsOf(tokenizer), settings, signal);
}

async function* counted(pairs: AsyncIterable<RawPair>, onPair: () => void): AsyncGenerator<RawPair> {
  for await (const pair of pairs) {
    yield pair;
    onPair();
  }
}

function lookAt(
  row: ExaminedRow,
  running: readonly Running[],
  whole: readonly RunningSplit[],
  { isTrain, split, evaluation }: DoctorContext,
): void {
  for (const one of running) {
    const hit = one.look(row);
    if (hit === undefined) continue;
    const { example, also } = typeof hit === "string" ? { example: hit, also: [] } : hit;
    if (one.rows.size === 0) one.example = example;
    for (const index of [row.index, ...also]) one.rows.add(index);
  }
  for (const { look } of whole) look.add(row);
  if (isTrain || row.prompt.trim() === "") return;
  if (evaluation.exact.has(row.keys.prompt)) return;
  const number = evaluation.names.push({ split, row: row.index }) - 1;
  evaluation.exact.set(row.keys.prompt, number);
  if (hasLongPrompt(row)) evaluation.near.add(promptSignature(row), number);
}

function findingOf({ check, rows, example }: Running, split: string, total: number): DoctorFinding[] {
  if (rows.size === 0 || (check.isRare && rows.size > total / 2)) return [];
  const { name, severity, describe, fix } = check;
  const numbers = [...rows].sort((a, b) => a - b);
  return [{ check: name, severity, split, count: rows.size, rows: numbers, example, message: describe, fix }];
}

function endSplit(
  whole: readonly RunningSplit[],
  split: string,
  { report, rows }: { report: DoctorReport; rows: number },
) {
  const numbers: Record<string, Record<string, number | string | null>> = {};
  for (const { check, look } of whole) {
    if (report.skipped.some((one) => one.check === check.name && one.why === "no tokenizer")) continue;
    const result = look.end();
    if (result.skipped) report.skipped.push({ check: check.name, why: `${split}: ${result.skipped}` });
    else numbers[check.name] = result.numbers;
    if (result.finding) {
      report.findings.push({ check: check.name, split, count: rows, rows: [], example: "", ...result.finding });
    }
  }
  return numbers;
}
