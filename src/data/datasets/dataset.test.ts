/** @file A Dataset reads files part by part and returns copies; select, filter, shuffle, split. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { failure } from "../../../test/support/outcomes.ts";
import { Dataset } from "./dataset.ts";
import { describeFeature, type Row } from "./features.ts";
import { loadDataset } from "./loadDataset.ts";
import { Pcg64 } from "./pcg64.ts";

const fixture = (name: string) => fileURLToPath(new URL(`../../../test/fixtures/${name}`, import.meta.url));
const numbers = (n: number): Row[] => Array.from({ length: n }, (_, i) => ({ i, list: [{ i }] }));

/** A Dataset whose parts of 10 rows count how often they are read. */
function counted(parts: number) {
  const reads: number[] = [];
  const part = (p: number) => ({
    rows: 10,
    read: async () => {
      reads.push(p);
      return numbers(10).map((row) => ({ ...row, i: p * 10 + (row.i as number) }));
    },
  });
  const features = { i: { kind: "value", dtype: "int64" } } as const;
  return {
    dataset: new Dataset({ name: "train", parts: Array.from({ length: parts }, (_, p) => part(p)), features }),
    reads,
  };
}

const column = async (dataset: Dataset) => (await dataset.to_list()).map(({ i }) => i as number);
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

describe("Dataset", () => {
  it("reads a file's row groups lazily, and caches the last two for at()", async () => {
    const { dataset, reads } = counted(4);
    expect([dataset.num_rows, reads]).toEqual([40, []]);
    const asked = [];
    for (const index of [0, 5, 12, 3, 39, -1, -28, -40]) asked.push((await dataset.at(index)).i);
    expect(asked).toEqual([0, 5, 12, 3, 39, 39, 12, 0]);
    expect(reads).toEqual([0, 1, 3, 1, 0]);
    await Promise.all([dataset.at(20), dataset.at(21)]);
    expect(reads.filter((part) => part === 2)).toHaveLength(1);
  });

  it("stops reading when a loop over its rows stops", async () => {
    const { dataset, reads } = counted(4);
    for await (const row of dataset) if (row.i === 12) break;
    expect(reads).toEqual([0, 1]);
  });

  it.each([40, -41, 1.5, Number.NaN])("at(%s) names the split and its size", async (index) => {
    const { dataset } = counted(4);
    expect((await failure(dataset.at(index))).message).toBe(`train: no row ${index}: it has 40 rows`);
  });

  it("returns copies", async () => {
    const dataset = Dataset.fromRows(numbers(3));
    const row = await dataset.at(1);
    (row.list as Row[])[0]!.i = "changed";
    for await (const each of dataset) (each.list as Row[]).length = 0;
    const drop = (each: Row) => void delete each.list;
    await dataset.select([1, 1]).map(drop);
    expect(await dataset.to_list()).toEqual(numbers(3));
  });

  it("filters by row and index, selects, shuffles and composes", async () => {
    const { dataset, reads } = counted(4);
    const even = await dataset.filter(async ({ i }, index) => i === index && index % 2 === 0);
    expect(await column(even)).toEqual(upTo(20).map((i) => i * 2));
    const some = even.select([19, 0, 7, 7]);
    expect([some.num_rows, await column(some), (await some.at(-1)).i]).toEqual([4, [38, 0, 14, 14], 14]);
    reads.length = 0;
    expect(await column(even.shuffle({ seed: 3 }))).toEqual([...new Pcg64(3).permutation(20)].map((i) => i * 2));
    expect(reads.sort()).toEqual([0, 1, 2, 3]); // every part once, in spite of the order
    expect(await column(dataset)).toEqual(upTo(40));
    expect(() => even.select([20])).toThrow("train: select: no row 20: it has 20 rows");
    expect(() => even.shuffle({ seed: 0.5 })).toThrow("seed: expected a whole number");
  });

  it("reads a long shuffled order in at most eight passes", async () => {
    const { dataset, reads } = counted(1000);
    const shuffled = await column(dataset.shuffle({ seed: 1 }));
    expect(shuffled.slice().sort((a, b) => a - b)).toEqual(upTo(10_000));
    expect(reads.length).toBeLessThanOrEqual(8 * 1000);
    expect(reads.length).toBeGreaterThan(1000);
  });

  it("splits into train and test", async () => {
    const { dataset } = counted(4);
    const { train, test } = dataset.train_test_split({ test_size: 0.26, seed: 7 });
    expect([train.name, train.num_rows, test.name, test.num_rows]).toEqual(["train", 29, "test", 11]);
    expect([...(await column(test)), ...(await column(train))].sort((a, b) => a - b)).toEqual(upTo(40));
    expect(await column(test)).toEqual([...new Pcg64(7).permutation(40).subarray(0, 11)]);
    const last = dataset.train_test_split({ test_size: 2, seed: 0, shuffle: false });
    expect(await column(last.test)).toEqual([38, 39]);
    expect(() => dataset.train_test_split({ test_size: 40, seed: 0 })).toThrow("test_size: expected a fraction");
  });

  it("names the row in which a filter fails", async () => {
    const failing = counted(2).dataset.filter(({ i }) => {
      if (i === 13) throw new Error("thirteen");
      return true;
    });
    expect((await failure(failing)).message).toBe("train row 13: the function failed: thirteen");
  });

  it("infers the features of rows in memory", () => {
    const rows = [
      { text: "a", n: 1, x: 1, mixed: 1, list: [], talk: [{ role: "user" }], none: null, ok: true },
      {
        text: null,
        n: 2,
        x: 0.5,
        mixed: "1",
        list: [1],
        talk: [{ role: "user", content: "hi" }],
        none: null,
        ok: false,
        late: new Date(0),
      },
    ];
    const described = Object.entries(Dataset.fromRows(rows).features).map(
      ([name, f]) => `${name}: ${describeFeature(f)}`,
    );
    expect(described).toEqual([
      "text: string",
      "n: int64",
      "x: float64",
      "mixed: mixed",
      "list: list<int64>",
      "talk: list<struct<role: string, content: string>>",
      "none: null",
      "ok: bool",
      "late: timestamp",
    ]);
  });

  it("reads the features of a parquet file with datasets' names", async () => {
    const { train } = await loadDataset(fixture("preferences.parquet"));
    const message = "list<struct<content: string, role: string>>";
    expect(Object.fromEntries(Object.entries(train.features).map(([name, f]) => [name, describeFeature(f)]))).toEqual({
      prompt: "string",
      chosen: message,
      rejected: message,
      score: "float64",
      votes: "int64",
      rank: "int32",
      good: "bool",
      tags: "list<string>",
      source: "struct<name: string, year: int16>",
      day: "date32",
      vector: "list<float32>",
    });
    expect(train.column_names).toEqual(
      Object.keys(JSON.parse(readFileSync(fixture("preferences.json"), "utf8")).rows[0]),
    );
  });
});
