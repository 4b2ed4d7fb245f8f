/** @file A win rate as lines for a terminal: the share with its interval, biases, what would settle it. */
import type { Share } from "../collecting/shares.ts";
import type { WinRate } from "../collecting/winCounts.ts";
import { counted, onOneLine } from "../phrases.ts";

const percent = (share: number) => `${(100 * share).toFixed(0)} %`;

/** `62 % of 45 (95 % interval: 48 to 75 %)`. */
function shareText({ n, share, interval }: Share): string {
  if (share === null || interval === null) return "no pairs";
  const [low, high] = interval.map((end) => (100 * end).toFixed(0));
  return `${percent(share)} of ${counted(n, "pair")} (95 % interval: ${low} to ${high} %)`;
}

export function winRateLines(rate: WinRate): string[] {
  const { of, over, wins, losses, ties, similar_length, length_unit, left, more_to_settle: more } = rate;
  const settles: Record<string, string> = {
    null: "even: no number of pairs would settle it at this rate",
    "0": "settled: the interval leaves out one half",
  };
  return [
    `${onOneLine(of)} over ${onOneLine(over)}: ${shareText(rate.rate)}; won ${wins}, lost ${losses}, even ${ties}`,
    `  ${settles[String(more)] ?? `${counted(more as number, "more pair")} would settle it at this rate`}`,
    `  of similar length (within 10 % of ${length_unit}): ${shareText(similar_length)}`,
    `  the left answer won ${shareText(left)}`,
  ];
}
