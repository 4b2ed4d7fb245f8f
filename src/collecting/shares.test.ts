/** @file Wilson's intervals against statsmodels, kappa against scikit-learn, and the number of verdicts that settle. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { cohensKappa } from "./agreement.ts";
import { areSimilarlyLong, shareOf, verdictsToSettle } from "./shares.ts";

interface Fixture {
  intervals: { count: number; n: number; interval: [number, number] }[];
  kappas: { one: string[]; other: string[]; kappa: number | null }[];
}
const url = new URL("../../test/fixtures/agreement.json", import.meta.url);
const { intervals, kappas } = JSON.parse(readFileSync(url, "utf8")) as Fixture;

test("intervals are statsmodels'", () => {
  expect(intervals.length).toBeGreaterThanOrEqual(10);
  for (const { count, n, interval } of intervals) {
    const found = shareOf(count, n);
    expect(found.share).toBe(count / n);
    for (const i of [0, 1]) expect(found.interval?.[i]).toBeCloseTo(interval[i], 14);
  }
});

test("of no verdicts there is no share", () => {
  expect(shareOf(0, 0)).toEqual({ n: 0, share: null, interval: null });
  expect(verdictsToSettle(shareOf(0, 0))).toBeNull();
});

test("kappas are scikit-learn's", () => {
  expect(kappas.length).toBeGreaterThanOrEqual(7);
  expect(kappas.filter(({ kappa }) => kappa === null).length).toBe(1);
  for (const { one, other, kappa } of kappas) {
    if (kappa === null) expect(cohensKappa(one, other)).toBeNull();
    else expect(cohensKappa(one, other)).toBeCloseTo(kappa, 14);
  }
  expect(cohensKappa([], [])).toBeNull();
});

test("with as many verdicts more, and none fewer, the interval leaves out one half", () => {
  const leavesOut = (share: number, n: number) => {
    const [low, high] = shareOf(share * n, n).interval as [number, number];
    return low > 0.5 || high < 0.5;
  };
  for (const [count, n] of [
    [6, 10],
    [4, 10],
    [17.5, 30],
    [501, 1000],
    [1, 1],
    [0, 2],
  ] as const) {
    const share = shareOf(count, n);
    const more = verdictsToSettle(share) as number;
    expect(leavesOut(count / n, n + more), `${count} of ${n}`).toBe(true);
    if (more > 0) expect(leavesOut(count / n, n + more - 1), `${count} of ${n}`).toBe(false);
  }
  expect(verdictsToSettle(shareOf(9, 10))).toBe(0);
  expect(verdictsToSettle(shareOf(5, 10))).toBeNull();
});

test("lengths are similar up to a tenth of the longer one", () => {
  expect(areSimilarlyLong(90, 100)).toBe(true);
  expect(areSimilarlyLong(100, 89)).toBe(false);
  expect(areSimilarlyLong(0, 0)).toBe(true);
  expect(areSimilarlyLong(0, 1)).toBe(false);
});
