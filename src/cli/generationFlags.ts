/** @file Flags shared by `generate` and `compare`: prompts, gen.yaml, the fields of GenerationConfig. */
import { type Command, Option } from "commander";
import { type GenerationConfig, readGenerationConfig } from "../config/GenerationConfig.ts";
import { GENERATION_OPTIONS } from "../config/options/generation.ts";
import type { GivenValues } from "../config/readOptions.ts";
import { Report } from "../config/report.ts";
import { nearbyHint } from "../disk/nearbyNames.ts";
import { wholeText } from "../disk/readFiles.ts";
import { PrefineError } from "../errors.ts";
import { addQuantizationFlags, type QuantizationFlags } from "./quantizationFlags.ts";

export interface GenerationFlags extends Record<string, unknown>, QuantizationFlags {
  prompt?: string[];
  config?: string;
  revision?: string;
  token?: string;
  json?: boolean;
  raw?: boolean;
  system?: string;
  base?: string;
  exact?: boolean;
}

type GivenGeneration = { -readonly [K in keyof GenerationConfig]?: GenerationConfig[K] };

/** Answer length if no flag, gen.yaml or generation_config.json sets it; transformers' default is 20 tokens. */
export const CLI_DEFAULTS = { max_new_tokens: 64 };

/** Adds the flags; rarely used GenerationConfig fields are accepted but not shown in --help. */
export function addGenerationFlags(command: Command): Command {
  addQuantizationFlags(
    command
      .option("-p, --prompt <text>", "prompt; repeat for several", collect)
      .option("--raw", "pass the prompt unchanged, without the chat template")
      .option("--system <text>", "system message for a chat model")
      .option("--config <file>", "YAML or JSON file with GenerationConfig keys")
      .option("--json", "print JSON")
      .option("--base <model>", "base model (default: the one recorded in the run)")
      .option("--exact", "float32 products with 8-bit and 4-bit weights: slower, not rounded")
      .option("--revision <name>", "branch, tag or commit of a hub model")
      .option("--token <text>", "token for the hub (or set HF_TOKEN)"),
  ).optionsGroup("Generation, as in transformers' GenerationConfig:");
  for (const [name, option] of Object.entries(GENERATION_OPTIONS)) {
    const value = { one: "<value>", optional: "[bool]", many: "<values...>" }[option.kind.words];
    command.addOption(new Option(`--${name} ${value}`, option.help).hideHelp(!option.common));
  }
  return command.optionsGroup("Help:");
}

function collect(prompt: string, before: string[] = []): string[] {
  return [...before, prompt];
}

/**
 * Settings from gen.yaml and the flags, which win; settings in neither are absent.
 * @throws PrefineError with all problems, one line each.
 */
export async function readGenerationFlags(flags: GenerationFlags, report = new Report()): Promise<GivenGeneration> {
  const given: GivenValues = flags.config === undefined ? new Map() : await readGivenFile(flags.config);
  for (const name of Object.keys(GENERATION_OPTIONS)) {
    if (flags[name] !== undefined) given.set(name, { value: flags[name], label: `--${name}` });
  }
  const values: GenerationConfig = readGenerationConfig(given, report);
  report.throwProblems(flags.config ?? "generation", "`prefine generate --help` lists all keys.");
  return Object.fromEntries(Object.entries(values).filter(([name]) => given.has(name)));
}

async function readGivenFile(path: string): Promise<GivenValues> {
  const { parseRunFile } = await import("../config/runFile.ts");
  const text = await wholeText(path).catch(async (cause: NodeJS.ErrnoException) => {
    if (cause instanceof PrefineError) throw cause;
    const reason = cause.code === "ENOENT" ? "no such file" : cause.code === "EISDIR" ? "it is a folder" : cause.code;
    const general = "Give the path of a YAML or JSON file, such as generation_config.json.";
    const hint = cause.code === "ENOENT" ? await nearbyHint(path, general) : general;
    throw new PrefineError("io", `--config ${path}: expected a file of generation settings: ${reason}`, hint);
  });
  return parseRunFile(path, text).given;
}

/** The prompts from `--prompt`, else from stdin. @throws PrefineError if there is neither. */
export async function promptsOf(flags: GenerationFlags): Promise<string[]> {
  if (flags.prompt) return flags.prompt;
  if (!process.stdin.isTTY) {
    process.stdin.setEncoding("utf8");
    let text = "";
    for await (const chunk of process.stdin) text += chunk;
    if (text.trim() !== "") return [text.replace(/\r?\n$/, "")];
  }
  throw new PrefineError(
    "config",
    "--prompt: expected text, found none",
    'Pass --prompt "...", or pipe text to stdin.',
  );
}
