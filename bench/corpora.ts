/** @file Data of the size that people train on, made once into a folder that git ignores. */
import { closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { SchemaElement } from "hyparquet";
import { fileWriter, ParquetWriter } from "hyparquet-writer";
import { type Dataset, loadDataset } from "../src/index.ts";
import { Mt19937 } from "../src/random.ts";
import { dataFolder } from "./materials.ts";

/** From bench/dist/bench. */
const folder = fileURLToPath(new URL("../../../node_modules/.cache/prefine-bench", import.meta.url));

/** Rows of BarraHome/ultrafeedback_binarized. */
export const FEEDBACK_ROWS = 61_135;
const GROUP_ROWS = 1000;
export const WORD_PAIRS = 20_000;
export const LINES = 1_000_000;
const LINE_BYTES = 1000;

interface Message {
  content: string;
  role: string;
}

/** All of these are made once, under their names. @returns the path. */
async function made(name: string, make: (path: string) => void | Promise<void>): Promise<string> {
  const path = join(folder, name);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const partial = `${path}.partial`;
  rmSync(partial, { force: true });
  await make(partial);
  renameSync(partial, path);
  return path;
}

/**
 * 61,135 rows of seven features, 0.4 GB: the rows of preferences-300, numbered, so that no text comes twice.
 * @returns a parquet file.
 */
export function numberedFeedback(): Promise<string> {
  return made("feedback.parquet", async (path) => {
    const { train_prefs } = await loadDataset(dataFolder, { split: "train_prefs" });
    const rows = await (train_prefs as Dataset).to_list();
    const writer = new ParquetWriter({ writer: fileWriter(path), schema: SCHEMA });
    for (let start = 0; start < FEEDBACK_ROWS; start += GROUP_ROWS) {
      const count = Math.min(GROUP_ROWS, FEEDBACK_ROWS - start);
      const some = Array.from({ length: count }, (_, i) => numbered(rows[(start + i) % rows.length], start + i));
      const columnData = COLUMNS.map((name) => ({ name, data: some.map((row) => row[name]) }));
      await writer.write({ columnData, rowGroupSize: GROUP_ROWS });
    }
    await writer.finish();
  });
}

const COLUMNS = ["prompt", "prompt_id", "chosen", "rejected", "messages", "score_chosen", "score_rejected"];

function numbered(row: Record<string, unknown>, number: number): Record<string, unknown> {
  const messages = (name: string) =>
    (row[name] as Message[]).map(({ content, role }) => ({ content: `${number} ${content}`, role }));
  return {
    ...row,
    prompt: `${number} ${row.prompt}`,
    prompt_id: `${row.prompt_id}-${number}`,
    ...{ chosen: messages("chosen"), rejected: messages("rejected"), messages: messages("messages") },
  };
}

const text = (name: string): SchemaElement => ({
  ...{ name, type: "BYTE_ARRAY", repetition_type: "OPTIONAL", converted_type: "UTF8" },
});
const messages = (name: string): SchemaElement[] => [
  { name, repetition_type: "OPTIONAL", num_children: 1, converted_type: "LIST" },
  { name: "list", repetition_type: "REPEATED", num_children: 1 },
  { name: "element", repetition_type: "OPTIONAL", num_children: 2 },
  text("content"),
  text("role"),
];
const score = (name: string): SchemaElement => ({ name, type: "DOUBLE", repetition_type: "OPTIONAL" });
const SCHEMA: SchemaElement[] = [
  { name: "schema", repetition_type: "REQUIRED", num_children: COLUMNS.length },
  ...[text("prompt"), text("prompt_id"), ...messages("chosen"), ...messages("rejected"), ...messages("messages")],
  ...[score("score_chosen"), score("score_rejected")],
];

const WORDS = 50_000;
const LETTERS = "etaoinshrdlucmfwypvbgkjqxz";

/**
 * 20,000 pairs of words drawn by Zipf's law: the word of rank r comes with a probability of 1 / r. Copies of the same
 * texts flatter every cache of words; here, rare words are new until the end.
 * @returns a jsonl file.
 */
export function zipfPairs(): Promise<string> {
  return made("zipf.jsonl", (path) => {
    const random = new Mt19937(0);
    const draw = () => random.random();
    const letter = () => LETTERS[Math.floor(LETTERS.length * draw() ** 2)];
    const words = Array.from({ length: WORDS }, () =>
      Array.from({ length: 2 + Math.floor(9 * draw()) }, letter).join(""),
    );
    const word = () => words[Math.floor(WORDS ** draw()) - 1]; // rank r has ln(1 + 1 / r) / ln(WORDS)
    const phrase = (least: number, most: number) =>
      Array.from({ length: least + Math.floor((most - least) * draw()) }, word).join(" ");
    writeLines(path, WORD_PAIRS, (i) =>
      JSON.stringify({
        prompt: `${i} ${phrase(5, 200)}`,
        chosen: ` ${phrase(5, 400)}`,
        rejected: ` ${phrase(5, 400)}`,
      }),
    );
  });
}

/** A million rows of 1 kB. @returns a jsonl file. */
export function manyLines(): Promise<string> {
  const filler = "All happy families are alike; each unhappy family is unhappy in its own way. ".repeat(20);
  return made("lines.jsonl", (path) => {
    writeLines(path, LINES, (i) => {
      const row = (chosen: string) => JSON.stringify({ prompt: `Question ${i}?`, chosen, rejected: ` No ${i}.` });
      return row(filler.slice(0, LINE_BYTES - 1 - row("").length));
    });
  });
}

function writeLines(path: string, count: number, line: (i: number) => string): void {
  const file = openSync(path, "w");
  for (let start = 0; start < count; start += GROUP_ROWS) {
    const some = Array.from({ length: Math.min(GROUP_ROWS, count - start) }, (_, i) => `${line(start + i)}\n`);
    writeSync(file, some.join(""));
  }
  closeSync(file);
}
