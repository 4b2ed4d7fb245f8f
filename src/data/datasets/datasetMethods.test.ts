/** @file The methods of a Dataset against those of Python's datasets (datasets-methods.json). */
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, test } from "vitest";
import { failure } from "../../../test/support/outcomes.ts";
import { Dataset } from "./dataset.ts";
import { datasetDict } from "./datasetDict.ts";
import type { Row } from "./features.ts";
import type { SortOptions } from "./sortOrder.ts";
import type { TrainTestOptions } from "./trainTestSplit.ts";
import "./writeText.ts";

interface Fixture {
  versions: Record<string, string>;
  data: Record<"columns" | "texts", Record<string, unknown[]>>;
  draws: {
    shuffle: Record<string, number[]>;
    train_test_split: { options: TrainTestOptions; train: number[]; test: number[] }[];
  };
  sorts: { options: SortOptions & { column_names: string[] }; order: number[] }[];
  files: Record<string, [bytes: number, text: string]>;
  refused: Record<string, boolean>;
  columns: {
    shape: number[];
    unique: Record<string, unknown[]>;
    from_list: Row[];
    renamed: string[];
    swapped: [string[], Row];
    removed: string[];
    selected: Row[];
    added: Row[];
    taken: string[];
    skipped: [string[], number];
    empty: number[];
  };
}

const url = new URL("../../../test/fixtures/datasets-methods.json", import.meta.url);
/** `{ float: "nan" }` stands for NaN. */
const number = (_: string, value: unknown) => {
  const { float } = Object(value) as { float?: unknown };
  return typeof float === "string" ? { nan: Number.NaN, inf: Number.POSITIVE_INFINITY }[float] : value;
};
const python = JSON.parse(readFileSync(url, "utf8"), number) as Fixture;

const valuesOf = async (dataset: Dataset, column: string) => (await dataset.to_list()).map((row) => row[column]);
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);
const sample = () => Dataset.from_dict(python.data.columns, "train");
/** The same rows as if they were read from files, in parts of 2 rows, in an order of their own. */
async function stored(): Promise<Dataset> {
  const rows = (await sample().to_list()).reverse();
  const part = (start: number) => ({ rows: Math.min(2, rows.length - start), start });
  const parts = [0, 2, 4].map(part).map(({ rows: count, start }) => ({
    rows: count,
    read: async () => rows.slice(start, start + count).map((row) => ({ ...row })),
  }));
  const indices = Int32Array.from([4, 3, 2, 1, 0]);
  return new Dataset({ name: "train", parts, features: sample().features, indices });
}

describe(`Dataset as in datasets ${python.versions.datasets}, numpy ${python.versions.numpy}`, () => {
  it("shuffles and splits into the same rows", async () => {
    const rows = Dataset.from_dict({ i: upTo(50) });
    const { shuffle, train_test_split } = python.draws;
    expect([Object.keys(shuffle).length, train_test_split.length]).toEqual([4, 6]);
    for (const [seed, order] of Object.entries(shuffle)) {
      expect(await valuesOf(rows.shuffle({ seed: Number(seed) }), "i"), seed).toEqual(order);
    }
    for (const { options, train, test: held } of train_test_split) {
      const parts = rows.train_test_split(options);
      expect([parts.train.name, parts.test.name]).toEqual(["train", "test"]);
      expect(await valuesOf(parts.train, "i")).toEqual(train);
      expect(await valuesOf(parts.test, "i")).toEqual(held);
    }
    expect(() => rows.train_test_split({ test_size: 0.5 })).toThrow("train_test_split: expected a seed, found none");
  });

  it("sorts by one column and by several, reversed or not, with missing values at either end", async () => {
    expect(python.sorts).toHaveLength(14);
    for (const rows of [sample().add_column("i", upTo(5)), (await stored()).add_column("i", upTo(5))]) {
      for (const { options, order } of python.sorts) {
        const { column_names, ...rest } = options;
        expect(await valuesOf(await rows.sort(column_names, rest), "i"), JSON.stringify(options)).toEqual(order);
      }
    }
    const dates = [3, 1, 2].map((day) => new Date(Date.UTC(2020, 0, day)));
    const sorted = await Dataset.from_dict({ date: dates, n: [1n, 3n, 2n] }).sort(["date"]);
    expect(await valuesOf(sorted, "n")).toEqual([3n, 2n, 1n]);
  });

  it("has its columns: names, shape, selected, removed, renamed, added; unique values", async () => {
    const { shape, unique, renamed, swapped, removed, selected, added, from_list } = python.columns;
    for (const rows of [sample(), await stored()]) {
      expect([rows.num_rows, rows.num_columns]).toEqual(shape);
      expect(rows.shape).toEqual(shape);
      expect(rows.column_names).toEqual(Object.keys(python.data.columns));
      for (const [column, values] of Object.entries(unique)) expect(await rows.unique(column), column).toEqual(values);
      expect(rows.rename_column("n", "m").column_names).toEqual(renamed);
      expect(rows.rename_column("n", "m").features.m).toEqual(rows.features.n);
      const both = rows.select_columns(["n", "s"]).rename_columns({ n: "s", s: "n" });
      expect([both.column_names, (await both.to_list())[0]]).toEqual(swapped);
      expect(rows.remove_columns(["n", "b"]).column_names).toEqual(removed);
      expect(Object.keys(await rows.remove_columns("n").at(0))).toEqual(["s", "b", "f"]);
      expect(await rows.select_columns(["s", "n"]).to_list()).toEqual(selected);
      const more = rows.select([4, 0, 0]).add_column("a", [7, 8, 9]);
      expect(await more.select_columns(["s", "a"]).to_list()).toEqual(added);
      expect([more.features.a, await more.at(-1)]).toMatchObject([
        { kind: "value", dtype: "int64" },
        { s: "x", a: 9 },
      ]);
    }
    expect(await Dataset.from_list([{ a: 1, b: 2 }, { a: 2 }]).to_list()).toEqual(from_list);
    expect(Dataset.from_dict({ a: [], b: [] }).shape).toEqual([0, 2]);
  });

  it("takes and skips rows", async () => {
    const { taken, skipped, empty } = python.columns;
    expect(await valuesOf(sample().take(2), "s")).toEqual(taken);
    expect([await valuesOf(sample().skip(3), "s"), sample().skip(9).num_rows]).toEqual(skipped);
    const { train, test: held } = sample().take(0).train_test_split({ test_size: 0.5, seed: 1 });
    expect([train.num_rows, held.num_rows]).toEqual(empty);
  });
});

describe("what datasets refuses, with what is there", () => {
  const lists = () => sample().add_column("l", Array(5).fill([1]));
  const calls: Record<string, [call: () => unknown, message: RegExp]> = {
    "from_dict of several lengths": [
      () => Dataset.from_dict({ a: [1], b: [1, 2] }),
      /from_dict: expected 1 value in b as in a, found 2/,
    ],
    "rename to a column that is there": [() => sample().rename_column("n", "s"), /two columns would be called "s"/],
    "rename a column that is not there": [
      () => sample().rename_column("zz", "a"),
      /no column "zz": the columns are n, s, b, f/,
    ],
    "rename two to one name": [() => sample().rename_columns({ n: "a", s: "a" }), /two columns would be called "a"/],
    "rename to nothing": [() => sample().rename_columns({ n: "" }), /expected a new name for n, found ""/],
    "remove a column that is not there": [() => sample().remove_columns(["n", "zz"]), /no column "zz"/],
    "select a column that is not there": [() => sample().select_columns("zz"), /no column "zz"/],
    "add a column that is there": [() => sample().add_column("n", upTo(5)), /there is a column n already/],
    "add too few values": [() => sample().add_column("a", [1]), /expected 5 values, found 1/],
    "sort by a column that is not there": [() => sample().sort("zz"), /no column "zz"/],
    "sort by lists": [() => lists().sort("l"), /sort: l: expected numbers, texts, .*, found list<int64>/],
    "sort with too few of reverse": [() => sample().sort(["n", "s"], { reverse: [true] }), /reverse: expected one/],
    "unique of a column that is not there": [() => sample().unique("zz"), /no column "zz"/],
    "unique of lists": [() => lists().unique("l"), /unique: l: expected single values, found list<int64>/],
    "take more than there are": [() => sample().take(6), /take: expected a number of its 5 rows, found 6/],
    "skip a negative number": [() => sample().skip(-1), /skip: expected a number of its 5 rows, found -1/],
    "test_size 0": [() => sample().train_test_split({ test_size: 0, seed: 1 }), /test_size: expected a fraction/],
    "test_size of all": [() => sample().train_test_split({ test_size: 5, seed: 1 }), /fewer rows than the 5/],
    "sizes above all": [
      () => sample().train_test_split({ test_size: 0.5, train_size: 0.7, seed: 1 }),
      /expected rows for both sides of 5, found 3 and 3/,
    ],
    "an empty train split": [
      () => sample().train_test_split({ test_size: 0.5, train_size: 0.1, seed: 1 }),
      /found 0 and 3/,
    ],
    "a negative seed": [() => sample().shuffle({ seed: -1 }), /seed: expected a whole number of at least 0, found -1/],
  };

  test.each(Object.keys(python.refused))("%s", async (name) => {
    expect(python.refused[name]).toBe(true);
    const [call, message] = calls[name];
    const error = await failure((async () => call())());
    expect(error).toMatchObject({ code: "data", message: expect.stringMatching(message) });
  });
});

describe("files", () => {
  const folder = mkdtempSync(join(tmpdir(), "prefine-rows-"));
  const path = join(folder, "rows");
  const texts = () => Dataset.from_dict(python.data.texts, "train");
  /** A lone carriage return is quoted, too: readers take it for the end of a line. */
  const quoted = (csv: string) => csv.replace(/^\r/m, '"\r"');

  test.each(["all", "one"])("to_csv writes what datasets writes (%s)", async (name) => {
    const rows = name === "one" ? texts().select_columns("text") : texts();
    const [bytes, text] = python.files[`${name}.csv`];
    expect(await rows.to_csv(path)).toBe(bytes + 2);
    expect(readFileSync(path, "utf8")).toBe(quoted(text));
  });

  test.each(["all", "one"])("to_json writes the same values (%s)", async (name) => {
    const rows = name === "one" ? texts().select_columns("text") : texts();
    const lines = (text: string) =>
      text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));
    expect(await rows.to_json(path)).toBe(readFileSync(path).length);
    expect(lines(readFileSync(path, "utf8"))).toEqual(lines(python.files[`${name}.jsonl`][1]));
    await rows.to_json(path, { lines: false });
    const text = readFileSync(path, "utf8");
    expect(JSON.parse(text)).toEqual(JSON.parse(python.files[`${name}.json`][1]));
    expect(text.endsWith("]\n")).toBe(true);
  });

  it("hold lists, objects, dates and large numbers; no bytes", async () => {
    const rows = Dataset.from_list([{ chat: [{ role: "user" }], at: new Date(1577934245600), id: 2n ** 60n }]);
    await rows.to_csv(path);
    expect(readFileSync(path, "utf8")).toBe(
      'chat,at,id\n"[{""role"":""user""}]",2020-01-02 03:04:05.600,1152921504606846976\n',
    );
    await rows.to_json(path);
    expect(readFileSync(path, "utf8")).toBe('{"chat":[{"role":"user"}],"at":1577934245600,"id":1152921504606846976}\n');
    const bytes = Dataset.from_dict({ image: [null, Uint8Array.of(1)] }, "train");
    expect((await failure(bytes.to_csv(path))).message).toBe(
      "train row 1: image: expected texts, numbers, lists or objects, found bytes",
    );
    expect(readFileSync(path, "utf8")).toContain("chat"); // the file is as it was
    expect((await failure(rows.to_json(folder))).code).toBe("io");
  });
});

test("a DatasetDict has the methods for all its splits", async () => {
  const splits = datasetDict([
    ["train", sample()],
    ["test", sample().take(2)],
  ]);
  expect([splits.num_rows, splits.num_columns]).toEqual([
    { train: 5, test: 2 },
    { train: 4, test: 4 },
  ]);
  expect(splits.shape).toEqual({ train: [5, 4], test: [2, 4] });
  expect(splits.remove_columns(["n", "b"]).column_names).toEqual({ train: ["s", "f"], test: ["s", "f"] });
  expect(splits.select_columns("s").rename_column("s", "t").column_names).toEqual({ train: ["t"], test: ["t"] });
  expect(splits.rename_columns({ n: "m" }).test.column_names).toEqual(["m", "s", "b", "f"]);
  expect(await splits.unique("n")).toEqual({ train: [2, 1, null, 3], test: [2, 1] });
  const sorted = await splits.sort("n", { reverse: true });
  expect(await valuesOf(sorted.train, "n")).toEqual([3, 2, 1, 1, null]);
  expect((await splits.filter((row) => row.n === 1)).num_rows).toEqual({ train: 2, test: 1 });
  expect(await splits.shuffle({ seed: 3 }).test.to_list()).toEqual(
    await sample().take(2).shuffle({ seed: 3 }).to_list(),
  );
});
