/** @file Files of CSV, JSON and text give the same rows wherever the blocks in which they are read end. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { memorySource } from "./byteSource.ts";
import { missingFields } from "./csvColumns.ts";
import { type CsvSettings, openCsv, readCsvBlock } from "./csvRows.ts";
import { openJson, readJsonBlock } from "./jsonRows.ts";
import { openText, readTextBlock } from "./textRows.ts";

const fixture = new URL("../../test/fixtures/data-files.json", import.meta.url);
interface Case {
  format: "csv" | "json" | "text";
  text: string;
  options: { sample_by?: "line" | "paragraph"; keep_linebreaks?: boolean; field?: string };
}
const { cases } = JSON.parse(readFileSync(fixture, "utf8")) as { cases: Case[] };

const settings: CsvSettings = {
  dialect: {
    separator: ",",
    quote: '"',
    doubleQuote: true,
    escape: undefined,
    comment: undefined,
    skipInitialSpace: false,
    skipBlankLines: true,
  },
  values: {
    missing: missingFields([], true),
    decimal: ".",
    thousands: undefined,
    truths: new Set(["True"]),
    falsehoods: new Set(["False"]),
  },
  skipRows: 0,
  names: undefined,
  header: 0,
  rows: Number.POSITIVE_INFINITY,
  columns: undefined,
};

async function rowsOf({ format, text, options }: Case, blockBytes: number): Promise<unknown> {
  const source = memorySource(new TextEncoder().encode(text));
  const read = async <B>(blocks: B[], readBlock: (block: B) => Promise<unknown[]>) => {
    const rows: unknown[] = [];
    for (const block of blocks) rows.push(...(await readBlock(block)));
    return rows;
  };
  if (format === "csv") {
    const file = await openCsv(source, "file", settings, blockBytes);
    return read(file.blocks, (block) => readCsvBlock(file, block));
  }
  if (format === "json") {
    const file = await openJson(source, "file", () => () => {}, blockBytes);
    return read(file.blocks, (block) => readJsonBlock(file, block));
  }
  const { sample_by = "line", keep_linebreaks = false } = options;
  const file = await openText(source, "file", { sampleBy: sample_by, keepLineBreaks: keep_linebreaks }, blockBytes);
  return read(file.blocks, (block) => readTextBlock(file, block));
}

it("has the same rows, or the same message, for blocks of all sizes", async () => {
  let rows = 0;
  for (const one of cases.filter(({ options }) => options.field === undefined)) {
    const outcome = (blockBytes: number) => rowsOf(one, blockBytes).catch((error: Error) => error.message);
    const whole = await outcome(1 << 20);
    for (const blockBytes of [1, 2, 3, 5, 8, 13]) {
      expect([one, blockBytes, await outcome(blockBytes)]).toEqual([one, blockBytes, whole]);
    }
    if (Array.isArray(whole)) rows += whole.length;
  }
  expect(rows).toBeGreaterThan(300);
});

it("names the line of a row that is wrong", async () => {
  const message = (format: Case["format"], text: string, blockBytes: number) =>
    rowsOf({ format, text, options: {} }, blockBytes).catch((error: Error) => error.message);
  for (const blockBytes of [4, 1 << 20]) {
    expect(await message("csv", 'a,b\n"1\n2",x\n\n3,4,5\n', blockBytes)).toBe(
      "file:5: expected 2 fields as in the header, found 3",
    );
    expect(await message("csv", 'a\r\n1\r\n"x\r\n', blockBytes)).toBe(
      "file:3: expected a row of a CSV file, found a quote without an end",
    );
    expect(await message("json", '{"a":1}\n{"a":}\n{"a":2}\n', blockBytes)).toMatch(/^file:2: /);
    expect(await message("json", '{\n"a":1\n}\n\n{\n"a":x\n}', blockBytes)).toMatch(/^file:5: /);
  }
});
