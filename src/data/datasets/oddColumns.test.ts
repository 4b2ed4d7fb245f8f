/** @file Columns and fields called like what every JavaScript object has: they are columns like any other. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Dataset } from "./dataset.ts";
import type { Row } from "./features.ts";
import { loadDataset } from "./loadDataset.ts";

const NAMES = ["constructor", "toString", "__proto__", "hasOwnProperty", "valueOf", "__defineGetter__", "prompt"];
const ROWS = [0, 1, 2].map((i) => Object.fromEntries(NAMES.map((name) => [name, `${name}${i}`])));
/** Rows as lists of entries: a comparison of objects would pass over a key that sets the prototype. */
const entries = (rows: readonly Row[]) => rows.map((row) => Object.entries(row));
const without = (rows: readonly Row[], dropped: string) =>
  rows.map((row) => Object.entries(row).filter(([name]) => name !== dropped));

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "prefine-odd-columns-"));
  const lines = ROWS.map((row) => JSON.stringify(row));
  writeFileSync(at("rows.jsonl"), `${lines.join("\n")}\n`);
  writeFileSync(at("list.json"), `[${lines.join(",")}]`);
  const columnData = NAMES.map((name) => ({ name, data: ROWS.map((row) => row[name]) }));
  writeFileSync(at("rows.parquet"), new Uint8Array(parquetWriteBuffer({ columnData })));
  writeFileSync(at("identity.mjs"), "export default (row) => ({ ...row });");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each(["rows.jsonl", "list.json", "rows.parquet"])("%s: every method keeps them", async (file) => {
  const { train } = await loadDataset(at(file));
  expect(train.column_names).toEqual(NAMES);
  expect(entries(await train.to_list())).toEqual(entries(ROWS));
  expect(await train.unique("__proto__")).toEqual(["__proto__0", "__proto__1", "__proto__2"]);
  const chosen = train.select_columns(["__proto__", "constructor"]);
  expect(Object.entries(await chosen.at(1))).toEqual([
    ["__proto__", "__proto__1"],
    ["constructor", "constructor1"],
  ]);
  const removed = train.remove_columns("__proto__");
  expect(entries(await removed.to_list())).toEqual(without(ROWS, "__proto__"));
  const added = removed.add_column("__proto__", ["a", "b", "c"]);
  expect(Object.entries(await added.at(2)).at(-1)).toEqual(["__proto__", "c"]);
  const renamed = train.rename_columns({ constructor: "toJSON2", toString: "constructor" });
  expect(Object.entries(await renamed.at(0)).slice(0, 2)).toEqual([
    ["toJSON2", "constructor0"],
    ["constructor", "toString0"],
  ]);
  expect(entries(await (await train.map((row) => ({ ...row }))).to_list())).toEqual(entries(ROWS));
  const sorted = await train.sort("__proto__", { reverse: true });
  expect(entries(await sorted.to_list())).toEqual(entries(ROWS.toReversed()));
  const kept = await train.filter((row) => row.constructor === ("constructor1" as unknown));
  expect(entries(await kept.to_list())).toEqual(entries([ROWS[1]]));
});

it.each(["rows.jsonl", "rows.parquet"])("%s: files and threads keep them", async (file) => {
  const { train } = await loadDataset(at(file));
  await train.to_json(at("out.jsonl"));
  expect(readFileSync(at("out.jsonl"), "utf8")).toBe(readFileSync(at("rows.jsonl"), "utf8"));
  await train.to_csv(at("out.csv"));
  const table = [NAMES, ...ROWS.map((row) => NAMES.map((name) => row[name]))];
  expect(readFileSync(at("out.csv"), "utf8")).toBe(table.map((cells) => `${cells.join(",")}\n`).join(""));
  const mapped = await train.map({ module: at("identity.mjs") }, { num_proc: 2 });
  expect(entries(await mapped.to_list())).toEqual(entries(ROWS));
});

it("rows that lack them have null there, not what they inherit", async () => {
  writeFileSync(at("some.jsonl"), '{"a":1}\n{"a":2,"constructor":"x","__proto__":"y"}\n');
  const full = [
    ["a", 2],
    ["constructor", "x"],
    ["__proto__", "y"],
  ];
  const empty = [
    ["a", 1],
    ["constructor", null],
    ["__proto__", null],
  ];
  const inMemory = Dataset.from_list([{ a: 1 }, Object.fromEntries(full)]);
  for (const dataset of [(await loadDataset(at("some.jsonl"))).train, inMemory]) {
    expect(entries(await dataset.to_list())).toEqual([empty, full]);
    expect(await dataset.unique("constructor")).toEqual([null, "x"]);
  }
});

it("a parquet struct has fields called so", async () => {
  const schema = [
    { name: "root", num_children: 1 },
    { name: "s", num_children: 2, repetition_type: "OPTIONAL" as const },
    { name: "__proto__", type: "BYTE_ARRAY" as const, converted_type: "UTF8" as const },
    { name: "constructor", type: "BYTE_ARRAY" as const, converted_type: "UTF8" as const },
  ].map((element) => ({ repetition_type: "OPTIONAL" as const, ...element }));
  const data = [
    Object.fromEntries([
      ["__proto__", "__proto__"],
      ["constructor", "b"],
    ]),
  ];
  writeFileSync(
    at("struct.parquet"),
    new Uint8Array(parquetWriteBuffer({ columnData: [{ name: "s", data }], schema })),
  );
  const { s } = await (await loadDataset(at("struct.parquet"))).train.at(0);
  expect(Object.entries(s as Row)).toEqual([
    ["__proto__", "__proto__"],
    ["constructor", "b"],
  ]);
});
