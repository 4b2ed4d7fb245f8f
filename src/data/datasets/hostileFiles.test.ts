/** @file Data files that are made to take memory or time, or hold very long rows: rows, or one message. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterAll, beforeAll, expect, it } from "vitest";
import { memorySource } from "../../formats/byteSource.ts";
import { openParquet } from "../../formats/parquet.ts";
import { compressionOf } from "./compressions.ts";
import { decompressed } from "./decompressed.ts";
import { loadDataset } from "./loadDataset.ts";

let folder: string;
const at = (name: string) => join(folder, name);
const content = async (name: string, most?: number) =>
  decompressed(at(name), name, (await compressionOf(at(name)))!, { use: "whole", most });
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "prefine-hostile-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("a .gz file is read up to a limit of its content, in whatever pieces it comes", async () => {
  const text = Array.from({ length: 80_000 }, (_, i) => `{"prompt":"p${i}"}\n`).join("");
  writeFileSync(at("rows.jsonl.gz"), Buffer.concat([gzipSync(text.slice(0, 12345)), gzipSync(text.slice(12345))]));
  const source = await content("rows.jsonl.gz");
  expect(source.byteLength).toBe(text.length);
  for (const [start, end] of [
    [0, 5],
    [12340, 12350],
    [1_000_000, 1_200_000],
    [text.length - 3, text.length + 9],
  ]) {
    expect(Buffer.from(await source.slice(start, end)).toString()).toBe(text.slice(start, end));
  }
  const { train } = await loadDataset(at("rows.jsonl.gz"));
  expect([train.num_rows, await train.at(79_999)]).toEqual([80_000, { prompt: "p79999" }]);
  const tooLarge = /^rows.jsonl.gz: expected a .gz file of at most 1 MiB of content.*found more$/;
  await expect(content("rows.jsonl.gz", 2 ** 20)).rejects.toThrow(tooLarge);
});

it("a row of 10 MB is a row, with numbers that need care and many escapes", async () => {
  const prompt = `${'a"\\\n'.repeat(200_000)}${"b".repeat(9_000_000)}`;
  writeFileSync(at("long.jsonl"), `{"a":1.0,"prompt":${JSON.stringify(prompt)}}\n{"a":2.5,"prompt":"x"}\n`);
  const { train } = await loadDataset(at("long.jsonl"));
  expect((await train.at(0)).prompt === prompt).toBe(true);
  expect(await train.at(1)).toEqual({ a: 2.5, prompt: "x" });
});

it("rows and cards that nest without end are refused with a message", async () => {
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  writeFileSync(at("deep.jsonl"), `{"prompt":${deep}}\n`);
  await expect(loadDataset(at("deep.jsonl"))).rejects.toThrow(/deep.jsonl:1: .*nest more than 200 levels/);
});

it("rows after 80 MB of blank lines, and lines of zeros", async () => {
  writeFileSync(at("blank.jsonl"), `{"a":1}\n${"\n".repeat(80_000_000)}{"a":2}\n`);
  const { train } = await loadDataset(at("blank.jsonl"));
  expect([train.num_rows, await train.at(1)]).toEqual([2, { a: 2 }]);
  writeFileSync(at("zeros.jsonl"), `{"a":1}\n${"\0".repeat(9)}`);
  await expect(loadDataset(at("zeros.jsonl"))).rejects.toThrow(/zeros.jsonl:2: expected a row as a JSON object/);
}, 30_000);

it("rows of ever more columns or fields", async () => {
  const rows = (text: (i: number) => string) => Array.from({ length: 12_000 }, (_, i) => text(i)).join("\n");
  writeFileSync(
    at("columns.jsonl"),
    rows((i) => `{"c${i}":1}`),
  );
  await expect(loadDataset(at("columns.jsonl"))).rejects.toThrow(/columns.jsonl: expected at most 10000 columns/);
  writeFileSync(
    at("fields.jsonl"),
    rows((i) => `{"a":{"c${i}":1}}`),
  );
  const { train } = await loadDataset(at("fields.jsonl"));
  expect([train.num_rows, await train.at(11_999)]).toEqual([12_000, { a: { c11999: 1 } }]);
});

it("a parquet file that promises billions of rows is refused before they are allocated", async () => {
  const columnData = [{ name: "prompt", data: ["a", "b"] }];
  const bytes = new Uint8Array(parquetWriteBuffer({ columnData }));
  const file = await openParquet(memorySource(bytes), "rows.parquet");
  expect(file.groupRows).toEqual([2]);
  const bomb = promising(bytes, 3_000_000_000);
  const many = /^rows.parquet: not a whole parquet file: its row groups have 3000000000 rows, it says 2$/;
  await expect(openParquet(memorySource(bomb), "rows.parquet")).rejects.toThrow(many);
});

/** The file with another number of rows in its row group: the thrift field 3 (i64) before the end of the footer. */
function promising(bytes: Uint8Array, rows: number): Uint8Array {
  const buffer = Buffer.from(bytes);
  const length = buffer.readUInt32LE(buffer.length - 8);
  const start = buffer.length - 8 - length;
  const footer = buffer.subarray(start, buffer.length - 8);
  const at = footer.lastIndexOf(Buffer.from([0x16, 0x04])); // field of type i64, zigzag 2
  const digits: number[] = [];
  for (let left = BigInt(rows) * 2n; ; left >>= 7n) {
    digits.push(Number(left & 127n) | (left > 127n ? 128 : 0));
    if (left <= 127n) break;
  }
  const longer = Buffer.concat([footer.subarray(0, at + 1), Buffer.from(digits), footer.subarray(at + 2)]);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(longer.length);
  return new Uint8Array(Buffer.concat([buffer.subarray(0, start), longer, size, Buffer.from("PAR1")]));
}

it("a csv file of ever more columns", async () => {
  const names = Array.from({ length: 10_001 }, (_, i) => `c${i}`);
  writeFileSync(at("columns.csv"), `${names}\n${names}\n`);
  await expect(loadDataset(at("columns.csv"))).rejects.toThrow(/columns.csv: expected at most 10000 columns/);
});
