/** @file Columns of a parquet file that are read alone: the same rows as of all columns, without reading the others. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SchemaElement } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";
import { beforeAll, describe, expect, test } from "vitest";
import { isFloat } from "../../formats/written.ts";
import type { Dataset } from "./dataset.ts";
import { loadDataset } from "./loadDataset.ts";
import { ultrafeedback } from "./ultrafeedback.ts";

const text = (name: string): SchemaElement => ({
  ...{ name, type: "BYTE_ARRAY", repetition_type: "OPTIONAL", converted_type: "UTF8" },
});
const messages = (name: string): SchemaElement[] => [
  { name, repetition_type: "OPTIONAL", num_children: 1, converted_type: "LIST" },
  { name: "list", repetition_type: "REPEATED", num_children: 1 },
  { name: "element", repetition_type: "OPTIONAL", num_children: 2 },
  ...[text("content"), text("role")],
];
const COLUMNS = ["prompt", "prompt_id", "chosen", "rejected", "messages", "score_chosen", "1"];
const schema: SchemaElement[] = [
  { name: "schema", num_children: COLUMNS.length },
  ...[text("prompt"), text("prompt_id"), ...messages("chosen"), ...messages("rejected"), ...messages("messages")],
  ...[{ name: "score_chosen", type: "DOUBLE" } as const, { name: "1", type: "DOUBLE" } as const],
];
const ROWS = 40;
const BAD = 33;

const said = (content: string) => [
  { content: "Q", role: "user" },
  { content, role: "assistant" },
];
const rowOf = (i: number, bad: number): Record<string, unknown> => ({
  ...{ prompt: `p${i}`, prompt_id: `id${i}`, chosen: said(`yes ${i}`), rejected: i === bad ? [] : said(`no ${i}`) },
  ...{ messages: said("long ".repeat(20)), score_chosen: i, "1": i / 2 },
});

let folder = "";
async function load(bad = -1, damage = false): Promise<Dataset> {
  const rows = Array.from({ length: ROWS }, (_, i) => rowOf(i, bad));
  const columnData = COLUMNS.map((name) => ({ name, data: rows.map((row) => row[name]) }));
  const path = join(folder, `${bad}-${damage}.parquet`);
  const bytes = Buffer.from(parquetWriteBuffer({ schema, columnData, rowGroupSize: 10, codec: "UNCOMPRESSED" }));
  if (damage) bytes.fill(0xff, bytes.indexOf("long "), bytes.indexOf("long ") + 20);
  writeFileSync(path, bytes);
  return (await loadDataset(path)).train;
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "columns-"));
});

describe("columns of a parquet file", () => {
  test.each([[["prompt", "chosen"]], [["score_chosen", "1", "prompt"]], [["1"]], [COLUMNS]])("%j", async (names) => {
    const all = await (await load()).to_list();
    const some = (await load()).select_columns(names);
    const rows = await some.to_list();
    expect(rows).toEqual(all.map((row) => Object.fromEntries(names.map((name) => [name, row[name]]))));
    expect(rows.map((row) => isFloat(row, "1", 2))).toEqual(
      all.map((row) => isFloat(row, "1", 2) && names.includes("1")),
    );
    const [first, second] = [names[0], names.at(-1) as string];
    expect(await some.select_columns([second, first]).to_list()).toEqual(
      all.map((row) => ({ [second]: row[second], [first]: row[first] })),
    );
  });

  test("are read without the others, of which one may be damaged", async () => {
    const damaged = await load(-1, true);
    await expect(damaged.to_list()).rejects.toThrow(/messages/);
    expect(await damaged.remove_columns("messages").to_list()).toHaveLength(ROWS);
    expect(await (await damaged.map(ultrafeedback)).to_list()).toHaveLength(ROWS);
  });
});

describe("map(ultrafeedback)", () => {
  test("gives the rows of the same function by another name, with the types of their columns", async () => {
    const dataset = await load();
    const [later, now] = [await dataset.map(ultrafeedback), await dataset.map((row) => ultrafeedback(row))];
    expect(await later.to_list()).toEqual(await now.to_list());
    expect(later.column_names).toEqual(now.column_names);
    expect(later.features.chosen).toEqual({ kind: "value", dtype: "string" });
    expect(await later.shuffle({ seed: 1 }).at(7)).toEqual(await now.shuffle({ seed: 1 }).at(7));
  });

  test("is known by the file and by the function", async () => {
    const dataset = await load();
    const hashes = [dataset, await dataset.map(ultrafeedback), await (await load()).map(ultrafeedback)].map((rows) =>
      rows.sourceHash(),
    );
    const [plain, mapped, again] = await Promise.all(hashes);
    expect(mapped).toBe(again);
    expect(mapped).not.toBe(plain);
    expect(mapped).toMatch(/^[0-9a-f]{64}$/);
  });

  test("finds a wrong first row at once, and names any other when it is read", async () => {
    const found = "rejected: expected a list of messages ({ role, content }), found an empty list";
    await expect((await load(0)).map(ultrafeedback)).rejects.toThrow(`-false.parquet): ${found}`);
    const mapped = await (await load(BAD)).map(ultrafeedback);
    await expect(mapped.to_list()).rejects.toThrow(new RegExp(`^train row ${BAD} \\(.*\\.parquet\\): rejected: `));
    expect(await mapped.take(10).to_list()).toHaveLength(10);
  });
});
