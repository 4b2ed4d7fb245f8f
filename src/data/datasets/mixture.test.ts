/** @file Mixtures of datasets: the rows of trl.get_dataset (1.16), and columns that don't match. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { failure } from "../../../test/support/outcomes.ts";
import type { Row } from "./features.ts";
import { loadDataset } from "./loadDataset.ts";
import { loadMixture, type MixturePart } from "./mixture.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "prefine-mixture-"));
  put("a.jsonl", range(0, 25));
  put(
    "b.jsonl",
    range(100, 107).map((row) => ({ ...row, m: "x" })),
  );
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const range = (from: number, to: number): Row[] => Array.from({ length: to - from }, (_, i) => ({ n: from + i }));
const numbers = (from: number, to: number) => range(from, to).map(({ n }) => n);
function put(name: string, rows: Row[]): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
}
const a = (more: Partial<MixturePart> = {}): MixturePart => ({ path: join(folder, "a.jsonl"), ...more });
const b = (more: Partial<MixturePart> = {}): MixturePart => ({
  path: "json",
  data_files: join(folder, "b.jsonl"),
  ...more,
});
const mix = (...configs: MixturePart[]) => loadMixture(configs, { test_split_size: null, seed: 1 });
const mixed = async (...configs: MixturePart[]) => (await (await mix(...configs)).train.to_list()).map(({ n }) => n);

describe("a mixture", () => {
  it("concatenates the datasets, with the columns of all", async () => {
    const { train, splitNames } = await mix(a(), b());
    expect(splitNames).toEqual(["train"]);
    expect(train.column_names).toEqual(["n", "m"]);
    const rows = await train.to_list();
    expect(rows.map(({ n }) => n)).toEqual([...numbers(0, 25), ...numbers(100, 107)]);
    expect([rows[0], rows[25]]).toEqual([
      { n: 0, m: null },
      { n: 100, m: "x" },
    ]);
    expect(await train.at(-1)).toEqual({ n: 106, m: "x" });
  });

  it("takes the first rows of each by fraction, and none twice", async () => {
    expect(await mixed(a({ fraction: 0.7 }), b({ fraction: 0.3 }))).toEqual([...numbers(0, 16), ...numbers(100, 107)]);
    expect(await mixed(a({ fraction: 1 }), b({ fraction: 1 }))).toEqual([...numbers(0, 7), ...numbers(100, 107)]);
    expect(await mixed(a({ fraction: 0 }), b({ fraction: 2 }))).toEqual(numbers(100, 107));
  });

  it("accepts ranges and columns", async () => {
    const { train } = await mix(a({ split: "train[:2]+train[-1:]" }), b({ columns: ["n"], split: "train[50%:]" }));
    expect(await train.to_list()).toEqual([0, 1, 24, 104, 105, 106].map((n) => ({ n })));
    expect(train.column_names).toEqual(["n"]);
    const { message, hint } = await failure(mix(b({ columns: ["N"] })));
    expect([message, hint]).toEqual(['json: train: no column "N": the columns are n, m', "Did you mean n?"]);
  });

  it("reads each dataset with its own settings", async () => {
    writeFileSync(join(folder, "c.csv"), "n;m\n1;x\n2;y\n");
    writeFileSync(join(folder, "d.csv"), "3|x\n");
    writeFileSync(join(folder, "e.json"), '{"rows": [{"n": 4, "m": "z"}]}');
    const parts: MixturePart[] = [
      { path: join(folder, "c.csv"), sep: ";", nrows: 1, field: null, header: "infer" },
      { path: join(folder, "d.csv"), delimiter: "|", names: ["n", "m"] },
      { path: join(folder, "e.json"), field: "rows", sep: null },
    ];
    expect(await mixed(...parts)).toEqual([1, 3, 4]);
    const { message } = await failure(mix({ path: join(folder, "e.json"), sep: ";" }));
    expect(message).toContain("sep: expected with files of csv");
  });

  it("accepts a folder of a dataset", async () => {
    put("set/one/train.jsonl", range(1, 3));
    put("set/two/train.jsonl", range(5, 6));
    put("set/two/test.jsonl", range(8, 9));
    const set = join(folder, "set");
    expect(await mixed({ path: set, data_dir: "two/" }, { path: set, data_dir: "two", split: "test" })).toEqual([5, 8]);
    const { train } = await loadDataset(set, { data_dir: "two", data_files: "te*.jsonl" });
    expect(await train.to_list()).toEqual([{ n: 8 }]);
  });

  it("holds out rows, the same ones in every run", async () => {
    const parts = async (test_split_size: number) => {
      const ds = await loadMixture([a(), b()], { test_split_size, seed: 7 });
      const rows = [await ds.train.to_list(), await ds.test.to_list()];
      return rows.map((some) => some.map(({ n }) => n as number));
    };
    const [train, test] = await parts(0.25);
    expect([train.length, test.length]).toEqual([24, 8]);
    expect([...train, ...test].sort((x, y) => x - y)).toEqual([...numbers(0, 25), ...numbers(100, 107)]);
    expect(await parts(0.25)).toEqual([train, test]);
    expect((await parts(5))[1]).toHaveLength(5);
  });

  it("refuses columns of different types, and names their datasets", async () => {
    put("text.jsonl", [{ n: "one" }]);
    const { code, message } = await failure(mix(a(), { path: join(folder, "text.jsonl") }));
    expect(code).toBe("data");
    expect(message.replaceAll(folder, "DIR")).toBe(
      "DIR/text.jsonl: train: expected the column n to be int64 as in DIR/a.jsonl: train, found string",
    );
    put("chat.jsonl", [{ chosen: [{ role: "user", content: "x" }] }]);
    put("chats.jsonl", [{ chosen: [{ role: "user", content: "x", name: null }] }, { chosen: [] }]);
    expect(
      (await mix({ path: join(folder, "chat.jsonl") }, { path: join(folder, "chats.jsonl") })).train.num_rows,
    ).toBe(3);
    put("float.jsonl", [{ n: 0.5 }]);
    expect(await mixed(a({ split: "train[:1]" }), { path: join(folder, "float.jsonl") })).toEqual([0, 0.5]);
  });
});

describe("loadDataset", () => {
  it("reads ranges as splits of that name", async () => {
    const ds = await loadDataset(join(folder, "a.jsonl"), { split: ["train[:2]", "train[23:]", "train"] });
    expect(ds.splitNames).toEqual(["train[:2]", "train[23:]", "train"]);
    expect(await ds.split("train[23:]").to_list()).toEqual(range(23, 25));
    expect(ds.train.num_rows).toBe(25);
    const { message } = await failure(loadDataset(join(folder, "a.jsonl"), { split: "tset[:2]" }));
    expect(message).toContain('no split "tset": the splits are train');
  });
});
