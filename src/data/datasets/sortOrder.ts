/** @file The order of rows by the values of their columns, as Arrow sorts them: datasets.Dataset.sort. */
import { bool, checkOptions, either, listOf, oneOf, optionsOf } from "../../arguments.ts";
import { PrefineError } from "../../errors.ts";
import { checkColumns } from "./columns.ts";
import { describeFeature, type Features } from "./features.ts";

export interface SortOptions {
  /**
   * Largest first: for all columns, or for each of them.
   *
   * Default: `false`. Same as datasets.
   */
  reverse?: boolean | readonly boolean[] | undefined;
  /**
   * Where rows go that have no value, whether reversed or not.
   *
   * Default: `"at_end"`. Same as datasets.
   */
  null_placement?: "at_start" | "at_end" | undefined;
}

const SORT_OPTIONS = optionsOf<SortOptions>("Dataset.sort", {
  reverse: either(bool, listOf(bool)),
  null_placement: oneOf("at_start", "at_end"),
});

/** A column to sort by. */
export interface SortKey {
  column: string;
  descending: boolean;
}

/**
 * The columns to sort by, checked.
 * @throws PrefineError("data") for a column that is not there or has no order, and for options that do not fit.
 */
export function sortKeys(
  columns: readonly string[],
  options: SortOptions,
  { name, features }: { name: string; features: Features },
): SortKey[] {
  checkOptions("sort", options, SORT_OPTIONS, { noEffect: ["kind", "keep_in_memory", "load_from_cache_file"] });
  const { reverse = false } = options;
  const fail = (message: string) => new PrefineError("data", `${name}: sort: ${message}`);
  if (columns.length === 0) throw fail("expected a column to sort by, found none");
  checkColumns(columns, features, name);
  if (typeof reverse !== "boolean" && reverse.length !== columns.length) {
    throw fail(`reverse: expected one value, or ${columns.length} as of column_names, found ${reverse.length}`);
  }
  return columns.map((column, i) => {
    const feature = features[column];
    if (feature.kind !== "value" || ["mixed", "binary"].includes(feature.dtype)) {
      throw fail(`${column}: expected numbers, texts, truth values or dates, found ${describeFeature(feature)}`);
    }
    return { column, descending: typeof reverse === "boolean" ? reverse : reverse[i] };
  });
}

/**
 * Numbers of the rows in their new order; rows that are equal stay in theirs.
 * @param values by row: of each key, its value.
 */
export function sortedOrder(
  values: readonly (readonly unknown[])[],
  keys: readonly SortKey[],
  nulls: "at_start" | "at_end",
): number[] {
  const side = nulls === "at_end" ? 1 : -1;
  const compare = (a: readonly unknown[], b: readonly unknown[]): number => {
    for (const [i, { descending }] of keys.entries()) {
      const [first, second] = [a[i], b[i]];
      const missing = emptiness(first) - emptiness(second);
      if (missing !== 0) return missing * side;
      if (emptiness(first) > 0) continue;
      const order = compareValues(first, second);
      if (order !== 0) return descending ? -order : order;
    }
    return 0;
  };
  return [...values.keys()].sort((a, b) => compare(values[a], values[b]));
}

/** Values come before NaN, and NaN before null; the other way around where nulls are at the start. */
function emptiness(value: unknown): number {
  if (value === null || value === undefined) return 2;
  return Number.isNaN(value) ? 1 : 0;
}

function compareValues(a: unknown, b: unknown): number {
  if (typeof a === "string" && typeof b === "string") return compareTexts(a, b);
  const [first, second] = [a, b] as [number, number]; // dates, truth values and bigints compare as numbers do
  return first < second ? -1 : first > second ? 1 : 0;
}

/** By code points, as UTF-8 bytes order them; JavaScript's own order puts emoji before some letters. */
function compareTexts(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [first, second] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (first !== second) return codePointRank(first) - codePointRank(second);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above all others. */
const codePointRank = (unit: number) => (unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit);
