/** @file Rows that are no preferences: no other check sees them. */
import { PrefineError } from "../../errors.ts";
import type { DoctorFinding } from "./check.ts";

export const UNREADABLE = {
  name: "unreadable",
  severity: "severe",
  drops: true,
  describe: "The row is no preference: a training stops at it.",
} as const;

export class UnreadableRows {
  private readonly bad: { error: PrefineError; row: number; order: number }[] = [];

  /** @param order pairs before it. @throws other errors than those of the data. */
  add(error: unknown, row: number, order: number): void {
    if (!(error instanceof PrefineError) || error.code !== "data") throw error;
    this.bad.push({ error, row, order });
  }

  finding(split: string): DoctorFinding[] {
    if (this.bad.length === 0) return [];
    const sorted = this.bad.toSorted((a, b) => a.order - b.order); // some are noticed while others are on their way
    const [{ error }] = sorted;
    const rows = sorted.map(({ row }) => row);
    const { name: check, severity, describe: message } = UNREADABLE;
    const fix = error.hint ?? "";
    return [{ check, severity, split, count: rows.length, rows, example: error.message, message, fix }];
  }
}
