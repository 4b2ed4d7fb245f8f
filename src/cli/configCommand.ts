/** @file prefine config import FILE: a run file out of Axolotl's or LLaMA-Factory's. */
import { readFile } from "node:fs/promises";
import { type Command, Option } from "commander";
import { TOOLS, type Tool } from "../config/import/importRun.ts";
import { exists, wholeText } from "../disk/readFiles.ts";
import { writeFileAtomically } from "../disk/wholeFiles.ts";
import { PrefineError } from "../errors.ts";
import { counted, shellWord } from "../phrases.ts";
import { openTerminal } from "../terminal/terminal.ts";

const EXAMPLES = `
FILE is Axolotl's YAML with rl: dpo, ipo, orpo or simpo, or LLaMA-Factory's with
stage: dpo. Keys without equal are listed, and are comments of the run file.

Examples:
  prefine config import axolotl-dpo.yml --out run.yaml
  prefine config import llama3_lora_dpo.yaml | less
  prefine train --config run.yaml --dry-run`;

interface ImportFlags {
  out?: string;
  from?: Tool;
}

export function define(command: Command): void {
  command.description("Works with run files.").helpCommand(false);
  command
    .command("import")
    .description("Turns a file of Axolotl or LLaMA-Factory into a run file.")
    .helpOption("-h, --help", "print help")
    .argument("<file>", "YAML or JSON file of the other tool")
    .option("--out <file>", "write the run file here (default: print it)")
    .addOption(new Option("--from <tool>", "the other tool (default: by its keys)").choices(TOOLS))
    .addHelpText("after", EXAMPLES)
    .action(importFile);
}

async function importFile(path: string, { out, from }: ImportFlags): Promise<void> {
  const { importRun } = await import("../config/import/importRun.ts");
  if (out !== undefined && (await exists(out)))
    throw new PrefineError("config", `--out ${out}: expected a new file, found one`, "Choose another name.");
  const { text, lines, problems } = await importRun(
    { name: path, text: await readGiven(path) },
    { from, files: { readText, countRows } },
  );
  const { info, write, print } = openTerminal();
  for (const { key, text: line, changes } of lines) info(`${changes ? "differs" : "no effect"}: ${key}: ${line}`);
  for (const problem of problems) info(`to be corrected: ${problem}`);
  if (out === undefined) return write(text);
  await writeFileAtomically(out, [new TextEncoder().encode(text)]);
  print(`${out}: ${counted(lines.length, "key")} without equal, ${counted(problems.length, "problem")}`);
  print(`Next: prefine train --config ${shellWord(out)} --dry-run`);
}

const readText = (path: string) => readFile(path, "utf8").catch(() => undefined);

/** Undefined for a file that can't be read, which training reports. */
async function countRows(path: string): Promise<number | undefined> {
  const { loadDataset } = await import("../data/datasets/loadDataset.ts");
  const rows = await loadDataset(path).catch(() => undefined);
  return rows && Object.values(rows.num_rows).reduce((sum, count) => sum + count, 0);
}

async function readGiven(path: string): Promise<string> {
  try {
    return await wholeText(path);
  } catch (cause) {
    if (cause instanceof PrefineError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    const reason = code === "ENOENT" ? "no such file" : code === "EISDIR" ? "it is a folder" : String(code);
    throw new PrefineError("io", `${path}: expected a YAML file: ${reason}`, "Give the file's path.", { cause });
  }
}
