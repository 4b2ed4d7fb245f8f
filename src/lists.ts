/**
 * @file Lists of any length. `Math.max(...list)` and `list.push(...more)` overflow the stack at some 100,000 items: a
 * call may spread only lists that code writes down, which test/architecture.test.ts holds us to.
 */

/** Appends all items to a list. */
export function pushAll<T>(list: T[], more: ArrayLike<T>): void {
  for (let i = 0; i < more.length; i++) list.push(more[i]);
}

/** The largest number, or `least` if all are smaller; NaN if one is NaN, as of Math.max. */
export function largest(numbers: Iterable<number>, least = Number.NEGATIVE_INFINITY): number {
  let most = least;
  for (const number of numbers) most = Math.max(most, number);
  return most;
}

/** The smallest number, or `most` if all are larger; NaN if one is NaN, as of Math.min. */
export function smallest(numbers: Iterable<number>, most = Number.POSITIVE_INFINITY): number {
  let least = most;
  for (const number of numbers) least = Math.min(least, number);
  return least;
}
