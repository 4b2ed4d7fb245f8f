/** @file prefine generate MODEL|RUN: answers to prompts, streamed as they come. */
import type { Command } from "commander";
import type { CausalLM, GenerateOptions } from "../generation/causalLM.ts";
import { openTerminal, type Terminal } from "../terminal/terminal.ts";
import { printable } from "../terminal/text.ts";
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

const BATCH = 8; // prompts that go through the model at once: speed against memory

const EXAMPLES = `
MODEL is a hub id or a folder; RUN is the output_dir of a training, or a
checkpoint in it. One prompt: its answer is written as it comes, but with beams
at the end. Several: each answer below its prompt. Where the tokenizer has a
chat template, a prompt is a user's message; --raw gives the text as it is.

Examples:
  prefine generate gpt2 --prompt "Why is the sky blue?"
  prefine generate dpo --prompt "Why is the sky blue?" --do_sample --seed 1
  prefine generate dpo --prompt "Why is the sky blue?" --num_beams 4
  prefine generate chat --system "Be brief." --prompt "Why is the sky blue?"
  prefine generate chat --raw --prompt "The sky is blue because"
  prefine generate dpo --config gen.yaml --prompt "One" --prompt "Two" --json
  echo "Why is the sky blue?" | prefine generate dpo --max_new_tokens 100`;

export function define(command: Command): void {
  addGenerationFlags(
    command
      .description("Generates text with a model or with the model that a run has trained.")
      .argument("<model>", "hub id, folder, run or checkpoint"),
  )
    .addHelpText("after", EXAMPLES)
    .action(generate);
}

interface Answer {
  prompt: string;
  text: string;
  finish_reason: string;
}

async function generate(idOrPath: string, flags: GenerationFlags): Promise<void> {
  const settings = await readGenerationFlags(flags);
  const prompts = await promptsOf(flags);
  const terminal = openTerminal();
  const { AutoModelForCausalLM } = await import("../pretrained/autoModel.ts");
  await interruptible(async (signal) => {
    const { revision, token } = flags;
    const access = { revision, token, ...quantizationFlags(flags) };
    const model = await AutoModelForCausalLM.from_pretrained(idOrPath, access);
    const line = recordedLine(model.loaded, flags);
    if (line !== undefined) terminal.info(line);
    const onWarning = (line: string) => terminal.info(`warning: ${line}`);
    const options: GenerateOptions = { generation_config: settings, defaults: CLI_DEFAULTS, signal, onWarning };
    try {
      const isSingle = prompts.length === 1 && (settings.num_return_sequences ?? 1) === 1 && !flags.json;
      const beams = settings.num_beams ?? model.generation_config.num_beams ?? 1;
      const questions = prompts.map((text) => ({ text }));
      const inputs = await inputsOf(model, questions, flags);
      if (isSingle && beams === 1) return await streamAnswer(model, inputs[0], options, terminal);
      const answers = await generateAnswers(model, { questions, inputs }, options);
      if (flags.json) terminal.print(JSON.stringify(answers, null, 2));
      else if (isSingle) terminal.print(printable(answers[0].text));
      else for (const { prompt, text } of answers) printAnswer(prompt, text, terminal);
    } finally {
      await model.dispose();
    }
  });
}

async function streamAnswer(
  model: CausalLM,
  prompt: ModelInputs[number],
  options: GenerateOptions,
  terminal: Terminal,
): Promise<void> {
  let hasText = false;
  try {
    for await (const { text } of model.generateStream(prompt, options)) {
      terminal.write(printable(text));
      hasText ||= text !== "";
    }
    hasText = true;
  } finally {
    if (hasText) terminal.print(); // an error begins on a line of its own
  }
}

/** Answers to all questions in order; num_return_sequences to each. */
export async function generateAnswers(
  model: CausalLM,
  { questions, inputs }: { questions: readonly Question[]; inputs: ModelInputs },
  options: GenerateOptions,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let start = 0; start < questions.length; start += BATCH) {
    const batch = inputs.slice(start, start + BATCH) as ModelInputs;
    const { texts, finishReasons } = await model.generate(batch, options);
    const copies = texts.length / batch.length;
    const own = texts.map((text, i) => ({
      prompt: questions[start + Math.floor(i / copies)].text,
      text,
      finish_reason: finishReasons[i],
    }));
    answers.push(...own);
  }
  return answers;
}

function printAnswer(prompt: string, text: string, terminal: Terminal): void {
  terminal.print(terminal.bold(`> ${printable(prompt)}`));
  terminal.print(`${printable(text).trim()}\n`);
}
