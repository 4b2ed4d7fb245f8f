/** @file The demo, chapter by chapter: the course note "DPO with Hugging Face" on the embedded model and dataset. */

import { basename, join } from "node:path";
import { refuseOwned } from "../../checkpoints/ownership.ts";
import { listCheckpoints, refuseRun } from "../../checkpoints/runDirectory.ts";
import { removeRun } from "../../checkpoints/runFiles.ts";
import { LoraConfig } from "../../config/LoraConfig.ts";
import type { Dataset } from "../../data/datasets/dataset.ts";
import type { DatasetDict } from "../../data/datasets/datasetDict.ts";
import type { Row } from "../../data/datasets/features.ts";
import { loadDataset } from "../../data/datasets/loadDataset.ts";
import { ultrafeedback } from "../../data/datasets/ultrafeedback.ts";
import { AutoTokenizer } from "../../data/tokenizers/loadTokenizer.ts";
import { folderAt } from "../../disk/nodeStorage.ts";
import { shownPath } from "../../disk/shownPath.ts";
import { DPOTrainer } from "../../dpoTrainer.ts";
import { PrefineError } from "../../errors.ts";
import type { CausalLM } from "../../generation/causalLM.ts";
import { adapterTensors, loraAdapter } from "../../models/adapters/lora.ts";
import { grouped, shellWord } from "../../phrases.ts";
import { AutoModelForCausalLM } from "../../pretrained/autoModel.ts";
import { createLogger } from "../../terminal/logger.ts";
import type { Logger } from "../../terminal/logging.ts";
import { plotTerminal } from "../../terminal/plotTerminal.ts";
import { sideBySide } from "../../terminal/sideBySide.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { wrapText } from "../../terminal/text.ts";
import { NOTE_QUESTION } from "../questions.ts";
import { datasetNamedIn } from "../runData.ts";
import { type Answered, answerBoth, countAnswers, type HeldOutQuestion, LONG } from "./answers.ts";
import { dataFolder, LORA, modelFolder, trainingSettings } from "./materials.ts";
import { createNarrator, type Narrator } from "./narrator.ts";

export interface StoryOptions {
  output_dir: string;
  signal: AbortSignal;
  terminal: Terminal;
}

/** Number of answer pairs to print; the others are only counted. */
const SHOWN = 4;

/** Runs everything and narrates it on stdout. */
export async function runStory(options: StoryOptions): Promise<void> {
  try {
    await tell(options);
  } catch (error) {
    throw stopped(error);
  }
}

async function tell({ output_dir, signal, terminal }: StoryOptions): Promise<void> {
  const started = performance.now();
  await makeRoom(output_dir);
  const narrator = createNarrator(terminal);
  showBeginning(narrator, output_dir);
  const processed = await showData(narrator);
  const model = await AutoModelForCausalLM.from_pretrained(modelFolder(), { signal });
  try {
    showModel(narrator, model);
    const log = await train(narrator, { model, processed, output_dir, signal });
    showPlot(narrator, log, output_dir);
    const answered = await showAnswers(narrator, { model, processed, output_dir, signal });
    showCounts(narrator, answered, log);
  } finally {
    await model.dispose();
  }
  showEnd(narrator, output_dir, (performance.now() - started) / 1000);
}

/** Removes the output of an earlier demo. @throws PrefineError("config") for any other run. */
async function makeRoom(output_dir: string): Promise<void> {
  const output = folderAt(output_dir);
  await refuseOwned(output, { inside: true });
  const folders = [output_dir, ...(await listCheckpoints(output)).map(({ folder }) => folder.path)];
  const names = await Promise.all(folders.map(datasetNamedIn));
  if (names.some((name) => name !== undefined && basename(name) === basename(dataFolder()))) await removeRun(output);
  await refuseRun(output).catch((error: unknown) => {
    if (!(error instanceof PrefineError)) throw error;
    throw new PrefineError(
      error.code,
      error.message,
      "The demo did not write it: choose another folder with --output_dir.",
    );
  });
}

function showBeginning({ terminal, paragraph }: Narrator, output_dir: string): void {
  terminal.print(terminal.bold("prefine demo: from preference data to two answers side by side"));
  paragraph(
    "Offline, on a small GPT-2 made for this demo. It has learned to answer everyday questions both ways, directly " +
      "and evasively; DPO teaches it which way is preferred. The output goes to " +
      `${shownPath(output_dir)}.`,
  );
}

/** @returns the splits with three texts per record. */
async function showData({ chapter, paragraph, fields, table }: Narrator): Promise<DatasetDict> {
  chapter("Preference data", 'const ds = await loadDataset("everyday-preferences");');
  const ds = await loadDataset(dataFolder());
  paragraph(`The dataset has ${ds.splitNames.length} splits:`);
  table(splitTable(ds));
  const record = await ds.train_prefs.at(0);
  paragraph(`A record, train_prefs[0], has ${Object.keys(record).length} keys:`);
  fields(Object.entries(record).map(([key, value]) => [key, describe(value)]));
  chapter("The record in the form that DPO needs", "const processed = await ds.map(process);");
  paragraph("prompt_id, messages and scores are dropped; chosen and rejected keep the text of their last message:");
  const processed = await ds.map(ultrafeedback);
  fields(textsOf(await processed.train_prefs.at(0)), { whole: true });
  return processed;
}

/** Rows per split: the train splits in one line, the test splits in another. */
function splitTable(ds: DatasetDict): string[][] {
  const kinds = ["train", "test"].map((kind) => ds.splitNames.filter((name) => name.startsWith(kind)));
  return kinds.map((names) => names.map((name) => `${name} ${ds.split(name).num_rows}`));
}

/** A record's value on one line; for a conversation, its roles and the answer. */
function describe(value: unknown): string {
  if (!Array.isArray(value)) return String(value);
  const roles = value.map(({ role }: { role: string }) => role).join(", ");
  return `[${roles}] ${value.at(-1).content.trim()}`;
}

const textsOf = (row: Row) => Object.entries(row).map(([key, value]): [string, string] => [key, String(value).trim()]);

function showModel({ chapter, paragraph }: Narrator, model: CausalLM): void {
  chapter("The model and its adapter", "new LoraConfig({ r, lora_alpha, target_modules: [...] })");
  const { architecture } = model.loaded;
  const size = (shapes: Iterable<readonly number[]>) =>
    [...shapes].reduce((sum, shape) => sum + shape.reduce((product, length) => product * length, 1), 0);
  const all = size(architecture.parameters.values());
  const lora = loraAdapter(architecture, LoraConfig(LORA));
  const trained = size(adapterTensors(lora).map(({ shape }) => shape));
  const targets = lastParts(lora.layers.keys());
  paragraph(
    `GPT-2 with ${architecture.layers} layers of width ${architecture.hiddenSize}: ${grouped(all)} parameters, which ` +
      `stay frozen. LoRA of rank ${LORA.r} on ${lora.layers.size} layers (${targets}) adds ${grouped(trained)}, ` +
      `${((100 * trained) / (all + trained)).toFixed(1)} % of all, and only these are trained. With the adapter off, ` +
      "the model is its own reference.",
  );
}

/** `transformer.h.0.attn.c_attn` -> c_attn; distinct. */
const lastParts = (names: Iterable<string>) =>
  [...new Set([...names].map((name) => name.split(".").at(-1)))].join(" and ");

interface Work {
  model: CausalLM;
  processed: DatasetDict;
  output_dir: string;
  signal: AbortSignal;
}

/** @returns log_history. */
async function train({ chapter, terminal }: Narrator, { model, processed, output_dir, signal }: Work) {
  chapter("Training", "await new DPOTrainer({ model, args, train_dataset, ... }).train();");
  const trainer = new DPOTrainer({
    model,
    args: trainingSettings(output_dir),
    train_dataset: processed.train_prefs,
    eval_dataset: processed.test_prefs,
    processing_class: await AutoTokenizer.from_pretrained(modelFolder()),
    peft_config: LORA,
    dataset_name: dataFolder(),
    logger: wrappingLogger(terminal),
  });
  try {
    await trainer.train({ signal });
    return trainer.state.log_history;
  } finally {
    await trainer.dispose();
  }
}

/** Logs to stdout, so that piped output stays in order; wraps lines as the rest of the demo does. */
function wrappingLogger({ color, columns }: Terminal): Logger {
  const logger = createLogger({ stream: process.stdout, color });
  const info = (text: string) => {
    for (const line of wrapText(text, columns, { breakWords: false })) logger.info(line);
  };
  return { ...logger, info };
}

/** An interrupted demo is not resumed: the next one starts over. */
function stopped(error: unknown): unknown {
  if (!(error instanceof PrefineError) || error.code !== "interrupted") return error;
  return new PrefineError(
    "interrupted",
    error.message.replace(/; saved .*$/, ""),
    "Run the demo again: it starts over.",
  );
}

type Log = Awaited<ReturnType<typeof train>>;

function showPlot({ chapter, lines, paragraph, width, terminal }: Narrator, log: Log, output_dir: string): void {
  chapter("The loss", `await plotRunFolders([${JSON.stringify(shownPath(output_dir))}]);`);
  const { color, ascii } = terminal;
  const options = { columns: Math.min(width, 76), rows: 8, color, ascii };
  lines(plotTerminal(log, options).split("\n"));
  paragraph(`As a picture: ${shownPath(join(output_dir, "training_loss.png"))} (and .svg).`);
}

/** The held-out questions, the note's first. */
async function heldOut(split: Dataset): Promise<HeldOutQuestion[]> {
  const rows = await split.to_list();
  const questions = rows.map((row) => ({ prompt: String(row.prompt), direct: String(row.chosen).trim() }));
  const isNoted = ({ prompt }: HeldOutQuestion) => prompt === NOTE_QUESTION;
  return [...questions.filter(isNoted), ...questions.filter((question) => !isNoted(question))];
}

/** Prints the answers to the note's question and the next ones, then answers all for counting. */
async function showAnswers(narrator: Narrator, { model, processed, output_dir, signal }: Work): Promise<Answered[]> {
  const { chapter, paragraph, terminal } = narrator;
  chapter("Two answers, side by side", 'await model.generate("Is a higher octane ...?");');
  paragraph("The questions are held out: preference training has not seen them.");
  const questions = await heldOut(processed.test_prefs);
  const after = await AutoModelForCausalLM.from_pretrained(output_dir, { signal });
  try {
    const models = { before: model, after };
    const examples = await answerBoth(models, questions.slice(0, SHOWN), signal);
    for (const one of examples) showPair(one, terminal);
    chapter(`Counted over all ${questions.length} held-out questions`);
    return [...examples, ...(await answerBoth(models, questions.slice(SHOWN), signal))];
  } finally {
    await after.dispose();
  }
}

function showPair({ prompt, before, after }: Answered, terminal: Terminal): void {
  const { print, bold, columns, ascii } = terminal;
  print();
  for (const line of wrapText(`> ${prompt}`, columns)) print(bold(line));
  const sides = [
    { title: "before DPO", text: before },
    { title: "after DPO", text: after },
  ] as const;
  for (const line of sideBySide(...sides, { columns: Math.min(columns, 103), ascii, bold })) print(line);
}

function showCounts({ table, paragraph }: Narrator, answered: readonly Answered[], log: Log): void {
  const [before, after] = [countAnswers(answered, "before"), countAnswers(answered, "after")];
  const rows = [
    ["", "before", "after"],
    ["words per answer", before.words.toFixed(1), after.words.toFixed(1)],
    [`answers of more than ${LONG} words`, String(before.long), String(after.long)],
    ["answers equal to the dataset's direct answer", String(before.direct), String(after.direct)],
  ];
  table(rows, new Set([1, 2]));
  const accuracy = log.findLast((entry) => "eval_rewards/accuracies" in entry)?.["eval_rewards/accuracies"];
  if (typeof accuracy === "number") {
    paragraph(
      `Held-out rewards/accuracies: ${accuracy.toFixed(3)}, the share of pairs that reward the direct answer more.`,
    );
  }
}

function showEnd({ chapter, commands, paragraph }: Narrator, output_dir: string, seconds: number): void {
  chapter("Next steps");
  const run = shellWord(shownPath(output_dir));
  commands([
    ["All answers:", `npx prefine compare ${run} --split test_prefs`],
    ["Your own question:", `npx prefine compare ${run} --prompt "Why do cats purr?"`],
    ["Another curve:", `npx prefine plot ${run} --metrics rewards/margins`],
    ["Your own model and data:", "npx prefine train --help"],
  ]);
  paragraph(`Done in ${seconds.toFixed(0)} s.`);
}
