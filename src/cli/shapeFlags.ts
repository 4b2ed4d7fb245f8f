/** @file Flags that say how the rows of a dataset are read: those of data convert and of doctor. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { PAIRINGS, TIES } from "../config/options/dataFormats.ts";
import { SCRIPT_OPTIONS } from "../config/options/scriptArguments.ts";
import type { ShapeOptions } from "../data/shapes/shape.ts";

export interface ShapeFlags {
  from?: string;
  map?: Record<string, string>;
  options?: Record<string, unknown>;
  pairing?: ShapeOptions["pairing"];
  pairing_margin?: number;
  ties?: ShapeOptions["ties"];
}

/** @param whose the dataset in the help. */
export function defineShapeFlags(command: Command, whose: string): Command {
  return command
    .option("--from <format>", `format of ${whose} (default: recognized)`)
    .option("--map <columns...>", "columns under the names of the format: prompt=question", readMap)
    .option("--options <json>", `settings of ${whose}'s format: data_format_options`, readJson)
    .addOption(new Option("--pairing <name>", "pairs from a list of answers").choices(PAIRINGS))
    .option("--pairing_margin <number>", "smallest difference of the ratings of a pair", readNumber)
    .addOption(new Option("--ties <name>", "rows without a winner").choices(TIES));
}

export function shapeOf(flags: ShapeFlags): ShapeOptions {
  const { map, pairing, pairing_margin, ties } = flags;
  return { data_format: flags.from, data_format_options: flags.options, map, pairing, pairing_margin, ties };
}

function readMap(word: string, before: Record<string, string> = {}): Record<string, string> {
  const map = SCRIPT_OPTIONS.map.kind.read(word);
  if (map) return { ...before, ...map };
  throw new InvalidArgumentError("Expected column=column, such as prompt=question.");
}

export function readJson(text: string): Record<string, unknown> {
  const value = SCRIPT_OPTIONS.data_format_options.kind.read(text);
  if (value) return value;
  throw new InvalidArgumentError("Expected a JSON object.");
}

function readNumber(text: string): number {
  const value = SCRIPT_OPTIONS.pairing_margin.kind.read(text);
  if (typeof value === "number") return value;
  throw new InvalidArgumentError("Expected a number from 0.");
}
