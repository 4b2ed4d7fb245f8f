/** @file Datasets from files, folders, cards and the hub: splits, columns and rows; errors. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sharedHubExists, startServePy } from "../../../test/support/localHub.ts";
import { failure } from "../../../test/support/outcomes.ts";
import { sharedFolder } from "../../../test/support/shared.ts";
import type { DatasetDict } from "./datasetDict.ts";
import type { Row } from "./features.ts";
import { loadDataset } from "./loadDataset.ts";
import { ultrafeedback } from "./ultrafeedback.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "prefine-data-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}
const lines = (...rows: Row[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join("");
const parquet = (...rows: { n: number }[]) =>
  new Uint8Array(parquetWriteBuffer({ columnData: [{ name: "n", data: rows.map(({ n }) => n), type: "INT32" }] }));
const message = async (promise: Promise<unknown>) => (await failure(promise)).message.replaceAll(folder, "DIR");

async function allRows(splits: DatasetDict): Promise<Record<string, Row[]>> {
  const rows: Record<string, Row[]> = {};
  for (const split of splits.splitNames) rows[split] = await splits[split]!.to_list();
  return rows;
}

describe("loadDataset from files", () => {
  const rows = [{ a: 1 }, { a: 2, b: [{ c: null }] }];
  const filled = [
    { a: 1, b: null },
    { a: 2, b: [{ c: null }] },
  ];

  it.each<[string, string | Uint8Array]>([
    ["x.jsonl", lines(...rows)],
    ["x.ndjson", lines(...rows)],
    ["x[1].jsonl", lines(...rows)],
    ["x.jsonlines", lines(...rows)],
    ["x.json", JSON.stringify(rows, null, 2)],
    ["pretty.json", rows.map((row) => JSON.stringify(row, null, 2)).join("\n")],
    ["rows.json", lines(...rows)],
    ["x.jsonl.gz", gzipSync(lines(...rows))],
  ])("reads %s as the split train, missing columns as null", async (name, content) => {
    const splits = await loadDataset(put(name, content));
    expect(await allRows(splits)).toEqual({ train: filled });
    expect(splits.train.column_names).toEqual(["a", "b"]);
  });

  it("reads a parquet file by row groups", async () => {
    const fixture = fileURLToPath(new URL("../../../test/fixtures/preferences.parquet", import.meta.url));
    const { train } = await loadDataset(fixture);
    expect([train.num_rows, (await train.at(2)).rank]).toEqual([3, -7]);
    expect(((await train.at(0)).chosen as Row[]).map(Object.keys)).toEqual([
      ["content", "role"],
      ["content", "role"],
    ]);
  });

  it("accepts data_files: paths, lists, patterns, with and without split names", async () => {
    const [a, b] = [put("a.jsonl", lines({ n: 1 })), put("sub/b.jsonl", lines({ n: 2 }))];
    put("sub/c.jsonl", lines({ n: 3 }));
    put("sub/notes.txt", "no data");
    const load = async (data_files: Parameters<typeof loadDataset>[1]) =>
      allRows(await loadDataset(undefined, data_files));
    expect(await load({ data_files: a })).toEqual({ train: [{ n: 1 }] });
    expect(await load({ data_files: [b, a] })).toEqual({ train: [{ n: 2 }, { n: 1 }] });
    const named = { data_files: { train: join(folder, "sub/*"), dev: [a] } };
    expect(await load(named)).toEqual({ train: [{ n: 2 }, { n: 3 }], dev: [{ n: 1 }] });
    expect(await load({ ...named, split: "dev" })).toEqual({ dev: [{ n: 1 }] });
    expect(await allRows(await loadDataset("json", { data_files: a }))).toEqual({ train: [{ n: 1 }] });
    expect(await allRows(await loadDataset(folder, { data_files: { test: "sub/*.jsonl" } }))).toEqual({
      test: [{ n: 2 }, { n: 3 }],
    });
    expect(await allRows(await loadDataset(join(folder, "**/*.jsonl")))).toEqual({
      train: [{ n: 1 }, { n: 2 }, { n: 3 }],
    });
  });

  it("reads a folder by its card, also through links, and only the requested splits", async () => {
    put(
      "README.md",
      "---\nconfigs:\n- config_name: main\n  default: true\n  data_files:\n  - split: good\n    path: d/g-*\n  - split: bad\n    path: d/b-*\n- config_name: more\n  data_dir: extra\n---\n",
    );
    put("d/g-00000-of-00002.parquet", parquet({ n: 1 }));
    put("blobs/x", parquet({ n: 2 }, { n: 3 }));
    symlinkSync("../blobs/x", join(folder, "d/g-00001-of-00002.parquet"));
    put("d/b-0.parquet", "broken, but not asked for");
    put("extra/test.jsonl", lines({ n: 4 }));
    const splits = await loadDataset(`${folder}/`, { split: "good" });
    expect(await allRows(splits)).toEqual({ good: [{ n: 1 }, { n: 2 }, { n: 3 }] });
    expect(await allRows(await loadDataset(folder, { name: "more" }))).toEqual({ test: [{ n: 4 }] });
    expect(await message(loadDataset(folder))).toContain("DIR/d/b-0.parquet: not a whole parquet file");
    const error = await failure(loadDataset(folder, { split: ["good", "bed"] }));
    expect([error.message.replaceAll(folder, "DIR"), error.hint]).toEqual([
      'DIR: no split "bed": the splits are good, bad',
      "Did you mean bad?",
    ]);
    expect(() => splits.split("god")).toThrow('no split "god": the splits are good');
    expect(splits.split("good")).toBe(splits.good);
  });

  it("reads a folder without a card by its file names", async () => {
    put("train.jsonl", lines({ n: 1 }));
    put("test.jsonl", lines({ n: 2 }));
    expect(await allRows(await loadDataset(folder))).toEqual({ train: [{ n: 1 }], test: [{ n: 2 }] });
  });

  it("finds splits by names before formats, and names the files that it skips", async () => {
    put("data/train_prefs-00000-of-00001.parquet", parquet({ n: 1 }));
    put("sub/config.json", "{}");
    put("dataset_infos.json", "{}");
    put("state.json", "{}");
    const warned: string[] = [];
    const onWarning = (line: string) => warned.push(line.replaceAll(folder, "DIR"));
    expect(await allRows(await loadDataset(folder, { onWarning }))).toEqual({ train_prefs: [{ n: 1 }] });
    expect(warned).toEqual([]);
    put("data/train_prefs-00000-of-00001.png", "");
    await loadDataset(folder, { onWarning });
    await loadDataset(folder, { onWarning, data_files: ["data/*.parquet", "other/*"] });
    put("two/train.csv", "n\n1\n");
    put("two/samples.jsonl", lines({ n: 2 }));
    expect(await allRows(await loadDataset(join(folder, "two"), { onWarning }))).toEqual({ train: [{ n: 1 }] });
    expect(warned).toEqual([
      "DIR: skips 1 file of another format than parquet: data/train_prefs-00000-of-00001.png",
      "DIR: no file matches a pattern: train: other/*",
    ]);
  });

  it("joins files of a split; parquet files must have the same columns", async () => {
    put("a.parquet", parquet({ n: 1 }));
    put("b.parquet", new Uint8Array(parquetWriteBuffer({ columnData: [{ name: "m", data: ["x"], type: "STRING" }] })));
    const error = await failure(loadDataset(folder));
    expect(error.message.replaceAll(folder, "DIR")).toBe(
      "DIR/b.parquet: its columns differ from those of DIR/a.parquet: expected n: int32, found m: string",
    );
    const data_files = [put("c.jsonl", lines({ n: 5 })), put("d.jsonl", lines({ m: "x" }))];
    expect(await allRows(await loadDataset(undefined, { data_files }))).toEqual({
      train: [
        { n: 5, m: null },
        { n: null, m: "x" },
      ],
    });
  });

  it.each<[string, () => Promise<unknown>, RegExp]>([
    ["a missing file", () => loadDataset(join(folder, "absent.jsonl")), /^DIR\/absent\.jsonl: no such file or folder$/],
    ["a missing folder", () => loadDataset("./absent/folder/x"), /^\.\/absent\/folder\/x: no such file or folder$/],
    [
      "a missing file in data_files",
      () => loadDataset(undefined, { data_files: { dev: join(folder, "x.json") } }),
      /^DIR\/x\.json: no such file \(split dev\)$/,
    ],
    [
      "a folder in data_files",
      () => loadDataset(undefined, { data_files: folder }),
      /^DIR: expected a file, found a folder \(split train\)$/,
    ],
    [
      "a pattern without files",
      () => loadDataset(join(folder, "*.jsonl")),
      /^data_files: train: no file matches DIR\/\*\.jsonl$/,
    ],
    ["nothing", () => loadDataset(undefined), /^expected a dataset/],
    ["an empty folder", () => loadDataset(folder), /^DIR: expected data files, found no files$/],
    [
      "another format",
      () => loadDataset(put("x.xlsx", "a,b")),
      /^DIR\/x\.xlsx: expected a data file, found another type$/,
    ],
    [
      "an empty JSON file",
      () => loadDataset(put("x.jsonl", "")),
      /^DIR\/x\.jsonl: expected rows, found an empty file$/,
    ],
    [
      "an empty parquet file",
      () => loadDataset(put("x.parquet", "")),
      /^DIR\/x\.parquet: not a whole parquet file: the file is empty$/,
    ],
    [
      "bad JSON",
      () => loadDataset(put("x.jsonl", '{"a":1}\n{"a":}\n')),
      /^DIR\/x\.jsonl:2: expected a row as a JSON object/,
    ],
    [
      "a cut gzip file",
      () => loadDataset(put("x.json.gz", gzipSync("[]").subarray(0, 8))),
      /^DIR\/x\.json\.gz: not a complete gzip file/,
    ],
    [
      "Arrow files",
      () => loadDataset(dirname(put("s/data-00000-of-00001.arrow", "x") && put("s/state.json", "{}"))),
      /^DIR\/s: contains Arrow files/,
    ],
    [
      "a script of its name beside data",
      () => loadDataset(dirname(put("u/a.jsonl", lines({ n: 1 })) && put("u/u.py", "x"))),
      /^DIR\/u: has the loading script u\.py, which makes its rows/,
    ],
  ])("reports %s", async (_name, load, expected) => {
    expect(await message(load())).toMatch(expected);
  });

  it("notices a file that shrinks after it was opened", async () => {
    const path = put("x.jsonl", lines({ n: 1 }, { n: 2 }));
    const { train } = await loadDataset(path);
    writeFileSync(path, "{");
    expect(await message(train.at(0))).toBe("DIR/x.jsonl: the file was truncated while it was read");
    rmSync(path);
    expect(await message(train.at(0))).toBe("DIR/x.jsonl: no such file");
  });
});

const reference = join(sharedFolder, "reference/hub");

describe.skipIf(!sharedHubExists)("loadDataset of ../shared/reference/hub (skipped where it is absent)", () => {
  const id = "BarraHome/ultrafeedback_binarized";
  const expected = () => JSON.parse(readFileSync(join(reference, "rows.json"), "utf8")) as Record<string, Row[]>;

  it("reads every row of the six splits and seven features, from the hub, then offline; then processes them", async () => {
    const hub = await startServePy(reference);
    const options = { endpoint: hub.endpoint, cacheDir: join(folder, "cache"), token: false as const, offline: false };
    const splits = await loadDataset(id, options).finally(() => hub.stop());
    expect(JSON.stringify(await allRows(splits))).toBe(JSON.stringify(expected()));
    expect(splits.splitNames).toEqual(["train_prefs", "train_sft", "test_prefs", "test_sft", "train_gen", "test_gen"]);
    const features = ["prompt", "prompt_id", "chosen", "rejected", "messages", "score_chosen", "score_rejected"];
    for (const split of splits.splitNames) expect(splits[split]!.column_names).toEqual(features);
    expect(Object.keys(await splits.train_prefs.at(0))).toEqual(features);
    const offline = await loadDataset(id, { ...options, offline: true });
    expect(JSON.stringify(await allRows(offline))).toBe(JSON.stringify(expected()));
    const { test_prefs } = await splits.map(ultrafeedback, { load_from_cache_file: false });
    const processed = expected().test_prefs!.map(({ prompt, chosen, rejected }) => ({
      prompt,
      chosen: (chosen as Row[]).at(-1)!.content,
      rejected: (rejected as Row[]).at(-1)!.content,
    }));
    expect(await test_prefs.to_list()).toEqual(processed);
  });

  it("downloads only what a split needs; offline, names the missing files", async () => {
    const hub = await startServePy(reference);
    const options = { endpoint: hub.endpoint, cacheDir: join(folder, "cache"), token: false as const, offline: false };
    const seen: string[] = [];
    const { train_prefs } = await loadDataset(id, {
      ...options,
      split: "train_prefs",
      onProgress: ({ path }) => seen.push(path),
    });
    const downloads = (await hub.downloads()).map(({ path }) => path.split("/").at(-1)!.split("@").at(-1));
    await hub.stop();
    expect(train_prefs.num_rows).toBe(40);
    expect(new Set(downloads)).toEqual(
      new Set(["README.md", "train_prefs-00000-of-00002.parquet", "train_prefs-00001-of-00002.parquet"]),
    );
    expect(new Set(seen)).toEqual(
      new Set(["README.md", "data/train_prefs-00000-of-00002.parquet", "data/train_prefs-00001-of-00002.parquet"]),
    );
    const error = await failure(loadDataset(id, { ...options, offline: true, split: "test_prefs" }));
    expect(error.message).toContain("not in the cache: data/test_prefs-00000-of-00001.parquet");
  });

  it("names the wrong dataset, shard and split", async () => {
    const copy = join(folder, "copy/data");
    mkdirSync(copy, { recursive: true });
    const data = join(reference, "datasets", id);
    copyFileSync(join(data, "README.md"), join(folder, "copy/README.md"));
    for (const split of ["train_prefs-00000-of-00002", "test_prefs-00000-of-00001"]) {
      copyFileSync(join(data, `data/${split}.parquet`), join(copy, `${split}.parquet`));
    }
    expect(existsSync(join(copy, "test_prefs-00000-of-00001.parquet"))).toBe(true);
    expect(await message(loadDataset(join(folder, "copy")))).toBe(
      "DIR/copy: train_prefs: expected 2 shards, data/train_prefs-00001-of-00002.parquet is missing",
    );
    const whole = readFileSync(join(copy, "test_prefs-00000-of-00001.parquet"));
    const cut = put("cut.parquet", whole.subarray(0, whole.length / 2));
    expect(await message(loadDataset(cut))).toMatch(/^DIR\/cut\.parquet: not a whole parquet file: .*footer/);
  });
});
