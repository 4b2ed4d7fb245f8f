/** @file The columns of loss_type sppo: how often each answer wins against the policy's own. */
import { PrefineError, show } from "../../errors.ts";
import type { WinRates } from "./types.ts";

const COLUMNS = { chosen: "chosen_probs_win", rejected: "chosen_probs_lose" } as const;

const HARD =
  "loss_type sppo_hard needs no such columns: it takes the chosen answer to win always (1 and 0), at twice the loss.";

/** The win rates of a row. @throws PrefineError("data") where one is missing or no number from 0 to 1. */
export function readWinRates(row: Readonly<Record<string, unknown>>, where: string): WinRates {
  const missing = Object.values(COLUMNS).filter((column) => (row[column] ?? null) === null);
  if (missing.length > 0) {
    const actual = Object.keys(row).join(", ") || "no columns";
    const message = `${where}: expected the columns ${missing.join(" and ")} for loss_type sppo, found ${actual}`;
    throw new PrefineError("data", message, HARD);
  }
  return { chosen: rateOf(row, "chosen", where), rejected: rateOf(row, "rejected", where) };
}

function rateOf(row: Readonly<Record<string, unknown>>, side: keyof WinRates, where: string): number {
  const raw = row[COLUMNS[side]];
  const value = typeof raw === "bigint" ? Number(raw) : raw; // parquet's int64
  if (typeof value === "number" && value >= 0 && value <= 1) return value;
  const message = `${where}: expected "${COLUMNS[side]}" to be a number from 0 to 1, found ${show(raw)}`;
  throw new PrefineError("data", message, HARD);
}
