/** @file prefine generate MODEL|RUN: streams answers to prompts. */

import type { Command } from "commander";
import { PrefineError } from "../errors.ts";
import type { CausalLM, GenerateOptions } from "../generation/causalLM.ts";
import type { FinishReason } from "../generation/sequence.ts";
import { pushAll } from "../lists.ts";
import { counted, printable, printableJson } from "../phrases.ts";
import { openTerminal, type Terminal } from "../terminal/terminal.ts";
import {
  addGenerationFlags,
  CLI_DEFAULTS,
  type GenerationFlags,
  promptsOf,
  readGenerationFlags,
} from "./generationFlags.ts";
import { interruptible } from "./interrupt.ts";
import { quantizationFlags, recordedLine } from "./quantizationFlags.ts";
import { inputsOf, type ModelInputs, type Question } from "./questions.ts";
import { stoppedRunLine } from "./stoppedRun.ts";

const BATCH = 8; // prompts per batch: larger is faster but needs more memory

const EXAMPLES = `
MODEL is a hub id or a folder; RUN is the output_dir of a training run, or a
checkpoint in it. The answer to a single prompt is streamed, except with beam
search. Several prompts: each answer is printed below its prompt. If the
tokenizer has a chat template, each prompt becomes a user message; --raw passes
the text unchanged. Control characters and marks of direction in an answer are
printed as escapes (\\u200f), into files and pipes as well; --json has the texts
as they are.

Examples:
  prefine generate gpt2 --prompt "Why is the sky blue?"
  prefine generate dpo --prompt "Why is the sky blue?" --do_sample --seed 1
  prefine generate dpo --prompt "Why is the sky blue?" --num_beams 4
  prefine generate chat --system "Be brief." --prompt "Why is the sky blue?"
  prefine generate chat --raw --prompt "The sky is blue because"
  prefine generate dpo --base ~/models/gpt2 --prompt "Why is the sky blue?"
  prefine generate dpo --config gen.yaml --prompt "One" --prompt "Two" --json
  echo "Why is the sky blue?" | prefine generate dpo --max_new_tokens 100`;

export function define(command: Command): void {
  addGenerationFlags(
    command
      .description("Generates text with a model or with a run's trained model.")
      .argument("<model>", "hub id, folder, run or checkpoint"),
  )
    .addHelpText("after", EXAMPLES)
    .action(generate);
}

export interface Answer {
  prompt: string;
  text: string;
  finish_reason: FinishReason;
  /** Number of tokens in the answer. */
  tokens: number;
}

async function generate(idOrPath: string, flags: GenerationFlags): Promise<void> {
  const settings = await readGenerationFlags(flags);
  const prompts = await promptsOf(flags);
  const terminal = openTerminal();
  const { AutoModelForCausalLM } = await import("../pretrained/autoModel.ts");
  await interruptible(async (signal) => {
    const { revision, token, base, exact } = flags;
    const onWarning = (line: string) => terminal.info(`warning: ${line}`);
    const access = { revision, token, base, exact, signal, onWarning, ...quantizationFlags(flags) };
    const model = await AutoModelForCausalLM.from_pretrained(idOrPath, access);
    if (base !== undefined && !model.adapter) throw notAnAdapter(idOrPath);
    const line = recordedLine(model.loaded, flags);
    const stopped = flags.json ? undefined : await stoppedRunLine(idOrPath);
    for (const one of [stopped, line]) if (one !== undefined) terminal.info(one);
    const options: GenerateOptions = { generation_config: settings, defaults: CLI_DEFAULTS, signal, onWarning };
    try {
      await answer(model, { prompts, flags, options, terminal });
    } finally {
      await model.dispose();
    }
  });
}

function notAnAdapter(idOrPath: string): PrefineError {
  const message = `--base: expected an adapter, found ${idOrPath}, a whole model`;
  return new PrefineError("config", message, "Remove --base.");
}

interface Work {
  prompts: string[];
  flags: GenerationFlags;
  options: GenerateOptions;
  terminal: Terminal;
}

async function answer(model: CausalLM, { prompts, flags, options, terminal }: Work): Promise<void> {
  const { num_return_sequences = 1, num_beams } = options.generation_config ?? {};
  const isSingle = prompts.length === 1 && num_return_sequences === 1 && !flags.json;
  const beams = num_beams ?? model.generation_config.num_beams ?? 1;
  const questions = prompts.map((text) => ({ text }));
  const inputs = await inputsOf(model, questions, flags, options.signal);
  if (isSingle && beams === 1) return await streamAnswer(model, inputs[0], options, terminal);
  const answers = await generateAnswers(model, { questions, inputs }, options);
  if (flags.json) return terminal.print(printableJson(answersAsJson(answers)));
  for (const one of answers) {
    if (isSingle) terminal.print(printable(one.text));
    else printAnswer(one, terminal);
    reportCut(model, one, options, terminal);
  }
}

const answersAsJson = (answers: readonly Answer[]) =>
  JSON.stringify(
    answers.map(({ prompt, text, finish_reason }) => ({ prompt, text, finish_reason })),
    null,
    2,
  );

async function streamAnswer(
  model: CausalLM,
  prompt: ModelInputs[number],
  options: GenerateOptions,
  terminal: Terminal,
): Promise<void> {
  let hasText = false;
  let tokens = 0;
  let reason: FinishReason | undefined;
  try {
    for await (const { text, finishReason } of model.generateStream(prompt, options)) {
      terminal.write(printable(text));
      hasText ||= text !== "";
      tokens++;
      reason = finishReason;
    }
    hasText = true;
  } finally {
    if (hasText) terminal.print(); // so that an error starts on a new line
  }
  if (reason !== undefined) reportCut(model, { finish_reason: reason, tokens }, options, terminal);
}

/** Reports on a terminal that the answer was cut; piped output is the answer only. */
function reportCut(
  model: CausalLM,
  answer: Pick<Answer, "finish_reason" | "tokens">,
  options: GenerateOptions,
  terminal: Terminal,
): void {
  const mark = cutMark(answer, limitOf(model, options));
  if (mark !== undefined && terminal.isTTY) terminal.info(terminal.dim(mark));
}

/** Limits that may cut an answer short. */
export interface AnswerLimit {
  /** New tokens; undefined if max_length applies. */
  max_new_tokens: number | undefined;
  /** Tokens of prompt and answer together. */
  max_length: number | undefined;
}

/** The limit that applies to a call with these options. */
export function limitOf(model: CausalLM, { generation_config: given, defaults }: GenerateOptions): AnswerLimit {
  const own = model.generation_config;
  const numberIn = (name: "max_new_tokens" | "max_length") => {
    const value = given?.[name] ?? own[name];
    return typeof value === "number" ? value : undefined;
  };
  const max_length = numberIn("max_length");
  const fallback = max_length === undefined ? (defaults?.max_new_tokens ?? undefined) : undefined;
  return { max_new_tokens: numberIn("max_new_tokens") ?? fallback, max_length };
}

/** `[cut at 64 tokens: --max_new_tokens]`, naming the flag to raise; undefined for a complete answer. */
export function cutMark(
  { finish_reason, tokens }: Pick<Answer, "finish_reason" | "tokens">,
  { max_new_tokens, max_length }: AnswerLimit,
): string | undefined {
  if (finish_reason !== "length") return undefined;
  const isLength = max_new_tokens === undefined && max_length !== undefined;
  const flag = isLength ? "--max_length" : "--max_new_tokens";
  const reason = max_new_tokens !== undefined && tokens < max_new_tokens ? "context full" : flag;
  return `[cut at ${counted(tokens, "token")}: ${reason}]`;
}

/** Answers to all questions in order, num_return_sequences per question. */
export async function generateAnswers(
  model: CausalLM,
  { questions, inputs }: { questions: readonly Question[]; inputs: ModelInputs },
  options: GenerateOptions,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let start = 0; start < questions.length; start += BATCH) {
    const batch = inputs.slice(start, start + BATCH) as ModelInputs;
    const { texts, finishReasons, completions } = await model.generate(batch, options);
    const copies = texts.length / batch.length;
    const own = texts.map((text, i) => ({
      prompt: questions[start + Math.floor(i / copies)].text,
      text,
      finish_reason: finishReasons[i],
      tokens: completions[i].length,
    }));
    pushAll(answers, own);
  }
  return answers;
}

function printAnswer({ prompt, text }: Answer, terminal: Terminal): void {
  terminal.print(terminal.bold(`> ${printable(prompt)}`));
  terminal.print(`${printable(text).trim()}\n`);
}
