/** @file Which row of which file a row of a split is: messages name it, so that it can be found and fixed. */
import type { PlaceOf } from "../../phrases.ts";

/** The places of rows of a file. @param first the number in the file of the first of them. */
export const placesInFile =
  (path: string, first: number): PlaceOf =>
  (row) => ({ path, row: first + row });

/** Places of rows that begin with another one's `first`. */
export const placesFrom = (places: PlaceOf | undefined, first: number): PlaceOf | undefined =>
  places && ((row) => places(first + row));

/** Places of rows that are some of others, in any order. */
export const placesOf = (places: PlaceOf | undefined, rows: ArrayLike<number>): PlaceOf | undefined =>
  places && ((row) => places(rows[row]));

/** Places of several parts, one after the other; undefined: all are in no file. */
export function placesOfParts(
  parts: readonly { rows: number; places?: PlaceOf | undefined }[],
  starts: readonly number[],
): PlaceOf | undefined {
  const places = parts.map((part) => part.places);
  if (places.every((one) => one === undefined)) return undefined;
  return (row) => {
    const part = partAt(starts, row);
    return places[part]?.(row - starts[part]);
  };
}

/** The part with a row: the last one that starts at or before it. @param starts the first row of every part. */
export function partAt(starts: readonly number[], row: number): number {
  let [low, high] = [0, starts.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle] <= row) low = middle;
    else high = middle - 1;
  }
  return low;
}
