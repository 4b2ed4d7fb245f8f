/** @file What a person asks -> what a model is given: of a chat model a conversation, else the text as it is. */
import type { Conversation } from "../data/tokenizers/conversations.ts";
import { PrefineError } from "../errors.ts";
import type { CausalLM } from "../generation/causalLM.ts";

/** The question of the course note "DPO with Hugging Face". */
export const NOTE_QUESTION = "Is a higher octane gasoline better for your car?";

/** A prompt as it is shown, with the messages before it where it is the last of a conversation. */
export interface Question {
  text: string;
  chat?: Conversation;
}

export interface ChatFlags {
  /** The text as it is, also for a chat model. */
  raw?: boolean;
  /** A system message before each question. */
  system?: string;
}

/** Texts, or ids of conversations that end where the assistant begins. */
export type ModelInputs = string[] | number[][];

/**
 * A question is the user's message where the tokenizer has a chat template, as chats have it in transformers.
 * @throws PrefineError("config") for a system message without a template, ("data") where the template fails
 */
export async function inputsOf(
  model: CausalLM,
  questions: readonly Question[],
  flags: ChatFlags,
): Promise<ModelInputs> {
  const { raw, system } = flags;
  const tokenizer = raw ? undefined : await model.tokenizer;
  if (!tokenizer || tokenizer.chat_template === null) {
    if (system === undefined) return questions.map(({ text }) => text);
    const actual = raw ? "found --raw" : `${model.name_or_path} has none`;
    throw new PrefineError("config", `--system: expected a model with a chat template, ${actual}`, "Leave it out.");
  }
  const before = system === undefined ? [] : [{ role: "system", content: system }];
  return questions.map(({ text, chat }) => {
    const messages = [...before, ...(chat ?? [{ role: "user", content: text }])];
    return tokenizer.apply_chat_template(messages, { add_generation_prompt: true, return_dict: false });
  });
}
