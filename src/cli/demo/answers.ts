/** @file Answers of the original and of the trained model to the held-out questions, and what counting them shows. */
import type { CausalLM } from "../../generation/causalLM.ts";
import { countWords } from "../../terminal/text.ts";

const BATCH = 24; // prompts that go through the model at once

/** A held-out question and the answer that the data set prefers. */
export interface HeldOutQuestion {
  prompt: string;
  direct: string;
}

export interface Answered extends HeldOutQuestion {
  before: string;
  after: string;
}

export interface Models {
  before: CausalLM;
  after: CausalLM;
}

/** Both models' answers, greedy and as long as the model's generation_config.json says. */
export async function answerBoth(
  models: Models,
  questions: readonly HeldOutQuestion[],
  signal: AbortSignal,
): Promise<Answered[]> {
  const before = await answerAll(models.before, questions, signal);
  const after = await answerAll(models.after, questions, signal);
  return questions.map((question, i) => ({ ...question, before: before[i], after: after[i] }));
}

async function answerAll(
  model: CausalLM,
  questions: readonly HeldOutQuestion[],
  signal: AbortSignal,
): Promise<string[]> {
  const answers: string[] = [];
  for (let start = 0; start < questions.length; start += BATCH) {
    const prompts = questions.slice(start, start + BATCH).map(({ prompt }) => prompt);
    const { texts } = await model.generate(prompts, { signal });
    answers.push(...texts.map((text) => text.trim()));
  }
  return answers;
}

export interface Counts {
  /** Mean words of an answer. */
  words: number;
  /** Answers of more than LONG words. */
  long: number;
  /** Answers that are the data set's direct answer, word for word. */
  direct: number;
}

/** No direct answer of the data set is as long, every rambling one is longer. */
export const LONG = 30;

export function countAnswers(answered: readonly Answered[], side: "before" | "after"): Counts {
  const lengths = answered.map((one) => countWords(one[side]));
  return {
    words: lengths.reduce((a, b) => a + b, 0) / lengths.length,
    long: lengths.filter((words) => words > LONG).length,
    direct: answered.filter((one) => one[side] === one.direct).length,
  };
}
