/** @file A look at a dataset reads its beginning: of large and compressed files, and the first pages of parquet. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterAll, beforeAll, expect, it } from "vitest";
import { memorySource } from "../../formats/byteSource.ts";
import { openDataFile } from "./dataFile.ts";
import type { Dataset } from "./dataset.ts";
import { loadDataset, previewDataset } from "./loadDataset.ts";
import { isBeginning } from "./openSplit.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "prefine-preview-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const put = (name: string, content: string | Uint8Array) => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

/** 90 MB, whose last row is no row. */
const long = "x".repeat(999);
const lines = (row: (i: number) => string, last: string) =>
  `${Array.from({ length: 90_000 }, (_, i) => row(i)).join("\n")}\n${last}\n`;
const LARGE: [name: string, content: () => string][] = [
  ["rows.jsonl", () => lines((i) => `{"a":${i},"b":"${long}"}`, "{]")],
  ["rows.csv", () => `a,b\n${lines((i) => `${i},${long}`, "1,2,3,4")}`],
  ["rows.json", () => `[${lines((i) => `{"a":${i},"b":"${long}"},`, "{]")}`],
];

it.each(LARGE)(
  "%s: plain and compressed, the first 64 MiB; a row behind them needs all",
  async (name, content) => {
    const text = content();
    const plain = name === "rows.jsonl" ? [put(name, text)] : [];
    for (const path of [put(`${name}.gz`, gzipSync(text, { level: 1 })), ...plain]) {
      const { train } = await previewDataset(path, {});
      expect(isBeginning(train)).toBe(true);
      expect(train.num_rows).toBeGreaterThan(60_000);
      expect(train.num_rows).toBeLessThan(70_000);
      expect(await train.at(60_000)).toEqual({ a: 60_000, b: long });
      if (plain.length > 0) await expect(loadDataset(path)).rejects.toThrow(/rows\.jsonl(\.gz)?:90001/);
    }
  },
  60_000,
);

it("text and small files: all rows", async () => {
  const text = put("rows.txt", "a\nb");
  const small = put("small.jsonl.gz", gzipSync('{"a":1}\n{"a":2}'));
  for (const path of [text, small]) {
    const { train } = await previewDataset(path, {});
    expect([train.num_rows, isBeginning(train)]).toEqual([2, false]);
  }
});

it("files behind a large one are not opened", async () => {
  const [, content] = LARGE[0]!;
  const paths = [put("a.jsonl", content()), put("b.jsonl", "no row")];
  const { train } = await previewDataset("json", { data_files: paths });
  expect([isBeginning(train), await train.at(0)]).toEqual([true, { a: 0, b: long }]);
});

it("compressed rows of more than is held in memory: all, forward and in any order", async () => {
  const text = Array.from({ length: 80_000 }, (_, i) => `{"a":${i},"b":"${long}"}`).join("\n");
  const { train } = await loadDataset(put("all.jsonl.gz", gzipSync(text, { level: 1 })));
  const sum = async (dataset: Dataset) => {
    let total = 0;
    for await (const { a } of dataset.rows()) total += a as number;
    return [dataset.num_rows, total];
  };
  expect(await sum(train)).toEqual([80_000, 3_199_960_000]);
  const shuffled = train.shuffle({ seed: 1 }).take(2000);
  const again = train.shuffle({ seed: 1 }).take(2000);
  expect(await Promise.all([sum(shuffled), sum(again)])).toEqual([await sum(shuffled), await sum(again)]);
  expect((await train.at(79_999)).a).toBe(79_999);
  expect((await train.at(3)).a).toBe(3);
}, 60_000);

it("parquet: pages of the rows that are shown", async () => {
  const texts = Array.from({ length: 20_000 }, (_, i) => `${i} ${"y".repeat(200)}`);
  const columnData = [{ name: "prompt", data: texts }, { name: "turns", data: texts.map((text) => [text, "b"]) }]; // biome-ignore format: a line
  const bytes = new Uint8Array(
    parquetWriteBuffer({ columnData, rowGroupSize: 20_000, pageSize: 10_000, codec: "UNCOMPRESSED" }),
  );
  bytes.fill(255, bytes.length / 4, bytes.length / 4 + 500); // a page behind
  const memory = memorySource(bytes);
  let read = 0;
  const slice = (start: number, end = memory.byteLength) => {
    read += end - start;
    return memory.slice(start, end);
  };
  const open = async (isPreview: boolean) =>
    openDataFile("x.parquet", async () => ({ byteLength: memory.byteLength, slice }), { format: undefined, reader: {}, isPreview }); // biome-ignore format: a line
  const { parts, features } = await open(true);
  expect(parts.reduce((sum, part) => sum + part.rows, 0)).toBe(20_000);
  expect(Object.keys(features)).toEqual(["prompt", "turns"]);
  read = 0;
  const rows = await parts[0]!.read();
  expect(rows.map((row) => row.turns)).toEqual(texts.slice(0, 64).map((text) => [text, "b"]));
  expect(read).toBeLessThan(bytes.length / 4);
  expect((await parts[2]!.read()).map(({ prompt }) => prompt)).toEqual(texts.slice(128, 256));
  await expect((await open(false)).parts[0]!.read()).rejects.toThrow(/x\.parquet: not a whole parquet file/);
});
