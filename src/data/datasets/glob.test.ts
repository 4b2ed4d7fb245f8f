/** @file Patterns of file names: wildcards, classes, folders, and a time that no pattern can make long. */
import { describe, expect, test } from "vitest";
import { matchPaths } from "./glob.ts";

const PATHS = ["a.csv", "b.csv", "data/a.csv", "data/deep/c.csv", "data/deep/d-1.csv", "data/.hidden/e.csv", "[x].csv"];

test.each<[pattern: string, matching: string[]]>([
  ["*.csv", ["[x].csv", "a.csv", "b.csv"]],
  ["./a.csv", ["a.csv"]],
  ["**/*.csv", ["[x].csv", "a.csv", "b.csv", "data/a.csv", "data/deep/c.csv", "data/deep/d-1.csv"]],
  ["data/**", ["data/a.csv", "data/deep/c.csv", "data/deep/d-1.csv"]],
  ["data/**/c.csv", ["data/deep/c.csv"]],
  ["data/?.csv", ["data/a.csv"]],
  ["[ab].csv", ["a.csv", "b.csv"]],
  ["[!a].csv", ["b.csv"]],
  ["[b-z].csv", ["b.csv"]],
  ["[z-b].csv", []],
  ["data/*/d-[0-9].csv", ["data/deep/d-1.csv"]],
  ["data/.hidden/*", ["data/.hidden/e.csv"]],
  ["[[]x].csv", ["[x].csv"]],
  ["a.cs", []],
])("%s", (pattern, matching) => expect(matchPaths(pattern, PATHS)).toEqual(matching));

describe("bounded time", () => {
  test.each(["*a".repeat(40), "**/".repeat(40), "**a".repeat(40), "?*".repeat(40)])("%s", (pattern) => {
    expect(matchPaths(`${pattern}b`, ["a".repeat(2000), `${"a/".repeat(500)}x`])).toEqual([]);
  });
});
