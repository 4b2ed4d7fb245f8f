/** @file prefine compare RUN: a trained model's answers next to its base model's. */

import { basename, isAbsolute } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { callTokenizer } from "../data/tokenizers/slowCalls.ts";
import { PrefineError } from "../errors.ts";
import type { CausalLM, GenerateOptions } from "../generation/causalLM.ts";
import type { FinishReason } from "../generation/sequence.ts";
import { printable, printableJson } from "../phrases.ts";
import type { ModelPair } from "../pretrained/modelPair.ts";
import { sideBySide } from "../terminal/sideBySide.ts";
import { openTerminal, type Terminal } from "../terminal/terminal.ts";
import { countWords, wrapText } from "../terminal/text.ts";
import { findBaseModel } from "./baseModel.ts";
import { type Answer, cutMark, generateAnswers, limitOf } from "./generateCommand.ts";
import { addGenerationFlags, CLI_DEFAULTS, type GenerationFlags, readGenerationFlags } from "./generationFlags.ts";
import { interruptible } from "./interrupt.ts";
import { type QuantizationFlags, recordedLine } from "./quantizationFlags.ts";
import { type ChatFlags, inputsOf, type Question } from "./questions.ts";
import { DEFAULT_PROMPTS, notePrompt, promptsOfRun, type RunPrompts } from "./runPrompts.ts";
import { questionsOfSplit } from "./splitPrompts.ts";
import { stoppedRunLine } from "./stoppedRun.ts";

const EXAMPLES = `
RUN is the output_dir of a training run, or a checkpoint in it. Both models get
the same settings and, when sampling, the same seed. If the tokenizer has a chat
template, each prompt becomes a user message; --raw passes the text unchanged.
Without --prompt and --split: a few held-out prompts from the run's dataset, or
from its training split, if they are on this computer; otherwise the course
note's question. A line on stderr says which.

Examples:
  prefine compare dpo
  prefine compare dpo --prompt "Why is the sky blue?" --prompt "What is DPO?"
  prefine compare dpo --split test_prefs --limit 20
  prefine compare dpo/checkpoint-500 --do_sample --top_k 40 --max_new_tokens 25
  prefine compare my-model --base gpt2 --config gen.yaml --json`;

interface CompareFlags extends GenerationFlags {
  split?: string;
  dataset_name?: string;
  limit?: number;
}

export function define(command: Command): void {
  addGenerationFlags(
    command
      .description("Compares a run's answers with its base model's, side by side.")
      .argument("<run>", "run, checkpoint or adapter")
      .option("--split <name>", "use all prompts of this dataset split")
      .option("--dataset_name <dataset>", "hub id, folder or file with prompts (default: the run's)")
      .option("--limit <number>", "maximum number of prompts from the dataset", readLimit),
  )
    .addHelpText("after", EXAMPLES)
    .action(compare);
}

function readLimit(text: string): number {
  const limit = Number(text);
  if (Number.isSafeInteger(limit) && limit > 0) return limit;
  throw new InvalidArgumentError("Expected an integer from 1.");
}

/** Prompts from --prompt, then from --split; without either, prompts chosen from the run's data. */
async function promptsFor(run: string, flags: CompareFlags): Promise<Prompts> {
  const { prompt = [], split, dataset_name: dataset, limit, token } = flags;
  const own = prompt.map((text) => ({ text }));
  if (split !== undefined) {
    return { asked: [...own, ...(await questionsOfSplit(run, { split, dataset, limit, token }))] };
  }
  if (own.length > 0) return { asked: own };
  return { toChoose: { ...(await promptsOfRun(run, { dataset, token })), count: limit ?? DEFAULT_PROMPTS } };
}

/** The prompts, or a pool to choose from once the model's context length is known. */
type Prompts = { asked: Question[] } | { toChoose: RunPrompts & { count: number } };

async function compare(run: string, flags: CompareFlags): Promise<void> {
  const settings = await readGenerationFlags(flags);
  const prompts = await promptsFor(run, flags);
  const seed = settings.seed ?? Math.floor(Math.random() * 2 ** 31); // shared by both models
  const terminal = openTerminal();
  const infoOnce = onceEach(terminal);
  const onWarning = (line: string) => infoOnce(`warning: ${line}`);
  await interruptible(async (signal) => {
    const one = { ...settings, seed, num_return_sequences: 1 }; // pairs are one answer to one
    const options = { generation_config: one, defaults: CLI_DEFAULTS, signal, onWarning };
    const base = await findBaseModel(run, flags);
    const titles: [string, string] = [`base: ${shortName(base.id)}`, `trained: ${shortName(run)}`];
    if (terminal.isTTY && !flags.json) terminal.info(terminal.dim(`${titles.join(", ")} ...`));
    const shared = {
      exact: flags.exact,
      token: flags.token,
      signal,
      quantization_config: base.quantization,
      onWarning,
    };
    const stopped = flags.json ? undefined : await stoppedRunLine(run);
    if (stopped !== undefined) infoOnce(stopped);
    const { loadPair } = await import("../pretrained/modelPair.ts");
    const pair = await loadPair(
      { idOrPath: base.id, access: { ...shared, revision: base.revision } },
      { idOrPath: run, access: { ...shared, revision: flags.revision, base: base.baseOfRun } },
    );
    const { original, trained } = await answersOfBoth(pair, prompts, { flags, options, infoOnce });
    const pairs = original.answers.map((answer, i) => ({ original: answer, trained: trained.answers[i] }));
    if (flags.json) return terminal.print(printableJson(pairsAsJson({ original: base.id, trained: run }, pairs)));
    for (const pair of pairs) printPair(pair, { titles, terminal });
    if (pairs.length > 1) terminal.print(summary(pairs));
  });
}

/** Prints each line to stderr once: both models may report the same. */
function onceEach(terminal: Terminal): (line: string) => void {
  const lines = new Set<string>();
  return (line) => {
    if (!lines.has(line)) terminal.info(printable(line));
    lines.add(line);
  };
}

/** Hub ids and relative paths unchanged; the last part of an absolute path. */
function shortName(idOrPath: string): string {
  return isAbsolute(idOrPath) ? basename(idOrPath) : idOrPath;
}

interface AnswerRequest {
  flags: ChatFlags & QuantizationFlags;
  options: GenerateOptions;
  infoOnce: (line: string) => void;
}

/** An answer with the mark to print after it if it was cut. */
interface MarkedAnswer extends Answer {
  mark: string | undefined;
}

interface Answered {
  questions: Question[];
  answers: MarkedAnswer[];
}

/** Models that share no weights are never in memory together. */
async function answersOfBoth({ models, isShared }: ModelPair, prompts: Prompts, request: AnswerRequest) {
  const [base, run] = models;
  try {
    const original = await answersOf(base, prompts, request);
    if (!isShared) await base.dispose();
    const trained = await answersOf(run, { asked: original.questions }, request);
    return { original, trained };
  } finally {
    for (const model of models) await model.dispose();
  }
}

async function answersOf(model: CausalLM, prompts: Prompts, request: AnswerRequest): Promise<Answered> {
  const { flags, options, infoOnce } = request;
  const line = recordedLine(model.loaded, flags);
  if (line !== undefined) infoOnce(line);
  const questions = "asked" in prompts ? prompts.asked : await choose(model, prompts.toChoose, request);
  const inputs = await inputsOf(model, questions, flags, options.signal);
  const limit = limitOf(model, options);
  const answers = await generateAnswers(model, { questions, inputs }, options);
  return { questions, answers: answers.map((answer) => ({ ...answer, mark: cutMark(answer, limit) })) };
}

/** The first prompts of the pool that leave room for an answer in the model's context. */
async function choose(
  model: CausalLM,
  { pool, source, count }: RunPrompts & { count: number },
  { flags, options, infoOnce }: AnswerRequest,
): Promise<Question[]> {
  const room = model.loaded.architecture.maxPositions - (limitOf(model, options).max_new_tokens ?? 0);
  const tokenizer = await model.tokenizer;
  const { signal } = options;
  const chosen: Question[] = [];
  for (const question of pool) {
    if (chosen.length === count) break;
    const [input] = await inputsOf(model, [question], flags, signal).catch(skipTemplateErrors);
    const ids: ArrayLike<number> | undefined =
      typeof input === "string" ? await callTokenizer(tokenizer, ["encode", input], signal) : input;
    if (ids !== undefined && ids.length <= room) chosen.push(question);
  }
  if (chosen.length === 0 && pool.length > 1) {
    const note = notePrompt("the prompts of the run's data are too long for the model, or rejected by its template");
    infoOnce(note.source(1));
    return note.pool;
  }
  const asked = chosen.length > 0 ? chosen : pool; // generate reports a prompt that is too long
  infoOnce(source(asked.length));
  return asked;
}

/** Skips a conversation that the chat template rejects. */
function skipTemplateErrors(error: unknown): [] {
  if (error instanceof PrefineError && error.code === "data") return [];
  throw error;
}

interface Pair {
  original: MarkedAnswer;
  trained: MarkedAnswer;
}

function pairsAsJson(names: { original: string; trained: string }, pairs: readonly Pair[]): string {
  const reasons = ({ original, trained }: Pair): Record<keyof Pair, FinishReason> => ({
    original: original.finish_reason,
    trained: trained.finish_reason,
  });
  const answers = pairs.map((pair) => ({
    prompt: pair.original.prompt,
    original: pair.original.text,
    trained: pair.trained.text,
    finish_reason: reasons(pair),
  }));
  return JSON.stringify({ ...names, answers }, null, 2);
}

function printPair(pair: Pair, { titles, terminal }: { titles: [string, string]; terminal: Terminal }): void {
  for (const line of wrapText(`> ${pair.original.prompt}`, terminal.columns)) terminal.print(terminal.bold(line));
  terminal.print();
  const sides = [pair.original, pair.trained].map(({ text, mark }, i) => ({
    title: titles[i],
    text: marked(text, mark),
  }));
  for (const line of sideBySide(sides[0], sides[1], terminal)) terminal.print(line);
  terminal.print();
}

/** Puts the mark on a separate line: it is not part of the answer. */
const marked = (text: string, mark: string | undefined) => (mark ? `${text.trim() || "(nothing)"}\n${mark}` : text);

/** Mean answer length per model. */
function summary(pairs: readonly Pair[]): string {
  const mean = (side: keyof Pair) =>
    (pairs.reduce((sum, pair) => sum + countWords(pair[side].text), 0) / pairs.length).toFixed(1);
  const cut = (side: keyof Pair) => {
    const count = pairs.filter((pair) => pair[side].mark !== undefined).length;
    return count > 0 ? ` (${count} cut)` : "";
  };
  const describe = (name: string, side: keyof Pair) => `${name} ${mean(side)}${cut(side)}`;
  const sides = [describe("base", "original"), describe("trained", "trained")];
  return `${pairs.length} prompts; words per answer: ${sides.join(", ")}`;
}
