/** @file Each shape: rows beside what TRL reads, to TRL and back; what is refused, and what a line says. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, test } from "vitest";
import { DATA_FORMATS } from "../../config/options/dataFormats.ts";
import { exactJsonText } from "../../formats/exactJsonText.ts";
import { Dataset } from "../datasets/dataset.ts";
import type { Row } from "../datasets/features.ts";
import { loadDataset } from "../datasets/loadDataset.ts";
import { convertPairs } from "./convert.ts";
import { openPairs } from "./readPairs.ts";
import type { ShapeOptions } from "./shape.ts";
import { SHAPES } from "./shapes.ts";
import { toPreferences } from "./toPreferences.ts";
import { TRL_COLUMNS } from "./trl.ts";

const FOLDER = fileURLToPath(new URL("../../../test/fixtures/shapes", import.meta.url));
const settings = (name: string) => JSON.parse(readFileSync(join(FOLDER, name), "utf8")) as Record<string, ShapeOptions>;
const CASES = Object.entries({ ...settings("python.json"), ...settings("ours.json") });

const load = async (name: string) => (await loadDataset(join(FOLDER, `${name}.jsonl`))).train;
const pairOf = (row: Row) =>
  Object.fromEntries(TRL_COLUMNS.filter((name) => row[name]).map((name) => [name, row[name]]));

/** Rows as JSON with sorted keys: numbers and texts to the last digit. */
const exact = (rows: readonly Row[]) =>
  rows.map((row) =>
    exactJsonText(
      Object.fromEntries(
        Object.keys(row)
          .toSorted()
          .map((name) => [name, row[name]]),
      ),
    ),
  );
/** `orca` of `orca.named`; Axolotl's have two parts. */
const formatOf = (name: string) =>
  DATA_FORMATS.filter((format) => name === format || name.startsWith(`${format}.`)).toSorted(
    (a, b) => b.length - a.length,
  )[0];

test("every format has a shape, and a case", () => {
  expect(Object.keys(SHAPES).toSorted()).toEqual(DATA_FORMATS.toSorted());
  for (const [name, shape] of Object.entries(SHAPES)) expect(shape.name).toBe(name);
  expect(new Set(CASES.map(([name]) => formatOf(name)))).toEqual(new Set(DATA_FORMATS));
});

describe("rows beside what TRL reads", () => {
  it.each(CASES)("%s", async (name, options) => {
    const lines: string[] = [];
    const made = await toPreferences(await load(name), { ...options, onLine: (line) => lines.push(line) });
    expect((await made.to_list()).map(pairOf)).toEqual((await (await load(`${name}.trl`)).to_list()).map(pairOf));
    expect(lines[0].split(" ")[0]).toBe(formatOf(name));
  });
});

/** Cases whose pairs are not all that their rows hold, or whose columns come back in another form. */
const ONE_WAY =
  /\.(all|adjacent|margin|ties|pending|columns1?|min|choice|parts|numbers|turns|responses|output|json)$|^(thumbs|compared\.)|ultra$|lists$|(chatml|llama3)\.default$/;

async function convert(rows: Dataset, options: ShapeOptions, to: keyof typeof SHAPES, target = {}): Promise<Row[]> {
  const stream = await openPairs(rows.rows(), { ...options, split: "train", isConversion: true });
  const made: Row[] = [];
  const rest = { settings: target, chat: false, drop: [], split: "train" };
  for await (const row of convertPairs(stream, { to: SHAPES[to], ...rest })) made.push(row);
  return made;
}

describe("to TRL and back is the identity", () => {
  const cases = CASES.filter(([name]) => name === "alpaca.columns" || !ONE_WAY.test(name));
  it.each(cases)("%s", async (name, options) => {
    const native = await load(name);
    const trl = Dataset.from_list(await convert(native, options, "trl"), "train");
    const back = await convert(trl, { data_format: "trl" }, formatOf(name), options.data_format_options ?? {});
    const given = await native.to_list();
    expect(exact(back.map(withoutNulls))).toEqual(exact(given.map(withoutNulls)));
  });
  it("has the cases", () => expect(cases.length).toBeGreaterThan(30));
});

const withoutNulls = (row: Row) => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));

describe("docs/data-formats.md", () => {
  const page = readFileSync(fileURLToPath(new URL("../../../docs/data-formats.md", import.meta.url)), "utf8");
  const blocks = [...page.matchAll(/```jsonl ([\w.-]+)\.jsonl\n([^`]+)\n```/g)].filter(
    ([, name]) => name !== "questions",
  );
  it.each(blocks.map(([, name, text]) => [name, text]))(
    "%s: two rows, which are read as it says",
    async (name, text) => {
      const rows = text.split("\n").map((line) => JSON.parse(line) as Row);
      expect(rows).toHaveLength(2);
      const lines: string[] = [];
      const isOwn = SHAPES[name as "trl"].recognizes !== undefined;
      const options = { data_format: isOwn ? null : name, onLine: (line: string) => lines.push(line) };
      const { num_rows } = await toPreferences(Dataset.fromRows(rows, "train"), options);
      expect(num_rows).toBe(name === "thumbs" ? 1 : 2);
      expect(lines[0].startsWith(`${name} (`), lines[0]).toBe(true);
    },
  );
  it("has every format", () => expect(blocks.map(([, name]) => name).toSorted()).toEqual(DATA_FORMATS.toSorted()));
});
