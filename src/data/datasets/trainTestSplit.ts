/** @file Which rows each side of train_test_split gets: those that Python's datasets draws. */
import {
  options as anOptions,
  anything,
  bool,
  checkOptions,
  checkValue,
  describeValue,
  integer,
  optionsOf,
} from "../../arguments.ts";
import { PrefineError } from "../../errors.ts";
import { Pcg64 } from "./pcg64.ts";

export interface TrainTestOptions {
  /**
   * Rows of the test split: a fraction below 1, rounded up, or a number of rows.
   *
   * Default: what train_size leaves, else `0.25`. Same as datasets.
   */
  test_size?: number | null | undefined;
  /**
   * Rows of the train split: a fraction below 1, rounded down, or a number of rows.
   *
   * Default: all that test_size leaves. Same as datasets.
   */
  train_size?: number | null | undefined;
  /**
   * Draw the rows in random order; false: the last rows are the test split.
   *
   * Default: `true`. Same as datasets.
   */
  shuffle?: boolean | undefined;
  /**
   * Random seed: the rows are those that Python's datasets draws with it.
   *
   * Required with shuffle. Differs from datasets: it may be left out there, and then differs from run to run.
   */
  seed?: number | undefined;
}

const SPLIT_OPTIONS = optionsOf<TrainTestOptions>("Dataset.train_test_split", {
  test_size: anything, // with the number of rows, below
  train_size: anything,
  shuffle: bool,
  seed: integer,
});

/** Arguments of datasets' train_test_split that are not built. */
const NOT_BUILT = { stratify_by_column: "rows are drawn at random", generator: "pass a seed" };

/** The seed of `shuffle({ seed })`. @throws PrefineError("config") without one, and for unknown options. */
export function shuffleSeed(options: unknown): number {
  const hint = "Write shuffle({ seed: 42 }): the same seed gives the same order.";
  checkValue("shuffle", options, anOptions, hint);
  checkOptions<{ seed: number }>("shuffle", options, { seed: anything }, { notBuilt: { generator: "pass a seed" } });
  const { seed } = options as { seed?: number };
  if (seed !== undefined) return seed;
  throw new PrefineError("config", "shuffle: seed: expected a whole number, found nothing", hint);
}

/**
 * Numbers of the rows of train and test.
 * @throws PrefineError("data") where a side would be empty, or both are more than all; without a seed to draw with.
 */
export function trainTestRows(
  rows: number,
  options: TrainTestOptions,
  name: string,
): { train: Int32Array; test: Int32Array } {
  const hint = "Write train_test_split({ test_size: 0.1, seed: 42 }).";
  checkValue("train_test_split", options, anOptions, hint);
  checkOptions("train_test_split", options, SPLIT_OPTIONS, { notBuilt: NOT_BUILT });
  const { train, test } = splitSizes(rows, options, name);
  const { seed, shuffle = true } = options;
  if (!shuffle) return { train: range(0, train), test: range(train, train + test) };
  if (seed === undefined) {
    const message = `${name}: train_test_split: expected a seed, found none`;
    throw new PrefineError("data", message, "With shuffle: false the last rows are the test split.");
  }
  const order = new Pcg64(seed).permutation(rows);
  return { train: order.subarray(test, test + train), test: order.subarray(0, test) };
}

/** Numbers from `from` to below `to`. */
export const range = (from: number, to: number): Int32Array =>
  Int32Array.from({ length: to - from }, (_, i) => from + i);

/** As datasets (and scikit-learn) count them. */
function splitSizes(
  rows: number,
  { test_size, train_size }: TrainTestOptions,
  name: string,
): { train: number; test: number } {
  if (rows === 0) return { train: 0, test: 0 };
  for (const [key, size] of Object.entries({ test_size, train_size })) {
    if (size === null || size === undefined) continue;
    const isShare = typeof size === "number" && size > 0 && size < 1;
    if (isShare || (Number.isInteger(size) && size >= 1 && size < rows)) continue;
    const expected = `a fraction between 0 and 1, or fewer rows than the ${rows} there are`;
    throw new PrefineError("data", `${name}: ${key}: expected ${expected}, found ${describeValue(size)}`);
  }
  const count = (size: number, round: (share: number) => number) => (size < 1 ? round(size * rows) : size);
  const share = test_size ?? (train_size ? undefined : 0.25);
  const part = train_size ? count(train_size, Math.floor) : undefined;
  const test = share === undefined ? rows - (part as number) : count(share, Math.ceil);
  const train = part ?? rows - test;
  if (train + test <= rows && train > 0) return { train, test };
  const message = `${name}: train_test_split: expected rows for both sides of ${rows}, found ${train} and ${test}`;
  throw new PrefineError("data", message, "Lower test_size or train_size.");
}
