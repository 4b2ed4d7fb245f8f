/** @file prefine data convert IN OUT --to FORMAT: rows of one format of preferences as rows of another, in a file. */
import { realpath } from "node:fs/promises";
import type { Command } from "commander";
import { DATA_FORMATS } from "../config/options/dataFormats.ts";
import type { DatasetDict } from "../data/datasets/datasetDict.ts";
import { unknownSplit } from "../data/datasets/datasetDict.ts";
import { PrefineError } from "../errors.ts";
import { counted, rowNames } from "../phrases.ts";
import { openTerminal } from "../terminal/terminal.ts";
import { defineShapeFlags, readJson, type ShapeFlags, shapeOf } from "./shapeFlags.ts";

/** Words in lines of at most 80 columns. */
function wrapped(words: readonly string[]): string {
  const lines = [""];
  for (const word of words) {
    if (`  ${lines[lines.length - 1]} ${word}`.length > 78) lines.push("");
    lines[lines.length - 1] += ` ${word}`;
  }
  return lines.map((line) => ` ${line}`).join("\n");
}

const EXAMPLES = `
IN is a hub id, a folder or a data file. OUT is a .jsonl file, a row per line, or
a .json file, a list. A value that the target can't hold is refused by row and
field, and OUT is not written then.

The formats:
${wrapped(DATA_FORMATS.filter((name) => !name.includes(".")))}
and those of Axolotl's types:
${wrapped(DATA_FORMATS.filter((name) => name.includes(".")))}
docs/data-formats.md shows rows of each.

Examples:
  prefine data convert pairs.jsonl openai.jsonl --to openai --chat
  prefine data convert Intel/orca_dpo_pairs pairs.jsonl --to trl
  prefine data convert battles.json pairs.jsonl --to trl --ties skip`;

interface ConvertFlags extends ShapeFlags {
  to: string;
  split?: string;
  name?: string;
  to_options?: Record<string, unknown>;
  drop?: string[];
  chat?: boolean;
  revision?: string;
  token?: string;
}

export function defineConvert(command: Command): void {
  command
    .description("Converts preferences from one format to another.")
    .argument("<in>", "hub id, folder or file")
    .argument("<out>", ".jsonl or .json file to write")
    .requiredOption("--to <format>", "format to write");
  defineShapeFlags(command, "IN")
    .option("--split <name>", "split to convert (default: the only one)")
    .option("--name <config>", "configuration, for a dataset with several")
    .option("--to_options <json>", "settings of the format to write", readJson)
    .option("--drop <columns...>", "columns to leave out")
    .option("--chat", "write texts as messages of user and assistant")
    .option("--revision <name>", "branch, tag or commit of a hub dataset")
    .option("--token <text>", "token for the hub (or set HF_TOKEN)")
    .addHelpText("after", EXAMPLES)
    .action(convert);
}

async function convert(from: string, out: string, flags: ConvertFlags): Promise<void> {
  const { writtenRows } = await import("../data/datasets/openSplit.ts");
  const { shapeNamed } = await import("../data/shapes/recognize.ts");
  const { openPairs } = await import("../data/shapes/readPairs.ts");
  const { readingLine } = await import("../data/shapes/readingLine.ts");
  const { convertPairs, rowsAsText } = await import("../data/shapes/convert.ts");
  const { writeFileAtomically } = await import("../disk/wholeFiles.ts");
  const to = shapeNamed(flags.to);
  const asList = isList(out);
  if (await isSameFile(from, out)) {
    throw new PrefineError("config", `${out}: expected another file than the one that is read`, "Choose another name.");
  }
  const { print, info } = openTerminal();
  const dataset = await openSplitOf(from, flags, (line) => info(`warning: ${line}`));
  const options = shapeOf(flags);
  const title = `${from}: ${dataset.name}`;
  const nameOf = rowNames(title, dataset);
  const stream = await openPairs(writtenRows(dataset), { ...options, split: title, nameOf, isConversion: true });
  print(`${title}: ${readingLine(stream, options)}`);
  let rows = 0;
  async function* pieces() {
    const target = { to, settings: flags.to_options ?? {}, chat: flags.chat === true, drop: flags.drop ?? [] };
    const encoder = new TextEncoder();
    const converted = convertPairs(stream, { ...target, split: title, nameOf });
    async function* numbered() {
      for await (const row of converted) {
        rows++;
        yield row;
      }
    }
    for await (const text of rowsAsText(numbered(), asList)) yield encoder.encode(text);
    if (rows === 0)
      throw new PrefineError("data", `${title}: expected rows to convert, found none`, "Look at the data.");
  }
  await writeFileAtomically(out, { pieces });
  for (const line of stream.lines()) print(line);
  print(`${out}: ${counted(rows, "row")} in the format ${to.name}`);
}

async function openSplitOf(from: string, flags: ConvertFlags, onWarning: (line: string) => void) {
  const { loadDataset } = await import("../data/datasets/loadDataset.ts");
  const { name, revision, token, split } = flags;
  const splits = await loadDataset(from, { name, revision, token, onWarning });
  return splits.split(splitOf(splits, split, from));
}

function isList(out: string): boolean {
  if (/\.(jsonl|ndjson)$/i.test(out)) return false;
  if (/\.json$/i.test(out)) return true;
  throw new PrefineError("config", `${out}: expected a .jsonl or .json file to write`, "Name it pairs.jsonl.");
}

async function isSameFile(from: string, out: string): Promise<boolean> {
  const [a, b] = await Promise.all([from, out].map((path) => realpath(path).catch(() => undefined)));
  return a !== undefined && a === b;
}

function splitOf(splits: DatasetDict, split: string | undefined, where: string): string {
  const { splitNames } = splits;
  if (split !== undefined && !splitNames.includes(split)) throw unknownSplit(split, splitNames, where);
  if (split !== undefined || splitNames.length === 1) return split ?? splitNames[0];
  const message = `${where}: expected one split, found ${splitNames.join(", ")}`;
  throw new PrefineError("config", message, `Choose one: --split ${splitNames[0]}.`);
}
