/** @file prefine data DATASET: splits and sizes, features, the format, and one record with its keys. */

import { type Command, InvalidArgumentError } from "commander";
import type { Dataset } from "../data/datasets/dataset.ts";
import { type DatasetDict, unknownSplit } from "../data/datasets/datasetDict.ts";
import { describeFeature, type Row } from "../data/datasets/features.ts";
import type { LoadDatasetOptions } from "../data/datasets/loadDataset.ts";
import { PrefineError } from "../errors.ts";
import { counted, grouped, onOneLine, plural, printableJson } from "../phrases.ts";
import { openTerminal, type Terminal } from "../terminal/terminal.ts";
import { cutText, padText, tableLines, textWidth } from "../terminal/text.ts";
import { defineConvert } from "./convertCommand.ts";

const EXAMPLES = `
DATASET is a hub id, a folder, or a .parquet, .jsonl, .json, .csv or .txt file,
also compressed. Of files that do not say how many rows they have, it reads the
first 64 MiB of each split: "at least 60,000 rows".

Examples:
  prefine data BarraHome/ultrafeedback_binarized
  prefine data BarraHome/ultrafeedback_binarized --split test_prefs --index 7
  prefine data pairs.jsonl --json
  prefine data show pairs.jsonl --tokens --tokenizer gpt2 --index 7
  prefine data convert pairs.jsonl openai.jsonl --to openai`;

interface DataFlags {
  name?: string;
  split?: string;
  index: number;
  json?: boolean;
  full?: boolean;
  tokens?: boolean;
  tokenizer?: string;
  max_length: number;
  revision?: string;
  token?: string;
}

export function define(command: Command): void {
  defineShow(command);
  defineShow(command.command("show"));
  defineConvert(command.command("convert"));
}

function defineShow(command: Command): void {
  command
    .description("Shows a dataset: splits with their sizes, features, and one record with its keys.")
    .argument("<dataset>", "hub id, folder or file")
    .option("--split <name>", "split to show a record from (default: the first)")
    .option("--index <number>", "index of the record, from 0", readIndex, 0)
    .option("--name <config>", "configuration, for a dataset with several")
    .option("--full", "show the full record, not cut to the terminal's width")
    .option("--tokens", "show the record's tokens instead: prompt, answer, end token, what max_length cuts")
    .option("--tokenizer <id>", "model or folder whose tokenizer is used, with --tokens")
    .option("--max_length <number>", "longest sequence in tokens, with --tokens", readIndex, 1024)
    .option("--json", "print JSON, with the full record")
    .option("--revision <name>", "branch, tag or commit of a hub dataset")
    .option("--token <text>", "token for the hub (or set HF_TOKEN)")
    .addHelpText("after", EXAMPLES)
    .action(show);
}

function readIndex(text: string): number {
  const index = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(index)) return index;
  throw new InvalidArgumentError("Expected an integer from 0.");
}

async function show(idOrPath: string, flags: DataFlags): Promise<void> {
  const { name, revision, token } = flags;
  const terminal = openTerminal();
  const onWarning = (line: string) => terminal.info(`warning: ${line}`);
  const { splits, isBeginning } = await openShown(idOrPath, { name, revision, token, onWarning }, flags);
  const split = flags.split ?? splits.splitNames[0];
  const dataset: Dataset = splits.split(split);
  const row = dataset.num_rows > 0 ? await rowAt(dataset, flags.index, `${idOrPath}: ${split}`) : undefined;
  if (flags.tokens && row !== undefined) return showTokens(dataset, flags, terminal);
  const format = await formatOf(dataset);
  if (flags.json) return printJson({ idOrPath, splits, isBeginning, split, row, format }, flags, terminal);
  printSplits(idOrPath, { splits, isBeginning }, terminal);
  printFeatures(splits, split, terminal);
  if (format !== undefined) terminal.print(`${terminal.bold("format")}\n${cutText(`  ${format}`, terminal.columns)}\n`);
  if (row === undefined) terminal.print(`${onOneLine(split)} has no rows`);
  else printRecord(`${split}[${flags.index}]`, row, { terminal, isFull: flags.full === true });
}

interface Opened {
  splits: DatasetDict;
  /** Whether only the first rows of a split have been read. */
  isBeginning: (name: string) => boolean;
}

/** The dataset, as much as is shown of it: up to the record, and the numbers of rows that cost nothing. */
async function openShown(idOrPath: string, options: LoadDatasetOptions, flags: DataFlags): Promise<Opened> {
  const { loadDataset, previewDataset } = await import("../data/datasets/loadDataset.ts");
  const { isBeginning } = await import("../data/datasets/openSplit.ts");
  const splits = await previewDataset(idOrPath, options);
  const split = flags.split ?? splits.splitNames[0];
  if (!splits.splitNames.includes(split)) throw unknownSplit(split, splits.splitNames, idOrPath);
  const dataset = splits.split(split);
  if (flags.index < dataset.num_rows || !isBeginning(dataset))
    return { splits, isBeginning: (name) => isBeginning(splits.split(name)) };
  // the record is beyond the beginning
  return { splits: await loadDataset(idOrPath, options), isBeginning: () => false };
}

async function showTokens(dataset: Dataset, flags: DataFlags, terminal: Terminal): Promise<void> {
  if (flags.tokenizer === undefined || flags.json) {
    const actual = flags.json ? "--json" : "none";
    const hint = "Add --tokenizer with the model to train; tokens are printed for people, not as JSON.";
    throw new PrefineError("config", `--tokens: expected --tokenizer and no --json, found ${actual}`, hint);
  }
  const { AutoTokenizer } = await import("../data/tokenizers/loadTokenizer.ts");
  const { printTokens, tokenizedRow } = await import("./tokensView.ts");
  const tokenizer = await AutoTokenizer.from_pretrained(flags.tokenizer, { token: flags.token });
  const title = `${dataset.name}[${flags.index}]`;
  const options = { tokenizer, max_length: flags.max_length, isFull: flags.full === true, title };
  printTokens(await tokenizedRow(dataset, flags.index, options), options, terminal);
}

/** The format of preference data that the rows have, and why; undefined: none, or rows that are no preferences. */
async function formatOf(dataset: Dataset): Promise<string | undefined> {
  const { recognizedFormat } = await import("../data/shapes/readPairs.ts");
  return recognizedFormat(dataset.rows(), dataset.name);
}

async function rowAt(dataset: Dataset, index: number, where: string): Promise<Row> {
  if (index < dataset.num_rows) return dataset.at(index);
  const range = `0 to ${dataset.num_rows - 1}`;
  throw new PrefineError(
    "data",
    `${where}: expected a record from ${range}, found --index ${index}`,
    "Choose an index in this range.",
  );
}

function printSplits(idOrPath: string, { splits, isBeginning }: Opened, { print, bold }: Terminal): void {
  print(bold(onOneLine(idOrPath)));
  print();
  const rows = splits.splitNames.map((name) => [
    `  ${onOneLine(name)}`,
    `${isBeginning(name) ? "at least " : ""}${grouped(splits.split(name).num_rows)}`,
    plural(splits.split(name).num_rows, "row"),
  ]);
  for (const line of tableLines(rows, new Set([1]))) print(line);
  print();
}

/** The features of a split, and one line for each split whose features differ. */
function printFeatures(splits: DatasetDict, split: string, { print, bold, columns }: Terminal): void {
  const described = (name: string) =>
    Object.entries(splits.split(name).features).map(([key, feature]) => [
      `  ${cutText(key, LONGEST_NAME)}`,
      describeFeature(feature),
    ]);
  const own = described(split);
  print(bold(`${counted(own.length, "feature")}`));
  if (own.length > 0) for (const line of tableLines(own)) print(cutText(line, columns));
  for (const other of splits.splitNames) {
    if (JSON.stringify(described(other)) === JSON.stringify(own)) continue;
    print(cutText(`  (${other} differs: ${splits.split(other).column_names.join(", ")})`, columns));
  }
  print();
}

/** Cells of a column's name. */
const LONGEST_NAME = 200;

const MOST_ITEMS = 8; // of a list, unless --full

function printRecord(title: string, row: Row, { terminal, isFull }: { terminal: Terminal; isFull: boolean }): void {
  terminal.print(terminal.bold(`${onOneLine(title)}   ${counted(Object.keys(row).length, "key")}`));
  const entries = Object.entries(row).map(([key, value]) => [cutText(key, LONGEST_NAME), value] as const);
  const keyWidth = Math.min(
    entries.reduce((width, [key]) => Math.max(width, textWidth(key)), 0),
    Math.floor(terminal.columns / 3),
  );
  const width = terminal.columns - keyWidth - 4;
  for (const [key, value] of entries) {
    const lines = valueLines(value);
    const visible = isFull ? lines : lines.slice(0, MOST_ITEMS);
    if (visible.length < lines.length) visible.push(`... ${lines.length - visible.length} more`);
    visible.forEach((line, i) => {
      const name = padText(i === 0 ? cutText(key, keyWidth) : "", keyWidth);
      terminal.print(`  ${terminal.dim(name)}  ${isFull ? onOneLine(line) : cutText(line, width)}`.trimEnd());
    });
  }
}

/** A value as lines: one per list item, one for anything else. */
function valueLines(value: unknown): string[] {
  if (Array.isArray(value)) return value.length === 0 ? ["[]"] : value.map((item) => `- ${oneLine(item)}`);
  return [oneLine(value)];
}

function oneLine(value: unknown): string {
  if (typeof value === "string") return value;
  if (value === null || typeof value !== "object" || value instanceof Date) return String(toJson(value));
  if (Array.isArray(value)) return `[${value.map(oneLine).join(", ")}]`;
  const parts = Object.entries(value).map(([key, inner]) => `${key}: ${oneLine(inner)}`);
  const isLong = (part: string) => Number(part.length > 40);
  return parts.toSorted((a, b) => isLong(a) - isLong(b)).join(", "); // short values first, so that `role` is not cut
}

interface Shown extends Opened {
  idOrPath: string;
  split: string;
  row: Row | undefined;
  format: string | undefined;
}

function printJson(
  { idOrPath, splits, isBeginning, split, row, format }: Shown,
  flags: DataFlags,
  terminal: Terminal,
): void {
  const describe = (name: string) => ({
    num_rows: splits.split(name).num_rows,
    ...(isBeginning(name) && { num_rows_is_minimum: true }),
    features: Object.fromEntries(
      Object.entries(splits.split(name).features).map(([key, type]) => [key, describeFeature(type)]),
    ),
  });
  const summary = {
    dataset: idOrPath,
    splits: Object.fromEntries(splits.splitNames.map((name) => [name, describe(name)])),
    format: format ?? null,
    record: row === undefined ? null : { split, index: flags.index, keys: Object.keys(row), row },
  };
  terminal.print(printableJson(JSON.stringify(summary, (_key, value) => toJson(value), 2)));
}

/** Converts values that JSON cannot represent. */
function toJson(value: unknown): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  return ArrayBuffer.isView(value) ? `<${value.byteLength} bytes>` : value;
}
