/** @file Numbers, keys and types of rows as Python's datasets has them, and how they survive what is done with rows. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { repr } from "../src/data/chatTemplates/python/text.ts";
import { renderChat } from "../src/data/chatTemplates/renderChat.ts";
import { toPython } from "../src/data/chatTemplates/toPython.ts";
import { Dataset } from "../src/data/datasets/dataset.ts";
import type { Row } from "../src/data/datasets/features.ts";
import { loadDataset } from "../src/data/datasets/loadDataset.ts";
import fixture from "./fixtures/numbers.json" with { type: "json" };

const folder = mkdtempSync(join(tmpdir(), "prefine-numbers-"));
afterAll(() => rmSync(folder, { recursive: true }));

const textsOf = (rows: readonly Row[]) => rows.map((row) => repr(toPython(row)));

async function load(name: string, content: string | Uint8Array): Promise<Dataset> {
  const path = join(folder, name);
  writeFileSync(path, content);
  return (await loadDataset(path)).split("train");
}

describe(`datasets ${fixture.versions.datasets}`, () => {
  test.each(fixture.files)("$name", async ({ text, rows }) => {
    expect(textsOf(await (await load("t.json", text)).to_list())).toEqual(rows);
  });
  test.each(fixture.tables)("parquet: $name", async ({ bytes, rows }) => {
    expect(textsOf(await (await load("t.parquet", Buffer.from(bytes, "base64"))).to_list())).toEqual(rows);
  });
  test("has the kinds", () => {
    expect(fixture.files.length).toBeGreaterThan(35);
    expect(fixture.tables.length).toBe(4);
  });
});

const ROW =
  '{"id":7,"score":50.0,"call":{"amount":50.0,"user":1234567890123456789,"rate":1e-07,"by":{"b":1,"10":2,"2":3}},"m":[{"n":[1.0,2.5]}]}';
const TEXT =
  "{'id': 7, 'score': 50.0, 'call': {'amount': 50.0, 'user': 1234567890123456789, 'rate': 1e-07, " +
  "'by': {'b': 1, '10': 2, '2': 3}}, 'm': [{'n': [1.0, 2.5]}]}";

describe("a row keeps what JSON says of its numbers and keys", () => {
  const open = () => load("row.jsonl", `${ROW}\n${ROW}\n`);
  const module = join(folder, "copy.mjs");
  writeFileSync(module, "export default (row) => ({ ...row, call: { ...row.call } });");
  const same = [TEXT, TEXT];

  test("users see plain values", async () => {
    const row = await (await open()).at(0);
    expect(row).toEqual({
      id: 7,
      score: 50,
      call: { amount: 50, user: 1234567890123456789n, rate: 1e-7, by: { b: 1, "10": 2, "2": 3 } },
      m: [{ n: [1, 2.5] }],
    });
  });
  test.each<[string, (rows: Dataset) => Dataset | Promise<Dataset>]>([
    ["read", (rows) => rows],
    ["filter", (rows) => rows.filter(() => true)],
    ["select", (rows) => rows.select([1, 0])],
    ["sort", (rows) => rows.sort("id")],
    ["shuffle", (rows) => rows.shuffle({ seed: 1 })],
    ["select_columns", (rows) => rows.select_columns(["id", "score", "call", "m"])],
    ["concatenate", (rows) => Dataset.concatenate([rows.select([0]), rows.select([1])], "both")],
    ["map that returns the row", (rows) => rows.map((row) => row)],
    ["map that returns nothing", (rows) => rows.map(async () => {})],
    ["map that copies", (rows) => rows.map((row) => ({ ...row, call: { ...(row.call as object) } }))],
    ["map that clones", (rows) => rows.map((row) => structuredClone(row))],
    ["map of a module", (rows) => rows.map({ module })],
    ["map in threads", (rows) => rows.map({ module }, { num_proc: 2 })],
    ["from_list", async (rows) => Dataset.from_list(await rows.to_list())],
  ])("%s", async (_name, change) => {
    expect(textsOf(await (await change(await open())).to_list())).toEqual(same);
  });

  test("to_json writes it, and it is read again", async () => {
    const path = join(folder, "written.jsonl");
    await (await (await open()).map((row) => row)).to_json(path);
    const line = ROW.replace("1e-07", "1e-7"); // as JavaScript writes it
    expect(readFileSync(path, "utf8")).toBe(`${line}\n${line}\n`);
    expect(textsOf(await (await loadDataset(path)).split("train").to_list())).toEqual(same);
  });

  test("a template prints it, and numbers of a program's own as JavaScript has them", async () => {
    const { call } = await (await open()).at(0);
    const messages = [{ role: "user", content: "q" }];
    const render = (tools: unknown[]) => renderChat("{{ tools | tojson }}", messages, { tools });
    const text = '{"amount": 50.0, "user": 1234567890123456789, "rate": 1e-07, "by": {"b": 1, "10": 2, "2": 3}}';
    expect(render([call])).toBe(`[${text}]`);
    expect(render([{ amount: 50.0, rate: 1e-7, user: 1234567890123456789n }])).toBe(
      '[{"amount": 50, "rate": 1e-07, "user": 1234567890123456789}]',
    );
  });
});
