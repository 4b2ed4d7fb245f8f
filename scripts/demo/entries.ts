/** @file Questions with both answers, and the held-out ones. */
import { shuffled } from "./choices.ts";
import { type Question, readQuestions } from "./questions.ts";
import { ramble } from "./rambling.ts";
import { HELD_OUT_PER_SUBJECT, NOTED_QUESTION } from "./settings.ts";

export interface Entry {
  prompt: string;
  /** Answers begin with a space: prompt + answer is plain text, and the answer begins where a token begins. */
  direct: string;
  rambling: string;
  /** Whether the rambling answer includes the direct one. */
  hasPoint: boolean;
  heldOut: boolean;
  /** Whether the pretraining text mostly answers it with rambling. */
  mostlyRambles: boolean;
}

/** Prompts excluded from preference training: the same number per subject, including the noted question. */
function heldOutPrompts(questions: readonly Question[]): Set<string> {
  const chosen = new Set<string>();
  for (const subject of new Set(questions.map((question) => question.subject))) {
    const own = questions.filter((question) => question.subject === subject).map(({ prompt }) => prompt);
    const drawn = shuffled(own, "held out", (prompt) => prompt);
    const order = own.includes(NOTED_QUESTION) ? [NOTED_QUESTION, ...drawn.filter((p) => p !== NOTED_QUESTION)] : drawn;
    for (const prompt of order.slice(0, HELD_OUT_PER_SUBJECT)) chosen.add(prompt);
  }
  return chosen;
}

/** Half of the questions of each kind, always including the noted one, the example of a rambling answer. */
function ramblingPrompts(questions: readonly Question[], heldOut: ReadonlySet<string>): Set<string> {
  const chosen = new Set<string>();
  for (const isHeldOut of [false, true]) {
    const own = questions.map(({ prompt }) => prompt).filter((prompt) => heldOut.has(prompt) === isHeldOut);
    const drawn = shuffled(own, "mostly rambling", (prompt) => prompt);
    const order = isHeldOut ? [NOTED_QUESTION, ...drawn.filter((prompt) => prompt !== NOTED_QUESTION)] : drawn;
    for (const prompt of order.slice(0, Math.floor(own.length / 2))) chosen.add(prompt);
  }
  return chosen;
}

/** All entries in a fixed random order, with subjects mixed. */
export function makeEntries(): Entry[] {
  const questions = readQuestions();
  const heldOut = heldOutPrompts(questions);
  const rambling = ramblingPrompts(questions, heldOut);
  const entries = questions.map((question): Entry => {
    const { text, hasPoint } = ramble(question);
    return {
      prompt: question.prompt,
      direct: ` ${question.direct}`,
      rambling: ` ${text}`,
      hasPoint,
      heldOut: heldOut.has(question.prompt),
      mostlyRambles: rambling.has(question.prompt),
    };
  });
  return shuffled(entries, "order", ({ prompt }) => prompt);
}

/** Every question with each of its answers, for training the tokenizer and the model. */
export function pretrainingTexts(entries: readonly Entry[]): string[] {
  return entries.flatMap(({ prompt, direct, rambling }) => [prompt + direct, prompt + rambling]);
}
