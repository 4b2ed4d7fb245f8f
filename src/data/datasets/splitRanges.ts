/** @file Parses `train[:1000]`, `train[10%:20%]`, `train+test` and `all`: datasets' slicing syntax. */

import { PrefineError } from "../../errors.ts";
import { counted } from "../../phrases.ts";

export interface SplitRange {
  split: string;
  /** Undefined: from the first row, or to the last. Negative numbers count from the end. */
  from?: number | undefined;
  to?: number | undefined;
  /** Whether both are percentages of all rows. */
  isPercent: boolean;
}

const RANGE = /^(\w+(?:[.-]\w+)*)(?:\[(?:(-?[\d_]+)(%)?)?:(?:(-?[\d_]+)(%)?)?\])?$/;
const HINT = "For example train, train[:1000], train[10%:20%] or train+test.";

/** Stands for all splits together. As in datasets, it takes no range and joins no other. */
export const ALL = "all";

/**
 * @param request the name of a split, optionally with a range of rows, or several joined by +.
 * @param names the existing splits: a request that equals one of them is that split; `all` is all of them in order.
 * @throws PrefineError("data") if it can't be parsed.
 */
export function readSplitRanges(request: string, names: readonly string[]): SplitRange[] {
  if (names.includes(request)) return [{ split: request, isPercent: false }];
  if (request === ALL) return names.map((split) => ({ split, isPercent: false }));
  return request.split("+").map((text) => readRange(text.trim(), request));
}

function readRange(text: string, request: string): SplitRange {
  const [, split, from, fromUnit, to, toUnit] = RANGE.exec(text) ?? [];
  if (split === undefined) {
    const message = `expected the name of a split or a range of its rows, found ${JSON.stringify(text)}`;
    throw new PrefineError("data", `split ${JSON.stringify(request)}: ${message}`, HINT);
  }
  const isPercent = Boolean(fromUnit ?? toUnit);
  const isMixed = isPercent && [from && !fromUnit, to && !toUnit].some(Boolean);
  const [first, last] = [from, to].map((digits) =>
    digits === undefined ? undefined : Number(digits.replaceAll("_", "")),
  );
  if (isMixed || (isPercent && [first, last].some((value) => Math.abs(value ?? 0) > 100))) {
    const message = `expected rows, or percent from -100 to 100 on both sides, found ${text}`;
    throw new PrefineError("data", `split ${JSON.stringify(request)}: ${message}`, HINT);
  }
  return { split, from: first, to: last, isPercent };
}

/**
 * The rows of a range, as in datasets: percentages round to the closest row (halves to even), and it is no error if
 * there are fewer rows.
 * @returns the first row, and the last row + 1.
 * @throws PrefineError("data") if no row is left.
 */
export function rowsOfRange(range: SplitRange, numRows: number): [first: number, end: number] {
  const { split, from, to, isPercent } = range;
  const position = (value: number | undefined, standard: number) => {
    if (value === undefined) return standard;
    const rows = isPercent ? roundHalfEven((value * numRows) / 100) : value;
    return Math.min(numRows, rows < 0 ? Math.max(0, numRows + rows) : rows);
  };
  const [first, end] = [position(from, 0), position(to, numRows)];
  if (first < end) return [first, end];
  const unit = isPercent ? "%" : "";
  const text = [from, to].map((value) => (value === undefined ? "" : `${value}${unit}`)).join(":");
  throw new PrefineError(
    "data",
    `split ${split}[${text}]: expected some of ${counted(numRows, "row")}, found none`,
    HINT,
  );
}

/** Python's round. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest === 0.5 ? floor + (floor % 2 === 0 ? 0 : 1) : Math.round(value);
}
