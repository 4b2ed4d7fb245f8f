/** @file Tests that start many processes take a sample of their cases; `npm run soak` takes all (PREFINE_CASES=all). */

/** Whether all cases are taken. */
export const takesAll = process.env.PREFINE_CASES === "all";

/** All cases, or those of them that `npm test` takes. */
export function casesOf<T>(all: readonly T[], isSample: (one: T, index: number) => boolean): T[] {
  return takesAll ? [...all] : all.filter(isSample);
}
