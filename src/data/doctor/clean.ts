/** @file A cleaned copy of examined rows: those of some findings are dropped, controls are removed. With a log. */
import type { Row } from "../datasets/features.ts";
import type { DoctorFinding } from "./check.ts";
import { DOCTOR_CHECKS, type DoctorReport, type DoctorRows, preferenceRows } from "./doctor.ts";
import { CONTROLS } from "./textChecks.ts";

/** A line of the log. */
export interface CleanedRow {
  split: string;
  row: number;
  action: "dropped" | "changed";
  /** The first check that it fails. */
  check: string;
}

const EVERY_CONTROL = new RegExp(CONTROLS.source, "g");

/** The value with controls removed from all its texts; the same value where there are none. */
function withoutControls(value: unknown): unknown {
  if (typeof value === "string") return CONTROLS.test(value) ? value.replace(EVERY_CONTROL, "") : value;
  if (Array.isArray(value)) {
    const items = value.map(withoutControls);
    return items.some((item, i) => item !== value[i]) ? items : value;
  }
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, withoutControls(inner)] as const);
  return entries.some(([key, inner]) => inner !== (value as Row)[key]) ? Object.fromEntries(entries) : value;
}

/** Row -> the check that drops it. */
function droppedRows(findings: readonly DoctorFinding[], split: string): Map<number, string> {
  const drops = new Set(["unreadable", ...DOCTOR_CHECKS.filter((check) => check.drops).map(({ name }) => name)]);
  const rows = new Map<number, string>();
  for (const finding of findings) {
    if (finding.split !== split || !drops.has(finding.check)) continue;
    for (const row of finding.rows) if (!rows.has(row)) rows.set(row, finding.check);
  }
  return rows;
}

/** The rows of a split that stay, in TRL's columns; each that is dropped or changed goes to `log`. */
export async function* cleanedRows(
  split: DoctorRows,
  { findings }: DoctorReport,
  log: (line: CleanedRow) => void,
): AsyncGenerator<Row> {
  const dropped = droppedRows(findings, split.name);
  let index = 0;
  for await (const raw of preferenceRows(split)) {
    const check = dropped.get(index);
    if (check !== undefined) log({ split: split.name, row: index, action: "dropped", check });
    else {
      const row = withoutControls(raw) as Row;
      if (row !== raw) log({ split: split.name, row: index, action: "changed", check: "controlCharacters" });
      yield row;
    }
    index++;
  }
}
