/** @file prefine data convert IN OUT --to FORMAT: rows of one format of preferences as rows of another, in a file. */
import { realpath } from "node:fs/promises";
import { type Command, InvalidArgumentError, Option } from "commander";
import { DATA_FORMATS, PAIRINGS, TIES } from "../config/options/dataFormats.ts";
import { SCRIPT_OPTIONS } from "../config/options/scriptArguments.ts";
import type { DatasetDict } from "../data/datasets/datasetDict.ts";
import { unknownSplit } from "../data/datasets/datasetDict.ts";
import type { ShapeOptions } from "../data/shapes/shape.ts";
import { PrefineError } from "../errors.ts";
import { counted } from "../phrases.ts";
import { openTerminal } from "../terminal/terminal.ts";

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

interface ConvertFlags {
  to: string;
  from?: string;
  split?: string;
  name?: string;
  map?: Record<string, string>;
  options?: Record<string, unknown>;
  to_options?: Record<string, unknown>;
  pairing?: ShapeOptions["pairing"];
  pairing_margin?: number;
  ties?: ShapeOptions["ties"];
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
    .requiredOption("--to <format>", "format to write")
    .option("--from <format>", "format of IN (default: recognized)")
    .option("--split <name>", "split to convert (default: the only one)")
    .option("--name <config>", "configuration, for a dataset with several")
    .option("--map <columns...>", "columns under the names of the format: prompt=question", readMap)
    .option("--options <json>", "settings of IN's format: data_format_options", readJson)
    .option("--to_options <json>", "settings of the format to write", readJson)
    .addOption(new Option("--pairing <name>", "pairs from a list of answers").choices(PAIRINGS))
    .option("--pairing_margin <number>", "smallest difference of the ratings of a pair", readNumber)
    .addOption(new Option("--ties <name>", "rows without a winner").choices(TIES))
    .option("--drop <columns...>", "columns to leave out")
    .option("--chat", "write texts as messages of user and assistant")
    .option("--revision <name>", "branch, tag or commit of a hub dataset")
    .option("--token <text>", "token for the hub (or set HF_TOKEN)")
    .addHelpText("after", EXAMPLES)
    .action(convert);
}

function readMap(word: string, before: Record<string, string> = {}): Record<string, string> {
  const map = SCRIPT_OPTIONS.map.kind.read(word);
  if (map) return { ...before, ...map };
  throw new InvalidArgumentError("Expected column=column, such as prompt=question.");
}

function readJson(text: string): Record<string, unknown> {
  const value = SCRIPT_OPTIONS.data_format_options.kind.read(text);
  if (value) return value;
  throw new InvalidArgumentError("Expected a JSON object.");
}

function readNumber(text: string): number {
  const value = SCRIPT_OPTIONS.pairing_margin.kind.read(text);
  if (typeof value === "number") return value;
  throw new InvalidArgumentError("Expected a number from 0.");
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
  const options = shapeOptions(flags);
  const title = `${from}: ${dataset.name}`;
  const stream = await openPairs(writtenRows(dataset), { ...options, split: title, isConversion: true });
  print(`${title}: ${readingLine(stream, options)}`);
  let rows = 0;
  async function* pieces() {
    const target = { to, settings: flags.to_options ?? {}, chat: flags.chat === true, drop: flags.drop ?? [] };
    const encoder = new TextEncoder();
    const converted = convertPairs(stream, { ...target, split: title });
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

function shapeOptions(flags: ConvertFlags): ShapeOptions {
  const { map, pairing, pairing_margin, ties } = flags;
  return { data_format: flags.from, data_format_options: flags.options, map, pairing, pairing_margin, ties };
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
