/** @file The input of `generate` -> the ids of each prompt, without padding. */

import { describeValue } from "../arguments.ts";
import type { ChatOptions, Conversation } from "../data/tokenizers/conversations.ts";
import { callTokenizer } from "../data/tokenizers/slowCalls.ts";
import { PrefineError } from "../errors.ts";
import { counted } from "../phrases.ts";

/** Result of calling a tokenizer: one list of ids, or one per text. */
export interface TokenizedInputs {
  input_ids: readonly number[] | ReadonlyArray<readonly number[]>;
  /** 0 marks padding, on either side. */
  attention_mask?: readonly number[] | ReadonlyArray<readonly number[]> | undefined;
}

/**
 * A text, texts, a chat, chats, the ids of one prompt, the ids of several, or the result of a tokenizer. A chat is a
 * list of messages, rendered with the tokenizer's chat template.
 */
export type GenerationInputs =
  | string
  | readonly string[]
  | Conversation
  | readonly Conversation[]
  | readonly number[]
  | ReadonlyArray<readonly number[]>
  | TokenizedInputs;

/** The part of a tokenizer that encodes prompts. */
export interface PromptEncoder {
  encode(text: string, options?: { add_special_tokens?: boolean }): number[];
  apply_chat_template(chat: Conversation, options: ChatOptions & { readonly return_dict: false }): number[];
}

interface PromptOptions {
  /** Called only if the inputs are texts. */
  tokenizer: () => Promise<PromptEncoder>;
  vocabSize: number;
  /** An empty prompt becomes this token, as in transformers. */
  bosTokenId?: number;
  /** Ends a prompt that takes long to tokenize. */
  signal?: AbortSignal | undefined;
}

/** True for a tokenizer's result (not a GenerationConfig). */
export function isTokenized(inputs: unknown): inputs is TokenizedInputs {
  return typeof inputs === "object" && inputs !== null && "input_ids" in inputs;
}

const isMessage = (value: unknown): boolean => typeof value === "object" && value !== null && "role" in value;

/** True for a list of messages. */
export function isChat(input: unknown): input is Conversation {
  return Array.isArray(input) && input.length > 0 && input.every(isMessage);
}

/** Whether the answer continues the last message, as in transformers' pipeline. */
export const continuesLast = (chat: Conversation): boolean => chat[chat.length - 1].role === "assistant";

interface ChatIdsOptions extends ChatOptions {
  continues?: boolean | undefined;
  /** Ends a template that takes long. */
  signal?: AbortSignal | undefined;
}

/** The ids of a chat up to the answer. @param options for the template: tools, documents, ... */
export function chatIds(
  tokenizer: Pick<PromptEncoder, "apply_chat_template">,
  chat: Conversation,
  { continues = continuesLast(chat), signal, ...options }: ChatIdsOptions = {},
): Promise<number[]> {
  const ending = { add_generation_prompt: !continues, continue_final_message: continues };
  return callTokenizer(tokenizer, ["apply_chat_template", chat, { ...options, ...ending, return_dict: false }], signal);
}

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value) || ArrayBuffer.isView(value);
/** A text, an id, a list of ids: numbers are checked when they are read. */
const isPlain = (value: unknown) => typeof value === "string" || typeof value === "number";
const isPrompt = (value: unknown) => isPlain(value) || isChat(value) || (isList(value) && [...value].every(isPlain));

/** @throws PrefineError("data") for what is no prompt: a promise, null, an object, a list of such values. */
function checkInputs(inputs: unknown): void {
  const input = isTokenized(inputs) ? inputs.input_ids : inputs;
  if (isTokenized(inputs) && !isList(input)) {
    const hint = "Write generate(text) for a text, or generate({ ...tokenizer(text) }).";
    throw new PrefineError("data", `generate: input_ids: expected token ids, found ${describeValue(input)}`, hint);
  }
  if (typeof input === "string" || isChat(input) || (isList(input) && [...input].every(isPrompt))) return;
  const wrong: unknown = isList(input) ? [...input].find((item) => !isPrompt(item)) : input;
  const expected = "expected a text, messages ([{ role, content }]), token ids, or a list of them";
  const hint = isMessage(input) ? "Put the message into a list." : undefined;
  throw new PrefineError("data", `generate: ${expected}, found ${describeValue(wrong)}`, hint);
}

/** @throws PrefineError for no prompt, an id outside the vocabulary, or an empty prompt without a bos_token_id */
export async function readPrompts(inputs: GenerationInputs, options: PromptOptions): Promise<number[][]> {
  checkInputs(inputs);
  const prompts = isTokenized(inputs) ? withoutPadding(inputs) : await promptIds(inputs, options);
  if (prompts.length === 0)
    throw new PrefineError("data", "generate: expected at least one prompt, found none", "Pass a text.");
  return prompts.map((ids, index) => checkPrompt(ids, `generate: prompt ${index}`, options));
}

/** The chats of an input; undefined for texts and ids. */
function chatsOf(inputs: GenerationInputs): readonly Conversation[] | undefined {
  if (isChat(inputs)) return [inputs];
  return Array.isArray(inputs) && inputs.length > 0 && inputs.every(isChat) ? inputs : undefined;
}

async function promptIds(inputs: Exclude<GenerationInputs, TokenizedInputs>, options: PromptOptions) {
  const chats = chatsOf(inputs);
  if (chats) {
    const tokenizer = await options.tokenizer();
    const prompts: number[][] = [];
    for (const chat of chats) prompts.push(await chatIds(tokenizer, chat, { signal: options.signal }));
    return prompts;
  }
  if (typeof inputs === "string" || (inputs as readonly unknown[]).some((input) => typeof input === "string")) {
    const tokenizer = await options.tokenizer();
    const texts: readonly unknown[] = typeof inputs === "string" ? [inputs] : inputs;
    const wrong = texts.findIndex((text) => typeof text !== "string");
    if (wrong >= 0) {
      const found = `found ${typeof texts[wrong]}`;
      throw new PrefineError("data", `generate: prompt ${wrong}: expected a string like the others, ${found}`);
    }
    const prompts: number[][] = [];
    for (const text of texts) prompts.push(await callTokenizer(tokenizer, ["encode", text], options.signal));
    return prompts;
  }
  return asRows(inputs as readonly number[] | ReadonlyArray<readonly number[]>);
}

function withoutPadding({ input_ids, attention_mask }: TokenizedInputs): number[][] {
  const rows = asRows(input_ids);
  if (attention_mask === undefined || attention_mask === null) return rows;
  if (!isList(attention_mask)) {
    const message = `generate: attention_mask: expected a list of 0 and 1, found ${describeValue(attention_mask)}`;
    throw new PrefineError("data", message);
  }
  const masks = asRows(attention_mask);
  return rows.map((ids, row) => {
    const mask = masks[row] ?? [];
    if (mask.length === ids.length) return ids.filter((_, i) => mask[i] !== 0);
    const actual = `input_ids of ${counted(ids.length, "token")} and an attention_mask of ${mask.length}`;
    throw new PrefineError("data", `generate: prompt ${row}: expected as many of both, found ${actual}`);
  });
}

function asRows(ids: readonly number[] | ReadonlyArray<readonly number[]>): number[][] {
  const isOnePrompt = ids.length > 0 && typeof ids[0] === "number";
  const rows = isOnePrompt ? [ids as readonly number[]] : (ids as ReadonlyArray<readonly number[]>);
  return rows.map((row) => Array.from(row));
}

function checkPrompt(ids: number[], where: string, { vocabSize, bosTokenId }: PromptOptions): number[] {
  if (ids.length === 0 && bosTokenId === undefined) {
    throw new PrefineError("data", `${where}: is empty, and the model has no bos_token_id`, "Pass a text.");
  }
  const prompt = ids.length === 0 ? [bosTokenId as number] : ids;
  const wrong = prompt.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabSize);
  if (wrong === undefined) return prompt;
  throw new PrefineError(
    "data",
    `${where}: expected ids below ${vocabSize} (the model's vocabulary size), found ${wrong}`,
    "Does the tokenizer belong to the model?",
  );
}
