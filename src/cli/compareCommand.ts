/** @file prefine compare RUN: what the trained model answers, and what its original would have, side by side. */
import { readFile, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { parseDocument } from "yaml";
import type { BitsAndBytesConfig } from "../config/BitsAndBytesConfig.ts";
import { PrefineError } from "../errors.ts";
import type { GenerateOptions } from "../generation/causalLM.ts";
import type { ModelSourceOptions } from "../pretrained/modelSource.ts";
import { sideBySide } from "../terminal/sideBySide.ts";
import { openTerminal, type Terminal } from "../terminal/terminal.ts";
import { countWords, wrapText } from "../terminal/text.ts";
import { generateAnswers } from "./generateCommand.ts";
import { addGenerationFlags, CLI_DEFAULTS, type GenerationFlags, readGenerationFlags } from "./generationFlags.ts";
import { interruptible } from "./interrupt.ts";
import { type QuantizationFlags, quantizationFlags, recordedLine } from "./quantizationFlags.ts";
import { type ChatFlags, inputsOf, NOTE_QUESTION, type Question } from "./questions.ts";
import { questionsOfSplit } from "./splitPrompts.ts";

const EXAMPLES = `
RUN is the output_dir of a training, or a checkpoint in it. Both models get the
same settings and, where tokens are drawn, the same seed. Where a tokenizer has
a chat template, a prompt is a user's message; --raw gives the text as it is.
With --split: all prompts of that split of the run's data set.
Without --prompt and --split: "${NOTE_QUESTION}"

Examples:
  prefine compare dpo
  prefine compare dpo --prompt "Why is the sky blue?" --prompt "What is DPO?"
  prefine compare dpo --split test_prefs --limit 20
  prefine compare dpo/checkpoint-500 --do_sample --top_k 40 --max_new_tokens 25
  prefine compare my-model --base gpt2 --config gen.yaml --json`;

interface CompareFlags extends GenerationFlags {
  base?: string;
  split?: string;
  dataset_name?: string;
  limit?: number;
}

export function define(command: Command): void {
  addGenerationFlags(
    command
      .description("Prints the answers of a trained model and of its original side by side.")
      .argument("<run>", "run, checkpoint or adapter")
      .option("--base <model>", "the original; otherwise the one that the run names")
      .option("--split <name>", "all prompts of this split, held-out ones for example")
      .option("--dataset_name <dataset>", "hub id, folder or file with the split; otherwise the run's")
      .option("--limit <number>", "only the first prompts of the split", readLimit),
  )
    .addHelpText("after", EXAMPLES)
    .action(compare);
}

function readLimit(text: string): number {
  const limit = Number(text);
  if (Number.isSafeInteger(limit) && limit > 0) return limit;
  throw new InvalidArgumentError("Expected an integer from 1.");
}

/** Those of --prompt, then those of --split; the note's question where neither is given. */
async function questionsOf(run: string, flags: CompareFlags): Promise<Question[]> {
  const { prompt = [], split, dataset_name: dataset, limit, token } = flags;
  const own = prompt.map((text) => ({ text }));
  if (split !== undefined) return [...own, ...(await questionsOfSplit(run, { split, dataset, limit, token }))];
  return own.length > 0 ? own : [{ text: NOTE_QUESTION }];
}

async function compare(run: string, flags: CompareFlags): Promise<void> {
  const settings = await readGenerationFlags(flags);
  const questions = await questionsOf(run, flags);
  const seed = settings.seed ?? Math.floor(Math.random() * 2 ** 31); // the same for both
  const terminal = openTerminal();
  const lines = new Set<string>();
  const infoOnce = (line: string) => {
    if (!lines.has(line)) terminal.info(line);
    lines.add(line);
  };
  const onWarning = (line: string) => infoOnce(`warning: ${line}`);
  await interruptible(async (signal) => {
    const options = { generation_config: { ...settings, seed }, defaults: CLI_DEFAULTS, signal, onWarning };
    const base = await findOriginal(run, flags);
    const titles: [string, string] = [`original: ${shortName(base.id)}`, `trained: ${shortName(run)}`];
    if (terminal.isTTY && !flags.json) terminal.info(terminal.dim(`${titles.join(", ")} ...`));
    const access = { token: flags.token, quantization_config: base.quantization }; // the same under both
    const request = { questions, flags, options, access, infoOnce };
    const original = await answersOf(base.id, { ...request, revision: base.revision });
    const trained = await answersOf(run, { ...request, revision: flags.revision });
    const pairs = questions.map(({ text: prompt }, i) => ({ prompt, original: original[i], trained: trained[i] }));
    if (flags.json) return terminal.print(JSON.stringify({ original: base.id, trained: run, answers: pairs }, null, 2));
    for (const pair of pairs) printPair(pair, { titles, terminal });
    if (pairs.length > 1) terminal.print(summary(pairs));
  });
}

/** A hub id or a relative path as it is; of an absolute path the end. */
function shortName(idOrPath: string): string {
  return isAbsolute(idOrPath) ? basename(idOrPath) : idOrPath;
}

interface AnswerRequest {
  questions: Question[];
  flags: ChatFlags & QuantizationFlags;
  options: GenerateOptions;
  revision: string | undefined;
  access: ModelSourceOptions;
  infoOnce: (line: string) => void;
}

/** One model at a time, so that two never share the memory. */
async function answersOf(idOrPath: string, request: AnswerRequest): Promise<string[]> {
  const { questions, flags, options, revision, access, infoOnce } = request;
  const { AutoModelForCausalLM } = await import("../pretrained/autoModel.ts");
  const model = await AutoModelForCausalLM.from_pretrained(idOrPath, { revision, ...access });
  const line = recordedLine(model.loaded, flags);
  if (line !== undefined) infoOnce(line);
  try {
    const inputs = await inputsOf(model, questions, flags);
    return (await generateAnswers(model, { questions, inputs }, options)).map(({ text }) => text);
  } finally {
    await model.dispose();
  }
}

interface Original {
  id: string;
  revision: string | undefined;
  /** How both models are kept. */
  quantization: BitsAndBytesConfig | null;
}

/** What the run was trained from: --base, else what adapter_config.json, else what the model card names. */
async function findOriginal(run: string, flags: CompareFlags): Promise<Original> {
  const { findModel } = await import("../pretrained/modelSource.ts");
  const access = { revision: flags.revision, token: flags.token, ...quantizationFlags(flags) };
  const { adapter, base, baseRevision, quantization } = await findModel(run, access);
  if (flags.base) return { id: flags.base, revision: undefined, quantization };
  if (adapter) return { id: base, revision: baseRevision, quantization };
  const cardBase = await baseOfCard(run);
  if (cardBase) return { id: cardBase, revision: undefined, quantization };
  const actual = (await stat(run).catch(() => undefined))
    ? "no adapter_config.json and no base_model in README.md"
    : "nothing there";
  throw new PrefineError(
    "model",
    `${run}: expected a run that names its original, found ${actual}`,
    "Name it with --base.",
  );
}

/** `base_model` in the header of the run's README.md; a checkpoint's is in the folder above it. */
async function baseOfCard(run: string): Promise<string | undefined> {
  const folder = /^checkpoint-\d+$/.test(basename(run)) ? dirname(run) : run;
  const card = await readFile(join(folder, "README.md"), "utf8").catch(() => "");
  const header = /^---\n([\s\S]*?)\n---/.exec(card)?.[1];
  const value: unknown = header ? parseDocument(header, { logLevel: "silent" }).toJS() : undefined;
  const base = value && typeof value === "object" && "base_model" in value ? value.base_model : undefined;
  return typeof base === "string" && base !== "" ? base : undefined;
}

interface Pair {
  prompt: string;
  original: string;
  trained: string;
}

function printPair(pair: Pair, { titles, terminal }: { titles: [string, string]; terminal: Terminal }): void {
  for (const line of wrapText(`> ${pair.prompt}`, terminal.columns)) terminal.print(terminal.bold(line));
  terminal.print();
  const [left, right] = [pair.original, pair.trained].map((text, i) => ({ title: titles[i], text }));
  for (const line of sideBySide(left, right, terminal)) terminal.print(line);
  terminal.print();
}

/** How long the answers are, which is what a reader of many pairs wants to know first. */
function summary(pairs: readonly Pair[]): string {
  const mean = (side: "original" | "trained") =>
    (pairs.reduce((sum, pair) => sum + countWords(pair[side]), 0) / pairs.length).toFixed(1);
  return `${pairs.length} prompts; words an answer: original ${mean("original")}, trained ${mean("trained")}`;
}
