/** @file Rows that are in no pair: a training skips them with a line, and no other check sees them. */
import { grouped } from "../../phrases.ts";
import type { DoctorFinding } from "./check.ts";

export const NO_PAIR = {
  name: "noPair",
  severity: "warning",
  describe: "The row is in no pair: a training skips it.",
  about: "equal ratings, ties that are skipped, no answer of the other label",
} as const;

const FIX = "Nothing, if it is meant so; else pairing, pairing_margin and ties choose which answers become pairs.";

/** @param skipped rows that are in no pair, by why. */
export function unpairedFinding(split: string, skipped: ReadonlyMap<string, readonly number[]>): DoctorFinding[] {
  if (skipped.size === 0) return [];
  const rows = [...new Set([...skipped.values()].flat())].sort((a, b) => a - b);
  const reasons = [...skipped].map(([why, some]) => `${grouped(some.length)} ${why} (row ${some[0]})`);
  const { name: check, severity, describe: message } = NO_PAIR;
  return [{ check, severity, split, count: rows.length, rows, example: reasons.join("; "), message, fix: FIX }];
}
