/** @file Answers of the base and the trained model to the held-out questions, and their statistics. */
import type { CausalLM } from "../../generation/causalLM.ts";
import { pushAll } from "../../lists.ts";
import { countWords } from "../../terminal/text.ts";

const BATCH = 24; // prompts per batch

/** A held-out question and the answer preferred by the dataset. */
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

/** Greedy answers of both models, limited by the model's generation_config.json. */
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
    pushAll(
      answers,
      texts.map((text) => text.trim()),
    );
  }
  return answers;
}

export interface Counts {
  /** Mean words per answer. */
  words: number;
  /** Number of answers with more than LONG words. */
  long: number;
  /** Number of answers equal to the dataset's direct answer. */
  direct: number;
}

/** In words. Every direct answer of the dataset is shorter, every rambling one longer. */
export const LONG = 30;

export function countAnswers(answered: readonly Answered[], side: "before" | "after"): Counts {
  const lengths = answered.map((one) => countWords(one[side]));
  return {
    words: lengths.reduce((a, b) => a + b, 0) / lengths.length,
    long: lengths.filter((words) => words > LONG).length,
    direct: answered.filter((one) => one[side] === one.direct).length,
  };
}
