/**
 * @file The fuzzer's preferences: rows of every format, one dataset per line. What is read of them never has an empty
 * prompt next to a question in silence, and writing it and reading it again is the identity.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { DATA_FORMATS } from "../../src/config/options/dataFormats.ts";
import type { Row } from "../../src/data/datasets/features.ts";
import { convertPairs } from "../../src/data/shapes/convert.ts";
import { openPairs } from "../../src/data/shapes/readPairs.ts";
import type { Shape, ShapeOptions } from "../../src/data/shapes/shape.ts";
import { SHAPES } from "../../src/data/shapes/shapes.ts";
import { trlRow } from "../../src/data/shapes/trl.ts";
import { PrefineError } from "../../src/errors.ts";
import { equalJson } from "../../src/formats/equalJson.ts";
import { parseExactJson } from "../../src/formats/exactJson.ts";
import { exactJsonText } from "../../src/formats/exactJsonText.ts";
import { isObject } from "../../src/formats/parseJson.ts";

const FOLDER = fileURLToPath(new URL("../../test/fixtures/shapes/", import.meta.url));
const FILE = "shapes.jsonl";

/** Writes the rows of all cases: a line per case, `{ format, options, rows }`. */
export function furnishShapes(): void {
  const settings = ["python.json", "ours.json"].map((name) => JSON.parse(readFileSync(`${FOLDER}${name}`, "utf8")));
  const cases = Object.entries<ShapeOptions>(Object.assign({}, ...settings));
  const lines = cases.map(([name, options]) => {
    const rows = readFileSync(`${FOLDER}${name}.jsonl`, "utf8").trim().split("\n");
    const own = JSON.stringify(options.data_format_options ?? {});
    const format = LAYOUTS.test(name) ? null : formatOf(name);
    return `{"format":${JSON.stringify(format)},"options":${own},"rows":[${rows.join(",")}]}\n`;
  });
  writeFileSync(FILE, lines.join(""));
}

/** Cases in other columns than their format's: read where the format is recognized alone. */
const LAYOUTS = /\.(turns|responses|output|json)$/;

const formatOf = (name: string) => DATA_FORMATS.find((format) => `${name}.`.startsWith(`${format}.`));

/** Lines that were read before: a mutant differs from the others in a few. */
const known = new Set<string>();

/** Reads all datasets, by their name and recognized. @throws the first error of those by name, after all are read. */
export async function readShapes(): Promise<void> {
  const refusals: unknown[] = [];
  for (const line of readFileSync(FILE, "utf8").split("\n")) {
    if (known.has(line)) continue;
    known.add(line);
    const value = parsed(line);
    if (!isObject(value) || !Array.isArray(value.rows)) continue;
    const data_format = DATA_FORMATS.find((name) => name === value.format);
    if (data_format === undefined && value.format !== null) continue;
    const data_format_options = isObject(value.options) ? value.options : {};
    const named = { data_format, data_format_options, ties: "skip" } as const;
    if (data_format) await readRows(value.rows, named).catch((error) => refusals.push(refusalOf(error)));
    await readRows(value.rows, { ties: "skip" }).catch(refusalOf);
  }
  if (refusals.length > 0) throw refusals[0];
}

/** @throws what is no clear error. */
function refusalOf(error: unknown): unknown {
  if (error instanceof PrefineError) return error;
  throw error;
}

function parsed(line: string): unknown {
  try {
    return parseExactJson(line);
  } catch {
    return undefined;
  }
}

async function readRows(rows: Row[], options: ShapeOptions): Promise<void> {
  const stream = await openPairs(rows, { ...options, split: "train", isConversion: true });
  const made: Row[] = [];
  for await (const read of stream.pairs()) {
    const row = trlRow(read);
    if (!options.data_format) demandPrompt(row);
    made.push(row);
  }
  const others = options.data_format ? ([stream.shape.name, "openai", "hh"] as const) : [];
  for (const name of new Set(others)) await demandIdentity(made, SHAPES[name]);
}

/** A blank prompt next to a question that is in no answer is an error before it is a row. */
function demandPrompt({ prompt, chosen, rejected, ...rest }: Row): void {
  if (typeof prompt !== "string" || prompt.trim() !== "") return;
  const { question } = rest;
  if (typeof question !== "string" || question.trim() === "") return;
  if (`${chosen}\n${rejected}`.includes(question.trim())) return;
  throw new Error(`a wrong answer: an empty prompt next to ${JSON.stringify(question)}`);
}

/** TRL -> target -> TRL, where the target holds the rows. */
async function demandIdentity(rows: Row[], to: Shape): Promise<void> {
  if (!to.writes || rows.length === 0) return;
  const written = await convert(rows, "trl", to).catch((error: unknown) => void refusalOf(error));
  if (!written) return;
  const text = `[${written.map((row) => exactJsonText(row)).join(",")}]`;
  if (text.includes("Infinity")) return; // 1e999, as Python writes it: only files may have it
  const back = await convert(parseExactJson(text) as Row[], to.name, SHAPES.trl);
  const isSame = back.length === rows.length && back.every((row, i) => equalJson(essence(row), essence(rows[i])));
  if (!isSame) throw new Error(`a wrong answer: ${to.name} gives ${exactJsonText(back)} for ${exactJsonText(rows)}`);
}

/** Without nulls, and with the prompt that chosen and rejected begin with. */
const essence = ({ prompt, chosen, rejected, ...rest }: Row) => ({
  ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null)),
  chosen: join(prompt, chosen),
  rejected: join(prompt, rejected),
});
const join = (prompt: unknown, answer: unknown) =>
  typeof answer === "string" ? `${prompt ?? ""}${answer}` : [prompt ?? [], answer].flat();

async function convert(rows: Row[], from: string, to: Shape): Promise<Row[]> {
  const stream = await openPairs(rows, { data_format: from, ties: "skip", split: "train", isConversion: true });
  const made: Row[] = [];
  const options = { to, settings: {}, chat: false, drop: [], split: "train" };
  for await (const row of convertPairs(stream, options)) made.push(row);
  return made;
}
