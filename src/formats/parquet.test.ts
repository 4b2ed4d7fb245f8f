/** @file Parquet files of pyarrow, hyparquet-writer and the hub's datasets, read row group by row group. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { memorySource } from "./byteSource.ts";
import { openParquet, readRowGroup } from "./parquet.ts";

const fixture = (name: string) => readFileSync(new URL(`../../test/fixtures/${name}`, import.meta.url));

async function readAll(bytes: Uint8Array, where = "x.parquet"): Promise<Record<string, unknown>[]> {
  const file = await openParquet(memorySource(bytes), where);
  const groups = await Promise.all(file.groupRows.map((_, group) => readRowGroup(file, group)));
  return groups.flat();
}

describe("parquet", () => {
  it("reads what pyarrow wrote: nested lists, nulls at every level, 64-bit integers, dates, any text", async () => {
    const { rows } = JSON.parse(fixture("preferences.json").toString());
    const expected = rows.map((row: Record<string, unknown>) => ({
      ...row,
      day: row.day === null ? null : new Date(`${row.day}T00:00:00Z`),
    }));
    expected[1].votes = 2n ** 53n + 1n; // not exact as a number: remains a bigint
    const actual = await readAll(fixture("preferences.parquet"));
    expect(actual).toEqual(expected);
    expect(Object.keys(actual[0]!)).toEqual(Object.keys(rows[0]));
    expect(Object.keys((actual[0]!.chosen as object[])[0]!)).toEqual(["content", "role"]);
  });

  it("reads one row group's bytes at a time", async () => {
    const memory = memorySource(fixture("preferences.parquet"));
    const ranges: [number, number][] = [];
    const source = {
      byteLength: memory.byteLength,
      slice: (start: number, end = memory.byteLength) => {
        ranges.push([start, end]);
        return memory.slice(start, end);
      },
    };
    const file = await openParquet(source, "x.parquet");
    expect(file.groupRows).toEqual([2, 1]);
    const firstByte = Number(file.metadata.row_groups[1]!.columns[0]!.meta_data!.dictionary_page_offset);
    ranges.length = 0;
    expect(await readRowGroup(file, 1)).toHaveLength(1);
    expect(Math.min(...ranges.map(([start]) => start))).toBe(firstByte);
  });

  it("reads what hyparquet-writer wrote, even a file without rows", async () => {
    const write = (names: string[], ages: number[]) =>
      new Uint8Array(
        parquetWriteBuffer({
          columnData: [
            { name: "name", data: names, type: "STRING" },
            { name: "age", data: ages, type: "INT32" },
          ],
          rowGroupSize: 2,
        }),
      );
    expect(await readAll(write(["a", "b", "c"], [1, 2, 3]))).toEqual([
      { name: "a", age: 1 },
      { name: "b", age: 2 },
      { name: "c", age: 3 },
    ]);
    expect(await readAll(write([], []))).toEqual([]);
  });

  it.each<[string, (whole: Uint8Array) => Uint8Array, string]>([
    ["an empty file", () => new Uint8Array(0), "the file is empty"],
    ["a few bytes", (whole) => whole.subarray(0, 5), "it has 5 bytes"],
    ["a Git LFS pointer", () => new TextEncoder().encode("version https://git-lfs.github.com/spec/v1"), "PAR1"],
    ["a file truncated in the data", (whole) => whole.subarray(0, 1000), "footer != PAR1"],
    ["a file truncated in the footer", (whole) => whole.subarray(0, whole.length - 1), "footer != PAR1"],
    ["a footer of the wrong length", (whole) => patched(whole, whole.length - 7, 0xff), "exceeds available buffer"],
    ["changed bytes in a page", (whole) => patched(whole, 4, 0xff), "row group 0"],
  ])("rejects %s by name", async (_name, change, message) => {
    await expect(readAll(change(fixture("preferences.parquet")), "data/x.parquet")).rejects.toMatchObject({
      name: "PrefineError",
      code: "data",
      message: expect.stringMatching(new RegExp(`^data/x.parquet: not a whole parquet file: .*${message}`)),
    });
  });
});

describe("columns that differ between row groups and schema", () => {
  const write = (...names: string[]) =>
    new Uint8Array(parquetWriteBuffer({ columnData: names.map((name) => ({ name, data: ["a", "b"] })) }));

  it("are rejected if two have the same name", async () => {
    await expect(readAll(write("prompt", "chosen", "prompt"), "x.parquet")).rejects.toMatchObject({
      message: 'x.parquet: not a whole parquet file: two columns are called "prompt"',
    });
  });

  it("are rejected if a row group has other columns", async () => {
    const bytes = Buffer.from(write("prompt", "chosen"));
    bytes.write("d", bytes.lastIndexOf("chosen")); // the path of the column; its name in the schema is before
    await expect(readAll(bytes, "x.parquet")).rejects.toMatchObject({
      message: "x.parquet: not a whole parquet file: row group 0 has other columns than the schema",
    });
  });
});

function patched(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = new Uint8Array(bytes);
  copy.fill(value, at, at + 3);
  return copy;
}

const hub = new URL("../../../shared/reference/hub/", import.meta.url);

describe.skipIf(!existsSync(hub))("parquet of ../shared/reference/hub (skipped if absent)", () => {
  it("reads every row of the six splits equal to rows.json, key by key", async () => {
    const expected = JSON.parse(readFileSync(new URL("rows.json", hub), "utf8")) as Record<string, unknown[]>;
    const data = new URL("datasets/BarraHome/ultrafeedback_binarized/data/", hub);
    const actual: Record<string, unknown[]> = Object.fromEntries(Object.keys(expected).map((split) => [split, []]));
    for (const name of readdirSync(data).sort()) {
      actual[name.split("-")[0]!]!.push(...(await readAll(readFileSync(new URL(name, data)), name)));
    }
    expect(Object.keys(actual)).toHaveLength(6);
    expect(JSON.stringify(actual)).toBe(JSON.stringify(expected));
  });
});
