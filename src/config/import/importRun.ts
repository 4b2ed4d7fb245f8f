/** @file The run file of another tool -> the text of one for prefine, with a line per key that has no equal. */
import { PrefineError } from "../../errors.ts";
import { isObject } from "../../formats/parseJson.ts";
import { parseYaml, yamlText } from "../../formats/yaml.ts";
import { onOneLine } from "../../phrases.ts";
import { examineRun } from "../run.ts";
import { importAxolotl } from "./axolotl.ts";
import { importLlamaFactory } from "./llamaFactory.ts";
import type { ImportFiles } from "./llamaFactoryData.ts";
import type { Imported, ImportLine } from "./rules.ts";

export const TOOLS = ["axolotl", "llama-factory"] as const;
export type Tool = (typeof TOOLS)[number];

const NO_FILES: ImportFiles = { readText: async () => undefined, countRows: async () => undefined };

interface ImportOptions {
  /** Default: told apart by its keys. */
  from?: Tool | undefined;
  /** Default: none is found. */
  files?: ImportFiles;
}

export interface ImportedRun {
  tool: Tool;
  /** The run file, with the lines as comments. */
  text: string;
  lines: readonly ImportLine[];
  /** Of the run file: keys that the tool's file left out or that prefine refuses. */
  problems: readonly string[];
}

/**
 * @throws PrefineError("config") for a file of neither, or with an objective that prefine does not have.
 */
export async function importRun(
  file: { name: string; text: string },
  { from, files = NO_FILES }: ImportOptions = {},
): Promise<ImportedRun> {
  const given = readKeys(file);
  const tool = from ?? toolOf(given);
  if (tool === undefined) {
    const tools = "Axolotl (rl, base_model) or LLaMA-Factory (stage, finetuning_type)";
    const message = `${file.name}: expected a file of ${tools}`;
    const hint =
      "Name the tool with --from; files of TRL and alignment-handbook need no import: prefine train --config.";
    throw new PrefineError(
      "config",
      `${message}, found ${Object.keys(given).slice(0, 5).join(", ") || "no keys"}`,
      hint,
    );
  }
  const imported =
    tool === "axolotl" ? importAxolotl(given, file.name) : await importLlamaFactory(given, file.name, files);
  const text = runText(imported, file.name);
  const { notes } = examineRun({ file: { name: file.name, text } });
  const problems = notes.filter(({ kind }) => kind === "problem").map(({ label, message }) => `${label}: ${message}`);
  return { tool, text, lines: imported.lines, problems };
}

/** Real files have some hundred. */
const MOST_KEYS = 2000;

function readKeys({ name, text }: { name: string; text: string }): Record<string, unknown> {
  let content: unknown;
  try {
    content = parseYaml(text) ?? {};
  } catch (error) {
    throw new PrefineError("config", `${name}: not valid YAML: ${(error as Error).message}`, "Correct the file.");
  }
  const keys = isObject(content) ? Object.keys(content).length : 0;
  if (keys > MOST_KEYS) {
    const message = `${name}: expected at most ${MOST_KEYS} keys, found ${keys}`;
    throw new PrefineError("config", message, "Give the file of a training run.");
  }
  if (isObject(content)) return content;
  throw new PrefineError("config", `${name}: expected keys and values, found none`, "Give the file of a training run.");
}

function toolOf(given: Record<string, unknown>): Tool | undefined {
  const has = (...keys: string[]) => keys.some((key) => Object.hasOwn(given, key));
  if (has("stage", "finetuning_type", "pref_beta", "cutoff_len")) return "llama-factory";
  return has("base_model", "rl", "micro_batch_size", "sequence_len") ? "axolotl" : undefined;
}

/** Keys in the order of a run file: model, data, then the rest. */
const FIRST = /^(model_|tokenizer_|adapter_|use_peft|load_in|lora_|data)/;

function runText({ keys, lines }: Imported, name: string): string {
  const entries = Object.entries(keys);
  const first = entries.filter(([key]) => FIRST.test(key));
  const rest = entries.filter(([key]) => !FIRST.test(key));
  const comments = lines.map(({ key, text, changes }) => `# ${onOneLine(`${key}: ${text}`)}${changes ? " (!)" : ""}`);
  const head = [
    `# Imported from ${onOneLine(name)}.`,
    ...(comments.length > 0 ? ["# Without equal here; (!): the run differs."] : []),
  ];
  return `${[...head, ...comments].join("\n")}\n${yamlText(Object.fromEntries([...first, ...rest]))}`;
}
