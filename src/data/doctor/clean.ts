/** @file A cleaned copy of examined rows: those of some findings are dropped, controls are removed. With a log. */
import type { Row } from "../datasets/features.ts";
import { openPairs } from "../shapes/readPairs.ts";
import { trlRow } from "../shapes/trl.ts";
import { CONTROLS, INVISIBLE } from "./characterChecks.ts";
import type { DoctorFinding } from "./check.ts";
import {
  DOCTOR_CHECKS,
  type DoctorReport,
  type DoctorRows,
  type ExamineOptions,
  examine,
  readingOf,
} from "./doctor.ts";
import { NO_PAIR } from "./unpaired.ts";
import { UNREADABLE } from "./unreadable.ts";

/** A line of the log. */
export interface CleanedRow {
  split: string;
  row: number;
  action: "dropped" | "changed";
  /** The first check that it fails. */
  check: string;
}

const REMOVED = { controlCharacters: CONTROLS, invisibleCharacters: INVISIBLE };
const EVERY = Object.values(REMOVED).map(({ source, flags }) => new RegExp(source, `${flags}g`));

const cleanText = (text: string) => EVERY.reduce((rest, pattern) => rest.replace(pattern, ""), text);

/** The value with controls and invisible characters removed from its texts; the same value where there are none. */
function cleaned(value: unknown): unknown {
  if (typeof value === "string") return cleanText(value);
  if (Array.isArray(value)) {
    const items = value.map(cleaned);
    return items.some((item, i) => item !== value[i]) ? items : value;
  }
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, cleaned(inner)] as const);
  return entries.some(([key, inner]) => inner !== (value as Row)[key]) ? Object.fromEntries(entries) : value;
}

const isChanging = ({ check }: DoctorFinding) => Object.hasOwn(REMOVED, check);

/** Row -> the check that drops it. */
function droppedRows(findings: readonly DoctorFinding[], split: string): Map<number, string> {
  const drops = new Set([UNREADABLE.name, ...DOCTOR_CHECKS.filter((check) => check.drops).map(({ name }) => name)]);
  const rows = new Map<number, string>();
  for (const finding of findings) {
    if (finding.split !== split || !drops.has(finding.check)) continue;
    for (const row of finding.rows) if (!rows.has(row)) rows.set(row, finding.check);
  }
  return rows;
}

async function* changedRows(rows: ReturnType<DoctorRows["rows"]>, changes: ReadonlySet<number>): AsyncGenerator<Row> {
  let index = 0;
  for await (const row of rows) yield changes.has(index++) ? (cleaned(row) as Row) : row;
}

const placesOf = (split: DoctorRows) => (split.placeOf ? { placeOf: (row: number) => split.placeOf?.(row) } : {});

/** What becomes of the rows of a split. */
export interface Cleaning {
  dropped: ReadonlyMap<number, string>;
  /** Row -> the check whose characters are removed. */
  changed: ReadonlyMap<number, string>;
}

/**
 * Decides which rows are dropped and changed. Rows that are changed may be equal to others then: the
 * splits are examined a second time.
 * @returns by the name of the split.
 */
export async function planCleaning(report: DoctorReport, options: ExamineOptions): Promise<Map<string, Cleaning>> {
  const { train, evaluation = [] } = options;
  const changed = new Map([train, ...evaluation].map(({ name }) => [name, new Map<number, string>()]));
  for (const finding of report.findings.filter(isChanging)) {
    for (const row of finding.rows)
      if (!changed.get(finding.split)?.has(row)) changed.get(finding.split)?.set(row, finding.check);
  }
  const again = (split: DoctorRows): DoctorRows => {
    const rows = new Set(changed.get(split.name)?.keys());
    return { ...placesOf(split), name: split.name, rows: () => changedRows(split.rows(), rows) };
  };
  const hasChanges = [...changed.values()].some(({ size }) => size > 0);
  const second = hasChanges
    ? await examine({ ...options, train: again(train), evaluation: evaluation.map(again) })
    : { findings: [] };
  const findings = [...report.findings, ...second.findings];
  return new Map([...changed].map(([name, rows]) => [name, { dropped: droppedRows(findings, name), changed: rows }]));
}

/** The rows of a split that stay, as they were written; each that is dropped or changed goes to `log`. */
export async function* cleanedRows(
  split: DoctorRows,
  { dropped, changed }: Cleaning,
  { options, log }: { options: ExamineOptions; log: (line: CleanedRow) => void },
): AsyncGenerator<Row> {
  const note = (rows: readonly number[], action: CleanedRow["action"], check: string) => {
    for (const row of rows) log({ split: split.name, row, action, check });
  };
  for await (const { row, rows } of rowsToKeep(split, options, (row) =>
    note([row], "dropped", dropped.get(row) ?? NO_PAIR.name),
  )) {
    const drop = rows.map((index) => dropped.get(index)).find((check) => check !== undefined);
    const change = rows.map((index) => changed.get(index)).find((check) => check !== undefined);
    if (drop !== undefined) note(rows, "dropped", drop);
    else if (change === undefined) yield row;
    else {
      note(rows, "changed", change);
      yield cleaned(row) as Row;
    }
  }
}

/**
 * Rows as they are; in TRL's columns where a pair is made of several rows, so that no half of one stays alone.
 * @param onAlone is given those halves.
 */
async function* rowsToKeep(
  split: DoctorRows,
  options: ExamineOptions,
  onAlone: (row: number) => void,
): AsyncGenerator<{ row: Row; rows: number[] }> {
  const reading = { ...readingOf(split, options), onBadRow: (_: unknown, row: number) => onAlone(row) };
  const stream = await openPairs(split.written?.() ?? split.rows(), reading);
  if (!stream.shape.collects) {
    for await (const { raw, index } of stream.rows()) yield { row: raw, rows: [index] };
    return;
  }
  for await (const pair of stream.pairs()) {
    const { index, other = index } = pair;
    yield { row: trlRow(pair), rows: [...new Set([other, index])] };
  }
  for (const row of [...stream.skipped().values()].flat()) onAlone(row);
}
