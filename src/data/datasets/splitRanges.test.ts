/** @file Ranges of splits: the rows of 25 that Python's datasets (5.2) selects, and invalid ranges. */
import { describe, expect, it } from "vitest";
import { readSplitRanges, rowsOfRange } from "./splitRanges.ts";

const ROWS = 25;
const rows = (text: string, numRows = ROWS) =>
  readSplitRanges(text, ["train", "test"]).map((range) => rowsOfRange(range, numRows));

describe("a range of a split", () => {
  it.each<[string, number, number]>([
    ["train", 0, 25],
    ["train[:10]", 0, 10],
    ["train[:1_0]", 0, 10],
    ["train[-3:]", 22, 25],
    ["train[2:-20]", 2, 5],
    ["train[:1000]", 0, 25],
    ["train[10%:20%]", 2, 5],
    ["train[:6%]", 0, 2],
    ["train[:10%]", 0, 2],
    ["train[:50%]", 0, 12],
    ["train[50%:]", 12, 25],
    ["train[:90%]", 0, 22],
    ["train[:-90%]", 0, 3],
    ["train[-10%:]", 23, 25],
    ["train[98%:]", 24, 25],
  ])("%s", (text, first, end) => {
    expect(rows(text)).toEqual([[first, end]]);
  });

  it("joins several, and prefers a split with the requested name", () => {
    expect(rows("train[24:] + test[:2]")).toEqual([
      [24, 25],
      [0, 2],
    ]);
    expect(readSplitRanges("a+b[1]", ["a+b[1]"])).toEqual([{ split: "a+b[1]", isPercent: false }]);
  });

  it.each(["train[:2%]", "train[5:5]", "train[30:40]", "train[:-30]", "train[9:3]"])("refuses %s: no rows", (text) => {
    expect(() => rows(text)).toThrow(`split ${text}: expected some of 25 rows, found none`);
  });

  it.each([
    ["train[5]", 'split "train[5]": expected the name of a split or a range of its rows, found "train[5]"'],
    ["train[a:b]", "expected the name of a split"],
    ["", "expected the name of a split"],
    ["train[10:20%]", "expected rows, or percent from -100 to 100 on both sides, found train[10:20%]"],
    ["train[:120%]", "expected rows, or percent from -100 to 100"],
  ])("refuses %j", (text, message) => {
    expect(() => rows(text)).toThrow(message);
  });
});
