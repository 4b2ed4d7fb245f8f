/** @file The lines of a win rate. */
import { expect, test } from "vitest";
import { shareOf, verdictsToSettle } from "../collecting/shares.ts";
import { winRateLines } from "./winRateLines.ts";

function rateOf(wins: number, losses: number, ties: number) {
  const rate = shareOf(wins + ties / 2, wins + losses + ties);
  const counts = { wins, losses, ties, both_good: 0, both_bad: 0, skipped: 0 };
  const shares = { rate, similar_length: shareOf(0, 0), left: shareOf(wins, wins + losses) };
  const length_unit = "tokens" as const;
  return { of: "dpo\n", over: "gpt2", ...counts, ...shares, length_unit, more_to_settle: verdictsToSettle(rate) };
}

test("a rate that is open, settled, even", () => {
  expect(winRateLines(rateOf(6, 4, 0))).toEqual([
    "dpo\\n over gpt2: 60 % of 10 pairs (95 % interval: 31 to 83 %); won 6, lost 4, even 0",
    "  87 more pairs would settle it at this rate",
    "  of similar length (within 10 % of tokens): no pairs",
    "  the left answer won 60 % of 10 pairs (95 % interval: 31 to 83 %)",
  ]);
  expect(winRateLines(rateOf(9, 1, 0))[1]).toBe("  settled: the interval leaves out one half");
  expect(winRateLines(rateOf(4, 4, 2))[1]).toBe("  even: no number of pairs would settle it at this rate");
});
