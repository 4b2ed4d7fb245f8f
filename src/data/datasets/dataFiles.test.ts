/** @file Files of CSV, JSON and text: the rows are those that Python's datasets reads. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Dataset } from "./dataset.ts";
import { type LoadDatasetOptions, loadDataset } from "./loadDataset.ts";

interface Case {
  format: string;
  text: string;
  options: LoadDatasetOptions;
  error?: string;
  types?: Record<string, string>;
  rows?: Record<string, unknown>[];
}

const fixture = new URL("../../../test/fixtures/data-files.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(fixture, "utf8")) as { cases: Case[] };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "prefine-files-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function load({ format, text, options }: Case): Promise<Dataset | Error> {
  const path = join(folder, "file");
  writeFileSync(path, text);
  return loadDataset(format, { ...options, data_files: path }).then(
    ({ train }) => train,
    (error: Error) => error,
  );
}

/** As the fixture has values that JSON can't hold. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint" || (typeof value === "number" && !Number.isFinite(value))) return { $: String(value) };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

describe.each(["csv", "json", "text"])("%s", (format) => {
  it("has the rows and types of datasets", async () => {
    const own = cases.filter((one) => one.format === format && one.rows !== undefined);
    expect(own.length).toBeGreaterThan(20);
    for (const one of own) {
      const dataset = await load(one);
      if (dataset instanceof Error) throw new Error(`${JSON.stringify(one)}: ${dataset.message}`);
      const types = Object.entries(dataset.features).map(([name, feature]) => [
        name,
        feature.kind === "value" ? feature.dtype : "nested",
      ]);
      const expected = Object.entries(one.types!).map(([name, type]) => [name, type.replace("large_string", "string")]);
      expect([one.text, types, plain(await dataset.to_list())]).toEqual([one.text, expected, one.rows]);
    }
  });

  it("refuses what datasets refuses", async () => {
    const own = cases.filter((one) => one.format === format && one.error !== undefined);
    for (const one of own) expect([one, (await load(one)) instanceof Error]).toEqual([one, true]);
    expect(own.length).toBeGreaterThan(2);
  });
});
