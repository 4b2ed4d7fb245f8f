/** @file What apply_chat_template takes and gives, and the text of one conversation. */
import { PrefineError } from "../../errors.ts";
import { type ChatMessage, renderChat, templateError } from "../chatTemplates/renderChat.ts";

export type { ChatMessage };

/** Messages in order. */
export type Conversation = readonly ChatMessage[];

/** transformers' names. Others than these are variables of the template. */
export interface ChatOptions extends Record<string, unknown> {
  /** Whether ids are wanted, not the text. Default: true. */
  tokenize?: boolean | undefined;
  /** Whether ids come as `{ input_ids, attention_mask }`. Default: true. */
  return_dict?: boolean | undefined;
  /** Whether the beginning of the assistant's next turn is written. Default: false. */
  add_generation_prompt?: boolean | undefined;
  /** Leaves the last message open, for the model to go on with it; a text names the field to go on with. */
  continue_final_message?: boolean | string | undefined;
  /** JSON schemas of functions. */
  tools?: readonly unknown[] | null | undefined;
  /** Texts to answer from. */
  documents?: readonly unknown[] | null | undefined;
  /** A template, or the name of one of the tokenizer's. */
  chat_template?: string | null | undefined;
}

interface Ids {
  input_ids: number[];
  attention_mask: number[];
}

/** A text, ids, or ids with their mask, as the options ask for. */
export type ChatResult<O extends ChatOptions> = O["tokenize"] extends false
  ? string
  : O["return_dict"] extends false
    ? number[]
    : Ids;

/** Options of transformers that mean something there and are not built. */
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

/** The text of a conversation. */
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
  const variables = { ...special_tokens_map, ...further };
  try {
    return renderChat(template, messages, {
      tools,
      documents,
      add_generation_prompt,
      continue_final_message,
      variables,
    });
  } catch (error) {
    throw templateError(error, name_or_path);
  }
}
