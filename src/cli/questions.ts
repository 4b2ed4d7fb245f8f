/** @file User prompts -> model inputs: a conversation for a chat model, else the unchanged text. */
import type { Conversation } from "../data/tokenizers/conversations.ts";
import { callTokenizer } from "../data/tokenizers/slowCalls.ts";
import { PrefineError } from "../errors.ts";
import type { CausalLM } from "../generation/causalLM.ts";

/** The question of the course note "DPO with Hugging Face". */
export const NOTE_QUESTION = "Is a higher octane gasoline better for your car?";

/** A prompt as displayed, with the whole conversation if it is the last message of one. */
export interface Question {
  text: string;
  chat?: Conversation;
}

export interface ChatFlags {
  /** Passes the text unchanged, even to a chat model. */
  raw?: boolean;
  /** A system message before each question. */
  system?: string;
}

/** Texts, or token ids of conversations that end with the generation prompt. */
export type ModelInputs = string[] | number[][];

/**
 * Makes each question a user message if the tokenizer has a chat template, as transformers' chat pipelines do.
 * @throws PrefineError("config") for a system message without a template, ("data") where the template fails
 */
export async function inputsOf(
  model: CausalLM,
  questions: readonly Question[],
  flags: ChatFlags,
  signal?: AbortSignal,
): Promise<ModelInputs> {
  const { raw, system } = flags;
  const tokenizer = raw ? undefined : await model.tokenizer;
  if (!tokenizer || tokenizer.chat_template === null) {
    if (system === undefined) return questions.map(({ text }) => text);
    const actual = raw ? "found --raw" : `${model.name_or_path} has none`;
    throw new PrefineError("config", `--system: expected a model with a chat template, ${actual}`, "Remove --system.");
  }
  const before = system === undefined ? [] : [{ role: "system", content: system }];
  const inputs: number[][] = [];
  for (const { text, chat } of questions) {
    const messages = [...before, ...(chat ?? [{ role: "user", content: text }])];
    const settings = { add_generation_prompt: true, return_dict: false };
    inputs.push(await callTokenizer(tokenizer, ["apply_chat_template", messages, settings], signal));
  }
  return inputs;
}
