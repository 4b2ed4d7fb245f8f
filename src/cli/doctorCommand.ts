/** @file prefine doctor DATASET: examines preference data, and prints what is wrong with it and what to do. */
import { existsSync } from "node:fs";
import { isAbsolute, relative, resolve } from "node:path";
import { type Command, CommanderError, InvalidArgumentError } from "commander";
import { Dataset } from "../data/datasets/dataset.ts";
import type { Row } from "../data/datasets/features.ts";
import type { CleanedRow, Cleaning } from "../data/doctor/clean.ts";
import type { DoctorReport, DoctorRows, ExamineOptions } from "../data/doctor/doctor.ts";
import type { Tokenizer } from "../data/tokenizers/tokenizer.ts";
import { PrefineError } from "../errors.ts";
import type { Content, Pieces } from "../formats/content.ts";
import { isObject } from "../formats/parseJson.ts";
import { counted, printableJson } from "../phrases.ts";
import { createLogger } from "../terminal/logger.ts";
import { openTerminal } from "../terminal/terminal.ts";
import { closedOutput } from "./closedOutput.ts";
import { printReport } from "./doctorReport.ts";
import { interruptible } from "./interrupt.ts";
import { readRunFile } from "./readRunFile.ts";
import { defineShapeFlags, type ShapeFlags, shapeOf } from "./shapeFlags.ts";

const EXAMPLES = `
DATASET is a hub id, a folder or a data file; with --config, by default the run's.
Exits with 2 if a finding is severe, so that a pipeline can stop there.

--fix OUT writes a folder: the rows that are left as SPLIT.jsonl, and doctor.log,
a line of JSON per row that was dropped or changed.

Examples:
  prefine doctor pairs.jsonl
  prefine doctor pairs.jsonl --tokenizer gpt2 --max_length 512
  prefine doctor --config run.yaml --json
  prefine doctor pairs.jsonl --fix cleaned`;

/** Exit code with severe findings. */
const SEVERE = 2;

interface DoctorFlags extends ShapeFlags {
  config?: string;
  tokenizer?: string;
  max_length?: number;
  split?: string;
  eval_split?: string[];
  name?: string;
  process?: string;
  json?: boolean;
  fix?: string;
  revision?: string;
  token?: string;
}

export function define(command: Command): void {
  command
    .description("Examines preference data: duplicates, contradictions, leakage, length bias, damage, and more.")
    .argument("[dataset]", "hub id, folder or file")
    .option("--config <path>", "run file whose data, tokenizer and max_length are examined")
    .option("--tokenizer <id>", "model or folder whose tokenizer is used (default: checks of tokens are skipped)")
    .option("--max_length <number>", "longest sequence in tokens (default: 1024)", readLength)
    .option("--split <name>", "split that is trained on (default: train_prefs, train, or the first)")
    .option("--eval_split <names...>", "splits that are evaluated on (default: test_prefs, test, or the like)")
    .option("--name <config>", "configuration, for a dataset with several")
    .option("--process <function>", "ultrafeedback, or the path of a module: applied to every row first");
  defineShapeFlags(command, "the dataset")
    .option("--json", "print JSON, with the numbers of all rows")
    .option("--fix <out>", "folder for a cleaned copy and its log")
    .option("--revision <name>", "branch, tag or commit of a hub dataset")
    .option("--token <text>", "token for the hub (or set HF_TOKEN)")
    .addHelpText("after", EXAMPLES)
    .action(run);
}

function readLength(text: string): number {
  const length = Number(text);
  if (Number.isSafeInteger(length) && length > 0) return length;
  throw new InvalidArgumentError("Expected an integer above 0.");
}

interface Patient {
  title: string;
  options: ExamineOptions;
}

async function run(dataset: string | undefined, flags: DoctorFlags): Promise<void> {
  if (flags.fix !== undefined) checkOut(flags.fix, dataset);
  const logger = createLogger();
  const report = await interruptible(
    async (signal) => {
      const { title, options } = await (flags.config === undefined
        ? patientOf(dataset, flags)
        : patientOfRun(dataset, { ...flags, config: flags.config }, signal));
      const { examine } = await import("../data/doctor/doctor.ts");
      const onProgress = (split: string, rows: number) => logger.status(`examining ${split}: ${counted(rows, "row")}`);
      const report = await examine({ ...options, onProgress, signal });
      logger.status(undefined);
      const terminal = openTerminal();
      closedOutput.code = report.isSevere ? SEVERE : 0;
      if (flags.json) terminal.print(printableJson(JSON.stringify({ dataset: title, ...report }, null, 2)));
      else printReport(title, report, terminal);
      if (flags.fix !== undefined) await writeCleaned(flags.fix, report, { ...options, signal });
      return report;
    },
    { hasResults: () => false, message: "stopped before all rows were examined; nothing was written" },
  ).finally(() => logger.close());
  if (report.isSevere) throw new CommanderError(SEVERE, "prefine.severe", "severe findings");
}

const NEW_FOLDER = "Choose a name that is not taken; the doctor overwrites nothing.";

async function patientOf(dataset: string | undefined, flags: DoctorFlags): Promise<Patient> {
  if (dataset === undefined) {
    throw new PrefineError("config", "prefine doctor: expected a dataset or --config run.yaml, found neither");
  }
  const { loadDataset } = await import("../data/datasets/loadDataset.ts");
  const { name, revision, token, process } = flags;
  const onWarning = (line: string) => openTerminal().info(`warning: ${line}`);
  const splits = await loadDataset(dataset, { name, revision, token, onWarning });
  const { chooseSplits } = await import("../data/doctor/call.ts");
  const names = chooseSplits(splits.splitNames, flags);
  const { writtenRows } = await import("../data/datasets/openSplit.ts");
  const processed = async (split: Dataset) => {
    if (process === undefined) return splitOf(split, writtenRows);
    const { findProcess } = await import("../data/datasets/mapModule.ts");
    return split.map(findProcess(process));
  };
  const [train, ...evaluation] = await Promise.all(names.map((split) => processed(splits.split(split))));
  const tokenizer = flags.tokenizer === undefined ? undefined : await tokenizerOf(flags.tokenizer, token);
  const { max_length = 1024 } = flags;
  return { title: dataset, options: { train, evaluation, tokenizer, max_length, to_preferences: shapeOf(flags) } };
}

const splitOf = (split: Dataset, written: (split: Dataset) => AsyncIterable<Row>): DoctorRows => ({
  name: split.name,
  rows: () => split.rows(),
  written: () => written(split),
  placeOf: (row) => split.placeOf(row),
});

async function tokenizerOf(idOrPath: string, token: string | undefined): Promise<Tokenizer> {
  const { AutoTokenizer } = await import("../data/tokenizers/loadTokenizer.ts");
  await import("../pretrained/tokenizerThreads.ts"); // enables threads for many rows
  return AutoTokenizer.from_pretrained(idOrPath, { token });
}

async function patientOfRun(
  dataset: string | undefined,
  { config, ...flags }: DoctorFlags & { config: string },
  signal: AbortSignal,
): Promise<Patient> {
  const { parseRun } = await import("../config/run.ts");
  const { loadSplits, loadTokenizer, rowsOfRecipe } = await import("../train.ts");
  const { run, env } = parseRun({
    file: { name: config, text: await readRunFile(config) },
    flags: runFlags(dataset, flags),
  });
  Object.assign(process.env, env);
  const logger = createLogger({ disable_tqdm: true });
  const own = flags.tokenizer === undefined ? undefined : await tokenizerOf(flags.tokenizer, flags.token);
  const tokenizer =
    own ??
    (await loadTokenizer(run, run.model.adapter_name_or_path ?? "", { logger: { ...logger, info() {} }, signal }));
  const { train_dataset, eval_dataset } = await loadSplits(run, logger, { signal });
  const { shapeOptionsOf } = await import("../data/shapes/shapeOptions.ts");
  const asInRun = rowsOfRecipe(run, tokenizer);
  const evaluation = eval_dataset instanceof Dataset ? [eval_dataset] : Object.values(eval_dataset ?? {});
  const { max_length, truncation_mode } = run.args;
  return {
    title: dataset ?? run.script.dataset_name ?? config,
    options: {
      ...{ train: asInRun(train_dataset), evaluation: evaluation.map(asInRun) },
      ...{ tokenizer, max_length, truncation_mode, to_preferences: shapeOptionsOf(run.script) },
    },
  };
}

/** The doctor's flags as those of a run. */
function runFlags(dataset: string | undefined, flags: DoctorFlags): string[] {
  const shape = Object.entries(shapeOf(flags)).map(([name, value]) => [
    name,
    isObject(value) ? JSON.stringify(value) : value,
  ]);
  const over: Record<string, unknown> = {
    ...Object.fromEntries(shape),
    dataset_name: dataset,
    max_length: flags.max_length,
    process: flags.process,
    dataset_train_split: flags.split,
    dataset_test_split: flags.eval_split,
    dataset_config: flags.name,
    token: flags.token,
  };
  return Object.entries(over).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, ...[value].flat().map(String)],
  );
}

/** Writes the folder whole or not at all. */
async function writeCleaned(out: string, report: DoctorReport, options: ExamineOptions): Promise<void> {
  const { cleanedRows, planCleaning } = await import("../data/doctor/clean.ts");
  const { rowsAsText } = await import("../data/shapes/convert.ts");
  const { writeFolderAtomically } = await import("../disk/wholeFiles.ts");
  const plan = await planCleaning(report, options);
  const lines: CleanedRow[] = [];
  const encoder = new TextEncoder();
  const names = new Set<string>();
  const fileOf = (split: string) => {
    const plain = split.replace(/[^\w.-]/g, "_");
    let name = plain;
    for (let i = 2; names.has(name); i++) name = `${plain}_${i}`;
    names.add(name);
    return `${name}.jsonl`;
  };
  function* files(): Generator<[string, Content | Pieces]> {
    for (const split of [options.train, ...(options.evaluation ?? [])]) {
      const rows = cleanedRows(split, plan.get(split.name) as Cleaning, { options, log: (line) => lines.push(line) });
      const pieces = async function* () {
        for await (const text of rowsAsText(rows, false)) {
          options.signal?.throwIfAborted();
          yield encoder.encode(text);
        }
      };
      yield [fileOf(split.name), { pieces }];
    }
    yield ["doctor.log", lines.map((line) => `${JSON.stringify(line)}\n`).join("")];
  }
  await writeFolderAtomically(out, files()).catch((error: unknown) => {
    if (!(error instanceof PrefineError)) throw error;
    const hint = error.hint?.replaceAll("output_dir", "folder for --fix");
    throw new PrefineError(error.code, error.message, hint, { cause: error });
  });
  const dropped = lines.filter(({ action }) => action === "dropped").length;
  const { info } = openTerminal();
  info(`${out}: dropped ${counted(dropped, "row")}, changed ${lines.length - dropped}; doctor.log lists each`);
}

/** @throws PrefineError("config") for a folder that exists, or that is in the dataset's. */
function checkOut(out: string, dataset: string | undefined): void {
  if (existsSync(out)) {
    throw new PrefineError("config", `--fix ${out}: expected a new folder, found one that exists`, NEW_FOLDER);
  }
  if (dataset === undefined || !existsSync(dataset)) return;
  const way = relative(resolve(dataset), resolve(out));
  if (way === "" || way.startsWith("..") || isAbsolute(way)) return;
  const message = `--fix ${out}: expected a folder outside the dataset ${dataset}, found one within`;
  throw new PrefineError("config", message, "Choose another: files within would be read as more of its rows.");
}
