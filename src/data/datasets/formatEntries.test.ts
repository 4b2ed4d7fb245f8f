/** @file `split: all` and datasets named by their format: the rows and refusals of Python's datasets (5.2). */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { failure } from "../../../test/support/outcomes.ts";
import { openData, withWholePaths } from "./dataArguments.ts";
import { type LoadDatasetOptions, loadDataset } from "./loadDataset.ts";
import { loadMixture, type MixturePart } from "./mixture.ts";

let folder: string;
const at = (name: string) => join(folder, name);
function put(name: string, content: string | Uint8Array): void {
  mkdirSync(dirname(at(name)), { recursive: true });
  writeFileSync(at(name), content);
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "prefine-formats-"));
  for (const split of ["train", "test", "validation"])
    put(`d/${split}.jsonl`, `{"n":"${split}0"}\n{"n":"${split}1"}\n`);
  put("c.data", "n,m\n1,x\n2,y\n");
  put("sub/c2.csv", "n,m\n3,z\n");
  put("p.data", new Uint8Array(parquetWriteBuffer({ columnData: [{ name: "n", data: [7, 8], type: "INT32" }] })));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function column(name: string, options: LoadDatasetOptions): Promise<Record<string, unknown[]>> {
  const splits = await loadDataset(name, options);
  const values: Record<string, unknown[]> = {};
  for (const split of splits.splitNames)
    values[split] = (await splits.split(split).to_list()).map((row) => Object.values(row)[0]);
  return values;
}

describe("split: all", () => {
  it("has the rows of all splits, in the order of the splits", async () => {
    const all = ["train0", "train1", "validation0", "validation1", "test0", "test1"];
    expect(await column(at("d"), { split: "all" })).toEqual({ all });
    expect(await column(at("d"), { split: ["all", "test[1:]"] })).toEqual({ all, "test[1:]": ["test1"] });
    const data_files = { test: at("d/test.jsonl"), train: at("d/train.jsonl") };
    expect(await column("json", { data_files, split: "all" })).toEqual({ all: ["test0", "test1", "train0", "train1"] });
    expect(await column("json", { data_files: at("d/t*.jsonl"), split: "all" })).toEqual({
      all: ["test0", "test1", "train0", "train1"],
    });
  });

  it("has the rows of the others where a split is empty", async () => {
    put("some/train.csv", "n\n1\n");
    put("some/test.csv", "n\n");
    expect(await column(at("some"), { split: "all" })).toEqual({ all: [1] });
  });

  it.each(["all[:4]", "all+train", "train+all", "all[50%:]"])("%s names no split", async (split) => {
    const { message } = await failure(loadDataset(at("d"), { split }));
    expect(message).toContain('no split "all": the splits are train, validation, test');
  });

  it("ALL is no split, and a split can't be called all", async () => {
    expect((await failure(loadDataset(at("d"), { split: "ALL" }))).message).toContain('no split "ALL"');
    put("e/data/all-00000-of-00001.jsonl", '{"n":1}\n');
    const { code, message, hint } = await failure(loadDataset(at("e")));
    expect([code, message.replace(folder, "DIR")]).toEqual([
      "data",
      "DIR/e: expected another name of a split than all, which stands for all splits together",
    ]);
    expect(hint).toContain("data_files");
    expect(await column(at("e"), { data_files: { train: "data/all-*" }, split: "all" })).toEqual({ all: [1] });
  });
});

describe("a dataset named by its format", () => {
  it("reads files of any name, lists, patterns, splits and folders", async () => {
    const csv = (options: LoadDatasetOptions) => column("csv", options);
    expect(await csv({ data_files: at("c.data") })).toEqual({ train: [1, 2] });
    expect(await csv({ data_files: [at("c.data"), at("sub/*.csv")], split: "train[1:3]" })).toEqual({
      "train[1:3]": [2, 3],
    });
    expect(await csv({ data_dir: at("sub") })).toEqual({ train: [3] });
    expect(await csv({ data_dir: at("sub/"), data_files: { x: "*.csv" }, split: "x" })).toEqual({ x: [3] });
    expect(await csv({ data_dir: at("sub"), data_files: at("c.data") })).toEqual({ train: [1, 2] });
    expect(await csv({ name: "any", data_files: { a: at("c.data"), b: [at("sub/*")] }, split: "all" })).toEqual({
      all: [1, 2, 3],
    });
    expect(await column("text", { data_files: at("c.data") })).toEqual({ train: ["n,m", "1,x", "2,y"] });
    expect(await column("parquet", { data_files: at("p.data") })).toEqual({ train: [7, 8] });
  });

  it.each<[string, LoadDatasetOptions, RegExp]>([
    ["no split", { data_files: {} }, /expected data_files of at least one split, found \{\}/],
    ["no file", { data_files: [] }, /data_files/],
    ["a split without a file", { data_files: { train: [] } }, /data_files.train: expected a path or a list of paths/],
    ["a file that is not there", { data_dir: "nothere", data_files: "c.data" }, /nothere\/c.data: no such file/],
    ["neither files nor a folder", {}, /csv: expected data_files or data_dir, found neither/],
    ["another split", { data_files: "c.data", split: "test" }, /no split "test": the splits are train/],
    ["an empty pattern", { data_files: "*.nothing" }, /no file matches/],
  ])("refuses %s", async (_, options, message) => {
    const { data_files } = options;
    const whole = typeof data_files === "string" && !options.data_dir ? { data_files: at(data_files) } : {};
    await expect(loadDataset("csv", { ...options, ...whole })).rejects.toThrow(message);
  });

  it("is an entry of a mixture with all of that", async () => {
    const entries: MixturePart[] = [
      { path: "csv", data_files: { train: at("c.data"), test: [at("sub/*.csv")] }, split: "test", columns: ["n"] },
      { path: "csv", data_dir: at("sub"), data_files: ["*.csv"], columns: ["n"] },
      { path: "csv", name: "any", data_files: { a: at("c.data"), b: at("sub/c2.csv") }, split: "all", columns: ["n"] },
      { path: "parquet", data_files: at("p.data"), split: "train[1:]" },
    ];
    const { train } = await loadMixture(entries, { test_split_size: null, seed: 1 });
    expect((await train.to_list()).map(({ n }) => n)).toEqual([3, 3, 1, 2, 3, 8]);
  });

  it("is found from any folder once its paths are whole", async () => {
    const here = (name: string) => relative(process.cwd(), at(name));
    const data = await withWholePaths({
      datasets: [
        { path: "csv", data_files: here("c.data"), columns: ["n"] },
        { path: "csv", data_dir: here("sub"), data_files: { train: ["*.csv"] }, columns: ["n"] },
        { path: "csv", data_dir: here("sub"), columns: ["n"] },
        { path: here("d"), data_files: "train.jsonl", data_dir: null },
      ],
    });
    expect(data.datasets).toEqual([
      { path: "csv", data_files: at("c.data"), columns: ["n"] },
      { path: "csv", data_dir: at("sub"), data_files: { train: [at("sub/*.csv")] }, columns: ["n"] },
      { path: "csv", data_dir: at("sub"), columns: ["n"] },
      { path: at("d"), data_files: "train.jsonl", data_dir: null },
    ]);
    const { train } = await openData({ datasets: data.datasets?.slice(0, 3) }, { seed: 1 });
    expect((await train.to_list()).map(({ n }) => n)).toEqual([1, 2, 3, 3]);
  });
});
