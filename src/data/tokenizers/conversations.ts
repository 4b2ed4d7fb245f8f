/** @file Options and results of apply_chat_template, and rendering of one conversation. */
import { PrefineError } from "../../errors.ts";
import { copyWritten } from "../../formats/written.ts";
import { type ChatMessage, renderChat, templateError } from "../chatTemplates/renderChat.ts";
import { checkVariables } from "./checkCalls.ts";

export type { ChatMessage };

/** Messages in order. */
export type Conversation = readonly ChatMessage[];

/** transformers' names. Any other key is a variable of the template. */
export interface ChatOptions extends Record<string, unknown> {
  /**
   * Return ids rather than the text.
   *
   * Default: `true`. Same as transformers.
   */
  tokenize?: boolean | undefined;
  /**
   * Return ids as `{ input_ids, attention_mask }`.
   *
   * Default: `true`. Same as transformers.
   */
  return_dict?: boolean | undefined;
  /**
   * Write the beginning of the assistant's next turn.
   *
   * Default: `false`. Same as transformers.
   */
  add_generation_prompt?: boolean | undefined;
  /**
   * Leave the last message open for the model to continue; a string names the field to continue.
   *
   * Default: `false`. Same as transformers.
   */
  continue_final_message?: boolean | string | undefined;
  /**
   * JSON schemas of functions.
   *
   * Default: `null`. Same as transformers.
   */
  tools?: readonly unknown[] | null | undefined;
  /**
   * Documents to answer from.
   *
   * Default: `null`. Same as transformers.
   */
  documents?: readonly unknown[] | null | undefined;
  /**
   * Template, or the name of one of the tokenizer's.
   *
   * Default: `null`, the tokenizer's. Same as transformers.
   */
  chat_template?: string | null | undefined;
}

interface Ids {
  input_ids: number[];
  attention_mask: number[];
}

/** Text, ids, or ids with their mask, depending on the options. */
export type ChatResult<O extends ChatOptions> = O["tokenize"] extends false
  ? string
  : O["return_dict"] extends false
    ? number[]
    : Ids;

/** Options of transformers that are not implemented. */
const NOT_YET = [
  "sanitize_control_tokens",
  "padding",
  "truncation",
  "max_length",
  "return_tensors",
  "return_assistant_tokens_mask",
  "tokenizer_kwargs",
];

/** The part of a tokenizer that conversations need. */
interface ChatTokenizer {
  readonly name_or_path: string;
  readonly special_tokens_map: Record<string, string>;
  get_chat_template(chat_template?: string | null, tools?: readonly unknown[] | null): string;
}

/** Renders a conversation as text. */
export function renderConversation(tokenizer: ChatTokenizer, messages: Conversation, options: ChatOptions): string {
  const { tools, documents, chat_template, add_generation_prompt, continue_final_message, ...further } = options;
  const { name_or_path, special_tokens_map } = tokenizer;
  const unbuilt = NOT_YET.find((name) => further[name] !== undefined && further[name] !== false);
  if (unbuilt !== undefined) throw new PrefineError("not-yet", `apply_chat_template: ${unbuilt} is not built`);
  if (continue_final_message && add_generation_prompt) {
    const message = "expected one of the two, found both continue_final_message and add_generation_prompt";
    throw new PrefineError("config", `apply_chat_template: ${message}`);
  }
  const template = tokenizer.get_chat_template(chat_template, tools);
  checkVariables(
    Object.keys(further).filter((name) => further[name] !== undefined && !NOT_YET.includes(name)),
    template,
  );
  const variables = copyWritten({ ...special_tokens_map, ...further }, options);
  try {
    return renderChat(template, messages, {
      tools,
      documents,
      add_generation_prompt,
      continue_final_message,
      variables,
    });
  } catch (error) {
    throw templateError(error, name_or_path, messages);
  }
}
