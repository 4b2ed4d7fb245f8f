/** @file Which files of a folder make which split: equal to Python's datasets on random listings. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { readCard } from "./card.ts";
import { isData, isRead } from "./fileFormats.ts";
import { type DataFiles, type FoundFiles, filesByName, filesByPatterns, namedSplits } from "./splitFiles.ts";

interface Case {
  files: string[];
  data_files?: DataFiles;
  card?: string;
  error?: string;
  format?: string;
  splits?: Record<string, string[]>;
}

const fixture = new URL("../../../test/fixtures/dataset-listings.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(fixture, "utf8")) as { cases: Case[] };

function find({ files, data_files, card }: Case): FoundFiles {
  if (card !== undefined) return filesByPatterns(readCard(card, "README.md")[0].patterns!, files, "here");
  return data_files === undefined
    ? filesByName(files, "here")
    : filesByPatterns(namedSplits(data_files, ""), files, "");
}

function outcome(one: Case): FoundFiles | string {
  try {
    return find(one);
  } catch (error) {
    return (error as Error).message;
  }
}

/** datasets has a file once per pattern that matches it. */
const once = (splits: Record<string, string[]>) =>
  Object.entries(splits).map(([split, files]) => [split, [...new Set(files)]]);

it("finds the files of splits by names, of all formats", () => {
  let equal = 0;
  for (const one of cases.filter(({ data_files, card }) => data_files === undefined && card === undefined)) {
    const found = outcome(one);
    if (typeof found === "string") expect([one.files, isRead(one.format), found]).toEqual([one.files, false, found]);
    else expect([one.files, found.format, ...found.splits]).toEqual([one.files, one.format, ...once(one.splits!)]);
    if (typeof found !== "string") equal++;
  }
  expect(equal).toBeGreaterThan(50);
});

it("finds the files of patterns in calls and cards; skips other formats, which datasets then fails to read", () => {
  let equal = 0;
  for (const one of cases.filter(({ data_files, card }) => data_files !== undefined || card !== undefined)) {
    const found = outcome(one);
    if (typeof found === "string") {
      expect([one, isRead(one.format), found]).toEqual([one, false, found]);
      continue;
    }
    if (found.format === undefined && one.error) continue; // named one by one: each of its own format
    const others = (file: string) => found.skipped.includes(file) || !isData(file);
    const expected = once(one.splits ?? {}).map(([split, files]) => [
      split,
      (files as string[]).filter((file) => !others(file)),
    ]);
    expect([one.files, ...found.splits]).toEqual([one.files, ...expected]);
    equal++;
  }
  expect(equal).toBeGreaterThan(20);
});
